package fasaml

import (
	"context"
	"crypto"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/format/xmldsig"
)

// signer lends the ring's active key in the form that a service verifies (§1.7.3). legacy is the observed form with SHA-1, and only while the switch is on: afterwards the
// service gets the observed form, which fails there and nowhere else.
func (p *Provider) signer(ctx context.Context, s service.Service) (xmldsig.Signer, error) {
	key, err := p.Keys.Active(ctx, alg)
	if err != nil {
		return xmldsig.Signer{}, err
	}
	var profile xmldsig.Profile
	switch s.SAML.Signature {
	case "observed":
		profile.Inclusive = true
	case "legacy":
		profile.Inclusive = true
		if s.Allows(service.LegacySHA1, p.Now()) {
			profile.Hash = crypto.SHA1
			p.count(s, service.LegacySHA1)
		}
	}
	return xmldsig.Signer{Key: key.Signer, Certificate: key.Cert, Profile: profile}, nil
}

// sign puts our signature after the root's Issuer.
func (p *Provider) sign(ctx context.Context, s service.Service, doc []byte) ([]byte, error) {
	with, err := p.signer(ctx, s)
	if err != nil {
		return nil, err
	}
	return signed(with, doc)
}

func signed(with xmldsig.Signer, doc []byte) ([]byte, error) {
	out, err := with.Sign(doc)
	if err != nil {
		return nil, fault.New(fault.InternalError).Because(err)
	}
	return out, nil
}

// signSuccess signs the response; before that the assertion too, for services whose library insists (question 5.1). That one is signed by itself, in the exclusive form, so
// that it can be taken out of the response and still verified.
func (p *Provider) signSuccess(ctx context.Context, s service.Service, doc success) ([]byte, error) {
	with, err := p.signer(ctx, s)
	if err != nil {
		return nil, err
	}
	if !s.SAML.SignAssertion {
		return signed(with, doc.response())
	}
	alone := with
	alone.Profile.Inclusive = false
	var b strings.Builder
	doc.assertion(&b, namespaces)
	assertion, err := signed(alone, []byte(b.String()))
	if err != nil {
		return nil, err
	}
	b.Reset()
	doc.before(&b)
	b.Write(assertion)
	b.WriteString(after)
	return signed(with, []byte(b.String()))
}
