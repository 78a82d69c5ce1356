package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"chave/internal/core/fault"
)

// Error codes of RFC 6749 §4.1.2.1 and §5.2, OIDC Core §3.1.2.6, RFC 6750 §3.1, and "unmet_authentication_requirements" of its own OpenID specification.
const (
	invalidRequest          = "invalid_request"
	invalidClient           = "invalid_client"
	invalidGrant            = "invalid_grant"
	invalidScope            = "invalid_scope"
	invalidToken            = "invalid_token"
	insufficientScope       = "insufficient_scope"
	unauthorizedClient      = "unauthorized_client"
	unsupportedGrantType    = "unsupported_grant_type"
	unsupportedResponseType = "unsupported_response_type"
	accessDenied            = "access_denied"
	serverError             = "server_error"
	temporarilyUnavailable  = "temporarily_unavailable"
	loginRequired           = "login_required"
	consentRequired         = "consent_required"
	interactionRequired     = "interaction_required"
	requestNotSupported     = "request_not_supported"
	requestURINotSupported  = "request_uri_not_supported"
	registrationUnsupported = "registration_not_supported"
	unmetAuthentication     = "unmet_authentication_requirements"
)

// refusal is a "no" in the protocol's words. Which of them leaves by redirect, as JSON or as a page is decided where it is answered.
type refusal struct {
	code      string
	says      string // for the developer of the service, in English
	status    int    // of a JSON answer; 400 unless said otherwise
	fault     fault.Code
	challenge string // WWW-Authenticate
	cause     error
}

func (e *refusal) Error() string {
	s := e.code + " (" + string(e.fault) + "): " + e.says
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

func (e *refusal) Unwrap() error { return e.cause }

// refuse makes a refusal of what a service sent.
func refuse(code, format string, args ...any) *refusal {
	return &refusal{code: code, says: fmt.Sprintf(format, args...), status: http.StatusBadRequest, fault: fault.RequestMalformed}
}

// with names the stable code when it is not simply a malformed request.
func (e *refusal) with(code fault.Code) *refusal {
	e.fault = code
	return e
}

// description fits the characters that RFC 6749 §5.2 allows, and always holds the stable code.
func (e *refusal) description() string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < 0x20 || r > 0x7e:
			return '?'
		}
		return r
	}, e.says)
	return string(e.fault) + ": " + clean
}

// refusalOf is the one place that gives faults the protocol's words. Nobody outside sees a cause.
func refusalOf(err error) *refusal {
	var e *refusal
	if errors.As(err, &e) {
		return e
	}
	f := fault.Of(err)
	made := &refusal{status: http.StatusBadRequest, fault: f.Code, cause: err}
	switch f.Kind() {
	case fault.Unavailable:
		made.code, made.status, made.says = temporarilyUnavailable, http.StatusServiceUnavailable, "something this depends on does not answer, try again later"
	case fault.Internal:
		made.code, made.status, made.says = serverError, http.StatusInternalServerError, "our failure; it is recorded"
	case fault.Denied, fault.Exhausted:
		made.code, made.says = accessDenied, "not allowed"
	case fault.NotFound, fault.Conflict, fault.Expired:
		made.code, made.says = invalidRequest, "no longer valid"
	default:
		made.code, made.says = invalidRequest, "not understood"
	}
	return made
}

// refusedBy translates how a sign-in ended without a proof. A person's "no", and everything they could not or would not do, is access_denied; the code
// says which (issue of the refusal to the service, R5.10).
func refusedBy(code fault.Code, acrEssential bool) *refusal {
	e := refuse(accessDenied, "the sign-in ended without success").with(code)
	switch code {
	case fault.RefusedByPerson:
		e.says = "the person said no"
	case fault.LevelTooLow:
		e.says = "the level asked for was not reached"
		if acrEssential { // OIDC Core §5.5.1.1: a failed authentication
			e.code = unmetAuthentication
		}
	}
	return e
}
