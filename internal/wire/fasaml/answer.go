package fasaml

import (
	"net/http"
	"slices"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/format/saml"
)

// succeed signs what the person agreed to and hands the browser to the service.
func (p *Provider) succeed(w http.ResponseWriter, r *http.Request, s service.Service, q request, v login.Verified) error {
	attributes := answers(s, q.Attributes, v.Answered())
	name, err := p.nameID(s, q, v.Person())
	if err != nil {
		return p.refuse(w, r, s, q, err)
	}
	doc := success{
		head: p.headOf(q), AssertionID: saml.NewID(p.Rand), Level: v.Level(), Audience: q.Issuer, Recipient: q.To, Name: name,
		Until: p.Now().Add(p.AssertionLife), AuthnInstant: v.AuthAt(), Attributes: attributes,
	}
	if s.SAML.Recipient == "issuer" {
		doc.Recipient = q.Issuer
	}
	if !s.SAML.OmitAddress && p.Address != nil {
		doc.Address = address(p.Address(r))
	}
	signed, err := p.signSuccess(r.Context(), s, doc)
	if err != nil {
		return p.refuse(w, r, s, q, err)
	}
	p.post(w, r, s, q, signed)
	return nil
}

// answers tells, for every name asked and in the order asked, its state and, where there is one, its value (§1.6.1).
func answers(s service.Service, list []wantedAttribute, answered consent.Answered) []attribute {
	all := named(list)
	told := make([]attribute, len(list))
	for i, one := range list {
		a := attribute{Name: one.Name, NameFormat: one.NameFormat, State: consent.NotAvailable}
		name := all[i].Spelling.Name
		switch {
		case all[i].Spelling.URI == consent.SkipConsentURI:
			if s.SAML.SkipConsent {
				a.Value, a.State = "1", consent.Available // as observed (question 5.40)
			}
		case name != "" && s.MayAsk(service.WireFA, name): // the operator's word counts at once, also when it changed meanwhile
			a.Value, a.State = all[i].Answer(all, answered)
		}
		if a.State == consent.Pending { // nobody comes back for it on this wire
			a.State = consent.NotAvailable
		}
		if one.Limited && a.State == consent.Available && !slices.Contains(one.OneOf, a.Value) {
			a.Value, a.State = "", consent.NotAvailable
		}
		told[i] = a
	}
	return told
}

// refuse tells the service why not, signed like any answer. Our own failures are told without their cause, which is logged here, once.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, s service.Service, q request, cause error) error {
	v, f := verdictOf(cause), fault.Of(cause)
	if v.Second == "" {
		p.Log.ErrorContext(r.Context(), "fa: failed", "service", s.ID, "code", f.Code, "err", cause)
	} else {
		p.Log.InfoContext(r.Context(), "fa: refused", "service", s.ID, "code", f.Code, "why", cause)
	}
	root := "Response"
	if q.Logout {
		root = "LogoutResponse"
	}
	signed, err := p.sign(r.Context(), s, p.headOf(q).failure(root, v))
	if err != nil {
		return err
	}
	p.post(w, r, s, q, signed)
	return nil
}

// post hands over by the browser. RelayState is always there, empty if need be: services decode it without looking (§1.2).
func (p *Provider) post(w http.ResponseWriter, r *http.Request, s service.Service, q request, signed []byte) {
	fields := []Field{{"SAMLResponse", saml.EncodePOST(signed)}, {"RelayState", string(q.RelayState)}}
	p.Pages.Post(w, r, q.To, s.Name.In(p.lang(r)), fields)
}

func (p *Provider) headOf(q request) head {
	return head{ID: saml.NewID(p.Rand), InResponseTo: q.ID, At: p.Now(), Destination: q.To, Issuer: p.EntityID}
}
