package saml_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"html"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"chave/internal/core/service"
	format "chave/internal/format/saml"
	"chave/internal/wire/saml"
)

// party is a service on a library by others.
func (r *rig) party(t *testing.T) *crewjam.ServiceProvider {
	t.Helper()
	r.provider.Alg = "RS256" // the library's signature package writes ECDSA as nobody else does
	r.now = time.Now().UTC() // and reads the real clock
	key := rsaKey(t)
	block, _ := pem.Decode([]byte(certified(t, key, r.clock())))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	p := r.browser().get(saml.PathMetadata)
	var us crewjam.EntityDescriptor
	if err := xml.Unmarshal([]byte(p.body), &us); err != nil {
		t.Fatal(err)
	}
	address := func(s string) url.URL {
		u, err := url.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return *u
	}
	return &crewjam.ServiceProvider{
		EntityID: "https://party.example/saml/metadata", Key: key, Certificate: cert, AcsURL: address("https://party.example/saml/acs"), SloURL: address("https://party.example/saml/slo"),
		MetadataURL: address("https://party.example/saml/metadata"), IDPMetadata: &us, SignatureMethod: dsig.RSASHA256SignatureMethod,
		LogoutBindings: []string{crewjam.HTTPPostBinding}, AuthnNameIDFormat: crewjam.PersistentNameIDFormat,
	}
}

// meta is the service's own metadata, by which it is registered and by nothing else.
func meta(t *testing.T, sp *crewjam.ServiceProvider) string {
	t.Helper()
	out, err := xml.Marshal(sp.Metadata())
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func (r *rig) byMetadata(text string) service.Settings {
	s := r.other("party", "")
	s.SAML = &service.SAML{Wire: service.WireSAML, Metadata: text}
	return s
}

func TestInterop_crewjam_signs_in_and_out_with_encrypted_assertions(t *testing.T) {
	r := newRig(t)
	sp := r.party(t)
	made := r.register(r.byMetadata(meta(t, sp)))
	if made.SAML.EncryptTo == "" || len(made.SAML.Certificates) != 1 || made.SAML.LogoutBinding != "post" || made.SAML.Issuer != sp.EntityID {
		t.Fatalf("registered %+v", made.SAML)
	}
	b := r.browser()
	u, err := sp.MakeRedirectAuthenticationRequest("st")
	if err != nil {
		t.Fatal(err)
	}
	p := b.agree(b.prove(b.transaction(b.get(u.String())), phone))
	doc := p.message("SAMLResponse")
	if !strings.Contains(doc, "EncryptedAssertion") || strings.Contains(doc, "Made-Up") {
		t.Fatal("the assertion is not encrypted")
	}
	id := between(doc, ` InResponseTo="`, `"`)
	got, err := sp.ParseXMLResponse([]byte(doc), []string{id}, sp.AcsURL)
	if err != nil {
		var why *crewjam.InvalidResponseError
		_ = errors.As(err, &why)
		t.Fatalf("refused by the service: %v: %+v", err, why)
	}
	if got.Subject.NameID.Format != format.NameIDPersistent || got.AttributeStatements[0].Attributes[0].Values[0].Value != "Oksana Made-Up" {
		t.Errorf("the service read %+v", got.Subject.NameID)
	}
	if _, err := sp.ParseXMLResponse([]byte(strings.Replace(doc, "status:Success", "status:Requester", 1)), []string{id}, sp.AcsURL); err == nil {
		t.Error("a changed answer is believed")
	}
	page, err := sp.MakePostLogoutRequest(got.Subject.NameID.Value, "st")
	if err != nil {
		t.Fatal(err)
	}
	p = b.follow(b.crossPost(saml.PathSLO, url.Values{"SAMLRequest": {html.UnescapeString(between(string(page), `name="SAMLRequest" value="`, `"`))}, "RelayState": {"st"}}))
	if p.posted["action"] != sp.SloURL.String() {
		t.Fatalf("answered %d %s %v\n%s", p.status, p.header.Get("X-Fault"), p.posted, r.logged())
	}
	if err := sp.ValidateLogoutResponseForm(p.posted["SAMLResponse"]); err != nil {
		t.Errorf("the service does not believe the logout: %v", err)
	}
	if _, alive := b.session(); alive {
		t.Error("the session lives on")
	}
	t.Run("a logout whose document is signed, over the binding that signs queries", func(t *testing.T) {
		u, err := sp.MakeRedirectLogoutRequest(got.Subject.NameID.Value, "st")
		if err != nil {
			t.Fatal(err)
		}
		if p := b.follow(b.get(u.String())); p.posted["action"] != sp.SloURL.String() {
			t.Errorf("answered %d %s", p.status, p.header.Get("X-Fault"))
		}
	})
}

func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	return path
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// xmlsec verifies the signature over one element by the published certificate.
func (r *rig) xmlsec(t *testing.T, doc, element string, more ...string) {
	t.Helper()
	path := program(t, "xmlsec1")
	args := append([]string{"--verify", "--pubkey-cert-pem", file(t, "cert.pem", inPEM("CERTIFICATE", r.certificate().Raw)), "--id-attr:ID", element}, more...)
	out, err := exec.Command(path, append(args, file(t, "doc.xml", doc))...).CombinedOutput()
	if err != nil {
		t.Errorf("xmlsec1 refuses %s: %s", element, out)
	}
}

func TestInterop_xmlsec1_verifies_response_assertion_and_metadata(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256"} {
		t.Run(alg, func(t *testing.T) {
			program(t, "xmlsec1")
			r := newRig(t)
			r.provider.Alg = alg
			b := r.browser()
			doc := b.signIn(r.ask()).message("SAMLResponse")
			assertion := []string{"--id-attr:ID", format.NSAssertion + ":Assertion"}
			r.xmlsec(t, doc, format.NSProtocol+":Response", append(assertion, "--node-xpath", "/*/*[local-name()='Signature']")...)
			r.xmlsec(t, doc, format.NSAssertion+":Assertion", "--node-xpath", "/*/*[local-name()='Assertion']/*[local-name()='Signature']")
			r.xmlsec(t, b.get(saml.PathMetadata).body, format.NSMetadata+":EntityDescriptor")
			a := r.ask()
			a.Version = "1.1"
			r.xmlsec(t, b.begin(r.signed(a.xml()), "").message("SAMLResponse"), format.NSProtocol+":Response")
		})
	}
}

func TestInterop_xmlsec1_decrypts_and_verifies_the_assertion(t *testing.T) {
	path := program(t, "xmlsec1")
	r := newRig(t)
	key := rsaKey(t)
	s := r.shop()
	s.SAML.EncryptTo = certified(t, key, r.clock())
	r.register(s)
	doc := r.browser().signIn(r.ask()).message("SAMLResponse")
	r.xmlsec(t, doc, format.NSProtocol+":Response")
	plain := filepath.Join(t.TempDir(), "plain.xml")
	out, err := exec.Command(path, "--decrypt", "--privkey-pem", file(t, "key.pem", inPEM("PRIVATE KEY", pkcs8(t, key))), "--output", plain, file(t, "doc.xml", doc)).CombinedOutput()
	if err != nil {
		t.Fatalf("%s", out)
	}
	text, err := os.ReadFile(plain)
	if err != nil || !strings.Contains(string(text), "Made-Up") {
		t.Fatalf("%v: %s", err, text)
	}
	r.xmlsec(t, string(text), format.NSAssertion+":Assertion", "--node-xpath", "//*[local-name()='Assertion']/*[local-name()='Signature']")
}

func pkcs8(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// schemas are those of Debian's opensaml-schemas and xmltooling-schemas; catalog finds there what they import from the network.
const (
	schemas = "/usr/share/xml/"
	catalog = `<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
<system systemId="http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd" uri="` + schemas + `xmltooling/xmldsig-core-schema.xsd"/>
<system systemId="http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd" uri="` + schemas + `xmltooling/xenc-schema.xsd"/>
<system systemId="http://www.w3.org/2001/xml.xsd" uri="` + schemas + `xmltooling/xml.xsd"/>
</catalog>`
)

func TestInterop_xmllint_finds_every_message_and_the_metadata_valid(t *testing.T) {
	lint := program(t, "xmllint")
	for _, needed := range []string{"opensaml/saml-schema-protocol-2.0.xsd", "xmltooling/xmldsig-core-schema.xsd"} {
		if _, err := os.Stat(schemas + needed); err != nil {
			t.Skip("opensaml-schemas and xmltooling-schemas are not installed")
		}
	}
	found := file(t, "catalog.xml", catalog)
	r := newRig(t)
	b := r.browser()
	in := r.opened(b, r.other("alpha", "post"))
	failed := r.ask()
	failed.Version = "1.1"
	enc := r.shop()
	enc.SAML.EncryptTo = certified(t, rsaKey(t), r.clock())
	documents := map[string]string{
		"metadata": b.get(saml.PathMetadata).body, "response": b.signIn(r.ask()).message("SAMLResponse"), "refusal": b.begin(r.signed(failed.xml()), "").message("SAMLResponse"),
	}
	r.register(enc)
	documents["encrypted response"] = b.signIn(r.ask()).message("SAMLResponse")
	p := b.logout("POST", r.logout(in.name, in.index))
	documents["logout request"] = p.message("SAMLRequest")
	id := between(documents["logout request"], ` ID="`, `"`)
	p = b.follow(b.crossPost(saml.PathSLO, form("SAMLResponse", r.agrees(id, "https://alpha.example/saml", format.StatusSuccess), "")))
	documents["logout response"] = p.message("SAMLResponse")
	for name, doc := range documents {
		t.Run(name, func(t *testing.T) {
			schema := "saml-schema-protocol-2.0.xsd"
			if name == "metadata" {
				schema = "saml-schema-metadata-2.0.xsd"
			}
			cmd := exec.Command(lint, "--nonet", "--noout", "--schema", schemas+"opensaml/"+schema, file(t, "doc.xml", doc))
			cmd.Env = append(os.Environ(), "XML_CATALOG_FILES="+found)
			if out, err := cmd.CombinedOutput(); err != nil || doc == "" {
				t.Errorf("%s", out)
			}
		})
	}
}

func TestMetadata_names_keys_addresses_and_attributes(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	p := b.get(saml.PathMetadata)
	if p.status != http.StatusOK || p.header.Get("Content-Type") != "application/samlmetadata+xml" || p.header.Get("Cache-Control") != "public, max-age=600" {
		t.Fatalf("answered %d %v", p.status, p.header)
	}
	var us crewjam.EntityDescriptor
	if err := xml.Unmarshal([]byte(p.body), &us); err != nil {
		t.Fatal(err)
	}
	idp := us.IDPSSODescriptors[0]
	if us.EntityID != r.server.URL+saml.PathMetadata || !*idp.WantAuthnRequestsSigned || len(idp.SingleSignOnServices) != 2 || len(idp.SingleLogoutServices) != 2 ||
		len(idp.NameIDFormats) != 2 || len(idp.Attributes) < 15 || !us.ValidUntil.Equal(r.clock().Add(7*24*time.Hour)) || us.CacheDuration != time.Hour {
		t.Errorf("published %+v", us)
	}
	if b.get(saml.PathMetadata).body != p.body {
		t.Error("signed anew at each visit")
	}
	r.advance(11 * time.Minute)
	if b.get(saml.PathMetadata).body == p.body {
		t.Error("never signed anew")
	}
}

func TestA17_keys_roll_over_through_the_metadata(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	tend := func() {
		t.Helper()
		r.advance(time.Minute)
		if err := r.keys.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	published := func() []string {
		r.advance(31 * time.Second)
		var certs []string
		for _, part := range strings.Split(b.get(saml.PathMetadata).body, "<ds:X509Certificate>")[1:] {
			cert, _, _ := strings.Cut(part, "<")
			certs = append(certs, cert)
		}
		return certs
	}
	tend()
	before := published()
	if len(before) != 2 || before[0] == before[1] {
		t.Fatalf("published %d certificates", len(before))
	}
	if err := r.keys.Rotate(t.Context(), "ES256"); err != nil {
		t.Fatal(err)
	}
	after := published()
	if len(after) != 3 || after[0] != before[1] || after[2] != before[0] {
		t.Errorf("the next key is not first, or the old one is gone: %d", len(after))
	}
	if o := r.read(b.signIn(r.ask())); o.status != format.StatusSuccess {
		t.Errorf("answered %+v", o)
	}
	r.advance(48 * time.Hour)
	tend()
	if last := published(); len(last) != 2 || last[0] != after[0] || last[1] == before[0] {
		t.Errorf("the retired key is still published: %d", len(last))
	}
}
