package csc

import (
	"net/http"

	"chave/internal/core/fault"
	"chave/internal/oauth"
	"chave/internal/page/ui"
)

// endpoint is one that software visits.
type endpoint struct {
	name   string // below Base
	method bool   // one of the standard's methods, listed by info
	serve  func(http.ResponseWriter, *http.Request) error
}

// client wraps an endpoint for software: one method, one place that writes refusals. No cookie is read, and no page of another site may read an answer.
func (p *Provider) client(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Pragma", "no-cache")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodPost {
			h.Set("Allow", http.MethodPost)
			p.refuse(w, r, &oauth.Refusal{Name: oauth.InvalidRequest, Status: http.StatusMethodNotAllowed, Fault: fault.MethodNotAllowed, Says: "use POST"})
			return
		}
		if err := e.serve(w, r); err != nil {
			p.refuse(w, r, err)
		}
	})
}

// notOffered answers for methods of the standard that are not here (§10.1), and for whatever nobody ever heard of.
func notOffered(http.ResponseWriter, *http.Request) error {
	return oauth.Refuse(oauth.InvalidRequest, "this method is not offered, see info").With(fault.FeatureUnsupported).At(http.StatusNotImplemented)
}

// person wraps an endpoint that a person's browser visits: an error becomes a page.
func (p *Provider) person(serve func(http.ResponseWriter, *http.Request) error) http.Handler {
	return ui.Visit(serve, p.Pages.Fail)
}

// refuse writes an error as §10.2 says, with our stable code beside it: descriptions are the standard's own words where it prescribes them, and clients compare them.
// Only our own failures are logged: a client's are its business.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := refusalOf(err)
	if e.Status >= http.StatusInternalServerError && e.Status != http.StatusNotImplemented {
		p.Log.ErrorContext(r.Context(), "request failed", "path", r.Pattern, "code", e.Fault, "err", err)
	}
	if err := e.Write(w, e.Description()); err != nil {
		p.Log.ErrorContext(r.Context(), "refusal not written", "err", err)
	}
}
