package page

import (
	"net/http"

	"golang.org/x/text/language"
)

// Languages the demonstration speaks. The first is used when a browser asks for neither.
var matcher = language.NewMatcher([]language.Tag{language.English, language.EuropeanPortuguese})

// Lang picks "pt" or "en" for a request: what the visitor just chose (?lang=pt), else the cookie of
// that name, else the browser's list. A fresh choice is remembered in the cookie.
func Lang(w http.ResponseWriter, r *http.Request, cookie string) string {
	if chosen := r.URL.Query().Get("lang"); chosen == "pt" || chosen == "en" {
		http.SetCookie(w, &http.Cookie{
			Name: cookie, Value: chosen, Path: "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil,
		})
		return chosen
	}
	if c, err := r.Cookie(cookie); err == nil && (c.Value == "pt" || c.Value == "en") {
		return c.Value
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return "en"
	}
	if _, i, _ := matcher.Match(tags...); i == 1 {
		return "pt"
	}
	return "en"
}

// Other is the language a switch leads to.
func Other(lang string) string {
	if lang == "pt" {
		return "en"
	}
	return "pt"
}
