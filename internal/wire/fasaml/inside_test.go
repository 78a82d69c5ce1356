package fasaml

import (
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/format/saml"
)

// NewAnswer lets a benchmark run this wire's own work without pages and rows: it returns a function from one request to its answer, both in base64.
func NewAnswer(t testing.TB, p *Provider, encoded string, answered consent.Answered) func() string {
	return func() string {
		b, err := p.believe(t.Context(), encoded)
		if err != nil {
			t.Fatal(err)
		}
		_, q, _, err := p.readSignOn(b)
		if err != nil {
			t.Fatal(err)
		}
		q.ID, q.Issuer = "_request", issuerOf(b.root)
		now := p.Now()
		doc := success{
			head: p.headOf(q), AssertionID: saml.NewID(p.Rand), Level: q.Level, Audience: q.Issuer, Recipient: q.To, Name: constantName(), Address: "192.0.2.10",
			Until: now.Add(5 * time.Minute), AuthnInstant: now, Attributes: answers(b.service, q.Attributes, answered),
		}
		signed, err := p.signSuccess(t.Context(), b.service, doc)
		if err != nil {
			t.Fatal(err)
		}
		return saml.EncodePOST(signed)
	}
}
