package faoauth

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"chave/internal/core/fault"
)

// serve is one endpoint that software visits.
type serve func(http.ResponseWriter, *http.Request) error

// sharing says whether scripts of a service's own pages may read the answers (question 5.42).
type sharing string

const (
	shared   sharing = "with the service's own pages"
	unshared sharing = "with nobody"
)

// api mounts an endpoint for software: cross-origin rules, methods, one place that writes refusals.
func (p *Provider) api(mux *http.ServeMux, path string, with sharing, methods map[string]serve) {
	var allowed []string
	for method := range methods {
		allowed = append(allowed, method)
	}
	slices.Sort(allowed)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Pragma", "no-cache")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		if with == shared {
			h.Add("Vary", "Origin")
			if r.Method == http.MethodOptions {
				p.preflight(w, r, allowed)
				return
			}
		}
		act := methods[r.Method]
		if act == nil {
			h.Set("Allow", strings.Join(allowed, ", "))
			p.refuse(w, r, fault.New(fault.MethodNotAllowed))
			return
		}
		if err := act(w, r); err != nil {
			p.refuse(w, r, err)
		}
	})
	for _, method := range []string{"GET", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"} {
		mux.Handle(method+" "+path, handler)
	}
}

// refuse writes an error of the API (§2.3.4): the first two members as OAuth has them, the third because clients of the original's framework show it.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	status, word := apiError(f)
	if status >= http.StatusInternalServerError {
		p.Log.ErrorContext(r.Context(), "request failed", "wire", wire, "route", r.Pattern, "code", f.Code, "err", err)
	} else {
		p.Log.InfoContext(r.Context(), "request refused", "wire", wire, "route", r.Pattern, "code", f.Code, "answer", word)
	}
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	says := string(f.Code) + ": " + sayings[word]
	if err := answer(w, status, map[string]string{"error": word, "error_description": says, "Message": says}); err != nil {
		p.Log.ErrorContext(r.Context(), "refusal not written", "err", err)
	}
}

// sayings are for the developer of the service, in English.
var sayings = map[string]string{ //nolint:gosec // sentences about tokens
	"invalid_request": "the request is not understood, lacks something, or names what does not exist",
	"invalid_token":   "the token is unknown or was revoked",
	"expired_token":   "the token's time is over: refresh it, or ask the person to sign in again",
	"slow_down":       "too many requests: one a second for each token",
	"server_error":    "our failure; it is recorded",
}

// apiError is the one place that gives faults the API's words and statuses (§2.3.4).
func apiError(f *fault.Error) (status int, word string) {
	switch f.Code {
	case fault.TokenUnknown:
		return http.StatusUnauthorized, "invalid_token"
	case fault.TokenExpired:
		return http.StatusUnauthorized, "expired_token"
	case fault.GrantUnknown:
		return http.StatusNotFound, "invalid_request"
	case fault.TooManyRequests:
		return http.StatusTooManyRequests, "slow_down"
	case fault.MethodNotAllowed:
		return http.StatusMethodNotAllowed, "invalid_request"
	case fault.RequestTooLarge:
		return http.StatusRequestEntityTooLarge, "invalid_request"
	}
	switch f.Kind() {
	case fault.Internal:
		return http.StatusInternalServerError, "server_error"
	case fault.Unavailable:
		return http.StatusServiceUnavailable, "server_error"
	}
	return http.StatusBadRequest, "invalid_request"
}

// answer writes JSON, with "&" and "<" as they are: names are echoed exactly, also for clients that do not read them with a JSON parser.
func answer(w http.ResponseWriter, status int, body any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(bytes.TrimRight(text.Bytes(), "\n")) // the client left; nothing to do
	return nil
}
