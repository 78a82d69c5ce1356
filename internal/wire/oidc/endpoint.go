package oidc

import (
	"net/http"
	"slices"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/oauth"
)

// endpoint is one that software visits: it answers JSON.
type endpoint struct {
	methods []string
	origin  originRule
	serve   func(http.ResponseWriter, *http.Request) error
}

// client wraps an endpoint for software: cross-origin rules, methods, one place that writes refusals.
func (p *Provider) client(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store") // RFC 6749 §5.1; documents that may be cached say so themselves
		h.Set("Pragma", "no-cache")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		p.shareWith(w, r, e)
		if r.Method == http.MethodOptions && e.origin != noOrigin {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if !slices.Contains(e.methods, r.Method) && !(r.Method == http.MethodHead && slices.Contains(e.methods, http.MethodGet)) {
			h.Set("Allow", strings.Join(e.methods, ", "))
			p.refuse(w, r, &oauth.Refusal{Name: oauth.InvalidRequest, Status: http.StatusMethodNotAllowed, Fault: fault.MethodNotAllowed,
				Says: "use " + strings.Join(e.methods, " or ")})
			return
		}
		if err := e.serve(w, r); err != nil {
			p.refuse(w, r, err)
		}
	})
}

// refuse writes an error as RFC 6749 §5.2 says, with our stable code beside it. Only our own failures are logged: a client's are its business.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := refusalOf(err)
	if e.Status >= http.StatusInternalServerError {
		p.Log.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "code", e.Fault, "err", err)
	}
	if err := e.Write(w, describe(e)); err != nil {
		p.Log.ErrorContext(r.Context(), "refusal not written", "err", err)
	}
}
