package oidc

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"chave/internal/core/fault"
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
			p.refuse(w, r, &refusal{code: invalidRequest, status: http.StatusMethodNotAllowed, fault: fault.MethodNotAllowed,
				says: "use " + strings.Join(e.methods, " or ")})
			return
		}
		if err := e.serve(w, r); err != nil {
			p.refuse(w, r, err)
		}
	})
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the client left; nothing to do
	return nil
}

// refuse writes an error as RFC 6749 §5.2 says, with our stable code beside it. Only our own failures are logged: a client's are its business.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := refusalOf(err)
	if e.status >= http.StatusInternalServerError {
		p.Log.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "code", e.fault, "err", err)
	}
	h := w.Header()
	if e.challenge != "" {
		h.Set("WWW-Authenticate", e.challenge)
	}
	if e.status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "5")
	}
	body := map[string]string{"error": e.code, "error_description": e.description(), "chave_code": string(e.fault)}
	if err := answer(w, e.status, body); err != nil {
		p.Log.ErrorContext(r.Context(), "refusal not written", "err", err)
	}
}
