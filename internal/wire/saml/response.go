package saml

import (
	"context"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
	"chave/internal/format/xmldsig"
	"chave/internal/format/xmlenc"
)

// written collects XML. What comes from outside goes through text or attr.
type written struct{ strings.Builder }

func (b *written) put(parts ...string) {
	for _, s := range parts {
		b.WriteString(s)
	}
}

// head opens a message of ours (SAML core §3.2.1, §3.2.2) with its Issuer, behind which the signature will go. It returns the message's id.
func (p *Provider) head(b *written, element, destination, inResponseTo string) string {
	id := format.NewID(p.Rand)
	b.put(`<samlp:`, element, ` xmlns:samlp="`, format.NSProtocol, `" xmlns:saml="`, format.NSAssertion, `" ID="`, id, `" Version="2.0" IssueInstant="`,
		format.Second(p.Now()), `" Destination="`, format.EscapeAttr(destination), `"`)
	if inResponseTo != "" {
		b.put(` InResponseTo="`, format.EscapeAttr(inResponseTo), `"`)
	}
	b.put(`><saml:Issuer>`, format.EscapeText(p.entityID()), `</saml:Issuer>`)
	return id
}

// status writes the outcome: two codes at most, and fixed words.
func (b *written) status(top, second, says string) {
	b.put(`<samlp:Status><samlp:StatusCode Value="`, top, `"`)
	if second != "" {
		b.put(`><samlp:StatusCode Value="`, second, `"/></samlp:StatusCode>`)
	} else {
		b.put(`/>`)
	}
	if says != "" {
		b.put(`<samlp:StatusMessage>`, format.EscapeText(says), `</samlp:StatusMessage>`)
	}
	b.put(`</samlp:Status>`)
}

// success writes and signs the answer to a request: the assertion first; then it is encrypted, if the service has a key for that; then the response around it, so that
// nobody on the way can tell an encrypted assertion that is ours from one that is not.
func (p *Provider) success(ctx context.Context, s service.Service, q request, made issuance) ([]byte, error) {
	signer, err := p.signer(ctx)
	if err != nil {
		return nil, err
	}
	assertion, err := signer.Sign([]byte(p.assertion(s, q, made)))
	if err != nil {
		return nil, fault.New(fault.InternalError).Because(fmt.Errorf("sign assertion: %w", err))
	}
	if s.SAML.EncryptTo != "" {
		if assertion, err = p.encrypt(s, assertion); err != nil {
			return nil, err
		}
	}
	var b written
	p.head(&b, "Response", q.ACS, q.ID)
	b.status(format.StatusSuccess, "", "")
	b.put(string(assertion), `</samlp:Response>`)
	return sign(signer, b.String())
}

// failure writes and signs a refusal.
func (p *Provider) failure(ctx context.Context, to reply, e *refusal) ([]byte, error) {
	signer, err := p.signer(ctx)
	if err != nil {
		return nil, err
	}
	var b written
	p.head(&b, "Response", to.ACS, to.ID)
	b.status(e.top, e.second, e.message())
	b.put(`</samlp:Response>`)
	return sign(signer, b.String())
}

func sign(signer xmldsig.Signer, doc string) ([]byte, error) {
	signed, err := signer.Sign([]byte(doc))
	if err != nil {
		return nil, fault.New(fault.InternalError).Because(fmt.Errorf("sign message: %w", err))
	}
	return signed, nil
}

// behind is how long before the answer its conditions begin to hold: clocks of services run behind.
const behind = time.Minute

// assertion writes who signed in, how, when and for how long that may be believed (SAML profiles §4.1.4.2). It declares its namespaces itself, so that it can be
// taken out of the response and decrypted anywhere.
func (p *Provider) assertion(s service.Service, q request, made issuance) string {
	now := p.Now()
	until := format.Second(now.Add(p.assertionLife()))
	acs, audience := format.EscapeAttr(q.ACS), format.EscapeText(s.SAML.Issuer)
	var b written
	b.put(`<saml:Assertion xmlns:saml="`, format.NSAssertion, `" xmlns:xs="`, format.NSXSD, `" xmlns:xsi="`, format.NSXSI, `" ID="`, format.NewID(p.Rand),
		`" IssueInstant="`, format.Second(now), `" Version="2.0"><saml:Issuer>`, format.EscapeText(p.entityID()), `</saml:Issuer>`,
		`<saml:Subject>`, made.name.xml(p.entityID(), s.SAML.Issuer), `<saml:SubjectConfirmation Method="`, format.MethodBearer,
		`"><saml:SubjectConfirmationData InResponseTo="`, format.EscapeAttr(q.ID), `" NotOnOrAfter="`, until, `" Recipient="`, acs, `"/></saml:SubjectConfirmation></saml:Subject>`,
		`<saml:Conditions NotBefore="`, format.Second(now.Add(-behind)), `" NotOnOrAfter="`, until, `"><saml:AudienceRestriction><saml:Audience>`, audience,
		`</saml:Audience></saml:AudienceRestriction></saml:Conditions>`,
		`<saml:AuthnStatement AuthnInstant="`, format.Second(made.verified.AuthAt()), `" SessionIndex="`, made.index, `" SessionNotOnOrAfter="`, format.Second(made.sessionEnds),
		`"><saml:AuthnContext><saml:AuthnContextClassRef>`, format.EscapeText(q.Classes.said(made.level)),
		`</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>`)
	if all := release(s, made.verified.Answered()); len(all) > 0 {
		b.put(`<saml:AttributeStatement>`)
		for _, a := range all {
			b.put(`<saml:Attribute Name="`, format.EscapeAttr(a.name), `" NameFormat="`, a.nameFormat, `"`)
			if a.friendly != "" {
				b.put(` FriendlyName="`, format.EscapeAttr(a.friendly), `"`)
			}
			b.put(`><saml:AttributeValue xsi:type="xs:string">`, format.EscapeText(a.value), `</saml:AttributeValue></saml:Attribute>`)
		}
		b.put(`</saml:AttributeStatement>`)
	}
	b.put(`</saml:Assertion>`)
	return b.String()
}

// encrypt hides a signed assertion from everybody on the way but the service.
func (p *Provider) encrypt(s service.Service, assertion []byte) ([]byte, error) {
	impossible := func(err error) error { return responder("", fault.EncryptionImpossible, err.Error()) }
	cert, err := service.Certificate(s.SAML.EncryptTo)
	if err != nil {
		return nil, impossible(fmt.Errorf("the certificate to encrypt to cannot be used"))
	}
	if _, ok := cert.PublicKey.(*rsa.PublicKey); !ok {
		return nil, impossible(fmt.Errorf("the certificate to encrypt to has no RSA key"))
	}
	hidden, err := xmlenc.EncryptAssertion(assertion, cert, encryption(s), p.Rand)
	if err != nil {
		return nil, fault.New(fault.InternalError).Because(fmt.Errorf("encrypt assertion: %w", err))
	}
	return hidden, nil
}

// encryption picks the algorithms. AES-128-GCM is the one authenticated cipher that every library of XML Encryption 1.1 must have (§5.1), so the longer key is for services
// that list it; likewise the transport that all know, unless only the newer one is listed. CBC, which old metadata lists out of habit, is not among them.
func encryption(s service.Service) xmlenc.Options {
	o := xmlenc.Options{Cipher: xmlenc.AES128GCM, Transport: xmlenc.OAEP}
	if s.SAML.Metadata == "" {
		return o
	}
	entity, err := format.ParseEntity([]byte(s.SAML.Metadata))
	if err != nil {
		return o
	}
	lists := func(uri string) bool { return slices.Contains(entity.EncryptionMethods, uri) }
	if lists(string(xmlenc.AES256GCM)) {
		o.Cipher = xmlenc.AES256GCM
	}
	if lists(string(xmlenc.OAEPSHA256)) && !lists(string(xmlenc.OAEP)) {
		o.Transport = xmlenc.OAEPSHA256
	}
	return o
}
