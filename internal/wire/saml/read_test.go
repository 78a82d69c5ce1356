package saml_test

import (
	"crypto"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"

	"github.com/beevik/etree"

	format "chave/internal/format/saml"
	"chave/internal/format/xmldsig"
)

// outcome is what a Response says, as a service reads it.
type outcome struct {
	root                              *etree.Element
	status, second, says              string
	to, inResponseTo, issuer          string
	name, nameFormat, index, class    string
	recipient, audience, sessionUntil string
	attributes                        map[string]string
	formats                           map[string]string // NameFormat, by name
}

// read reads an answer whose signatures hold under the published key, and fails the test for any other page.
func (r *rig) read(p page) outcome {
	r.t.Helper()
	doc := p.message("SAMLResponse")
	if p.status != http.StatusOK || doc == "" {
		r.t.Fatalf("no answer to a service: %d %v %s %s\n%s", p.status, p.location, p.header.Get("X-Fault"), p.body, r.logged())
	}
	keys := r.publicKeys()
	root, err := xmldsig.Parse([]byte(doc), xmldsig.DefaultLimits())
	if err != nil {
		r.t.Fatal(err)
	}
	o := outcome{root: root, to: p.posted["action"], inResponseTo: xmldsig.Attr(root, "InResponseTo"), attributes: map[string]string{}, formats: map[string]string{}}
	if xmldsig.Attr(root, "Destination") != o.to {
		r.t.Errorf("an answer for %s is posted to %s", xmldsig.Attr(root, "Destination"), o.to)
	}
	if xmldsig.Child(root, format.NSDSig, "Signature") == nil {
		r.t.Error("the response is not signed")
	}
	o.issuer = xmldsig.Text(xmldsig.Child(root, format.NSAssertion, "Issuer"))
	status := xmldsig.Child(root, format.NSProtocol, "Status")
	code := xmldsig.Child(status, format.NSProtocol, "StatusCode")
	o.status, o.second = xmldsig.Attr(code, "Value"), xmldsig.Attr(xmldsig.Child(code, format.NSProtocol, "StatusCode"), "Value")
	o.says = xmldsig.Text(xmldsig.Child(status, format.NSProtocol, "StatusMessage"))
	begin, end := strings.Index(doc, "<saml:Assertion"), strings.Index(doc, "</saml:Assertion>")
	if begin < 0 {
		if _, err := xmldsig.Verify(root, keys, xmldsig.Policy{}); err != nil && !strings.Contains(doc, "EncryptedAssertion") {
			r.t.Errorf("the refusal is not signed: %v", err)
		}
		return o
	}
	own, err := xmldsig.Parse([]byte(doc[begin:end+len("</saml:Assertion>")]), xmldsig.DefaultLimits())
	if err != nil {
		r.t.Fatal(err)
	}
	v, err := xmldsig.Verify(own, keys, xmldsig.Policy{})
	if err != nil {
		r.t.Fatalf("the assertion is not signed by itself: %v", err)
	}
	o.readAssertion(v.Root)
	return o
}

func (o *outcome) readAssertion(root *etree.Element) {
	find := func(path ...string) *etree.Element {
		e := root
		for _, p := range path {
			e = xmldsig.Child(e, format.NSAssertion, p)
		}
		return e
	}
	name := find("Subject", "NameID")
	o.name, o.nameFormat = xmldsig.Text(name), xmldsig.Attr(name, "Format")
	o.recipient = xmldsig.Attr(find("Subject", "SubjectConfirmation", "SubjectConfirmationData"), "Recipient")
	o.audience = xmldsig.Text(find("Conditions", "AudienceRestriction", "Audience"))
	o.index = xmldsig.Attr(find("AuthnStatement"), "SessionIndex")
	o.sessionUntil = xmldsig.Attr(find("AuthnStatement"), "SessionNotOnOrAfter")
	o.class = xmldsig.Text(find("AuthnStatement", "AuthnContext", "AuthnContextClassRef"))
	for _, a := range xmldsig.Children(find("AttributeStatement"), format.NSAssertion, "Attribute") {
		o.attributes[xmldsig.Attr(a, "Name")] = xmldsig.Text(xmldsig.Child(a, format.NSAssertion, "AttributeValue"))
		o.formats[xmldsig.Attr(a, "Name")] = xmldsig.Attr(a, "NameFormat")
	}
}

func (r *rig) publicKeys() []crypto.PublicKey {
	r.t.Helper()
	all, err := r.keys.Published(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	var keys []crypto.PublicKey
	for _, k := range all {
		keys = append(keys, k.Key)
	}
	return keys
}

// certificate is the one that signs now.
func (r *rig) certificate() *x509.Certificate {
	r.t.Helper()
	active, err := r.keys.Active(r.t.Context(), r.provider.Alg)
	if err != nil {
		r.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(active.Cert)
	if err != nil {
		r.t.Fatal(err)
	}
	return cert
}

// wantRefusal reads an answer that must say no in these words.
func (r *rig) wantRefusal(t *testing.T, p page, a ask, top, second, code string) {
	t.Helper()
	o := r.read(p)
	if o.status != top || o.second != second || !strings.HasPrefix(o.says, code+": ") {
		t.Errorf("answered %s / %s %q, want %s / %s %s", o.status, o.second, o.says, top, second, code)
	}
	if o.to != acs || o.inResponseTo != a.ID || o.name != "" {
		t.Errorf("the refusal goes to %s in response to %s and names %q", o.to, o.inResponseTo, o.name)
	}
}

// wantPage wants a page of ours and no message to anybody.
func wantPage(t *testing.T, p page, code string) {
	t.Helper()
	if p.header.Get("X-Fault") != code || p.posted != nil || p.location != nil {
		t.Errorf("answered %d %s %v %v, want a page with %s", p.status, p.header.Get("X-Fault"), p.location, p.posted, code)
	}
}
