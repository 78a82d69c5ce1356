package portal

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"chave/internal/cookie"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/page/ui"
)

// Handler serves the public pages, signing out, and the page for every address that does not exist. All fields but Counter and Sign are required.
type Handler struct {
	Site     *ui.Site
	Login    *login.Service
	Jar      cookie.Jar
	Services func(context.Context) ([]service.Service, error) // all registrations, in any order
	MinAge   int                                              // completed years that a key needs; zero hides the sentence
	Counter  string                                           // local path for people who work at a counter; empty hides it
	Sign     bool                                             // documents can be signed and signatures checked here
}

// few is how many services the first page shows.
const few = 6

// Mount lists the routes. The last one takes what nobody else does.
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", h.answer(h.home))
	mux.HandleFunc("GET /services", h.answer(h.services))
	mux.HandleFunc("GET /help", h.answer(h.help))
	mux.HandleFunc("GET /errors/{code}", h.answer(h.explain))
	mux.HandleFunc("POST /signout", h.answer(h.signOut))
	mux.HandleFunc("GET /robots.txt", robots)
	mux.HandleFunc("GET /favicon.ico", noIcon)
	mux.HandleFunc("/", h.Site.NotFound)
}

// answer shows any error as a page, so that no handler can forget to.
func (h *Handler) answer(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			h.Site.Fail(w, r, err)
		}
	}
}

func (h *Handler) home(w http.ResponseWriter, r *http.Request) error {
	all, err := h.catalogue(r)
	if err != nil {
		return err
	}
	h.Site.Render(w, r, http.StatusOK, Home{Services: all[:min(few, len(all))], MinAge: h.MinAge, Counter: h.Counter, Sign: h.Sign})
	return nil
}

func (h *Handler) services(w http.ResponseWriter, r *http.Request) error {
	all, err := h.catalogue(r)
	if err != nil {
		return err
	}
	h.Site.Render(w, r, http.StatusOK, Services{Services: all})
	return nil
}

func (h *Handler) help(w http.ResponseWriter, r *http.Request) error {
	h.Site.Render(w, r, http.StatusOK, Help{MinAge: h.MinAge})
	return nil
}

// explain leads from a code, as it is printed on a letter or said on the phone, to its paragraph.
func (h *Handler) explain(w http.ResponseWriter, r *http.Request) error {
	code := fault.Code(r.PathValue("code"))
	if !slices.Contains(fault.Codes(), code) {
		return fault.New(fault.PageNotFound)
	}
	http.Redirect(w, r, "/help#"+string(code), http.StatusSeeOther) //nolint:gosec // a page of ours, at a code of the catalogue
	return nil
}

// signOut ends the browser's sessions here and tells the services that were opened in them (R5.24): whoever leaves a shared computer means all of them, also the one that
// CMD's wires opened. The cookies go even when the store cannot be reached.
func (h *Handler) signOut(w http.ResponseWriter, r *http.Request) error {
	var problems []error
	for _, realm := range []login.Realm{login.Modern, login.Compat} {
		jar := h.Jar.In(string(realm))
		jar.ClearSession(w)
		problems = append(problems, h.Login.SignOut(r.Context(), jar.Session(r)))
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// catalogue is what anybody may know of the services: what each may ask, and whom it shuts out by asking so (PAIN-11).
func (h *Handler) catalogue(r *http.Request) ([]Service, error) {
	all, err := h.Services(r.Context())
	if err != nil {
		return nil, err
	}
	lang := string(h.Site.Lang(r))
	var shown []Service
	for _, one := range all {
		if one.FirstParty || one.Closed {
			continue
		}
		s := Service{
			Name: one.Name.In(lang), Description: one.Description.In(lang), Category: one.Category, URL: one.URL,
			ByEmail: one.MinLevel <= service.LevelEmail,
		}
		for _, a := range one.Attributes {
			s.Asks = append(s.Asks, Ask{Name: string(a.Name), Optional: !a.Required})
		}
		for _, group := range one.Forgets() {
			s.Forgets = append(s.Forgets, string(group))
		}
		shown = append(shown, s)
	}
	return shown, nil
}

// robots keeps search engines to the public pages: steps of a sign-in are nobody's search result.
func robots(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = w.Write([]byte("User-agent: *\nDisallow: /signin/\nDisallow: /key\nDisallow: /counter\nDisallow: /oauth2/\nDisallow: /oauth/\nDisallow: /saml/\nDisallow: /fa/\nDisallow: /qr/\nDisallow: /language\n"))
}

// noIcon spares browsers that ask for the old name a page: every page of ours names its icon itself.
func noIcon(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.WriteHeader(http.StatusNoContent)
}
