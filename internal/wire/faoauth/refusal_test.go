package faoauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/service"
)

func TestS2_2_error_table_of_authorize(t *testing.T) {
	r := newRig(t)
	closed := town()
	closed.ID, closed.Closed = "closed", true
	closed.OAuth = &service.OAuth{ClientID: "100000000009", Domain: "sp.example.test"}
	r.register(closed)
	long := strings.Repeat("x", 3000)
	for name, c := range map[string]struct{ path, want string }{
		"unknown client":                         {ask("client_id", "123456789"), "/OAuth/Authorized#error=unauthorized_client"},
		"unknown client, foreign address":        {ask("client_id", "123456789", "redirect_uri", "https://evil.test/"), "/OAuth/Authorized#error=unauthorized_client"},
		"closed service":                         {ask("client_id", "100000000009"), "/OAuth/Authorized#error=unauthorized_client"},
		"no client":                              {ask("client_id", ""), "/OAuth/Authorized#error=invalid_request"},
		"two clients":                            {ask() + "&client_id=1", "/OAuth/Authorized#error=invalid_request"},
		"no response_type":                       {ask("response_type", ""), back + "#error=invalid_request&state=st"},
		"another response_type":                  {ask("response_type", "code"), back + "#error=unsupported_grant_type&state=st"},
		"another response_type, no state":        {ask("response_type", "id_token%20token", "state", ""), back + "#error=unsupported_grant_type"},
		"no scope":                               {ask("scope", ""), back + "#error=invalid_request&state=st"},
		"a scope of spaces":                      {ask("scope", "%20%20+"), back + "#error=invalid_request&state=st"},
		"two scopes":                             {ask() + "&scope=" + nic, back + "#error=invalid_request&state=st"},
		"a name under no known root":             {ask("scope", nic+"%20openid"), back + "#error=invalid_request&state=st"},
		"an attribute that is not registered":    {ask("scope", nic+"%20"+mdc+"NIF"), back + "#error=invalid_request&state=st"},
		"nobody could be known (§1.9.2)":         {ask("scope", fullName), back + "#error=invalid_request&state=st"},
		"a level that is none":                   {ask("authentication_level", "5"), back + "#error=invalid_request&state=st"},
		"a level that is no number":              {ask("authentication_level", "three"), back + "#error=invalid_request&state=st"},
		"level 4, which nobody has here":         {ask("authentication_level", "4"), back + "#error=cancelled&state=st"},
		"only the card is left":                  {ask("hidden_tabs", "cmd"), back + "#error=cancelled&state=st"},
		"two states":                             {ask() + "&state=x", "/OAuth/Authorized#error=invalid_request"},
		"a state too long":                       {ask("state", long), "/OAuth/Authorized#error=invalid_request"},
		"an address too long":                    {ask("redirect_uri", back+"?"+long), "/OAuth/Authorized#error=invalid_request&state=st"},
		"two addresses":                          {ask() + "&redirect_uri=" + back, "/OAuth/Authorized#error=invalid_request&state=st"},
		"more parameters than anybody needs":     {ask() + strings.Repeat("&a=1", 200), "/OAuth/Authorized#error=invalid_request"},
		"more attributes than there are":         {ask("scope", nic+strings.Repeat("%20"+nic, 250)), back + "#error=invalid_request&state=st"},
		"foreign address":                        {ask("redirect_uri", "https://evil.test/cb"), "/OAuth/Authorized#error=invalid_request&state=st"},
		"a registered domain as somebody's user": {ask("redirect_uri", "https://sp.example.test@evil.test/cb"), "/OAuth/Authorized#error=invalid_request&state=st"},
	} {
		t.Run(name, func(t *testing.T) {
			if p := r.browser().get(c.path); p.status != http.StatusFound || p.location != c.want {
				t.Errorf("answered %d %s, want %s", p.status, p.location, c.want)
			}
		})
	}
	if log := r.logged(); !strings.Contains(log, "code=CH-1106") || !strings.Contains(log, "code=CH-1111") || strings.Contains(log, "evil.test") {
		t.Errorf("log: %s", log)
	}
}

func TestS2_1_what_is_let_through(t *testing.T) {
	r := newRig(t)
	for name, path := range map[string]string{
		"parameters that are not known":             ask("response_mode", "fragment", "nonce", "x"),
		"parameters with a semicolon (§1.10)":       ask("redirect_uri", back+"?a=1;b=2"),
		"a name with parameters of its own":         ask("scope", nic+"%20http://interop.gov.pt/SAFE/createSignatureAccount?a=b$c=d"),
		"a name that nobody supplies":               ask("scope", nic+"%20"+mdc+"NIE"),
		"a name that is not known under a root":     ask("scope", nic+"%20http://interop.gov.pt/Nothing/Here"),
		"DocNumber alone (question 5.30)":           ask("scope", docNum),
		"level 1: more is reached than is asked":    ask("authentication_level", "1"),
		"a policy that hides everything is ignored": ask("hidden_tabs", "CC,cmd"),
		"a policy that contradicts itself":          ask("hidden_tabs", "cmd", "default_selected_tab", "CMD"),
		"percent-encoding that is none":             ask("x", "%zz"),
	} {
		t.Run(name, func(t *testing.T) {
			if p := r.browser().get(path); p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/signin/") {
				t.Errorf("answered %d %s", p.status, p.location)
			}
		})
	}
	t.Run("redirects that the consent page may lead to", func(t *testing.T) {
		b := r.browser()
		if begun := b.transaction(b.get(ask("redirect_uri", native))); begun.Return != native || begun.Realm != "compat" || !begun.Offline {
			t.Errorf("began %+v", begun)
		}
	})
}

func TestWall_opens_only_by_switches_and_counts_each_use(t *testing.T) {
	r := newRig(t)
	with := func(id, client string, switches map[service.Switch]service.Allowance) {
		s := town()
		s.ID, s.Compat = id, switches
		s.OAuth = &service.OAuth{ClientID: client, Domain: "sp.example.test"}
		r.register(s)
	}
	day := service.Allowance{Until: "2026-11-23"}
	with("bare", "100000000002", map[service.Switch]service.Allowance{service.ImplicitToken: {}})
	with("ending", "100000000003", map[service.Switch]service.Allowance{service.ImplicitToken: day, service.LongToken: {}, service.NoState: {}})

	t.Run("without no_state, state is needed", func(t *testing.T) {
		if p := r.browser().get(ask("client_id", "100000000002", "state", "")); p.location != back+"#error=invalid_request" {
			t.Errorf("answered %s", p.location)
		}
		if p := r.browser().get(ask("client_id", "100000000002") + "&state="); !strings.HasPrefix(p.location, "/OAuth/Authorized#error=invalid_request") {
			t.Errorf("answered %s", p.location)
		}
	})
	t.Run("without long_token, a token lives 300 s", func(t *testing.T) {
		p := r.browser().signIn(ask("client_id", "100000000002"), phone)
		if !strings.Contains(p.location, "&expires_in=300&state=st&") {
			t.Errorf("answered %s", p.location)
		}
	})
	if r.counted[service.ImplicitToken] != 1 || r.counted[service.NoState] != 0 || r.counted[service.LongToken] != 0 {
		t.Errorf("counted %v", r.counted)
	}
	token := r.grant(phone, "client_id", "100000000003", "state", "").access
	if r.counted[service.ImplicitToken] != 2 || r.counted[service.NoState] != 1 || r.counted[service.LongToken] != 1 {
		t.Errorf("counted %v", r.counted)
	}
	t.Run("after its end the door is shut, for tokens that are out too", func(t *testing.T) {
		b := r.browser()
		begun := b.prove(b.transaction(b.get(ask("client_id", "100000000003"))), phone)
		r.advance(12*time.Hour - time.Second)
		if got := r.post(resource, `{"token":"`+token+`"}`); got.status != http.StatusOK {
			t.Errorf("on the last day: %d %s", got.status, got.raw)
		}
		r.advance(time.Second)
		if p := r.browser().get(ask("client_id", "100000000003")); p.location != back+"#error=unauthorized_client&state=st" {
			t.Errorf("answered %s", p.location)
		}
		if got := r.post(resource, `{"token":"`+token+`"}`); got.status != http.StatusUnauthorized || got.text("error") != "invalid_token" {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		_ = begun
	})
	t.Run("a registration without the switch is refused", func(t *testing.T) {
		s := town()
		s.Compat = nil
		if _, err := service.New(s, r.vault); err == nil {
			t.Error("taken")
		}
	})
}

func TestWall_closed_while_the_person_signs_in(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	begun := b.prove(b.transaction(b.get(ask())), phone)
	s := town()
	s.OAuth.Domain = "other.example.test"
	r.register(s)
	if p := b.agree(begun); p.location != "" || p.header.Get("X-Fault") != "CH-1106" {
		t.Errorf("answered %d %s", p.status, p.location)
	}
}

func TestS1_5_2_refusing_everything_is_a_cancellation(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	t.Run("everything", func(t *testing.T) {
		if p := b.agree(b.prove(b.transaction(b.get(ask())), phone), consent.Name("nothing")); p.location != back+"#error=cancelled&state=st" {
			t.Errorf("answered %s", p.location)
		}
	})
	t.Run("one of two is NotAvailable (question 5.19)", func(t *testing.T) {
		p := b.agree(b.prove(b.transaction(b.get(ask())), phone), consent.FullName)
		token := result.FindStringSubmatch(p.location)[2]
		if got := r.post(resource, `{"token":"`+token+`"}`); got.short() != "NotAvailable, MARIA INVENTADA DA CONCEIÇÃO" {
			t.Errorf("answered %s", got.raw)
		}
	})
}

func TestS2_2_landing_page(t *testing.T) {
	r := newRig(t)
	p := r.browser().get("/OAuth/Authorized")
	if p.status != http.StatusOK || p.header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(p.header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-") {
		t.Errorf("answered %d %v", p.status, p.header)
	}
	for _, foreign := range []string{"src=", "href=", "url(", "@import", "<script", "http://", "https://"} {
		if strings.Contains(p.body, foreign) {
			t.Errorf("the page holds %s", foreign)
		}
	}
	for _, want := range []string{`lang="pt-PT"`, `lang="en-GB"`} {
		if !strings.Contains(p.body, want) {
			t.Errorf("no %s", want)
		}
	}
}

func TestResume_answers_once_and_to_the_browser_that_began(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	begun := b.prove(b.transaction(b.get(ask())), phone)
	if p := b.agree(begun); !strings.HasPrefix(p.location, back+"#access_token=") {
		t.Fatalf("answered %s", p.location)
	}
	if p := b.get(begun.Resume); p.location != "" || p.header.Get("X-Fault") != "CH-1110" {
		t.Errorf("a reload answered %d %s", p.status, p.location)
	}
	if p := r.browser().get(begun.Resume); p.location != "" || p.header.Get("X-Fault") != "CH-1103" {
		t.Errorf("another browser: %d %s", p.status, p.location)
	}
	if p := b.get("/oauth/resume/nothing"); p.location != "" || p.header.Get("X-Fault") != "CH-1101" {
		t.Errorf("nothing: %d %s", p.status, p.location)
	}
	if q, _ := url.Parse(begun.Return); q.Host != "sp.example.test" {
		t.Errorf("the share page may lead to %s", begun.Return)
	}
}
