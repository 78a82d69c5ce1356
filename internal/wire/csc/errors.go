package csc

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"chave/internal/core/fault"
)

// Error names of §10.2 and §11, of OAuth 2.0 (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1), and of RFC 9396 §5.
const (
	invalidRequest          = "invalid_request"
	invalidClient           = "invalid_client"
	invalidGrant            = "invalid_grant"
	invalidScope            = "invalid_scope"
	invalidToken            = "invalid_token"
	expiredToken            = "expired_token"
	invalidDetails          = "invalid_authorization_details"
	invalidAuthData         = "invalid_authentication_data"
	invalidHash             = "invalid_hash"
	unauthorizedClient      = "unauthorized_client"
	unsupportedGrantType    = "unsupported_grant_type"
	unsupportedResponseType = "unsupported_response_type"
	accessDenied            = "access_denied"
	serverError             = "server_error"
	temporarilyUnavailable  = "temporarily_unavailable"
)

// refusal is a "no" in the protocol's words. Which of them leaves by redirect, as JSON or as a page is decided where it is answered.
type refusal struct {
	name      string
	says      string // for the developer of the service; the standard's words where it has some
	status    int    // of a JSON answer
	fault     fault.Code
	challenge string // WWW-Authenticate
	after     int    // Retry-After, seconds
	cause     error
}

func (e *refusal) Error() string {
	s := e.name + " (" + string(e.fault) + "): " + e.says
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

func (e *refusal) Unwrap() error { return e.cause }

// refuse makes a refusal of what a service sent.
func refuse(name, format string, args ...any) *refusal {
	return &refusal{name: name, says: fmt.Sprintf(format, args...), status: http.StatusBadRequest, fault: fault.RequestMalformed}
}

// with names the stable code when it is not simply a malformed request.
func (e *refusal) with(code fault.Code) *refusal {
	e.fault = code
	return e
}

func (e *refusal) at(status int) *refusal {
	e.status = status
	return e
}

// missing and invalid are the two sentences that §11 has for most parameters.
func missing(kind, name string) *refusal {
	return refuse(invalidRequest, "Missing (or invalid type) %s parameter %s", kind, name)
}

func invalid(name string) *refusal { return refuse(invalidRequest, "Invalid parameter %s", name) }

// description fits the characters that RFC 6749 §5.2 allows.
func (e *refusal) description() string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"' || r == '\\':
			return '\''
		case r < 0x20 || r > 0x7e:
			return '?'
		}
		return r
	}, e.says)
}

// known gives the faults of core/signing the words that §11 prescribes for them.
func known(code fault.Code) *refusal {
	switch code {
	case fault.KeyMismatch, fault.SigningInactive:
		return invalid("credentialID")
	case fault.SigningSuspended:
		return refuse(invalidRequest, "The credential identified by credentialID is disabled")
	case fault.SignPINBlocked, fault.KeyBlocked:
		return refuse(invalidRequest, "Credential locked")
	case fault.SignPINWrong, fault.CodeWrong, fault.PINMalformed, fault.CodeMalformed, fault.CodeExpired:
		return refuse(invalidAuthData, "The authentication data is invalid")
	case fault.NoDocuments:
		return refuse(invalidRequest, "Empty hash array")
	case fault.TooManyDocuments:
		return refuse(invalidRequest, "Numbers of signatures is too high")
	case fault.DigestInvalid:
		return refuse(invalidRequest, "Invalid digest value length")
	case fault.HashNotAllowed:
		return invalid("hashAlgorithmOID")
	case fault.PermitMismatch:
		return refuse(invalidRequest, "Hash is not authorized by the SAD")
	case fault.OperationExpired:
		return refuse(invalidRequest, "SAD expired")
	case fault.OperationOver, fault.OperationUnknown:
		return invalid("SAD")
	case fault.KeyEnded:
		return refuse(invalidRequest, "Signing certificate is expired")
	case fault.NoChannel:
		return refuse(accessDenied, "The person has no way to receive a code")
	}
	return nil
}

// refusalOf is the one place that gives faults the protocol's words. Nobody outside sees a cause.
func refusalOf(err error) *refusal {
	var e *refusal
	if errors.As(err, &e) {
		return e
	}
	f := fault.Of(err)
	if made := known(f.Code); made != nil {
		made.fault, made.cause = f.Code, err
		return made
	}
	made := &refusal{status: http.StatusBadRequest, fault: f.Code, cause: err}
	switch f.Kind() {
	case fault.Unavailable:
		made.name, made.status, made.after, made.says = temporarilyUnavailable, http.StatusServiceUnavailable, 5, "something this depends on does not answer, try again later"
	case fault.Internal:
		made.name, made.status, made.says = serverError, http.StatusInternalServerError, "our failure; it is recorded"
	case fault.Exhausted:
		made.name, made.status, made.after, made.says = temporarilyUnavailable, http.StatusTooManyRequests, 30, "too many of these for now"
	case fault.Denied:
		made.name, made.says = accessDenied, "not allowed"
	case fault.NotFound, fault.Conflict, fault.Expired:
		made.name, made.says = invalidRequest, "no longer valid"
	default:
		made.name, made.says = invalidRequest, "not understood"
	}
	return made
}

// refusedBy translates how a sign-in or a hand-over ended without a yes.
func refusedBy(code fault.Code) *refusal {
	e := refuse(accessDenied, "it ended without success").with(code)
	switch code {
	case fault.RefusedByPerson:
		e.says = "the person said no"
	case fault.LevelTooLow:
		e.says = "the level that signing needs was not reached"
	}
	return e
}

// pageFault turns a refusal that must not leave by redirect into what a page can show.
func pageFault(err error) error {
	e := refusalOf(err)
	if e.cause != nil {
		return err
	}
	return fault.New(e.fault).Because(e)
}
