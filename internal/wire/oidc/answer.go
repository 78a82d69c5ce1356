package oidc

import (
	"errors"
	"net/http"

	"chave/internal/core/service"
	"chave/internal/oauth"
)

// answerCode hands the code to the service by way of the browser.
func (p *Provider) answerCode(w http.ResponseWriter, r *http.Request, s service.Service, to reply, code string) error {
	return p.answerTo(w, r, s, to, []oauth.Field{{Name: "code", Value: code}})
}

// answerError hands a refusal to the service (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6). Our own failures are logged here.
func (p *Provider) answerError(w http.ResponseWriter, r *http.Request, s service.Service, to reply, err error) error {
	e := refusalOf(err)
	if e.Name == oauth.ServerError || e.Name == oauth.TemporarilyUnavailable {
		p.Log.ErrorContext(r.Context(), "authorization request failed", "service", s.ID, "code", e.Fault, "err", err)
	}
	return p.answerTo(w, r, s, to, []oauth.Field{{Name: "error", Value: e.Name}, {Name: "error_description", Value: describe(e)}})
}

// answerTo sends fields to a checked address: with state as it came, and iss in every answer, so that a service that uses several providers knows which one
// answers (RFC 9207, B4). 303 makes the browser forget the form that led here (RFC 9700 §4.12).
func (p *Provider) answerTo(w http.ResponseWriter, r *http.Request, s service.Service, to reply, fields []oauth.Field) error {
	if to.Redirect == "" {
		return errors.New("oidc: an answer without a checked address")
	}
	if len(to.State) > 0 {
		fields = append(fields, oauth.Field{Name: "state", Value: string(to.State)})
	}
	fields = append(fields, oauth.Field{Name: "iss", Value: p.Issuer})
	if to.Mode == modePost && p.Pages.Post != nil {
		p.Pages.Post(w, r, to.Redirect, s.Name.In(p.lang(r, "")), fields)
		return nil
	}
	w.Header().Set("Location", oauth.WithQuery(to.Redirect, fields))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
