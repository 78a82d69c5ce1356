package ui

import (
	"net/http"
	"strings"
)

// secure sets the headers of every page: nothing from third parties, no framing, no inline script or style, nothing kept in a shared cache
// and no address of ours told to others. targets are return addresses that a form's answer may redirect to.
func secure(h http.Header, targets []string) {
	forms := "form-action 'self'"
	for _, t := range targets {
		if source := formTarget(t); source != "" {
			forms += " " + source
		}
	}
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'", "style-src 'self'", "font-src 'self'", "img-src 'self' data:", "script-src 'self'",
		forms, "frame-ancestors 'none'", "base-uri 'none'",
	}, "; "))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Language, Cookie")
}

// Visit wraps an endpoint that a person's browser visits on its way between services and our pages; fail shows an error as a page. Nothing of such a visit may be framed,
// cached, or named to the next site (B8).
func Visit(serve func(http.ResponseWriter, *http.Request) error, fail func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		if err := serve(w, r); err != nil {
			fail(w, r, err)
		}
	})
}
