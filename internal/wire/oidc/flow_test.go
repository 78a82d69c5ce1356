package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOIDCCore_3_1_sign_in_from_request_to_userinfo(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	p := b.signIn(ask("scope", "openid profile email phone document nif unknown"))
	if p.status != http.StatusSeeOther || p.location.Query().Get("state") != "st" || p.location.Query().Get("iss") != r.server.URL {
		t.Fatalf("answer %d %v", p.status, p.location)
	}
	got := r.exchange(p.location.Query().Get("code"))
	wantTokens(t, got)
	if got.text("scope") != "openid profile email phone document nif" {
		t.Errorf("granted %q", got.text("scope"))
	}
	if got.text("refresh_token") != "" {
		t.Error("a refresh token without offline_access")
	}
	id := r.claims(got.text("id_token"))
	want := map[string]any{
		"iss": r.server.URL, "aud": "bank", "nonce": "no", "acr": "urn:chave:level:3", "auth_time": float64(r.clock().Unix()), "iat": float64(r.clock().Unix()),
		"name": "Oksana Made-Up", "birthdate": "1991-09-23", "email": "oksana@example.org", "email_verified": true,
		"phone_number": phone, "phone_number_verified": true, "nif": "399412840",
		"document_type": "passport", "document_country": "UKR", "document_number": "ZZ990417",
	}
	for name, value := range want {
		if id[name] != value {
			t.Errorf("ID token: %s is %v, want %v", name, id[name], value)
		}
	}
	if id["given_name"] != "Oksana" || id["family_name"] != "Made-Up" {
		t.Errorf("the halves of the full name are %v and %v", id["given_name"], id["family_name"])
	}
	if _, released := id["nationality"]; released {
		t.Error("nationality was released, which was not asked for")
	}
	if amr, _ := id["amr"].([]any); len(amr) != 3 || amr[0] != "pin" || amr[1] != "sms" || amr[2] != "mfa" {
		t.Errorf("amr %v", id["amr"])
	}
	if id["sid"] == "" || id["at_hash"] == "" || id["sub"] == "" {
		t.Errorf("sid, at_hash or sub is missing: %v", id)
	}
	info := r.userinfo(got.text("access_token"))
	if info.status != http.StatusOK || info.json["sub"] != id["sub"] || info.json["name"] != "Oksana Made-Up" || info.json["document_number"] != "ZZ990417" {
		t.Errorf("userinfo %d %s", info.status, info.raw)
	}
}

func TestR5_10_the_persons_no_reaches_the_service_as_access_denied(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	tr := b.transaction(b.authorize(ask()))
	if _, err := r.login.Refuse(t.Context(), tr.ID, b.cookie("chave_browser")); err != nil {
		t.Fatal(err)
	}
	p := b.get(tr.Resume)
	wantRedirectError(t, r, p, "access_denied")
	if d := p.location.Query().Get("error_description"); !strings.HasPrefix(d, "CH-1108") {
		t.Errorf("description %q", d)
	}
	wantPage(t, b.get(tr.Resume), "CH-1110") // the answer is given once
}

func TestA14_resume_answers_only_the_browser_that_began(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	tr := b.prove(b.transaction(b.authorize(ask())), phone)
	wantPage(t, r.browser().get(tr.Resume), "CH-1103")
	wantPage(t, b.get("/oauth2/authorize/aaaaaaaaaaaaaaaaaaaaaaaaaa"), "CH-1101")
	wantPage(t, b.get(tr.Resume), "CH-1104") // not decided yet
}

func TestN18_subjects_are_pairwise_by_sector_and_stable(t *testing.T) {
	r := newRig(t)
	other := bank()
	other.ID, other.RedirectURIs = "clinic", []string{"https://clinic.example/callback"}
	other.Origins, other.PostLogoutRedirectURIs = nil, nil
	r.register(other)
	public := other
	public.ID, public.SubjectType = "register", "public"
	r.register(public)
	subject := func(client string) (string, string) {
		b := r.browser()
		q := ask("client_id", client)
		address := back
		if client != "bank" {
			address = "https://clinic.example/callback"
		}
		q.Set("redirect_uri", address)
		p := b.signIn(q)
		form := url.Values{
			"grant_type": {"authorization_code"}, "code": {p.location.Query().Get("code")}, "redirect_uri": {address}, "code_verifier": {verifier},
		}
		req, _ := http.NewRequest(http.MethodPost, r.server.URL+"/oauth2/token", strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth(client, secret)
		got := r.send(req)
		wantTokens(t, got)
		claims := r.claims(got.text("id_token"))
		return claims["sub"].(string), claims["sid"].(string)
	}
	bank1, sid1 := subject("bank")
	bank2, _ := subject("bank")
	clinic, sid2 := subject("clinic")
	register, _ := subject("register")
	if bank1 != bank2 {
		t.Error("the subject of one person at one service changed")
	}
	if bank1 == clinic || bank1 == register || clinic == register {
		t.Error("two services see one subject")
	}
	if sid1 == sid2 {
		t.Error("two services see one session id")
	}
}

func TestR5_23_a_second_service_asks_only_for_consent(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.code(ask())
	r.advance(time.Minute)
	tr := b.transaction(b.authorize(ask()))
	if next := tr.Next(r.clock()); next != "share" {
		t.Fatalf("the second sign-in waits for %s", next)
	}
	got := r.exchange(b.agree(tr).location.Query().Get("code"))
	if at := r.claims(got.text("id_token"))["auth_time"]; at != float64(r.clock().Add(-time.Minute).Unix()) {
		t.Errorf("auth_time %v is not when PIN and code were right", at)
	}
	for name, q := range map[string]url.Values{
		"prompt=login": ask("prompt", "login"), "prompt=select_account": ask("prompt", "select_account"),
		"max_age=0": ask("max_age", "0"), "max_age=30": ask("max_age", "30"),
	} {
		if next := b.transaction(b.authorize(q)).Next(r.clock()); next != "who" {
			t.Errorf("%s waits for %s", name, next)
		}
	}
	if next := b.transaction(b.authorize(ask("max_age", "120"))).Next(r.clock()); next != "share" {
		t.Errorf("max_age=120 waits for %s", next)
	}
}

func TestR5_19_levels_are_asked_for_and_reported_and_never_overstated(t *testing.T) {
	r := newRig(t)
	mailOnly := newMailOnly()
	r.admit(mailOnly)
	for _, c := range []struct {
		name, who, acrValues, claims, acr, err string
	}{
		{"nothing asked", phone, "", "", "urn:chave:level:3", ""},
		{"e-mail only, nothing asked", string(mailOnly.Email), "", "", "urn:chave:level:2", ""},
		{"plain digit", phone, "3", "", "3", ""},
		{"eIDAS high is a phone here", phone, "http://eidas.europa.eu/LoA/high", "", "http://eidas.europa.eu/LoA/high", ""},
		{"lowest of a list is enough", string(mailOnly.Email), "urn:chave:level:3 urn:chave:level:2", "", "urn:chave:level:2", ""},
		{"a wish for 2 reports the 3 that was reached", phone, "urn:chave:level:2", "", "urn:chave:level:3", ""},
		{"an essential 2 is answered from its list", phone, "", `{"id_token":{"acr":{"essential":true,"values":["2"]}}}`, "2", ""},
		{"an unknown wish is ignored", phone, "urn:other:loa", "", "urn:chave:level:3", ""},
		{"a wish for 3 without a phone", string(mailOnly.Email), "3", "", "", "access_denied"},
		{"an essential 3 without a phone", string(mailOnly.Email), "", `{"id_token":{"acr":{"essential":true,"value":"3"}}}`, "", "unmet_authentication_requirements"},
		{"an essential level that nobody reaches", phone, "", `{"id_token":{"acr":{"essential":true,"value":"urn:chave:level:4"}}}`, "", "unmet_authentication_requirements"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := r.browser()
			p := b.authorize(ask("acr_values", c.acrValues, "claims", c.claims))
			if strings.HasPrefix(p.location.Path, "/signin/") {
				tr := b.prove(b.transaction(p), c.who)
				if tr.Next(r.clock()) == "stop" {
					if _, err := r.login.Refuse(t.Context(), tr.ID, b.cookie("chave_browser")); err != nil {
						t.Fatal(err)
					}
					p = b.get(tr.Resume)
				} else {
					p = b.agree(tr)
				}
			}
			if c.err != "" {
				wantRedirectError(t, r, p, c.err)
				return
			}
			if got := r.claims(r.exchange(p.location.Query().Get("code")).text("id_token"))["acr"]; got != c.acr {
				t.Errorf("acr %v, want %s", got, c.acr)
			}
		})
	}
}

func TestA5_a_code_by_email_is_not_called_two_factors(t *testing.T) {
	r := newRig(t)
	mailOnly := newMailOnly()
	r.admit(mailOnly)
	b := r.browser()
	p := b.agree(b.prove(b.transaction(b.authorize(ask())), string(mailOnly.Email)))
	amr, _ := r.claims(r.exchange(p.location.Query().Get("code")).text("id_token"))["amr"].([]any)
	if !slices.Equal(amr, []any{"pin", "otp"}) {
		t.Errorf("amr %v", amr)
	}
}

func TestR5_11_only_registered_attributes_are_asked_for_and_essential_ones_are_required(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	tr := b.transaction(b.authorize(ask("scope", "openid nic niss", "claims",
		`{"userinfo":{"birthdate":{"essential":true},"email":null,"nic":{"essential":true},"picture":null},"id_token":{"name":null}}`)))
	got := map[string]bool{}
	for _, a := range tr.Ask {
		got[string(a.Name)] = a.Required
	}
	want := map[string]bool{"full_name": true, "birth_date": true, "email": false}
	if len(got) != len(want) {
		t.Fatalf("asks %v, want %v", got, want)
	}
	for name, required := range want {
		if have, asked := got[name]; !asked || have != required {
			t.Errorf("%s: asked %v, required %v", name, asked, have)
		}
	}
	p := b.agree(b.prove(tr, phone))
	tokens := r.exchange(p.location.Query().Get("code"))
	if info := r.userinfo(tokens.text("access_token")); info.json["birthdate"] != "1991-09-23" || info.json["email"] != "oksana@example.org" {
		t.Errorf("what the claims parameter named is not released: %s", info.raw)
	}
}

func TestLanguage_of_the_pages_follows_ui_locales(t *testing.T) {
	r := newRig(t)
	for locales, want := range map[string]string{"": "pt", "en-GB pt": "en", "fr pt-BR en": "pt", "fr": "pt"} {
		b := r.browser()
		if got := b.transaction(b.authorize(ask("ui_locales", locales))).Lang; got != want {
			t.Errorf("ui_locales %q gives %s", locales, got)
		}
	}
	b := r.browser()
	if hint := b.transaction(b.authorize(ask("login_hint", "+351 929\u202e 943\x00 618"))).Hint; hint != "+351 929 943 618" {
		t.Errorf("login_hint reaches the page as %q", hint)
	}
}
