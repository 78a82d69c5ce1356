package fasaml_test

import (
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/format/saml"
	"chave/internal/format/xmldsig"

	"github.com/beevik/etree"
)

// authn is an AuthnRequest in the shape of the official sample (vector A); empty fields that may be left out are.
type authn struct {
	ID, Version, Instant, Destination, ACS, Issuer, More string // More: further attributes of the root
	Extensions                                           string // content of Extensions; "-" leaves the element out
	Children                                             string // behind Extensions
}

// request is one with which nothing is wrong; change it to make something so.
func (r *rig) request(change ...func(*authn)) authn {
	a := authn{
		ID: saml.NewID(rand.Reader), Version: "2.0", Instant: saml.Instant(r.clock()), Destination: "https://fa.example.test/fa/Default.aspx", ACS: acs, Issuer: issuer,
		Extensions: attributes(uriNIC, "True", uriAll, "False") + level("3"),
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

// attributes writes RequestedAttributes from names and what isRequired says.
func attributes(namesAndRequired ...string) string {
	b := `<fa:RequestedAttributes xmlns:fa="http://autenticacao.cartaodecidadao.pt/atributos">`
	for i := 0; i+1 < len(namesAndRequired); i += 2 {
		b += `<fa:RequestedAttribute Name="` + saml.EscapeAttr(namesAndRequired[i]) +
			`" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" isRequired="` + namesAndRequired[i+1] + `" />`
	}
	return b + `</fa:RequestedAttributes>`
}

func level(n string) string {
	return `<fa:FAAALevel xmlns:fa="http://autenticacao.cartaodecidadao.pt/atributos">` + n + `</fa:FAAALevel>`
}

func tabs(content string) string {
	return `<fa:AuthTabPresentationPolicies xmlns:fa="http://autenticacao.cartaodecidadao.pt/presentationpolicy">` + content + `</fa:AuthTabPresentationPolicies>`
}

func (a authn) xml() []byte {
	b := `<?xml version="1.0" encoding="utf-8"?><AuthnRequest xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema" ID="` +
		a.ID + `" Version="` + a.Version + `" IssueInstant="` + a.Instant + `"`
	if a.Destination != "" {
		b += ` Destination="` + saml.EscapeAttr(a.Destination) + `"`
	}
	if a.ACS != "" {
		b += ` AssertionConsumerServiceURL="` + saml.EscapeAttr(a.ACS) + `"`
	}
	b += a.More + ` ProviderName="Portal de Exemplo" xmlns="urn:oasis:names:tc:SAML:2.0:protocol"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">` + a.Issuer + `</Issuer>`
	if a.Extensions != "-" {
		b += `<Extensions>` + a.Extensions + `</Extensions>`
	}
	return []byte(b + a.Children + `</AuthnRequest>`)
}

// signed signs as most services do today: exclusive C14N and SHA-256.
func (p pair) signed(t testing.TB, doc []byte) []byte { return p.profile(t, doc, xmldsig.Profile{}) }

func (p pair) profile(t testing.TB, doc []byte, profile xmldsig.Profile) []byte {
	t.Helper()
	out, err := xmldsig.Signer{Key: p.key, Certificate: p.der, Profile: profile}.Sign(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// ask is a signed request with which nothing is wrong but what change makes so.
func (r *rig) ask(change ...func(*authn)) []byte {
	r.t.Helper()
	return spKey().signed(r.t, r.request(change...).xml())
}

// answer is a verified message of ours.
type answer struct {
	root *etree.Element
	raw  string
}

// answer reads the form that a page would send: the signature must hold under the ring's active key, and both fields must be there.
func (r *rig) answer(p page) answer {
	r.t.Helper()
	if p.status != http.StatusOK || len(p.posted.Fields) != 2 || p.posted.Fields[0].Name != "SAMLResponse" || p.posted.Fields[1].Name != "RelayState" {
		r.t.Fatalf("not an answer: %d %s %q", p.status, p.fault(), p.body)
	}
	raw, err := base64.StdEncoding.DecodeString(p.posted.Fields[0].Value)
	if err != nil {
		r.t.Fatal(err)
	}
	root, err := xmldsig.Parse(raw, xmldsig.DefaultLimits())
	if err != nil {
		r.t.Fatalf("%v in %s", err, raw)
	}
	active, err := r.keys.Active(r.t.Context(), "RSA-2048")
	if err != nil {
		r.t.Fatal(err)
	}
	verified, err := xmldsig.Verify(root, []crypto.PublicKey{active.Public()}, xmldsig.Policy{SHA1: true})
	if err != nil {
		r.t.Fatalf("%v in %s", err, raw)
	}
	return answer{verified.Root, string(raw)}
}

// reading describes what a page holds, for failure texts.
func (r *rig) reading(p page) string {
	if len(p.posted.Fields) != 2 {
		return p.body
	}
	raw, _ := base64.StdEncoding.DecodeString(p.posted.Fields[0].Value)
	return string(raw)
}

func (a answer) at(path ...string) *etree.Element {
	e := a.root
	for _, tag := range path {
		var next *etree.Element
		if e != nil {
			next = e.SelectElement(tag)
		}
		e = next
	}
	return e
}

// status is top code, second code and message.
func (a answer) status() (top, second, says string) {
	code := a.at("Status", "StatusCode")
	return strings.TrimPrefix(xmldsig.Attr(code, "Value"), "urn:oasis:names:tc:SAML:2.0:status:"),
		strings.TrimPrefix(xmldsig.Attr(a.at("Status", "StatusCode", "StatusCode"), "Value"), "urn:oasis:names:tc:SAML:2.0:status:"),
		xmldsig.Text(a.at("Status", "StatusMessage"))
}

// states lists the attributes in order as "name state value", names without their roots.
func (a answer) states() []string {
	var all []string
	statement := a.at("Assertion", "AttributeStatement")
	if statement == nil {
		return nil
	}
	for _, e := range statement.SelectElements("Attribute") {
		state, _ := xmldsig.AttrNS(e, "http://autenticacao.cartaodecidadao.pt/atributos", "AttributeStatus")
		name := xmldsig.Attr(e, "Name")
		line := name[strings.LastIndex(name, "/")+1:] + " " + state
		if v := e.SelectElement("AttributeValue"); v != nil {
			line += " " + xmldsig.Text(v)
		}
		all = append(all, line)
	}
	return all
}

// wantHere checks that a page of ours refused, that nothing is posted, and that the log has the code.
func (r *rig) wantHere(t *testing.T, p page, status int, code string) {
	t.Helper()
	if p.status != status || p.fault() != code || len(p.posted.Fields) != 0 || p.location != nil {
		t.Errorf("answered %d %s %v %s, want a page with %d %s", p.status, p.fault(), p.location, r.reading(p), status, code)
	}
	if !strings.Contains(r.logged(), "code="+code) {
		t.Errorf("%s is not in the log", code)
	}
}

// wantRefusal checks a refusal posted to the consumer address, signed, with its codes and message.
func (r *rig) wantRefusal(t *testing.T, p page, top, second, message string) answer {
	t.Helper()
	if p.status != http.StatusOK || len(p.posted.Fields) != 2 {
		t.Fatalf("answered %d %s %v, want a refusal posted", p.status, p.fault(), p.location)
	}
	if p.posted.Action != acs {
		t.Errorf("posted to %q", p.posted.Action)
	}
	a := r.answer(p)
	gotTop, gotSecond, says := a.status()
	if gotTop != top || gotSecond != second || says != message {
		t.Errorf("status %s / %s %q, want %s / %s %q", gotTop, gotSecond, says, top, second, message)
	}
	if a.at("Assertion") != nil || a.at("Extensions") != nil {
		t.Error("a refusal with an assertion or a level")
	}
	return a
}

const statusURN = "urn:oasis:names:tc:SAML:2.0:status:"

func at(r *rig, d time.Duration) string { return saml.Instant(r.clock().Add(d)) }
