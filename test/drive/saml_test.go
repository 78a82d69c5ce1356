package drive

import (
	"crypto"
	"encoding/base64"
	"testing"
	"time"

	"chave/internal/format/saml"
	"chave/internal/format/xmldsig"
)

func TestSAML_requests_hold_under_the_strict_reader(t *testing.T) {
	now := time.Date(2026, 1, 15, 10, 20, 30, 0, time.UTC)
	key, _, err := NewSAMLKey("service.example", now)
	if err != nil {
		t.Fatal(err)
	}
	for name, attributes := range map[string][]string{"Portugal's profile": {"http://interop.gov.pt/MDC/Cidadao/NIC"}, "the standard's": nil} {
		t.Run(name, func(t *testing.T) {
			s := &SAML{
				Issuer: "https://service.example/?a=1&b=2", Destination: "https://chave.example/fa/Default.aspx", ACS: "https://service.example/acs", Attributes: attributes, Level: 3, Key: key,
			}
			ask, err := s.Ask(now)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := base64.StdEncoding.DecodeString(ask.Form.Get("SAMLRequest"))
			if err != nil {
				t.Fatal(err)
			}
			root, err := xmldsig.Parse(doc, xmldsig.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			verified, err := xmldsig.Verify(root, []crypto.PublicKey{key.Public()}, xmldsig.Policy{})
			if err != nil {
				t.Fatal(err)
			}
			got, err := saml.ParseAuthnRequest(verified.Root)
			if err != nil || got.ID != ask.ID || got.Issuer != s.Issuer || !got.IssueInstant.Equal(now) || got.AssertionConsumerServiceURL != s.ACS {
				t.Errorf("read as %+v, %v", got, err)
			}
		})
	}
}

func TestAttributeIn(t *testing.T) {
	doc := []byte(`<Attribute Name="urn:a" d4p1:AttributeStatus="Available"><AttributeValue xsi:type="xsd:string">A &amp; B</AttributeValue></Attribute><Attribute Name="urn:b" d4p1:AttributeStatus="NotAvailable" />`)
	for name, want := range map[string]string{"urn:a": "A & B", "urn:b": "", "urn:c": ""} {
		if got := AttributeIn(doc, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}
