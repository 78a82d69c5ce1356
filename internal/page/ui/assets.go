package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"regexp"
	"strings"
)

//go:embed assets/*.css assets/*.js assets/*.svg assets/*.woff2
var assetFiles embed.FS

// asset is one file under its hashed name. zipped is nil for what does not shrink.
type asset struct {
	kind, tag     string
	plain, zipped []byte
}

type assets struct {
	byHash map[string]asset  // "chave.1a2b3c4d5e.css" → file
	names  map[string]string // "chave.css" → "/assets/chave.1a2b3c4d5e.css"
}

var assetKinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2",
}

var assetReference = regexp.MustCompile(`url\(([a-z0-9-]+\.woff2)\)`)

// loadAssets names each file by its content, so that browsers may keep it for ever and a new release is seen at once. Fonts come first: the
// style sheet holds their hashed names.
func loadAssets() (assets, error) {
	all := assets{byHash: map[string]asset{}, names: map[string]string{}}
	entries, err := assetFiles.ReadDir("assets")
	if err != nil {
		return all, fmt.Errorf("list assets: %w", err)
	}
	for _, fonts := range []bool{true, false} {
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".woff2") != fonts {
				continue
			}
			raw, err := assetFiles.ReadFile("assets/" + e.Name())
			if err != nil {
				return all, fmt.Errorf("read asset %s: %w", e.Name(), err)
			}
			if path.Ext(e.Name()) == ".css" {
				raw = assetReference.ReplaceAllFunc(raw, func(m []byte) []byte {
					return []byte("url(" + all.names[string(assetReference.FindSubmatch(m)[1])] + ")")
				})
			}
			all.add(e.Name(), raw)
		}
	}
	return all, nil
}

func (a assets) add(name string, raw []byte) {
	sum := sha256.Sum256(raw)
	tag := hex.EncodeToString(sum[:5])
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + tag + ext
	file := asset{kind: assetKinds[ext], tag: `"` + tag + `"`, plain: raw}
	if ext != ".woff2" {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(raw) // to memory: cannot fail
		_ = z.Close()
		file.zipped = b.Bytes()
	}
	a.byHash[hashed] = file
	a.names[name] = "/assets/" + hashed
}

func (s *Site) serveAsset(w http.ResponseWriter, r *http.Request) {
	file, ok := s.assets.byHash[r.PathValue("name")]
	if !ok {
		s.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", file.tag)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	body := file.plain
	if file.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = file.zipped
	}
	if r.Header.Get("If-None-Match") == file.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	_, _ = w.Write(body) // the reader left; nothing to do
}
