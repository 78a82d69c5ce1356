package app

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestBadInput_gets_a_clear_page_with_a_stable_code(t *testing.T) {
	n := newNode(t)
	v := n.visitor()
	v.open("/key")
	step := v.at.Path
	for _, one := range []struct {
		name, body, contentType string
		status                  int
		code                    string
	}{
		{"repeated field", "identifier=a&identifier=b&country=", form, 422, "CH-1002"},
		{"not UTF-8", "identifier=%ff%fe&country=", form, 422, "CH-1002"},
		{"broken escapes", "identifier=%zz", form, 422, "CH-1002"},
		{"oversized", "identifier=" + strings.Repeat("a", 70<<10), form, 422, "CH-1006"},
		{"another content type", `{"identifier":"x"}`, "application/json", 422, "CH-1002"},
		{"nothing at all", "", form, 422, "CH-1002"},
		{"an unknown step", "step=nonsense", form, 422, "CH-1002"},
		{"an empty identifier", "step=who&identifier=&country=", form, 422, "CH-1201"},
		{"an identifier of control characters", "step=who&identifier=%01%02&country=", form, 422, "CH-1201"},
		{"a document number without country", "step=who&identifier=ZZ990417&country=", form, 422, "CH-1202"},
		{"a country that is none", "step=who&identifier=ZZ990417&country=12", form, 422, "CH-1202"},
	} {
		t.Run(one.name, func(t *testing.T) {
			v.postRaw(step, one.body, one.contentType)
			if v.status != one.status || !strings.Contains(v.page, one.code) {
				t.Fatalf("status %d, want %d with %s: %s", v.status, one.status, one.code, v.heading())
			}
		})
	}
	t.Run("what was typed is still there", func(t *testing.T) {
		v.post(step, url.Values{"step": {"who"}, "identifier": {"ZZ 990417"}, "country": {""}})
		if !strings.Contains(v.page, `value="ZZ 990417"`) {
			t.Fatal("the identifier is gone")
		}
	})
	t.Run("secrets are not", func(t *testing.T) {
		v.toPIN(beatrizPhone)
		v.post(v.at.Path, url.Values{"step": {"pin"}, "pin": {"27495x"}})
		if !strings.Contains(v.page, "CH-1213") || strings.Contains(v.page, "27495x") {
			t.Fatal("a PIN came back, or no code was given")
		}
	})
}

const form = "application/x-www-form-urlencoded"

func TestBadInput_people_who_get_lost_land_on_a_page_that_says_what_to_do(t *testing.T) {
	n := newNode(t)
	t.Run("lost cookie", func(t *testing.T) {
		v := n.visitor()
		v.open("/key")
		other := n.visitor()
		other.open(v.at.Path)
		if other.status != http.StatusForbidden || !strings.Contains(other.page, "CH-1103") {
			t.Fatalf("%d %s", other.status, other.heading())
		}
	})
	t.Run("unknown sign-in", func(t *testing.T) {
		v := n.visitor()
		v.open("/signin/aaaaaaaaaaaaaaaaaaaaaaaaaa")
		if v.status != http.StatusNotFound || !strings.Contains(v.page, "CH-1101") {
			t.Fatalf("%d %s", v.status, v.heading())
		}
	})
	t.Run("back button and double submit show where things stand", func(t *testing.T) {
		v := n.visitor()
		v.toPIN(beatrizPhone)
		v.post(v.at.Path, url.Values{"step": {"who"}, "identifier": {"+351929943618"}})
		if v.status != http.StatusOK || !strings.Contains(v.page, `name="pin"`) {
			t.Fatalf("%d %s", v.status, v.heading())
		}
	})
	t.Run("expired", func(t *testing.T) {
		v := n.visitor()
		v.toPIN(beatrizPhone)
		n.clock.Advance(16 * time.Minute)
		v.post(v.at.Path, url.Values{"step": {"pin"}, "pin": {beatrizPIN}})
		if v.status != http.StatusGone || !strings.Contains(v.page, "CH-1102") {
			t.Fatalf("%d %s", v.status, v.heading())
		}
	})
	t.Run("a restarted server goes on where it was", func(t *testing.T) {
		v := n.visitor()
		v.toPIN(beatrizPhone)
		n.restart()
		v.answer("pin", beatrizPIN)
		n.restart()
		v.answer("code", n.code(beatrizPhone))
		if v.at.Path != "/key" {
			t.Fatalf("at %s: %s", v.at, v.heading())
		}
	})
	t.Run("two tabs", func(t *testing.T) {
		v := n.visitor()
		v.toPIN(beatrizPhone)
		second := &visitor{n: n, client: v.client, at: v.at}
		second.open(v.at.Path)
		second.answer("pin", beatrizPIN)
		v.answer("pin", beatrizPIN)
		if !strings.Contains(v.page, `name="code"`) {
			t.Fatalf("%s", v.heading())
		}
		v.answer("code", n.code(beatrizPhone))
		if v.at.Path != "/key" {
			t.Fatalf("at %s", v.at)
		}
	})
}

func TestA20_a_dependency_that_is_down_lets_nobody_in(t *testing.T) {
	t.Run("SMS gateway: the person waits, the code arrives when it is back", func(t *testing.T) {
		n := newNode(t)
		n.gateway.setDown(true)
		v := n.visitor()
		v.toPIN(beatrizPhone)
		v.answer("pin", beatrizPIN)
		if !strings.Contains(v.page, `name="code"`) {
			t.Fatalf("%s", v.heading())
		}
		n.gateway.setDown(false)
		n.clock.Advance(3 * time.Second) // past the first wait before trying again
		v.answer("code", n.code(beatrizPhone))
		if v.at.Path != "/key" {
			t.Fatalf("at %s", v.at)
		}
	})
	t.Run("store", func(t *testing.T) {
		n := newNode(t)
		v := n.visitor()
		v.toPIN(beatrizPhone)
		if err := n.app.DB.Close(); err != nil {
			t.Fatal(err)
		}
		v.post(v.at.Path, url.Values{"step": {"pin"}, "pin": {beatrizPIN}})
		if v.status != http.StatusServiceUnavailable || !strings.Contains(v.page, "CH-1001") {
			t.Fatalf("%d %s", v.status, v.heading())
		}
		n.app.stop()
	})
}

func TestA19_no_secret_and_no_person_in_the_log(t *testing.T) {
	n := newNode(t)
	v := n.visitor()
	v.toPIN(beatrizPhone)
	v.answer("pin", "550137")
	v.answer("pin", beatrizPIN)
	code := n.code(beatrizPhone)
	v.answer("code", code)
	written := n.log.String()
	for _, secret := range []string{beatrizPIN, "550137", code, "929941207", "929 941 207", "Beatriz", "Sequeira", "994101376ZZ0", "beatriz.sequeira"} {
		if strings.Contains(written, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	for _, cookie := range v.client.Jar.Cookies(v.at) {
		if strings.Contains(written, cookie.Value) {
			t.Errorf("the log holds cookie %s", cookie.Name)
		}
	}
	if !strings.Contains(written, `"route":"POST /signin/{id}"`) {
		t.Error("requests are not on record")
	}
}

func TestB8_pages_are_safe_by_their_headers(t *testing.T) {
	n := newNode(t)
	v := n.visitor()
	v.open("/key")
	resp, err := v.client.Get(v.at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for name, want := range map[string]string{
		"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
	} {
		if got := resp.Header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	csp := resp.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("Content-Security-Policy %q lacks %q", csp, want)
		}
	}
	if strings.Contains(csp, "unsafe-inline") {
		t.Error("inline script or style is allowed")
	}
	t.Run("a post from another site is refused", func(t *testing.T) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.at.String(), strings.NewReader("step=who&identifier=x"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", form)
		req.Header.Set("Origin", "https://evil.example")
		req.Header.Set("Sec-Fetch-Site", "cross-site")
		v.do(req)
		if v.status != http.StatusForbidden || !strings.Contains(v.page, "CH-1005") {
			t.Fatalf("%d %s", v.status, v.heading())
		}
	})
}

func TestR5_01_R5_03_R1_32_the_holders_area_opens_with_the_key_and_edits_no_name(t *testing.T) {
	n := newNode(t)
	v := n.visitor()
	v.signIn()
	for _, path := range []string{"/key", "/key/history", "/key/consents", "/key/sessions", "/key/pin", "/key/cancel"} {
		v.open(path)
		if v.status != http.StatusOK {
			t.Errorf("%s answers %d", path, v.status)
		}
		for _, field := range []string{"given_names", "surnames", "full_name", "birth_date", "number"} {
			if strings.Contains(v.page, `name="`+field+`"`) {
				t.Errorf("%s lets people edit %s", path, field)
			}
		}
	}
	stranger := n.visitor()
	stranger.open("/key/history")
	if !strings.HasPrefix(stranger.at.Path, "/signin/") {
		t.Errorf("a stranger reached %s", stranger.at)
	}
}
