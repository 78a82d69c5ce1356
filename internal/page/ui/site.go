package ui

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"chave/internal/text"
)

//go:embed *.html
var ownTemplates embed.FS

// Set is the pages of one package: its template files and one zero value of each view.
type Set struct {
	Name  string // the package's, for errors
	Files fs.FS  // *.html, each defining templates named "set/page"
	Views []View
	// Assets are scripts that only this package's pages load, in the folder "assets"; nil for none. They are named by their content as our own are.
	Assets fs.FS
}

// Config says what the pages are made of. Texts and Now are required.
type Config struct {
	Texts  *text.Catalogue
	Now    func() time.Time
	Sets   []Set
	Demo   bool         // show on every page that the people are made up
	Secure bool         // cookies only over HTTPS; false only where the demo speaks plain HTTP on loopback
	Log    *slog.Logger // where a page that failed to render is reported; nil is silent
}

// Site renders pages. It never changes after New and is safe for concurrent use.
type Site struct {
	texts     *text.Catalogue
	now       func() time.Time
	demo      bool
	secure    bool
	log       *slog.Logger
	templates map[text.Lang]*template.Template
	assets    assets
	fixed     map[text.Lang]map[string]template.HTML // parts of the layout that are the same on every page of a language
	countries map[text.Lang]string                   // <option> lists, the same on every page of a language
	buffers   *sync.Pool
}

// New parses every template of every set and checks that each listed view has one, so that a page missing from the binary stops the start
// and not a citizen.
func New(c Config) (*Site, error) {
	if c.Texts == nil || c.Now == nil {
		return nil, errors.New("ui: Texts and Now are required")
	}
	loaded, err := loadAssets(c.Sets)
	if err != nil {
		return nil, err
	}
	s := &Site{
		texts: c.Texts, now: c.Now, demo: c.Demo, secure: c.Secure, log: c.Log, assets: loaded,
		countries: map[text.Lang]string{},
		buffers:   &sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	for _, l := range text.Langs() {
		s.countries[l] = countryOptions(c.Texts.Countries(l))
	}
	t := template.New("site").Funcs(functions())
	if t, err = t.ParseFS(ownTemplates, "*.html"); err != nil {
		return nil, fmt.Errorf("parse the layout: %w", err)
	}
	for _, set := range c.Sets {
		if t, err = t.ParseFS(set.Files, "*.html"); err != nil {
			return nil, fmt.Errorf("parse pages of %s: %w", set.Name, err)
		}
	}
	var missing []error
	for _, set := range append(c.Sets, Set{Name: "ui", Views: ownViews()}) {
		for _, v := range set.Views {
			if t.Lookup(v.Page().Name) == nil {
				missing = append(missing, fmt.Errorf("pages of %s: %T has no template %q", set.Name, v, v.Page().Name))
			}
		}
	}
	if err := errors.Join(missing...); err != nil {
		return nil, err
	}
	s.templates = map[text.Lang]*template.Template{}
	for _, l := range text.Langs() {
		if s.templates[l], err = s.spoken(t, l); err != nil {
			return nil, fmt.Errorf("write the texts of %s into the pages: %w", l, err)
		}
	}
	return s, s.fix()
}

// fix renders the unchanging parts of the layout once: a sign-in shows at least four pages, and this is a third of each page's work.
func (s *Site) fix() error {
	s.fixed = map[text.Lang]map[string]template.HTML{}
	for _, l := range text.Langs() {
		s.fixed[l] = map[string]template.HTML{}
		for _, part := range []string{"head", "brand", "foot"} {
			var b bytes.Buffer
			if err := s.templates[l].ExecuteTemplate(&b, "fixed/"+part, &Frame{Demo: s.demo, Lang: l, site: s}); err != nil {
				return fmt.Errorf("render the layout's %s: %w", part, err)
			}
			s.fixed[l][part] = template.HTML(b.String()) // #nosec G203 -- escaped by its own template
		}
	}
	return nil
}

// Texts is the catalogue the pages speak from.
func (s *Site) Texts() *text.Catalogue { return s.texts }

// Render writes a view as a page in the reader's language. It renders to memory first: a template that fails gives an
// honest 500 and not half a page.
func (s *Site) Render(w http.ResponseWriter, r *http.Request, status int, v View) {
	page := v.Page()
	targets := slices.Clone(page.Leads)
	if page.Service != nil {
		targets = append(targets, page.Service.Return)
	}
	s.render(w, r, status, v, page, targets)
}

func (s *Site) render(w http.ResponseWriter, r *http.Request, status int, v View, page Page, targets []string) {
	lang := s.Lang(r)
	buffer := s.buffers.Get().(*bytes.Buffer)
	buffer.Reset()
	defer s.buffers.Put(buffer)
	frame := &Frame{V: v, Page: page, Demo: s.demo, Lang: lang, site: s, back: backHere(r)}
	if err := s.templates[lang].ExecuteTemplate(buffer, page.Name, frame); err != nil {
		s.log.ErrorContext(r.Context(), "page failed to render", "page", page.Name, "err", err)
		secure(w.Header(), nil)
		http.Error(w, "Chave: CH-1000", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	secure(h, targets)
	if page.Reads {
		h.Set("Content-Security-Policy", h.Get("Content-Security-Policy")+"; worker-src 'self'; connect-src 'self'")
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang.Tag())
	h.Set("Content-Length", strconv.Itoa(buffer.Len()))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(buffer.Bytes()) // the reader left; nothing to do
	}
}
