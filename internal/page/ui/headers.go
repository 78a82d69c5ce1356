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
