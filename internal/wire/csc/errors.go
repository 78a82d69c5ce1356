package csc

import (
	"errors"
	"net/http"

	"chave/internal/core/fault"
	"chave/internal/oauth"
)

// Error names of §10.2 and §11, of OAuth 2.0 (RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1), and of RFC 9396 §5.
const (
	expiredToken    = "expired_token"
	invalidDetails  = "invalid_authorization_details"
	invalidAuthData = "invalid_authentication_data"
	invalidHash     = "invalid_hash"
)

// missing and invalid are the two sentences that §11 has for most parameters.
func missing(kind, name string) *oauth.Refusal {
	return oauth.Refuse(oauth.InvalidRequest, "Missing (or invalid type) %s parameter %s", kind, name)
}

func invalid(name string) *oauth.Refusal {
	return oauth.Refuse(oauth.InvalidRequest, "Invalid parameter %s", name)
}

// known gives the faults of core/signing the words that §11 prescribes for them.
func known(code fault.Code) *oauth.Refusal {
	switch code {
	case fault.KeyMismatch, fault.SigningInactive:
		return invalid("credentialID")
	case fault.SigningSuspended:
		return oauth.Refuse(oauth.InvalidRequest, "The credential identified by credentialID is disabled")
	case fault.SignPINBlocked, fault.KeyBlocked:
		return oauth.Refuse(oauth.InvalidRequest, "Credential locked")
	case fault.SignPINWrong, fault.CodeWrong, fault.PINMalformed, fault.CodeMalformed, fault.CodeExpired:
		return oauth.Refuse(invalidAuthData, "The authentication data is invalid")
	case fault.NoDocuments:
		return oauth.Refuse(oauth.InvalidRequest, "Empty hash array")
	case fault.TooManyDocuments:
		return oauth.Refuse(oauth.InvalidRequest, "Numbers of signatures is too high")
	case fault.DigestInvalid:
		return oauth.Refuse(oauth.InvalidRequest, "Invalid digest value length")
	case fault.HashNotAllowed:
		return invalid("hashAlgorithmOID")
	case fault.PermitMismatch:
		return oauth.Refuse(oauth.InvalidRequest, "Hash is not authorized by the SAD")
	case fault.OperationExpired:
		return oauth.Refuse(oauth.InvalidRequest, "SAD expired")
	case fault.OperationOver, fault.OperationUnknown:
		return invalid("SAD")
	case fault.KeyEnded:
		return oauth.Refuse(oauth.InvalidRequest, "Signing certificate is expired")
	case fault.NoChannel:
		return oauth.Refuse(oauth.AccessDenied, "The person has no way to receive a code")
	}
	return nil
}

// refusalOf is the one place that gives faults the protocol's words. Nobody outside sees a cause.
func refusalOf(err error) *oauth.Refusal {
	var e *oauth.Refusal
	if errors.As(err, &e) {
		return e
	}
	f := fault.Of(err)
	if made := known(f.Code); made != nil {
		made.Fault, made.Cause = f.Code, err
		return made
	}
	made := &oauth.Refusal{Status: http.StatusBadRequest, Fault: f.Code, Cause: err}
	switch f.Kind() {
	case fault.Unavailable:
		made.Name, made.Status, made.After, made.Says = oauth.TemporarilyUnavailable, http.StatusServiceUnavailable, 5, "something this depends on does not answer, try again later"
	case fault.Internal:
		made.Name, made.Status, made.Says = oauth.ServerError, http.StatusInternalServerError, "our failure; it is recorded"
	case fault.Exhausted:
		made.Name, made.Status, made.After, made.Says = oauth.TemporarilyUnavailable, http.StatusTooManyRequests, 30, "too many of these for now"
	case fault.Denied:
		made.Name, made.Says = oauth.AccessDenied, "not allowed"
	case fault.NotFound, fault.Conflict, fault.Expired:
		made.Name, made.Says = oauth.InvalidRequest, "no longer valid"
	default:
		made.Name, made.Says = oauth.InvalidRequest, "not understood"
	}
	return made
}

// refusedBy translates how a sign-in or a hand-over ended without a yes.
func refusedBy(code fault.Code) *oauth.Refusal {
	e := oauth.Refuse(oauth.AccessDenied, "it ended without success").With(code)
	switch code {
	case fault.RefusedByPerson:
		e.Says = "the person said no"
	case fault.LevelTooLow:
		e.Says = "the level that signing needs was not reached"
	}
	return e
}

// pageFault turns a refusal that must not leave by redirect into what a page can show.
func pageFault(err error) error {
	e := refusalOf(err)
	if e.Cause != nil {
		return err
	}
	return fault.New(e.Fault).Because(e)
}
