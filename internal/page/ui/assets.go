package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
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
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2",
}

var assetReference = regexp.MustCompile(`url\(([a-z0-9-]+\.woff2)\)`)

// loadAssets names each file by its content, so that browsers may keep it for ever and a new release is seen at once. Fonts come first: the
// style sheet holds their hashed names.
func loadAssets(sets []Set) (assets, error) {
	all := assets{byHash: map[string]asset{}, names: map[string]string{}}
	for _, fonts := range []bool{true, false} {
		if err := all.load(assetFiles, func(name string) bool { return path.Ext(name) == ".woff2" == fonts }); err != nil {
			return all, err
		}
	}
	for _, set := range sets {
		if set.Assets == nil {
			continue
		}
		if err := all.load(set.Assets, func(name string) bool { return assetKinds[path.Ext(name)] != "" }); err != nil {
			return all, fmt.Errorf("pages of %s: %w", set.Name, err)
		}
	}
	return all, nil
}

// load adds the files of one folder that are wanted.
func (a assets) load(from fs.FS, wanted func(name string) bool) error {
	entries, err := fs.ReadDir(from, "assets")
	if err != nil {
		return fmt.Errorf("list assets: %w", err)
	}
	for _, e := range entries {
		if !wanted(e.Name()) {
			continue
		}
		if a.names[e.Name()] != "" {
			return fmt.Errorf("two assets are called %s", e.Name())
		}
		raw, err := fs.ReadFile(from, "assets/"+e.Name())
		if err != nil {
			return fmt.Errorf("read asset %s: %w", e.Name(), err)
		}
		if path.Ext(e.Name()) == ".css" {
			raw = assetReference.ReplaceAllFunc(raw, func(m []byte) []byte {
				return []byte("url(" + a.names[string(assetReference.FindSubmatch(m)[1])] + ")")
			})
		}
		a.add(e.Name(), raw)
	}
	return nil
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
