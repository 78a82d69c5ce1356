package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
)

// Policy is the content policy of a page: nothing but what this server itself serves. formAction
// lists further origins a form's redirect may lead to (the key provider, for "sign in").
func Policy(formAction ...string) string {
	return "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; frame-ancestors 'none'; form-action " + strings.Join(append([]string{"'self'"}, formAction...), " ")
}

// Harden sets the headers every answer of the demonstration carries.
func Harden(w http.ResponseWriter, policy string) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	// Not "no-referrer": it makes browsers send "Origin: null" with form posts, which the tester's
	// door refuses, so its own forms would stop working.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// Render runs a template into a buffer and only then answers, so that a failing template never
// leaves half a page.
func Render(w http.ResponseWriter, status int, t *template.Template, name string, view any) error {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, view); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return err
}

// Assets serves embedded files under names that carry a digest of their content, so that browsers
// may keep them for ever.
type Assets struct {
	byURL  map[string][]byte
	byName map[string]string
}

// NewAssets reads all files of a folder of fsys; they will be served below prefix, which ends in "/".
func NewAssets(fsys fs.FS, dir, prefix string) (*Assets, error) {
	a := &Assets{byURL: make(map[string][]byte), byName: make(map[string]string)}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read assets: %w", err)
	}
	// Style sheets come last: the pictures they name must have their addresses by then.
	var sheets []fs.DirEntry
	for _, e := range entries {
		if path.Ext(e.Name()) == ".css" {
			sheets = append(sheets, e)
		}
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return path.Ext(e.Name()) == ".css" })
	for _, e := range append(entries, sheets...) {
		data, err := fs.ReadFile(fsys, path.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read asset: %w", err)
		}
		if path.Ext(e.Name()) == ".css" {
			for name, url := range a.byName {
				data = bytes.ReplaceAll(data, []byte("url("+name+")"), []byte("url("+url+")"))
			}
		}
		a.Add(prefix, e.Name(), data)
	}
	return a, nil
}

// Add makes one more file available, for content composed at start.
func (a *Assets) Add(prefix, name string, data []byte) {
	digest := sha256.Sum256(data)
	ext := path.Ext(name)
	url := prefix + strings.TrimSuffix(name, ext) + "." + base64.RawURLEncoding.EncodeToString(digest[:6]) + ext
	a.byURL[url], a.byName[name] = data, url
}

// URL is the address of a file by its plain name.
func (a *Assets) URL(name string) (string, error) {
	url, ok := a.byName[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return url, nil
}

// ServeHTTP answers with a file, or 404.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, ok := a.byURL[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	w.Header().Set("Content-Type", types[path.Ext(r.URL.Path)])
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(data)
}
