// Package samltest is an identity provider just real enough to be the other side of a relying party's tests. Its knobs make each of the wrong
// answers that a service must refuse. It signs with goxmldsig and checks what it is sent.
package samltest

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"html"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/demo/services"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// Provider is one. Fields may be changed between requests.
type Provider struct {
	T       *testing.T
	Profile string // "fa" or "saml"
	Base    string // its own origin, set once it is served
	Party   services.Registration
	Now     func() time.Time

	// Spoil changes the response before it is signed, Forge after.
	Spoil, Forge func(xml string) string
	// Status is a failure to answer with, as the inside of the Status element; empty for a success.
	Status string
	// SignWith signs in place of the provider's own key.
	SignWith *services.Pair
	// Requests are the messages that came, verified, as XML.
	Requests []string

	mu   sync.Mutex
	pair services.Pair
}

var made = sync.OnceValues(func() (services.Pair, error) { return services.NewPair(nil, "provider", time.Now()) })

// New makes a provider; mount it on a server and set Base.
func New(t *testing.T, profile string, party services.Registration, now func() time.Time) *Provider {
	t.Helper()
	pair, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return &Provider{T: t, Profile: profile, Party: party, Now: now, pair: pair}
}

// EntityID is the provider's.
func (p *Provider) EntityID() string { return p.Base + "/idp" }

// Rekey changes the provider's key, as a rotation does.
func (p *Provider) Rekey(pair services.Pair) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pair = pair
}

// Mount registers what it serves.
func (p *Provider) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /"+p.Profile+"/metadata", p.metadata)
	mux.HandleFunc("POST /sso", p.signOn)
	mux.HandleFunc("POST /slo", p.signOut)
}

func (p *Provider) keys() (*rsa.PrivateKey, []byte, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pair := p.pair
	if p.SignWith != nil {
		pair = *p.SignWith
	}
	key, cert, err := pair.Read()
	if err != nil {
		p.T.Fatal(err)
	}
	return key, cert.Raw, pair.Certificate
}

func (p *Provider) metadata(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	block, _ := pem.Decode([]byte(p.pair.Certificate))
	p.mu.Unlock()
	fmt.Fprintf(w, `<?xml version="1.0"?><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="%s/slo"/><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="%s/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`,
		p.EntityID(), base64.StdEncoding.EncodeToString(block.Bytes), p.Base, p.Base)
}

// take reads and verifies a message of the party's and gives its id.
func (p *Provider) take(r *http.Request, tag string) string {
	data, err := base64.StdEncoding.DecodeString(r.PostFormValue("SAMLRequest"))
	if err != nil {
		p.T.Error(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		p.T.Error(err)
		return ""
	}
	block, _ := pem.Decode([]byte(p.Party.Pair.Certificate))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		p.T.Error(err)
		return ""
	}
	ctx := &dsig.ValidationContext{CertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}}, IdAttribute: "ID", Clock: dsig.NewFakeClockAt(p.Now())}
	root, err := ctx.Validate(doc.Root())
	if err != nil {
		p.T.Errorf("the %s is not well signed: %v", tag, err)
		return ""
	}
	if root.Tag != tag {
		p.T.Errorf("got a %s, want a %s", root.Tag, tag)
	}
	if second := doc.Root().ChildElements()[1]; second.Tag != "Signature" {
		p.T.Errorf("after the issuer comes a %s: the schema wants the signature there", second.Tag)
	}
	p.Requests = append(p.Requests, string(data))
	return root.SelectAttrValue("ID", "")
}

func (p *Provider) signOn(w http.ResponseWriter, r *http.Request) {
	id := p.take(r, "AuthnRequest")
	p.post(w, p.Party.SAML.ACS[0], "SAMLResponse", p.Respond(id), r.PostFormValue("RelayState"))
}

func (p *Provider) signOut(w http.ResponseWriter, r *http.Request) {
	if r.PostFormValue("SAMLResponse") != "" {
		fmt.Fprint(w, "thank you")
		return
	}
	id := p.take(r, "LogoutRequest")
	xml := fmt.Sprintf(`<p:LogoutResponse xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_out" Version="2.0" IssueInstant="%s" Destination="%s" InResponseTo="%s"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">%s</Issuer><p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status></p:LogoutResponse>`,
		p.instant(0), p.Party.SAML.Logout, id, p.EntityID())
	p.post(w, p.Party.SAML.Logout, "SAMLResponse", p.Sign(xml), r.PostFormValue("RelayState"))
}

// LogoutRequest is one of the provider's own, signed.
func (p *Provider) LogoutRequest(nameID, index string) string {
	return p.Sign(fmt.Sprintf(`<p:LogoutRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_ask" Version="2.0" IssueInstant="%s" Destination="%s"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">%s</Issuer><NameID xmlns="urn:oasis:names:tc:SAML:2.0:assertion">%s</NameID><p:SessionIndex>%s</p:SessionIndex></p:LogoutRequest>`,
		p.instant(0), p.Party.SAML.Logout, p.EntityID(), nameID, index))
}

func (p *Provider) post(w http.ResponseWriter, action, field, value, relay string) {
	fmt.Fprintf(w, `<form method="post" action="%s"><input type="hidden" name="%s" value="%s"><input type="hidden" name="RelayState" value="%s"></form>`,
		html.EscapeString(action), field, value, html.EscapeString(relay))
}

func (p *Provider) instant(by time.Duration) string {
	return p.Now().Add(by).UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// Sign puts an enveloped signature after the issuer and encodes the message.
func (p *Provider) Sign(xml string) string {
	doc := etree.NewDocument()
	if err := doc.ReadFromString(xml); err != nil {
		p.T.Fatal(err)
	}
	p.sign(doc.Root())
	text, err := doc.WriteToString()
	if err != nil {
		p.T.Fatal(err)
	}
	if p.Forge != nil {
		text = p.Forge(text)
	}
	return base64.StdEncoding.EncodeToString([]byte(text))
}

func (p *Provider) sign(e *etree.Element) {
	key, cert, _ := p.keys()
	ctx, err := dsig.NewSigningContext(key, [][]byte{cert})
	if err != nil {
		p.T.Fatal(err)
	}
	ctx.Canonicalizer, ctx.Prefix = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(""), ""
	signature, err := ctx.ConstructSignature(e, true)
	if err != nil {
		p.T.Fatal(err)
	}
	e.InsertChildAt(1, signature)
}

// Respond answers a request as the profile does, for a made-up person.
func (p *Provider) Respond(requestID string) string {
	status := p.Status
	assertion := ""
	extensions := ""
	if status == "" {
		status = `<StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success" />`
		assertion = p.assertion(requestID)
		if p.Profile == "fa" {
			extensions = `<Extensions><fa:FAAALevel xmlns:fa="http://autenticacao.cartaodecidadao.pt/atributos">3</fa:FAAALevel></Extensions>`
		}
	}
	xml := fmt.Sprintf(`<Response xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="_r" InResponseTo="%s" Version="2.0" IssueInstant="%s" Destination="%s" xmlns="urn:oasis:names:tc:SAML:2.0:protocol"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">%s</Issuer>%s<Status>%s</Status>%s</Response>`,
		requestID, p.instant(0), p.Party.SAML.ACS[0], p.EntityID(), extensions, status, assertion)
	if p.Spoil != nil {
		xml = p.Spoil(xml)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(xml); err != nil {
		p.T.Fatal(err)
	}
	if p.Profile == "saml" {
		for _, e := range doc.Root().ChildElements() {
			if e.Tag == "Assertion" {
				p.sign(e)
			}
		}
	}
	text, err := doc.WriteToString()
	if err != nil {
		p.T.Fatal(err)
	}
	return p.Sign(text)
}

func (p *Provider) assertion(requestID string) string {
	context := `<AuthnContextDecl xsi:type="xsd:string" />`
	name := `<NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</NameID>`
	index, types := "", ""
	if p.Profile == "saml" { // its assertion is signed by itself, so it declares what it uses
		types = ` xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`
		context = `<AuthnContextClassRef>urn:chave:level:3</AuthnContextClassRef>`
		name = `<NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">pairwise-1</NameID>`
		index = ` SessionIndex="index-1"`
	}
	attribute := func(name, state, value string) string {
		status := ""
		if p.Profile == "fa" {
			status = ` d4p1:AttributeStatus="` + state + `" xmlns:d4p1="http://autenticacao.cartaodecidadao.pt/atributos"`
		}
		if value != "" {
			value = `<AttributeValue xsi:type="xsd:string">` + value + `</AttributeValue>`
		}
		return `<Attribute Name="http://interop.gov.pt/MDC/Cidadao/` + name + `" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"` + status + `>` + value + `</Attribute>`
	}
	attributes := attribute("NomeCompleto", "Available", "Ana Made-Up") + attribute("NISS", "Available", "19994201733")
	if p.Profile == "fa" {
		attributes += attribute("NIC", "Withheld", "") + attribute("DocNumber", "NotAvailable", "")
	}
	return strings.NewReplacer("{base}", p.Base, "{acs}", p.Party.SAML.ACS[0], "{id}", requestID, "{audience}", p.Party.SAML.Issuer,
		"{now}", p.instant(0), "{end}", p.instant(5*time.Minute), "{name}", name, "{context}", context, "{index}", index, "{types}", types, "{attributes}", attributes,
	).Replace(`<Assertion Version="2.0" ID="_a" IssueInstant="{now}"{types} xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Issuer>{base}/idp</Issuer><Subject>{name}<SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><SubjectConfirmationData NotOnOrAfter="{end}" Recipient="{acs}" InResponseTo="{id}" Address="192.0.2.10" /></SubjectConfirmation></Subject><Conditions NotBefore="{now}" NotOnOrAfter="{end}"><AudienceRestriction><Audience>{audience}</Audience></AudienceRestriction><OneTimeUse /></Conditions><AuthnStatement AuthnInstant="{now}"{index}><AuthnContext>{context}</AuthnContext></AuthnStatement><AttributeStatement>{attributes}</AttributeStatement></Assertion>`)
}
