// Package stories lists every page of Chave in every state, filled with made-up people, so that it can be looked at and tested
// without a database, a key or a phone. It decides nothing: a story is a view struct as a handler would fill it.
package stories

import (
	"net/http"
	"time"

	"chave/internal/page/check"
	"chave/internal/page/counter"
	"chave/internal/page/mykey"
	"chave/internal/page/portal"
	"chave/internal/page/qr"
	"chave/internal/page/sign"
	"chave/internal/page/signin"
	"chave/internal/page/ui"
	"chave/internal/text"
)

// Story is one page in one state.
type Story struct {
	Name   string // "signin: PIN, wrong"
	Path   string // "/story/signin/pin-wrong"
	Status int
	View   ui.View
}

// Now is the moment at which all stories happen.
func Now() time.Time { return time.Date(2026, 11, 23, 14, 27, 0, 0, time.UTC) }

// Stories lists them all, in the order of a person's journey.
func Stories() []Story {
	var all []Story
	for _, part := range [][]Story{portalStories(), signinStories(), stopStories(), keyStories(), signStories(), checkStories(), counterStories(), qrStories(), errorStories()} {
		all = append(all, part...)
	}
	return all
}

// Sets are the page packages that have stories.
func Sets() []ui.Set {
	return []ui.Set{portal.Pages(), signin.Pages(), mykey.Pages(), counter.Pages(), qr.Pages(), sign.Pages(), check.Pages()}
}

// Site renders the stories.
func Site() (*ui.Site, error) {
	texts, err := text.Load()
	if err != nil {
		return nil, err
	}
	return ui.New(ui.Config{Texts: texts, Now: Now, Demo: true, Sets: Sets()})
}

// Handler serves every story at its path, in the language of ?lang=, and an index at /.
func Handler() (http.Handler, error) {
	site, err := Site()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	site.Mount(mux)
	samples(mux)
	for _, s := range Stories() {
		mux.HandleFunc(s.Path, func(w http.ResponseWriter, r *http.Request) {
			site.Render(w, inLanguage(r), s.Status, s.View)
		})
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { index(w) })
	mux.HandleFunc("/", site.NotFound)
	return mux, nil
}

// inLanguage lets ?lang= win over the cookie and the browser, so that a link names one picture.
func inLanguage(r *http.Request) *http.Request {
	lang := r.URL.Query().Get("lang")
	if lang == "" {
		return r
	}
	r = r.Clone(r.Context())
	r.Header.Del("Cookie")
	r.Header.Set("Accept-Language", lang)
	return r
}
