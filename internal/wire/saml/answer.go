package saml

import (
	"net/http"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
)

// answer hands the service its assertion by way of the browser.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, s service.Service, q request, made issuance) error {
	doc, err := p.success(r.Context(), s, q, made)
	if err != nil {
		return p.answerError(w, r, s, q.reply, err)
	}
	p.post(w, r, s, q.ACS, "SAMLResponse", doc, q.Relay)
	return nil
}

// answerError hands the service a refusal, and logs it once. What cannot be signed stays here.
func (p *Provider) answerError(w http.ResponseWriter, r *http.Request, s service.Service, to reply, err error) error {
	e := refusalOf(err)
	doc, signing := p.failure(r.Context(), to, e)
	if signing != nil {
		return signing
	}
	p.logRefusal(r, s.ID, e.fault, err)
	p.post(w, r, s, to.ACS, "SAMLResponse", doc, to.Relay)
	return nil
}

// post sends a message by the POST binding (SAML bindings §3.5).
func (p *Provider) post(w http.ResponseWriter, r *http.Request, s service.Service, to, field string, doc []byte, state relay) {
	fields := []Field{{field, format.EncodePOST(doc)}}
	if state != nil {
		fields = append(fields, Field{"RelayState", string(state)})
	}
	p.Pages.Post(w, r, to, s.Name.In(p.lang(r)), fields)
}

// redirect sends a message by the Redirect binding, whose signature stands beside it (SAML bindings §3.4.4.1).
func (p *Provider) redirect(w http.ResponseWriter, r *http.Request, to, field, doc string, state relay) error {
	lent, err := p.Keys.Active(r.Context(), p.alg())
	if err != nil {
		return err
	}
	pairs := []format.Pair{{Name: field, Value: format.EncodeRedirect([]byte(doc))}}
	if state != nil {
		pairs = append(pairs, format.Pair{Name: "RelayState", Value: string(state)})
	}
	query, err := format.SignQuery(lent.Signer, 0, pairs...)
	if err != nil {
		return fault.New(fault.InternalError).Because(err)
	}
	separator := "?"
	if strings.Contains(to, "?") {
		separator = "&"
	}
	w.Header().Set("Location", to+separator+query)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
