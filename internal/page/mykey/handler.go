package mykey

import (
	"context"
	"net/http"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/page/door"
	"chave/internal/page/ui"
)

// Handler serves a person's own key at /key, behind its door: whoever's session is too old or too weak signs in first. All fields up to Keep are required.
type Handler struct {
	Site     *ui.Site
	Login    *login.Service
	Door     *door.Door                                             // Path /key/enter/, Home /key
	Services func(context.Context) ([]service.Service, error)       // all registrations, for names and for the warnings of R2.10
	Service  func(context.Context, string) (service.Service, error) // one, for those that are not in the list: Chave's own areas
	Now      func() time.Time
	Keep     int // days that history is kept (R0.05)
	// Signing serves the pages of the signature; nil leaves them out. Terms is the version of the terms in force, as signing.Rules has it.
	Signing Signing
	Terms   string
	Test    bool // certificates here are not qualified, and every page that shows one says so (T8)
}

// Mount lists the routes.
func (h *Handler) Mount(mux *http.ServeMux) {
	h.Door.Mount(mux, h.done, h.Site.Fail)
	mux.HandleFunc("GET /key", h.inside(h.overview))
	mux.HandleFunc("GET /key/history", h.inside(h.history))
	mux.HandleFunc("GET /key/consents", h.inside(h.consents))
	mux.HandleFunc("POST /key/consents", h.inside(h.withdraw))
	mux.HandleFunc("GET /key/sessions", h.inside(h.sessions))
	mux.HandleFunc("POST /key/sessions", h.inside(h.endSession))
	mux.HandleFunc("GET /key/pin", h.inside(h.pin))
	mux.HandleFunc("POST /key/pin", h.begin(login.ChangePIN))
	mux.HandleFunc("GET /key/cancel", h.inside(h.cancel))
	mux.HandleFunc("POST /key/cancel", h.begin(login.CancelKey))
	mux.HandleFunc("GET /key/done/{what}", h.answer(h.shown))
	h.mountSignature(mux)
}

type handle func(http.ResponseWriter, *http.Request, door.Inside) error

// inside answers whoever is through the door; others begin a sign-in and come back to /key.
func (h *Handler) inside(next handle) http.HandlerFunc {
	return h.answer(func(w http.ResponseWriter, r *http.Request) error {
		who, err := h.Door.Who(r)
		switch {
		case fault.Is(err, fault.SessionNeeded):
			return h.Door.Begin(w, r, login.SignIn)
		case err != nil:
			return err
		}
		return next(w, r, who)
	})
}

// begin starts one of the holder's own acts: a sign-in that asks PIN and code afresh (A11, R5.02).
func (h *Handler) begin(purpose login.Purpose) http.HandlerFunc {
	return h.inside(func(w http.ResponseWriter, r *http.Request, _ door.Inside) error {
		return h.Door.Begin(w, r, purpose)
	})
}

// answer shows any error as a page, so that no handler can forget to.
func (h *Handler) answer(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			h.Site.Fail(w, r, err)
		}
	}
}

// The good ends of the holder's acts, as /key/done/{what}.
const (
	pinChanged   = "pin_changed"
	keyCancelled = "key_cancelled"
)

// done sends a finished act to its page. A "no" goes back to the area, except where nobody had come in yet.
func (h *Handler) done(_ context.Context, out login.Outcome) string {
	switch {
	case out.Refusal != "" && out.Purpose != login.SignIn:
		return h.Door.Home
	case out.Refusal != "":
		return "/"
	case out.Purpose == login.ChangePIN:
		return "/key/done/" + pinChanged
	case out.Purpose == login.CancelKey:
		return "/key/done/" + keyCancelled
	}
	return h.Door.Home
}

func (h *Handler) shown(w http.ResponseWriter, r *http.Request) error {
	what := r.PathValue("what")
	if what != pinChanged && what != keyCancelled {
		return fault.New(fault.PageNotFound)
	}
	h.Site.Render(w, r, http.StatusOK, Done{What: what})
	return nil
}

func (h *Handler) own(who door.Inside) Own {
	return Own{Account: ui.Account{Name: who.Person.FullName(), SignOut: "/signout"}, Signs: h.Signing != nil}
}

func (h *Handler) pin(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	h.Site.Render(w, r, http.StatusOK, ChangePIN{Own: h.own(who), Action: "/key/pin"})
	return nil
}

func (h *Handler) cancel(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	h.Site.Render(w, r, http.StatusOK, Cancel{Own: h.own(who), Action: "/key/cancel"})
	return nil
}

// names finds services by id for one page. One that was removed since is shown by its id: the history stays true.
type names map[string]service.Service

func (h *Handler) names(r *http.Request) (names, error) {
	all, err := h.Services(r.Context())
	if err != nil {
		return nil, err
	}
	byID := names{}
	for _, one := range all {
		byID[one.ID] = one
	}
	return byID, nil
}

func (h *Handler) name(r *http.Request, known names, id string) (name, category string) {
	one, ok := known[id]
	if !ok {
		found, err := h.Service(r.Context(), id)
		if err != nil {
			return id, "other"
		}
		one, known[id] = found, found
	}
	return one.Name.In(string(h.Site.Lang(r))), one.Category
}
