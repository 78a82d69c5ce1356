package ui

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"chave/internal/text"
)

// LangCookie keeps the language a person chose on the switch.
const LangCookie = "chave_lang"

type langKey struct{}

// WithLang fixes the language of a request, for a service that asked for one (`ui_locales`). A person's own choice by the switch still
// wins: see Lang.
func WithLang(r *http.Request, lang text.Lang) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), langKey{}, lang))
}

// Lang is the language to answer in: the person's choice, else the one asked for with WithLang, else the browser's.
func (s *Site) Lang(r *http.Request) text.Lang {
	if c, err := r.Cookie(LangCookie); err == nil && text.Lang(c.Value).Known() {
		return text.Lang(c.Value)
	}
	if l, ok := r.Context().Value(langKey{}).(text.Lang); ok && l.Known() {
		return l
	}
	return text.Match(r.Header.Get("Accept-Language"))
}

// Mount serves /assets/ and /language.
func (s *Site) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /assets/{name}", s.serveAsset)
	mux.HandleFunc("GET /language", s.switchLanguage)
}

// switchLanguage remembers ?set= for a year and returns to ?back=. Someone else's link can at most change the
// language, never lead away: back must be a path of this site.
func (s *Site) switchLanguage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if l := text.Lang(query.Get("set")); l.Known() {
		http.SetCookie(w, &http.Cookie{
			Name: LangCookie, Value: string(l), Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
			HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
		})
	}
	secure(w.Header(), nil)
	http.Redirect(w, r, localPath(query.Get("back")), http.StatusSeeOther) //nolint:gosec // localPath lets nothing but paths of this site through
}

// localPath keeps a path of this site and turns everything else into the first page. Browsers read "//host" and "/\host" as another
// site's address, and drop tabs and line breaks before they look.
func localPath(back string) string {
	if !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.Contains(back, `\`) || len(back) > 2000 {
		return "/"
	}
	for _, r := range back {
		if r < 0x20 || r == 0x7f {
			return "/"
		}
	}
	u, err := url.Parse(back)
	if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(u.Path, "//") || strings.Contains(u.Path, `\`) {
		return "/"
	}
	return back
}

// backHere is the address the language switch returns to: this page.
func backHere(r *http.Request) string { return localPath(r.URL.RequestURI()) }
