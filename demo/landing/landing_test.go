package landing

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/demo/people"
	"chave/demo/services"
)

var made = sync.OnceValues(func() (services.Pair, error) { return services.NewPair(nil, "test", time.Now()) })

// pair is one for all tests: making it takes a while.
func pair(t *testing.T) services.Pair {
	t.Helper()
	p, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newPage(t *testing.T) *Page {
	t.Helper()
	now := time.Date(2026, 11, 23, 15, 4, 0, 0, time.UTC)
	var regs []services.Registration
	for i, name := range services.Names() {
		r, err := services.Load(name, services.Own{Base: fmt.Sprintf("http://localhost:%d", 8101+i), Secret: strings.Repeat("x", 32), Pair: pair(t)})
		if err != nil {
			t.Fatal(err)
		}
		regs = append(regs, r)
	}
	p, err := New(Config{
		Portal: "http://localhost:8080/", Issuer: "http://localhost:8080", Services: regs,
		People: func() ([]people.Person, error) { return people.Load(now) }, Now: func() time.Time { return now },
		Certificates: func(context.Context) (Certificates, error) {
			return Certificates{"the FA's certificate", "the other certificate"}, nil
		},
		Sources: func(context.Context) ([]Source, error) { return []Source{{"health", "slow"}}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func get(t *testing.T, p *Page, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w
}

func TestPage_links_everything_that_runs(t *testing.T) {
	body := get(t, newPage(t), "/country?lang=en").Body.String()
	for _, want := range []string{
		`href="http://localhost:8080/"`, `href="http://localhost:8080/counter"`, `href="/"`, `href="http://localhost:8101/"`, `href="http://localhost:8105/"`,
		"http://localhost:8080/.well-known/openid-configuration", "docs/testing-your-service.md", `href="http://localhost:8080/sign"`, `href="http://localhost:8080/check"`, `href="http://localhost:8080/key/signature"`, `action="/clock"`, `action="/reset"`, "Monday 23 November 2026",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	t.Run("links within the page lead somewhere", func(t *testing.T) {
		for _, m := range regexp.MustCompile(`href="#([a-z]+)"`).FindAllStringSubmatch(body, -1) {
			if !strings.Contains(body, `id="`+m[1]+`"`) {
				t.Errorf("nothing is called %s", m[1])
			}
		}
	})
}

func TestPage_shows_everybody_in_both_languages(t *testing.T) {
	p := newPage(t)
	list, err := p.cfg.People()
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"pt", "en"} {
		w := get(t, p, "/country?done=clock&lang="+lang)
		body := w.Body.String()
		if w.Code != 200 || !strings.Contains(body, `<html lang="`+lang+`">`) || strings.Count(body, "<h1") != 1 {
			t.Fatalf("%d %s", w.Code, body)
		}
		for _, person := range list {
			if !strings.Contains(body, `id="`+person.ID+`"`) || !strings.Contains(body, person.Badge.In(lang)) {
				t.Errorf("%s is missing", person.ID)
			}
			if person.PIN != "" && !strings.Contains(body, person.PIN) {
				t.Errorf("the PIN of %s is missing", person.ID)
			}
		}
		suspended := 0
		for _, person := range list {
			if person.SignPIN != "" && !strings.Contains(body, "<code data-copy>"+person.SignPIN+"</code>") {
				t.Errorf("the signature PIN of %s is missing", person.ID)
			}
			if person.Suspended {
				suspended++
			}
		}
		said := map[string]string{"pt": "assinatura suspensa", "en": "signing suspended"}[lang]
		if n := strings.Count(body, said); suspended == 0 || n != suspended {
			t.Errorf("%d people are said to be suspended, not %d", n, suspended)
		}
		if zones := strings.Count(body, "<pre "); zones < 4 {
			t.Errorf("%d machine-readable zones", zones)
		}
	}
}

func TestPage_texts_are_all_used(t *testing.T) {
	var source []byte
	for _, name := range []string{"country.html", "integrate.html"} {
		one, err := templateFiles.ReadFile("templates/" + name)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, one...)
	}
	for key := range newPage(t).texts {
		prefix, _, _ := strings.Cut(key, ".")
		switch prefix {
		case "place", "document", "country", "done", "way", "fact", "file", "attribute", "source", "behaviour":
			continue // put together by the program
		}
		if !strings.Contains(string(source), `"`+key+`"`) {
			t.Errorf("nobody says %q", key)
		}
	}
}

func TestPage_answers_reads_only(t *testing.T) {
	p := newPage(t)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("POST", "/country", nil))
	if w.Code != 405 {
		t.Errorf("POST answers %d", w.Code)
	}
	if w := get(t, p, "/country/x"); w.Code != 303 {
		t.Errorf("an unknown page answers %d", w.Code)
	}
	if w := get(t, p, "/country/assets/nothing.css"); w.Code != 404 {
		t.Errorf("an unknown asset answers %d", w.Code)
	}
	sheet, err := p.assets.URL("country.css")
	if err != nil {
		t.Fatal(err)
	}
	css := get(t, p, sheet).Body.String()
	for _, m := range regexp.MustCompile(`url\(([^)]+)\)`).FindAllStringSubmatch(css, -1) {
		if w := get(t, p, m[1]); w.Code != 200 {
			t.Errorf("the style sheet names %s, which answers %d", m[1], w.Code)
		}
	}
}

func TestIntegrate_says_all_that_a_client_needs(t *testing.T) {
	p := newPage(t)
	key := pair(t).Key.Reveal()
	for path, wants := range map[string][]string{
		"/integrate": {`href="/integrate/tax"`, `href="/integrate/social-security"`, `href="/integrate/bank"`, "docs/compat.md"},
		"/integrate/tax": {"http://localhost:8080/.well-known/openid-configuration", "http://localhost:8101/callback", `id="scmd"`, "SCMDService.svc?wsdl", "CCMovelDigitalSignature.svc?wsdl",
			"6f1d2c3a-0b47-4e58-9a61-70c1d2e3f401", "http://localhost:8080/scmd/cipher.cer", "zeep.Client(", "openid nif profile", strings.Repeat("x", 32), "urn:chave:level:3"},
		"/integrate/hospital": {"urn:chave:level:2", "http://localhost:8104/signed-out"},
		"/integrate/social-security": {
			"http://localhost:8080/fa/Default.aspx", "http://localhost:8102/saml/acs", ">http://localhost:8102/saml<", "the FA&#39;s certificate", key[30:60],
			"http://interop.gov.pt/MDC/Cidadao/NISS", "SegurancaSocial/SituacaoProfissional", "FAAALevel", `id="oidc"`,
		},
		"/integrate/health": {
			"http://localhost:8080/OAuth/AskAuthorization", "100000000103", "http://localhost:8103/oauth/callback", "implicit_token", "long_token",
			"scope=http%3A%2F%2Finterop.gov.pt%2FMDC%2FCidadao%2FNIC%20http", "qrcodeauthentication",
		},
		"/integrate/bank": {"http://localhost:8080/saml/metadata", "http://localhost:8080/saml/sso", "the other certificate", "http://localhost:8105/saml/acs", "nameid-format:persistent", `id="csc"`, ">http://localhost:8080/csc/v2/<", "http://localhost:8080/csc/v2/openapi.yaml", "/contract/callback", "6f1d2c3a-0b47-4e58-9a61-70c1d2e3f405"},
	} {
		for _, lang := range []string{"pt", "en"} {
			w := get(t, p, path+"?lang="+lang)
			body := w.Body.String()
			if w.Code != 200 || !strings.Contains(body, `<html lang="`+lang+`">`) || strings.Count(body, "<h1") != 1 || strings.Contains(body, "<no value>") {
				t.Fatalf("%s: %d %s", path, w.Code, body)
			}
			for _, want := range wants {
				if !strings.Contains(body, want) {
					t.Errorf("%s in %s does not hold %q", path, lang, want)
				}
			}
			for _, m := range regexp.MustCompile(`href="#([a-z]+)"`).FindAllStringSubmatch(body, -1) {
				if !strings.Contains(body, `id="`+m[1]+`"`) {
					t.Errorf("%s: nothing is called %s", path, m[1])
				}
			}
		}
	}
	if body := get(t, p, "/integrate/tax").Body.String(); strings.Contains(body, "/fa/Default.aspx") {
		t.Error("the tax portal is shown a wire it is not registered for")
	}
	if body := get(t, p, "/integrate/tax").Body.String(); strings.Contains(body, "/csc/v2/") {
		t.Error("the tax portal is shown the signature API it is not registered for")
	}
	if w := get(t, p, "/integrate/casino"); w.Code != 303 {
		t.Errorf("an unknown service answers %d", w.Code)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("POST", "/integrate", nil))
	if w.Code != 405 {
		t.Errorf("POST answers %d", w.Code)
	}
}

func TestPage_lets_sources_be_changed(t *testing.T) {
	body := get(t, newPage(t), "/country?done=sources&lang=en").Body.String()
	for _, want := range []string{`action="/sources"`, `<option value="slow" selected>`, "Changed.", `href="/integrate"`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
}
