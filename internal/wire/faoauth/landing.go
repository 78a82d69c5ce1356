package faoauth

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
)

//go:embed landing.html
var landingPage string

// landingPolicy lets the page's own style in by its digest, and nothing else from anywhere.
var landingPolicy = sync.OnceValue(func() string {
	_, rest, _ := strings.Cut(landingPage, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
})

// landed is the static page that programs embed in a window of their own and watch for (§2.2). It says the same whatever the fragment holds, which it never
// sees; without script, in both languages.
func (p *Provider) landed(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Content-Security-Policy", landingPolicy())
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(landingPage)) // the reader left; nothing to do
	return nil
}
