package fasaml

import (
	"errors"
	"net/http"

	"chave/internal/core/fault"
	"chave/internal/format/saml"
)

// local is a refusal that stays here, as a page: nobody has proved to be a service that could be told (§1.4.4, rows 1 to 5).
type local struct {
	status int
	fault  *fault.Error
}

func (e *local) Error() string { return e.fault.Error() }
func (e *local) Unwrap() error { return e.fault }

// here makes a local refusal.
func here(status int, code fault.Code, cause error) error {
	f := fault.New(code)
	if cause != nil {
		f = f.Because(cause)
	}
	return &local{status, f}
}

// failHere shows a page and writes the one record of a refusal. Causes are fixed words of ours: no message's content gets into the log.
func (p *Provider) failHere(w http.ResponseWriter, r *http.Request, err error) {
	f, status := fault.Of(err), statusOf(err)
	if status >= http.StatusInternalServerError {
		p.Log.ErrorContext(r.Context(), "fa: failed", "code", f.Code, "err", err)
	} else {
		p.Log.WarnContext(r.Context(), "fa: refused here", "code", f.Code, "err", err)
	}
	p.Pages.Fail(w, r, status, err)
}

func statusOf(err error) int {
	var l *local
	if errors.As(err, &l) {
		return l.status
	}
	switch fault.Of(err).Kind() {
	case fault.Internal:
		return http.StatusInternalServerError
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Expired:
		return http.StatusGone
	case fault.Conflict:
		return http.StatusConflict
	case fault.Denied:
		return http.StatusForbidden
	case fault.Exhausted:
		return http.StatusTooManyRequests
	}
	return http.StatusBadRequest
}

// verdict is a "no" in the words of the wire. Second is empty for our own failures only.
type verdict struct{ Top, Second, Says string }

// message is the StatusMessage: the most specific code and a sentence (§1.6.3). Services compare it as a whole.
func (v verdict) message() string {
	code := v.Second
	if code == "" {
		code = v.Top
	}
	return code + " (" + v.Says + ")."
}

// verdictOf is the error matrix (§1.6.5): the one place where faults become status codes.
func verdictOf(err error) verdict {
	f := fault.Of(err)
	requester := func(second, says string) verdict { return verdict{saml.StatusRequester, second, says} }
	failed := func(says string) verdict { return verdict{saml.StatusResponder, saml.StatusAuthnFailed, says} }
	switch f.Code {
	case fault.RefusedByPerson, fault.RequiredNotShared:
		return failed("User has canceled the process of obtaining attributes") // compared word for word by services (§1.6.4)
	case fault.LoginExpired:
		return failed("The authentication session has expired")
	case fault.LevelTooLow, fault.NoChannel:
		return failed("No authentication mechanism satisfies the requested level")
	case fault.PassiveImpossible:
		return verdict{saml.StatusResponder, saml.StatusNoPassive, "The user has to take part in the authentication"}
	case fault.AttributesInvalid:
		return requester(saml.StatusInvalidAttrNameOrValue, "Unexpected or invalid content in the requested attributes")
	case fault.FeatureUnsupported:
		return requester(saml.StatusRequestUnsupported, "The request uses an unsupported feature")
	case fault.MessageStale, fault.MessageRepeated, fault.DestinationWrong, fault.AttributeNotAllowed, fault.MessageUnexpected:
		return requester(saml.StatusRequestDenied, "The request has not been processed")
	}
	switch f.Kind() {
	case fault.Internal, fault.Unavailable:
		return verdict{Top: saml.StatusResponder, Says: "Internal error"}
	}
	return failed("It was not possible to authenticate the user")
}
