package drive

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"html"
	"math/big"
	"net/url"
	"strings"
	"time"
)

// SAML is a relying party over SAML 2.0, Portugal's profile or the standard's: POST both ways, every request signed with RSA-2048 and SHA-256.
type SAML struct {
	Issuer      string // its entity id
	Destination string // where requests go
	ACS         string // where answers come
	// Attributes are asked for by these names, at Level; none in the standard's profile, where the registration says what is shared.
	Attributes []string
	Level      int
	Key        *rsa.PrivateKey
}

// NewSAMLKey makes a key up and its certificate, PEM, valid for a day on either side of now.
func NewSAMLKey(name string, now time.Time) (*rsa.PrivateKey, string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(0, 0, 1),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, "", err
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

// Names that both templates hold.
const (
	samlProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	samlAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	faAttributes  = "http://autenticacao.cartaodecidadao.pt/atributos"
	xmlSignature  = "http://www.w3.org/2000/09/xmldsig#"
	exclusiveC14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
)

// SAMLRequest is one request, ready to be posted.
type SAMLRequest struct {
	ID   string
	Form url.Values
}

// Ask makes and signs a request. It is written in canonical form to begin with, so that signing it needs two hashes and no XML library.
func (s *SAML) Ask(now time.Time) (SAMLRequest, error) {
	var random [16]byte
	rand.Read(random[:])
	id := "_" + hex.EncodeToString(random[:])
	before := `<AuthnRequest xmlns="` + samlProtocol + `" AssertionConsumerServiceURL="` + html.EscapeString(s.ACS) + `" Destination="` + html.EscapeString(s.Destination) +
		`" ID="` + id + `" IssueInstant="` + now.UTC().Format("2006-01-02T15:04:05.0000000Z") +
		`" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Version="2.0"><Issuer xmlns="` + samlAssertion + `">` + html.EscapeString(s.Issuer) + `</Issuer>`
	after := s.wants() + `</AuthnRequest>`
	digest := sha256.Sum256([]byte(before + after))
	info := `<SignedInfo xmlns="` + xmlSignature + `"><CanonicalizationMethod Algorithm="` + exclusiveC14N + `"></CanonicalizationMethod>` +
		`<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></SignatureMethod><Reference URI="#` + id + `"><Transforms>` +
		`<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></Transform><Transform Algorithm="` + exclusiveC14N + `"></Transform></Transforms>` +
		`<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod><DigestValue>` +
		base64.StdEncoding.EncodeToString(digest[:]) + `</DigestValue></Reference></SignedInfo>`
	signed := sha256.Sum256([]byte(info))
	value, err := rsa.SignPKCS1v15(nil, s.Key, crypto.SHA256, signed[:])
	if err != nil {
		return SAMLRequest{}, err
	}
	doc := before + `<Signature xmlns="` + xmlSignature + `">` + info + `<SignatureValue>` + base64.StdEncoding.EncodeToString(value) + `</SignatureValue></Signature>` + after
	return SAMLRequest{ID: id, Form: url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString([]byte(doc))}, "RelayState": {id[1:]}}}, nil
}

// wants is what the service asks for: attributes and level in Portugal's profile, a sort of name in the standard's.
func (s *SAML) wants() string {
	if len(s.Attributes) == 0 {
		return `<NameIDPolicy AllowCreate="true" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"></NameIDPolicy>`
	}
	var b strings.Builder
	b.WriteString(`<Extensions><fa:RequestedAttributes xmlns:fa="` + faAttributes + `">`)
	for _, name := range s.Attributes {
		b.WriteString(`<fa:RequestedAttribute Name="` + html.EscapeString(name) + `" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" isRequired="False"></fa:RequestedAttribute>`)
	}
	fmt.Fprintf(&b, `</fa:RequestedAttributes><fa:FAAALevel xmlns:fa="%s">%d</fa:FAAALevel></Extensions>`, faAttributes, s.Level)
	return b.String()
}

// Begin posts a request from the service's page and follows to the first page of the sign-in.
func (s *SAML) Begin(ctx context.Context, b *Browser, ask SAMLRequest) (Page, error) {
	to, err := url.Parse(s.Destination)
	if err != nil {
		return Page{}, err
	}
	from, err := url.Parse(s.ACS)
	if err != nil {
		return Page{}, err
	}
	page, err := b.PostFrom(ctx, from.Scheme+"://"+from.Host, to, ask.Form)
	if err != nil {
		return page, err
	}
	return b.Follow(ctx, page, nil)
}

// Answer reads the page that posts the answer: the document, once it is sure that it answers this request, comes here and says Success. The signature is for
// whoever wants to look at it.
func (s *SAML) Answer(page Page, ask SAMLRequest) ([]byte, error) {
	all, err := Forms(page)
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if !f.Values.Has("SAMLResponse") {
			continue
		}
		doc, err := base64.StdEncoding.DecodeString(f.Values.Get("SAMLResponse"))
		switch {
		case err != nil:
			return nil, err
		case f.Action.String() != s.ACS:
			return doc, fmt.Errorf("the answer goes to %s", f.Action)
		case f.Values.Get("RelayState") != ask.Form.Get("RelayState"):
			return doc, fmt.Errorf("RelayState is not the one we sent")
		case !bytes.Contains(doc, []byte(`InResponseTo="`+ask.ID+`"`)):
			return doc, fmt.Errorf("the answer is to another request")
		case !bytes.Contains(doc, []byte(`Value="urn:oasis:names:tc:SAML:2.0:status:Success"`)):
			return doc, fmt.Errorf("the answer says %s", between(string(doc), "<StatusMessage>", "</StatusMessage>"))
		}
		return doc, nil
	}
	return nil, &Stuck{Step: "consent", Status: page.Status, Path: page.URL.Path, Code: codeOf(page.Body), Page: page.Body}
}

// AttributeIn reads one value out of an answer, as a service without a namespace-aware parser would.
func AttributeIn(doc []byte, name string) string {
	_, rest, _ := strings.Cut(string(doc), ` Name="`+html.EscapeString(name)+`"`)
	element, _, _ := strings.Cut(rest, "</Attribute>")
	return html.UnescapeString(between(element[strings.Index(element, "AttributeValue")+1:], ">", "<"))
}

func between(s, from, to string) string {
	_, s, found := strings.Cut(s, from)
	if !found {
		return ""
	}
	s, _, _ = strings.Cut(s, to)
	return s
}
