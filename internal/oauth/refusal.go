package oauth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"chave/internal/core/fault"
)

// Error names of RFC 6749 §4.1.2.1 and §5.2, and RFC 6750 §3.1. What a profile adds stands with its wire.
const (
	InvalidRequest          = "invalid_request"
	InvalidClient           = "invalid_client"
	InvalidGrant            = "invalid_grant"
	InvalidScope            = "invalid_scope"
	InvalidToken            = "invalid_token"
	UnauthorizedClient      = "unauthorized_client"
	UnsupportedGrantType    = "unsupported_grant_type"
	UnsupportedResponseType = "unsupported_response_type"
	AccessDenied            = "access_denied"
	ServerError             = "server_error"
	TemporarilyUnavailable  = "temporarily_unavailable"
)

// Refusal is a "no" in the protocol's words. Which of them leaves by redirect, as JSON or as a page is decided where it is answered.
type Refusal struct {
	Name      string
	Says      string // for the developer of the service, in English; the standard's words where it has some
	Status    int    // of a JSON answer
	Fault     fault.Code
	Challenge string // WWW-Authenticate
	After     int    // Retry-After, seconds; none when zero
	Cause     error  // for our log only
}

// Error implements error, for the log.
func (e *Refusal) Error() string {
	s := e.Name + " (" + string(e.Fault) + "): " + e.Says
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Refusal) Unwrap() error { return e.Cause }

// Refuse makes a refusal of what a service sent: status 400, CH code of a malformed request.
func Refuse(name, format string, args ...any) *Refusal {
	return &Refusal{Name: name, Says: fmt.Sprintf(format, args...), Status: http.StatusBadRequest, Fault: fault.RequestMalformed}
}

// With names the stable code when it is not simply a malformed request.
func (e *Refusal) With(code fault.Code) *Refusal {
	e.Fault = code
	return e
}

// At sets the status of a JSON answer.
func (e *Refusal) At(status int) *Refusal {
	e.Status = status
	return e
}

// Description is Says in the characters that RFC 6749 §5.2 allows.
func (e *Refusal) Description() string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < 0x20 || r > 0x7e:
			return '?'
		}
		return r
	}, e.Says)
}

// Write answers as RFC 6749 §5.2 says, with this description and our stable code beside it.
func (e *Refusal) Write(w http.ResponseWriter, description string) error {
	h := w.Header()
	if e.Challenge != "" {
		h.Set("WWW-Authenticate", e.Challenge)
	}
	if e.After > 0 {
		h.Set("Retry-After", strconv.Itoa(e.After))
	}
	return Answer(w, e.Status, map[string]string{"error": e.Name, "error_description": description, "chave_code": string(e.Fault)})
}

// Answer writes JSON.
func Answer(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // the client left; nothing to do
	return nil
}
