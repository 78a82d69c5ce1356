package saml

import (
	"errors"
	"fmt"
	"net/http"

	"chave/internal/core/fault"
	format "chave/internal/format/saml"
	"chave/internal/format/xmldsig"
)

// refusal is a "no" in SAML's words: two status codes, and a stable code for whoever reads logs.
type refusal struct {
	top, second string
	fault       fault.Code
	says        string // for the developer of the service, in English; fixed words
}

func (e *refusal) Error() string { return string(e.fault) + ": " + e.says }

func requester(second string, code fault.Code, says string) *refusal {
	return &refusal{format.StatusRequester, second, code, says}
}

func responder(second string, code fault.Code, says string) *refusal {
	return &refusal{format.StatusResponder, second, code, says}
}

// message is StatusMessage: it always holds the stable code.
func (e *refusal) message() string { return string(e.fault) + ": " + e.says }

// refusalOf is the one place that gives faults SAML's words. Nobody outside sees a cause.
func refusalOf(err error) *refusal {
	var e *refusal
	if errors.As(err, &e) {
		return e
	}
	code := fault.Of(err).Code
	switch code {
	case fault.RefusedByPerson:
		return responder(format.StatusAuthnFailed, code, "the person said no")
	case fault.LevelTooLow:
		return responder(format.StatusNoAuthnContext, code, "the level asked for was not reached")
	case fault.RequestTooLarge, fault.MessageStale, fault.MessageRepeated, fault.DestinationWrong:
		return requester(format.StatusRequestDenied, code, "the request was not processed")
	}
	switch code.Kind() {
	case fault.Unavailable:
		return responder("", code, "something this depends on does not answer, try again later")
	case fault.Internal:
		return responder("", code, "our failure; it is recorded")
	}
	return responder(format.StatusAuthnFailed, code, "the sign-in ended without success")
}

// unreadable translates what internal/format refuses. The cause names fixed words only, never what a stranger wrote.
func unreadable(err error) error {
	code := fault.MessageUnreadable
	var x *xmldsig.Error
	var f *format.Error
	switch {
	case errors.As(err, &x):
		code = ofReason(string(x.Reason), code)
	case errors.As(err, &f):
		code = ofReason(string(f.Reason), code)
	default:
		return err
	}
	return fault.New(code).Because(err)
}

func ofReason(reason string, otherwise fault.Code) fault.Code {
	switch reason {
	case string(xmldsig.ReasonSignatureMissing), string(format.ReasonUnsigned):
		return fault.SignatureMissing
	case string(xmldsig.ReasonSHA1):
		return fault.SignatureTooOld
	case string(xmldsig.ReasonSignatureRepeated), string(xmldsig.ReasonSignatureMisplaced), string(xmldsig.ReasonSignatureMalformed), string(xmldsig.ReasonDuplicateID),
		string(xmldsig.ReasonReference), string(xmldsig.ReasonTransform), string(xmldsig.ReasonAlgorithm), string(xmldsig.ReasonDigest), string(xmldsig.ReasonSignature),
		string(xmldsig.ReasonKey):
		return fault.SignatureInvalid
	case string(format.ReasonRoot), string(format.ReasonID), string(format.ReasonInstant), string(format.ReasonIssuer), string(format.ReasonRepeated),
		string(format.ReasonValue), string(format.ReasonMissing), string(format.ReasonQuery):
		return fault.MessageUnexpected
	}
	return otherwise
}

// fail shows a page, because no service can be told, and logs the refusal once.
func (p *Provider) fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *refusal
	if errors.As(err, &e) {
		err = fault.New(e.fault).Because(e)
	}
	f := fault.Of(err)
	if f.Kind() != fault.Internal { // the page logs those
		p.logRefusal(r, "", f.Code, err)
	}
	p.Pages.Fail(w, r, statusOf(f), err)
}

func (p *Provider) logRefusal(r *http.Request, service string, code fault.Code, err error) {
	log := p.Log.InfoContext
	if kind := code.Kind(); kind == fault.Internal || kind == fault.Unavailable {
		log = p.Log.ErrorContext
	}
	log(r.Context(), "saml request refused", "service", service, "code", code, "err", fmt.Sprint(err))
}

func statusOf(f *fault.Error) int {
	switch f.Kind() {
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Internal:
		return http.StatusInternalServerError
	case fault.Denied:
		return http.StatusForbidden
	}
	if f.Code == fault.RequestTooLarge {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}
