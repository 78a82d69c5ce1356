package service

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestSignOut_ends_here_and_at_the_provider(t *testing.T) {
	c := newCountry(t, nil)
	c.post("/signin")
	_, _, body := c.post("/signout")
	mustHold(t, body, "You are signed out here", `action="`+c.stub.server.URL+`/logout"`)
	form := url.Values{}
	for _, m := range regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]+)"`).FindAllStringSubmatch(body, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	resp, err := c.browser.PostForm(c.stub.server.URL+"/logout", form)
	if err != nil {
		t.Fatal(err)
	}
	status, at, body := c.read(resp)
	if status != 200 || at != "/signed-out" {
		t.Fatalf("rests at %s with %d: %s", at, status, body)
	}
	mustHold(t, body, "You are signed out")
	if _, _, body := c.get("/"); strings.Contains(body, "Ana") {
		t.Error("still signed in")
	}
}

func TestBackchannelLogout_ends_only_what_a_sound_token_names(t *testing.T) {
	sound := func(c *country) map[string]any {
		return map[string]any{
			"iss": c.stub.server.URL, "aud": "tax", "iat": c.now.Unix(), "exp": c.now.Add(2 * time.Minute).Unix(), "jti": "j-1", "sid": "sid-1",
			"sub": "pairwise-1", "events": map[string]any{logoutEvent: map[string]any{}},
		}
	}
	send := func(c *country, claims map[string]any) int {
		resp, err := http.PostForm(c.rp.URL+"/backchannel-logout", url.Values{"logout_token": {c.stub.sign(claims, "logout+jwt")}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.Header.Get("Cache-Control") != "no-store" {
			t.Error("the answer may be cached")
		}
		return resp.StatusCode
	}
	t.Run("by sid, once", func(t *testing.T) {
		c := newCountry(t, nil)
		c.post("/signin")
		if status := send(c, sound(c)); status != 200 {
			t.Fatalf("answers %d", status)
		}
		_, _, body := c.get("/")
		mustHold(t, body, "Your session has ended")
		if strings.Contains(body, "Ana") {
			t.Error("the page still knows the person")
		}
		if status := send(c, sound(c)); status != 400 {
			t.Errorf("the same token again answers %d", status)
		}
	})
	t.Run("by subject when no sid is named", func(t *testing.T) {
		c := newCountry(t, nil)
		c.post("/signin")
		claims := sound(c)
		delete(claims, "sid")
		if status := send(c, claims); status != 200 {
			t.Fatalf("answers %d", status)
		}
		if _, _, body := c.get("/"); strings.Contains(body, "Ana") {
			t.Error("still signed in")
		}
	})
	for name, spoil := range map[string]func(*country, map[string]any){
		"of another session":   func(_ *country, m map[string]any) { m["sid"] = "sid-2" },
		"for another audience": func(_ *country, m map[string]any) { m["aud"] = "bank" },
		"with a nonce":         func(_ *country, m map[string]any) { m["nonce"] = "n" },
		"without the event":    func(_ *country, m map[string]any) { m["events"] = map[string]any{} },
		"with a null event":    func(_ *country, m map[string]any) { m["events"] = map[string]any{logoutEvent: nil} },
		"naming nobody":        func(_ *country, m map[string]any) { delete(m, "sid"); delete(m, "sub") },
		"without an id":        func(_ *country, m map[string]any) { delete(m, "jti") },
		"from yesterday":       func(c *country, m map[string]any) { m["iat"] = c.now.Add(-24 * time.Hour).Unix() },
		"expired":              func(c *country, m map[string]any) { m["exp"] = c.now.Add(-time.Minute).Unix() },
	} {
		t.Run("not "+name, func(t *testing.T) {
			c := newCountry(t, nil)
			c.post("/signin")
			claims := maps.Clone(sound(c))
			spoil(c, claims)
			if status := send(c, claims); status != 400 && name != "of another session" {
				t.Errorf("answers %d", status)
			}
			if _, _, body := c.get("/"); !strings.Contains(body, "Ana") {
				t.Error("the session is gone")
			}
		})
	}
	t.Run("not garbage", func(t *testing.T) {
		c := newCountry(t, nil)
		resp, err := http.PostForm(c.rp.URL+"/backchannel-logout", url.Values{"logout_token": {"x.y.z"}})
		if err != nil || resp.StatusCode != 400 {
			t.Errorf("%v %v", resp, err)
		}
	})
}
