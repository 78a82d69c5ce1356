package page

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func TestLang_is_chosen_by_visitor_then_cookie_then_browser(t *testing.T) {
	for name, c := range map[string]struct{ url, cookie, header, want string }{
		"nothing said":              {"/", "", "", "en"},
		"browser speaks Portuguese": {"/", "", "pt-BR,pt;q=0.9,en;q=0.5", "pt"},
		"browser speaks French":     {"/", "", "fr", "en"},
		"cookie wins over browser":  {"/", "pt", "en", "pt"},
		"choice wins over cookie":   {"/?lang=en", "pt", "pt", "en"},
		"nonsense is ignored":       {"/?lang=xx", "yy", "zz;;;", "en"},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", c.url, nil)
			if c.cookie != "" {
				r.AddCookie(&http.Cookie{Name: "l", Value: c.cookie})
			}
			r.Header.Set("Accept-Language", c.header)
			if got := Lang(httptest.NewRecorder(), r, "l"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestTexts_refuse_a_sentence_without_both_languages(t *testing.T) {
	if _, err := LoadTexts([]byte("a: {pt: x}\nb: {pt: x, en: y}")); err == nil || !strings.Contains(err.Error(), "[a]") {
		t.Errorf("got %v", err)
	}
	texts, err := LoadTexts([]byte(`b: {pt: "olá %s", en: "hello %s"}`))
	if err != nil {
		t.Fatal(err)
	}
	if s, err := texts.Say("pt", "b", "Ana"); err != nil || s != "olá Ana" {
		t.Errorf("%q, %v", s, err)
	}
	if _, err := texts.Say("pt", "c"); err == nil {
		t.Error("an unknown key is accepted")
	}
}

func TestRender_never_leaves_half_a_page(t *testing.T) {
	tpl := template.Must(template.New("x").Parse(`before {{.Missing.Field}}`))
	w := httptest.NewRecorder()
	if err := Render(w, 200, tpl, "x", struct{}{}); err == nil || w.Body.Len() != 0 {
		t.Errorf("error %v, body %q", err, w.Body)
	}
}

func TestAssets_are_served_under_their_digest_only(t *testing.T) {
	a, err := NewAssets(fstest.MapFS{"d/a.css": {Data: []byte("x{background:url(p.svg)}")}, "d/p.svg": {Data: []byte("<svg/>")}}, "d", "/assets/")
	if err != nil {
		t.Fatal(err)
	}
	url, err := a.URL("a.css")
	if err != nil || !strings.HasPrefix(url, "/assets/a.") {
		t.Fatalf("%q, %v", url, err)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest("GET", url, nil))
	if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if picture, _ := a.URL("p.svg"); !strings.Contains(w.Body.String(), "url("+picture+")") {
		t.Errorf("the style sheet does not name its picture by digest: %s", w.Body)
	}
	w = httptest.NewRecorder()
	a.ServeHTTP(w, httptest.NewRequest("GET", "/assets/a.css", nil))
	if w.Code != 404 {
		t.Errorf("the plain name answers %d", w.Code)
	}
}
