package fasaml

import (
	"encoding/json"
	"net/http"

	"chave/internal/core/consent"
	"chave/internal/core/login"
	"chave/internal/core/service"
)

// begin goes on with a stored message, now with our own cookies.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request) error {
	q, s, err := p.take(r.Context(), r.URL.Query().Get("r"))
	if err != nil {
		return err
	}
	if q.Logout {
		return p.endSession(w, r, s, q)
	}
	ask, err := p.loginRequest(r, s, q)
	if err != nil {
		return err
	}
	ask.Browser = p.Jar.EnsureBrowser(w, r, p.Rand)
	t, err := p.Login.Begin(r.Context(), ask)
	if err != nil {
		return p.refuse(w, r, s, q, err)
	}
	http.Redirect(w, r, "/signin/"+t.ID, http.StatusSeeOther)
	return nil
}

func (p *Provider) loginRequest(r *http.Request, s service.Service, q request) (login.Request, error) {
	payload, err := json.Marshal(q)
	if err != nil {
		return login.Request{}, err
	}
	return login.Request{
		Wire: wire, Realm: login.Compat, Payload: payload, Resume: func(id string) string { return PathResume + id }, Return: q.To, Purpose: login.SignIn,
		Service: s, Ask: asks(q.Attributes), Params: consent.ParamsOf(named(q.Attributes)), Small: q.Modal, Late: true, SkipShare: s.SAML.SkipConsent && skips(q.Attributes), MinLevel: q.Level, Force: q.Force, Lang: p.lang(r),
		Browser: p.Jar.Browser(r), Session: p.Jar.Session(r),
	}, nil
}
