package faoauth_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var result = regexp.MustCompile(`^([^#]*)#access_token=([a-z0-9]{8}-(?:[a-z0-9]{4}-){3}[a-z0-9]{12})&token_type=bearer&expires_in=86400&state=([^&]*)&refresh_token=([a-z2-7]+)$`)

// TestS4_5_transcript follows cmd-authentication.md §4.5 line by line, as the desktop program and web sites write it, flaws included.
func TestS4_5_transcript(t *testing.T) {
	r := newRig(t)
	start := "/OAuth/AskAuthorization?client_id=" + client + "&response_type=token&redirect_uri=http://127.0.0.1:50123&hidden_tabs=cc&scope=" + nic + "%20" + fullName + "%20"
	p := r.browser().signIn(start, phone)
	found := result.FindStringSubmatch(p.location)
	if p.status != http.StatusFound || found == nil || found[1] != native || found[3] != "" {
		t.Fatalf("answered %d %s", p.status, p.location)
	}
	token, want := found[2], "10000000, MARIA INVENTADA DA CONCEIÇÃO"

	t.Run("one step, with a comma too many", func(t *testing.T) {
		got := r.post(resource, `{"token": "`+token+`", "attributesName": ["`+nic+`","`+fullName+`",]}`)
		if got.status != http.StatusOK || got.short() != want || got.header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		if exact := `[{"name":"` + nic + `","value":"10000000","state":"Available"},{"name":"` + fullName + `","value":"MARIA INVENTADA DA CONCEIÇÃO","state":"Available"}]`; got.raw != exact {
			t.Errorf("answered %s", got.raw)
		}
	})
	t.Run("two steps", func(t *testing.T) {
		got := r.collect(token, r.begin(token))
		if got.status != http.StatusOK || got.short() != want {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
	})
	t.Run("the person refuses", func(t *testing.T) {
		b := r.browser()
		begun := b.transaction(b.get(ask("state", "xyz")))
		if _, err := r.login.Refuse(t.Context(), begun.ID, b.cookie("chave_browser")); err != nil {
			t.Fatal(err)
		}
		if p := b.get(begun.Resume); p.status != http.StatusFound || p.location != "https://sp.example.test/cb#error=cancelled&state=xyz" {
			t.Errorf("answered %d %s", p.status, p.location)
		}
	})
	t.Run("no redirect_uri, unknown client", func(t *testing.T) {
		p := r.browser().get(ask("client_id", "999999999999", "redirect_uri", "", "state", ""))
		if p.status != http.StatusFound || p.location != "/OAuth/Authorized#error=unauthorized_client" {
			t.Errorf("answered %d %s", p.status, p.location)
		}
	})
	if log := r.logged(); strings.Contains(log, token) || strings.Contains(log, "10000000,") || strings.Contains(log, "xyz") || strings.Contains(log, "MARIA") {
		t.Errorf("the log says too much: %s", log)
	}
}

func TestS0_3_item_8_authorize_returns_the_token_in_the_fragment(t *testing.T) {
	r := newRig(t)
	for name, c := range map[string]struct{ path, to, state string }{
		"our own page when there is no address": {ask("redirect_uri", ""), "/OAuth/Authorized", "st"},
		"our own page by name":                  {ask("redirect_uri", r.server.URL+"/oauth/authorized"), r.server.URL + "/oauth/authorized", "st"},
		"an origin without a path stays one":    {ask("redirect_uri", native), native, "st"},
		"a query stays":                         {ask("redirect_uri", "https://a.sp.example.test/cb?x=1"), "https://a.sp.example.test/cb?x=1", "st"},
		"state is escaped":                      {ask("state", "a%20b%26c%23"), back, "a%20b%26c%23"},
		"state is there when it was not sent":   {ask("state", ""), back, ""},
		"any letter case":                       {strings.ToLower(ask()), back, "st"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "any letter case" {
				c.path = strings.Replace(ask(), "/OAuth/AskAuthorization", "/oauth/askauthorization", 1)
			}
			p := r.browser().signIn(c.path, phone)
			found := result.FindStringSubmatch(p.location)
			if p.status != http.StatusFound || found == nil || found[1] != c.to || found[3] != c.state {
				t.Errorf("answered %d %s", p.status, p.location)
			}
			if p.header.Get("Referrer-Policy") != "no-referrer" || p.header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", p.header)
			}
		})
	}
}

func TestS0_3_item_9_attribute_manager_has_what_we_hold_on_the_first_get(t *testing.T) {
	r := newRig(t)
	token := r.grant(phone).access
	for name, c := range map[string]struct{ kind, body, want string }{
		"all attributes of the token":    {"application/json", `{"token":"` + token + `"}`, "10000000, MARIA INVENTADA DA CONCEIÇÃO"},
		"null is all":                    {"application/json", `{"token":"` + token + `","attributesName":null}`, "10000000, MARIA INVENTADA DA CONCEIÇÃO"},
		"an empty list is all":           {"text/json", `{"token":"` + token + `","attributesName":[]}`, "10000000, MARIA INVENTADA DA CONCEIÇÃO"},
		"a misspelt member is ignored":   {"", "\xef\xbb\xbf" + `{"token":"` + token + `","atributesName":["` + nic + `"]}`, "10000000, MARIA INVENTADA DA CONCEIÇÃO"},
		"the order of the request":       {"application/json", `{"token":"` + token + `","attributesName":["` + fullName + `","` + nic + `","` + fullName + `"]}`, "MARIA INVENTADA DA CONCEIÇÃO, 10000000, MARIA INVENTADA DA CONCEIÇÃO"},
		"what the token was not for":     {"application/json", `{"token":"` + token + `","attributesName":["` + docNum + `","urn:x","` + nic + `"]}`, "NotAvailable, NotAvailable, 10000000"},
		"a form":                         {"application/x-www-form-urlencoded", "token=" + token + "&attributesName=" + fullName + "&attributesName=" + nic, "MARIA INVENTADA DA CONCEIÇÃO, 10000000"},
		"commas before closing brackets": {"application/json", `{"token":"` + token + `","attributesName":["` + nic + `" , ] , }`, "10000000"},
	} {
		r.advance(5e9) // one request a second
		t.Run(name, func(t *testing.T) {
			begun := r.call(http.MethodPost, managerPath, c.kind, c.body)
			if begun.status != http.StatusOK || begun.text("token") != token || len(begun.text("authenticationContextId")) != 36 {
				t.Fatalf("answered %d %s", begun.status, begun.raw)
			}
			if got := r.collect(token, begun.text("authenticationContextId")); got.status != http.StatusOK || got.short() != c.want {
				t.Errorf("answered %d %s", got.status, got.raw)
			}
		})
	}
	t.Run("names are echoed exactly", func(t *testing.T) {
		name := fullName + "?a=1&b=<2>$c"
		r.advance(5e9)
		got := r.post(resource, `{"token":"`+token+`","attributesName":["`+name+`"]}`)
		if !strings.Contains(got.raw, `"name":"`+name+`"`) {
			t.Errorf("answered %s", got.raw)
		}
	})
}

func TestS0_3_item_10_older_one_step_API(t *testing.T) {
	r := newRig(t)
	token := r.grant(otherPhone, "scope", nic+"%20"+docType+"+"+docNat+"%20"+docNum).access
	const want = "NotAvailable, PAS, UA, ZZ990417"
	for name, got := range map[string]reply{
		"JSON":           r.post(resource, `{"token":"`+token+`"}`),
		"form":           r.call(http.MethodPost, strings.ToLower(resource), "application/x-www-form-urlencoded", "token="+token),
		"GET":            r.call(http.MethodGet, resource+"?token="+token, "", ""),
		"trailing comma": r.post(resource, `{"token": "`+token+`", "attributesName": ["`+nic+`","`+docType+`","`+docNat+`","`+docNum+`",]}`),
	} {
		if got.status != http.StatusOK || got.short() != want {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
}
