package ui

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"chave/internal/core/fault"
	"chave/internal/text"
)

func now() time.Time { return time.Date(2026, 11, 23, 14, 27, 0, 0, time.UTC) }

func site(t testing.TB, sets ...Set) *Site {
	t.Helper()
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Texts: texts, Now: now, Demo: true, Sets: sets})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// probe is a page of one field for the tests of this package.
type probe struct {
	Form
	Typed   string
	Service Service
	Name    string
}

func (p probe) Page() Page {
	name := p.Name
	if name == "" {
		name = "probe/page"
	}
	return Page{Name: name, Title: "ui.name", Layout: Task, Service: &p.Service, Problems: p.Problems, Labels: map[string]string{"number": "counter.field.number"}}
}

func probes() Set {
	return Set{Name: "probe", Views: []View{probe{}}, Files: fstest.MapFS{"probe.html": {Data: []byte(
		`{{define "probe/page"}}{{template "top" .}}{{template "problems" .}}{{template "h1" .}}{{template "field" (.Field "number" "counter.field.number" "value" .V.Typed)}}{{template "bottom" .}}{{end}}` +
			`{{define "probe/broken"}}{{template "top" .}}{{.V.NoSuchField}}{{end}}`)}}}
}

func get(path string, headers ...string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func TestA_missing_template_stops_the_start(t *testing.T) {
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	set := probes()
	set.Views = append(set.Views, probe{Name: "probe/forgotten"})
	if _, err := New(Config{Texts: texts, Now: now, Sets: []Set{set}}); err == nil || !strings.Contains(err.Error(), "probe/forgotten") {
		t.Errorf("got %v", err)
	}
	if _, err := New(Config{}); err == nil {
		t.Error("started without texts and clock")
	}
}

func TestA_page_that_fails_to_render_is_a_500_and_never_half_a_page(t *testing.T) {
	s := site(t, probes())
	w := httptest.NewRecorder()
	s.Render(w, get("/"), http.StatusOK, probe{Name: "probe/broken"})
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "<html") || strings.Contains(w.Body.String(), "NoSuchField") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func TestPages_carry_the_headers_that_keep_them_safe(t *testing.T) {
	s := site(t, probes())
	w := httptest.NewRecorder()
	s.Render(w, get("/"), http.StatusOK, probe{Service: Service{Name: "Tax", Return: "http://localhost:8101/callback?x=1"}})
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; script-src 'self'; " +
			"form-action 'self' http://localhost:8101; frame-ancestors 'none'; base-uri 'none'",
		"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"Cross-Origin-Opener-Policy": "same-origin", "Content-Language": "pt-PT", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestA_return_address_cannot_widen_the_content_policy(t *testing.T) {
	for address, want := range map[string]string{
		"https://tax.example/callback":      "https://tax.example",
		"http://localhost:8101/cb?a=b#c":    "http://localhost:8101",
		"com.example.app:/callback":         "com.example.app:",
		"":                                  "",
		"/local":                            "",
		"https://":                          "",
		"https://a.example;script-src */":   "",
		"https://a.example *.example/":      "",
		"https://a.example'unsafe-inline'/": "",
		"https://*.example/":                "",
		"://nothing":                        "",
	} {
		if got := formTarget(address); got != want {
			t.Errorf("formTarget(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestLanguage_is_the_persons_choice_then_the_services_then_the_browsers(t *testing.T) {
	s := site(t)
	r := get("/", "Accept-Language", "pt-PT")
	if got := s.Lang(r); got != text.Portuguese {
		t.Errorf("browser: %s", got)
	}
	r = WithLang(r, text.English)
	if got := s.Lang(r); got != text.English {
		t.Errorf("service: %s", got)
	}
	r.AddCookie(&http.Cookie{Name: LangCookie, Value: "pt"})
	if got := s.Lang(r); got != text.Portuguese {
		t.Errorf("person: %s", got)
	}
	r = get("/", "Cookie", LangCookie+"=xx")
	if got := s.Lang(r); got != text.Portuguese {
		t.Errorf("unknown cookie: %s", got)
	}
}

func TestThe_language_switch_never_leads_to_another_site(t *testing.T) {
	mux := http.NewServeMux()
	site(t).Mount(mux)
	for back, want := range map[string]string{
		"/signin/abc?x=1": "/signin/abc?x=1", "/": "/", "": "/", "https://evil.example/": "/", "//evil.example": "/", `/\evil.example`: "/", `\\evil.example`: "/",
		"/\t/evil.example": "/", "/\n//evil.example": "/", "javascript:alert(1)": "/", "/%2F%2Fevil.example": "/", "/%5Cevil.example": "/", "signin": "/", "/" + strings.Repeat("a", 3000): "/",
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, get("/language?"+url.Values{"set": {"en"}, "back": {back}}.Encode()))
		if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != want {
			t.Errorf("back %q: %d to %q, want %q", back, w.Code, got, want)
		}
		if c := w.Result().Cookies(); len(c) != 1 || c[0].Name != LangCookie || c[0].Value != "en" || !c[0].HttpOnly {
			t.Errorf("back %q: cookies %v", back, c)
		}
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, get("/language?set=klingon&back=/"))
	if len(w.Result().Cookies()) != 0 {
		t.Error("a language that does not exist was remembered")
	}
}

func FuzzLocalPath(f *testing.F) {
	f.Add("//evil.example")
	f.Add("/signin/abc?x=1")
	f.Fuzz(func(t *testing.T, back string) {
		got := localPath(back)
		base, _ := url.Parse("https://chave.example/here")
		u, err := base.Parse(got)
		if err != nil || u.Host != "chave.example" || strings.ContainsAny(got, "\\\r\n\t") {
			t.Errorf("localPath(%q) = %q leads to %v", back, got, u)
		}
	})
}

func TestAssets_are_named_by_content_and_kept_for_ever(t *testing.T) {
	s := site(t)
	mux := http.NewServeMux()
	s.Mount(mux)
	css := 0
	for name, path := range s.assets.names {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, get(path))
		if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Header().Get("Content-Type") == "" {
			t.Errorf("%s at %s: %d %v", name, path, w.Code, w.Header())
		}
		if strings.HasSuffix(name, ".css") {
			css += w.Body.Len()
			if strings.Contains(w.Body.String(), "http") && !strings.Contains(w.Body.String(), "MIT") {
				t.Error("the style sheet asks somebody else")
			}
			if strings.Contains(w.Body.String(), "url(noto") {
				t.Error("a font keeps its plain name")
			}
		}
		w = httptest.NewRecorder()
		mux.ServeHTTP(w, get(path, "If-None-Match", w.Header().Get("ETag"), "Accept-Encoding", "gzip"))
		if w.Code != http.StatusOK {
			t.Errorf("%s zipped: %d", name, w.Code)
		}
	}
	if css == 0 || css > 30_000 {
		t.Errorf("%d bytes of CSS", css)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, get("/assets/chave.0000000000.css"))
	if w.Code != http.StatusNotFound {
		t.Errorf("an unknown asset: %d", w.Code)
	}
}

func TestWhat_was_wrong_stands_at_the_top_and_beside_its_field_with_what_was_typed(t *testing.T) {
	s := site(t, probes())
	w := httptest.NewRecorder()
	v := probe{Typed: `XX "9"`, Form: Form{Problems: []Problem{{Field: "number", Code: "CH-1403"}}}}
	s.Render(w, get("/", "Accept-Language", "en"), http.StatusUnprocessableEntity, v)
	page := w.Body.String()
	for _, want := range []string{
		`<title>Error: Chave`, `<a href="#number">“Document number” is empty</a>`, `href="/help#CH-1403"`, `id="number-problem"`,
		`aria-describedby="number-problem"`, `aria-invalid="true"`, `value="XX &#34;9&#34;"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s is not on the page", want)
		}
	}
}

func TestProblems_finds_every_fault_and_gives_nothing_else_away(t *testing.T) {
	cause := errors.New("relation people does not exist")
	got := Problems(errors.Join(
		fault.New(fault.FieldMissing).On("number"),
		fmt.Errorf("check: %w", fault.New(fault.WaitUntil).With("Until", now())),
		cause,
	))
	if len(got) != 3 || got[0].Field != "number" || got[1].Code != "CH-1204" || got[2].Code != "CH-1000" {
		t.Errorf("got %+v", got)
	}
	if Problems(nil) != nil {
		t.Error("no error, and yet a problem")
	}
	w := httptest.NewRecorder()
	site(t).Fail(w, get("/"), cause)
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "relation") || !strings.Contains(w.Body.String(), "CH-1000") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}

func TestAutoPost_works_without_script_and_may_post_only_there(t *testing.T) {
	w := httptest.NewRecorder()
	site(t).AutoPost(w, get("/"), Post{Action: "https://sp.example/acs", Name: "Sp", Fields: []Hidden{{"SAMLResponse", "a<b"}, {"RelayState", ""}}})
	page := w.Body.String()
	if !strings.Contains(page, `action="https://sp.example/acs"`) || !strings.Contains(page, `name="SAMLResponse" value="a&lt;b"`) || !strings.Contains(page, "<button>") {
		t.Errorf("page: %s", page)
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://sp.example;") {
		t.Errorf("policy: %s", csp)
	}
}

func BenchmarkRender(b *testing.B) {
	s := site(b, probes())
	r := get("/")
	for b.Loop() {
		s.Render(httptest.NewRecorder(), r, http.StatusOK, probe{Typed: "x"})
	}
}
