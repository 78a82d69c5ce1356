package oidc

import (
	"errors"
	"net/http"

	"chave/internal/core/fault"
	"chave/internal/oauth"
)

// Error codes of RFC 6749 §4.1.2.1 and §5.2, OIDC Core §3.1.2.6, RFC 6750 §3.1, and "unmet_authentication_requirements" of its own OpenID specification.
const (
	insufficientScope       = "insufficient_scope"
	loginRequired           = "login_required"
	consentRequired         = "consent_required"
	interactionRequired     = "interaction_required"
	requestNotSupported     = "request_not_supported"
	requestURINotSupported  = "request_uri_not_supported"
	registrationUnsupported = "registration_not_supported"
	unmetAuthentication     = "unmet_authentication_requirements"
)

// describe is the description of a refusal; here it always holds the stable code.
func describe(e *oauth.Refusal) string { return string(e.Fault) + ": " + e.Description() }

// refusalOf is the one place that gives faults the protocol's words. Nobody outside sees a cause.
func refusalOf(err error) *oauth.Refusal {
	var e *oauth.Refusal
	if errors.As(err, &e) {
		return e
	}
	f := fault.Of(err)
	made := &oauth.Refusal{Status: http.StatusBadRequest, Fault: f.Code, Cause: err}
	switch f.Kind() {
	case fault.Unavailable:
		made.Name, made.Status, made.After, made.Says = oauth.TemporarilyUnavailable, http.StatusServiceUnavailable, 5, "something this depends on does not answer, try again later"
	case fault.Internal:
		made.Name, made.Status, made.Says = oauth.ServerError, http.StatusInternalServerError, "our failure; it is recorded"
	case fault.Denied, fault.Exhausted:
		made.Name, made.Says = oauth.AccessDenied, "not allowed"
	case fault.NotFound, fault.Conflict, fault.Expired:
		made.Name, made.Says = oauth.InvalidRequest, "no longer valid"
	default:
		made.Name, made.Says = oauth.InvalidRequest, "not understood"
	}
	return made
}

// refusedBy translates how a sign-in ended without a proof. A person's "no", and everything they could not or would not do, is access_denied; the code
// says which (issue of the refusal to the service, R5.10).
func refusedBy(code fault.Code, acrEssential bool) *oauth.Refusal {
	e := oauth.Refuse(oauth.AccessDenied, "the sign-in ended without success").With(code)
	switch code {
	case fault.RefusedByPerson:
		e.Says = "the person said no"
	case fault.LevelTooLow:
		e.Says = "the level asked for was not reached"
		if acrEssential { // OIDC Core §5.5.1.1: a failed authentication
			e.Name = unmetAuthentication
		}
	}
	return e
}
