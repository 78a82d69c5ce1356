package faoauth_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/outside/store"
)

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestS2_3_4_errors_are_JSON_with_three_members(t *testing.T) {
	r := newRig(t)
	token := r.grant(phone).access
	other := r.grant(phone).access
	if !uuid4.MatchString(token) || token == other {
		t.Errorf("tokens %s, %s", token, other)
	}
	context := r.begin(token)
	nowhere := "3b0c6a52-2f0d-4b4e-9a57-6d1f0f7f1c11"
	deep := `{"token":` + strings.Repeat("[", 40000) + strings.Repeat("]", 20000)
	for name, c := range map[string]struct {
		got    reply
		status int
		word   string
	}{
		"no body":                       {r.post(managerPath, ""), 400, "invalid_request"},
		"cut off":                       {r.post(managerPath, `{"token`), 400, "invalid_request"},
		"no token":                      {r.post(managerPath, `{"attributesName":[]}`), 400, "invalid_request"},
		"null token":                    {r.post(managerPath, `{"token":null}`), 400, "invalid_request"},
		"a number for a token":          {r.post(managerPath, `{"token":1}`), 400, "invalid_request"},
		"an array":                      {r.post(managerPath, `[{"token":"`+token+`"}]`), 400, "invalid_request"},
		"deep nesting":                  {r.post(managerPath, deep), 400, "invalid_request"},
		"not UTF-8":                     {r.post(managerPath, "{\"token\":\"\xff\"}"), 400, "invalid_request"},
		"names that are objects":        {r.post(managerPath, `{"token":"`+token+`","attributesName":[{}]}`), 400, "invalid_request"},
		"ten thousand names":            {r.post(managerPath, `{"token":"`+token+`","attributesName":["a"`+strings.Repeat(`,"a"`, 10000)+`]}`), 400, "invalid_request"},
		"ten megabytes":                 {r.post(managerPath, `{"token":"`+strings.Repeat("a", 10<<20)+`"}`), 413, "invalid_request"},
		"unknown token":                 {r.post(managerPath, `{"token":"`+nowhere+`"}`), 401, "invalid_token"},
		"upper case is another token":   {r.post(managerPath, `{"token":"`+strings.ToUpper(token)+`"}`), 401, "invalid_token"},
		"no token is a refresh token":   {r.post(resource, `{"token":"`+r.grant(phone).refresh+`"}`), 401, "invalid_token"},
		"two tokens in a form":          {r.call("POST", managerPath, "application/x-www-form-urlencoded", "token="+token+"&token="+other), 400, "invalid_request"},
		"GET without token":             {r.call("GET", managerPath, "", ""), 400, "invalid_request"},
		"GET without context":           {r.call("GET", managerPath+"?token="+token, "", ""), 400, "invalid_request"},
		"GET with a context of nobody":  {r.collect(token, nowhere), 404, "invalid_request"},
		"a context of another token":    {r.collect(other, context), 404, "invalid_request"},
		"another method":                {r.call("PUT", managerPath, "", ""), 405, "invalid_request"},
		"the one-step API, no token":    {r.call("GET", resource, "", ""), 400, "invalid_request"},
		"the one-step API, other token": {r.call("GET", resource+"?token="+nowhere, "", ""), 401, "invalid_token"},
	} {
		said := c.got.object()
		if c.got.status != c.status || said["error"] != c.word || said["error_description"] == "" || said["error_description"] != said["Message"] || len(said) != 3 {
			t.Errorf("%s: %d %s", name, c.got.status, c.got.raw)
		}
		if c.got.header.Get("Content-Type") != "application/json; charset=utf-8" || c.got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", name, c.got.header)
		}
	}
	t.Run("an ended token says so", func(t *testing.T) {
		r.advance(24 * time.Hour)
		for _, got := range []reply{r.post(resource, `{"token":"`+token+`"}`), r.collect(token, context)} {
			if got.status != http.StatusUnauthorized || got.text("error") != "expired_token" {
				t.Errorf("answered %d %s", got.status, got.raw)
			}
		}
	})
}

func TestS2_3_2_a_context_is_read_until_the_token_ends_and_one_request_a_second(t *testing.T) {
	r := newRig(t)
	token := r.grant(phone).access
	context := r.begin(token)
	r.advance(23 * time.Hour)
	for n := range 5 {
		if got := r.collect(token, context); got.status != http.StatusOK {
			t.Fatalf("reading %d: %d %s", n, got.status, got.raw)
		}
	}
	got := r.collect(token, context)
	if got.status != http.StatusTooManyRequests || got.text("error") != "slow_down" || got.header.Get("Retry-After") != "1" {
		t.Errorf("answered %d %s %v", got.status, got.raw, got.header)
	}
	if another := r.begin(token); r.collect(token, another).status != http.StatusOK {
		t.Error("another context waits too")
	}
	for range 3 {
		r.advance(time.Second)
		if got := r.collect(token, context); got.status != http.StatusOK {
			t.Errorf("a second later: %d", got.status)
		}
	}
	for n := range 10 {
		if got := r.post(resource, `{"token":"`+token+`"}`); (got.status == http.StatusOK) != (n < 5) {
			t.Errorf("one step %d: %d", n, got.status)
		}
	}
}

func TestTokens_are_stored_by_digest_and_read_nothing_but_attributes(t *testing.T) {
	r := newRig(t)
	g := r.grant(phone)
	for _, path := range []string{"/oauth2/userinfo", "/oauth2/introspect"} {
		if got := r.call("GET", path, "", "", "Authorization", "Bearer "+g.access); got.status != http.StatusNotFound {
			t.Errorf("%s answered %d", path, got.status)
		}
	}
	if log := r.logged(); strings.Contains(log, g.access) || strings.Contains(log, g.refresh) {
		t.Error("a token is in the log")
	}
}

func TestS2_4_refresh(t *testing.T) {
	r := newRig(t)
	first := r.grant(phone)
	stranger := r.grant(otherPhone, "scope", docNum)
	for name, c := range map[string]struct {
		g    granted
		code string
	}{
		"nothing":                      {granted{}, "400"},
		"an access token alone":        {granted{first.access, ""}, "400"},
		"made-up tokens":               {granted{"3b0c6a52-2f0d-4b4e-9a57-6d1f0f7f1c11", "x"}, "401"},
		"another's access token":       {granted{stranger.access, first.refresh}, "401"},
		"the two the other way round":  {granted{first.refresh, first.access}, "401"},
		"an access token never issued": {granted{"3b0c6a52-2f0d-4b4e-9a57-6d1f0f7f1c11", first.refresh}, "401"},
	} {
		got, _ := r.refresh(c.g)
		var said struct {
			Token, Process, Refresh *string
			Result                  struct{ Code, Message string }
		}
		_ = json.Unmarshal([]byte(got.raw), &said)
		if said.Result.Code != c.code || !strings.HasPrefix(c.code, string(rune('0'+got.status/100))) || !strings.HasPrefix(got.raw, `{"jsonWebToken":null,"processId":null,`) || !strings.HasSuffix(got.raw, `"jsonWebRefreshToken":null}`) {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	if got := r.post(refreshPath, "{"); got.status != http.StatusBadRequest {
		t.Errorf("not JSON: %d %s", got.status, got.raw)
	}
	got, second := r.refresh(first)
	want := `{"jsonWebToken":"` + second.access + `","processId":null,"result":{"code":"200","message":"Token refreshed successfully!"},"jsonWebRefreshToken":"` + second.refresh + `"}`
	if got.status != http.StatusOK || got.raw != want || !uuid4.MatchString(second.access) || second.access == first.access || second.refresh == first.refresh {
		t.Fatalf("answered %d %s", got.status, got.raw)
	}
	t.Run("both old ones are dead", func(t *testing.T) {
		if got := r.post(resource, `{"token":"`+first.access+`"}`); got.text("error") != "invalid_token" {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		if got := r.post(resource, `{"token":"`+second.access+`"}`); got.short() != "10000000, MARIA INVENTADA DA CONCEIÇÃO" {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
	})
	t.Run("an ended access token is renewed", func(t *testing.T) {
		r.advance(25 * time.Hour)
		if got := r.post(resource, `{"token":"`+second.access+`"}`); got.text("error") != "expired_token" {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		if got, second = r.refresh(second); got.status != http.StatusOK {
			t.Fatalf("answered %d %s", got.status, got.raw)
		}
	})
	t.Run("an old one shown again ends them all", func(t *testing.T) {
		if got, _ := r.refresh(first); got.status != http.StatusUnauthorized {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		if got := r.post(resource, `{"token":"`+second.access+`"}`); got.text("error") != "invalid_token" {
			t.Errorf("the token lives: %d %s", got.status, got.raw)
		}
		if got, _ := r.refresh(second); got.status != http.StatusUnauthorized {
			t.Errorf("the family lives: %d %s", got.status, got.raw)
		}
	})
	t.Run("nothing outlives the sign-in by more than 30 days", func(t *testing.T) {
		g := r.grant(phone)
		r.advance(30*24*time.Hour - time.Minute)
		got, g := r.refresh(g)
		if got.status != http.StatusOK {
			t.Fatalf("answered %d %s", got.status, got.raw)
		}
		r.advance(time.Minute)
		if got, _ := r.refresh(g); got.status != http.StatusUnauthorized {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		if got := r.post(resource, `{"token":"`+g.access+`"}`); got.status != http.StatusUnauthorized {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
	})
}

func TestS2_5_what_ends_tokens_and_what_does_not(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	g := func() granted {
		found := result.FindStringSubmatch(b.agree(b.prove(b.transaction(b.get(ask())), phone)).location)
		return granted{found[2], found[4]}
	}
	lives := func(t *testing.T, token string, want bool) {
		t.Helper()
		if got := r.post(resource, `{"token":"`+token+`"}`); (got.status == http.StatusOK) != want {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
	}
	who := func() login.Session {
		s, _, err := r.login.SessionIn(t.Context(), login.Compat, b.cookie("chave_compat"))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Run("signing out does not", func(t *testing.T) {
		one := g()
		if err := r.login.SignOut(t.Context(), b.cookie("chave_compat")); err != nil {
			t.Fatal(err)
		}
		lives(t, one.access, true)
		if got, _ := r.refresh(one); got.status != http.StatusOK {
			t.Errorf("refresh answered %d", got.status)
		}
	})
	t.Run("taking the consent back does", func(t *testing.T) {
		one := g()
		if err := r.login.Withdraw(t.Context(), who().Person, "town"); err != nil {
			t.Fatal(err)
		}
		lives(t, one.access, false)
		if got, _ := r.refresh(one); got.status != http.StatusUnauthorized {
			t.Errorf("refresh answered %d", got.status)
		}
	})
	t.Run("revoking does, by either token", func(t *testing.T) {
		for _, pick := range []func(granted) string{func(g granted) string { return g.access }, func(g granted) string { return g.refresh }} {
			one := g()
			if got := r.call("POST", "/oauth/revoke", "application/x-www-form-urlencoded", "token="+pick(one)); got.status != http.StatusOK {
				t.Errorf("answered %d %s", got.status, got.raw)
			}
			lives(t, one.access, false)
		}
		if got := r.post("/oauth/revoke", `{"token":"nobody's"}`); got.status != http.StatusOK {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		if got := r.post("/oauth/revoke", `{}`); got.status != http.StatusBadRequest {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
	})
	t.Run("what the registration loses is not told any more", func(t *testing.T) {
		one := g()
		s := town()
		s.Attributes = s.Attributes[1:]
		r.register(s)
		if got := r.post(resource, `{"token":"`+one.access+`"}`); got.short() != "NotAvailable, MARIA INVENTADA DA CONCEIÇÃO" {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		r.register(town())
	})
	t.Run("another PIN ends what could be renewed", func(t *testing.T) {
		one := g()
		if err := r.db.Do(t.Context(), func(tx *store.Tx) error {
			key, err := tx.Key(who().Person)
			if err != nil {
				return err
			}
			key.PIN.Salt = append([]byte{1}, key.PIN.Salt...)
			return tx.UpdateKey(key)
		}); err != nil {
			t.Fatal(err)
		}
		if got, _ := r.refresh(one); got.status != http.StatusUnauthorized {
			t.Errorf("refresh answered %d", got.status)
		}
		lives(t, one.access, false)
	})
}

func TestQ5_42_scripts_of_the_owners_pages_only(t *testing.T) {
	r := newRig(t)
	neighbour := town()
	neighbour.ID = "neighbour"
	neighbour.OAuth = &service.OAuth{ClientID: "100000000007", Domain: "neighbour.example.test"}
	r.register(neighbour)
	token := r.grant(phone).access
	for origin, want := range map[string]bool{
		"https://sp.example.test": true, "https://app.sp.example.test": true, "http://127.0.0.1:8103": true,
		"https://neighbour.example.test": false, "https://evil.test": false, "http://sp.example.test": false, "null": false, "https://sp.example.test.evil.test": false,
	} {
		r.advance(time.Minute)
		got := r.post(resource, `{"token":"`+token+`"}`, "Origin", origin)
		if allowed := got.header.Get("Access-Control-Allow-Origin"); (allowed == origin) != want || !want && allowed != "" {
			t.Errorf("%s: %q", origin, allowed)
		}
		if got.header.Get("Access-Control-Allow-Credentials") != "" || got.header.Get("Vary") == "" {
			t.Errorf("%s: %v", origin, got.header)
		}
		ours := want || origin == "https://neighbour.example.test"
		got = r.call("OPTIONS", managerPath, "", "", "Origin", origin, "Access-Control-Request-Method", "POST")
		if allowed := got.header.Get("Access-Control-Allow-Origin"); got.status != http.StatusNoContent || (allowed == origin) != ours {
			t.Errorf("preflight of %s: %d %q", origin, got.status, allowed)
		}
	}
	if got := r.post(managerPath, `{"token":"3b0c6a52-2f0d-4b4e-9a57-6d1f0f7f1c11"}`, "Origin", "https://sp.example.test"); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a made-up token was answered to a script")
	}
}
