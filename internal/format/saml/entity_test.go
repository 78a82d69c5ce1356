package saml

import (
	"crypto"
	"crypto/elliptic"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chave/internal/format/xmldsig"
)

// keyDescriptor writes one the way a service's library does.
func keyDescriptor(use string, certificate []byte, methods ...string) string {
	if use != "" {
		use = ` use="` + use + `"`
	}
	s := `<md:KeyDescriptor` + use + `><ds:KeyInfo xmlns:ds="` + NSDSig + `"><ds:X509Data><ds:X509Certificate>` + "\n" + text64(certificate) + "\n" + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
	for _, m := range methods {
		s += `<md:EncryptionMethod Algorithm="` + m + `"/>`
	}
	return s + `</md:KeyDescriptor>`
}

const (
	entityHead = `<?xml version="1.0" encoding="UTF-8"?>
<!-- kept by hand -->
<md:EntityDescriptor xmlns:md="` + NSMetadata + `" entityID="https://sp.example.test/metadata" validUntil="2030-01-02T03:04:05Z">
<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="1" protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol ` + NSProtocol + `">
`
	entityTail = `</md:SPSSODescriptor>
<md:Organization><md:OrganizationName xml:lang="pt">e</md:OrganizationName><md:OrganizationDisplayName xml:lang="pt">Exemplo <!-- , -->Lda</md:OrganizationDisplayName><md:OrganizationURL xml:lang="pt">https://e.test</md:OrganizationURL></md:Organization>
</md:EntityDescriptor>`
	logoutPart = `<md:SingleLogoutService Binding="` + BindingRedirect + `" Location="https://sp.example.test/slo" ResponseLocation="https://sp.example.test/slo/done"/>`
	acsPart    = `<md:AssertionConsumerService Binding="` + BindingPOST + `" Location="https://sp.example.test/acs" index="0"/>`
)

func TestParseEntity_reads_a_service(t *testing.T) {
	one, two := certify(t, rsaKey()), certify(t, p256())
	doc := entityHead + keyDescriptor("signing", two) + keyDescriptor("", one, "http://www.w3.org/2009/xmlenc11#aes128-gcm", "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p") +
		logoutPart + `<md:NameIDFormat> ` + NameIDPersistent + ` </md:NameIDFormat>` + acsPart +
		`<md:AssertionConsumerService Binding="` + BindingPOST + `" Location="http://127.0.0.1:8080/acs?x=1" index="65535" isDefault="true"/>` + entityTail
	e, err := ParseEntity([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if e.EntityID != "https://sp.example.test/metadata" || !e.ValidUntil.Equal(time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)) || !e.AuthnRequestsSigned || !e.WantAssertionsSigned || e.DisplayName != "Exemplo Lda" {
		t.Errorf("%+v", e)
	}
	if len(e.Signing) != 2 || string(e.Signing[0].Raw) != string(two) || len(e.Encryption) != 1 || string(e.Encryption[0].Raw) != string(one) || len(e.EncryptionMethods) != 2 {
		t.Errorf("%d signing, %d encryption, %v", len(e.Signing), len(e.Encryption), e.EncryptionMethods)
	}
	if len(e.Logout) != 1 || e.Logout[0] != (Endpoint{BindingRedirect, "https://sp.example.test/slo", "https://sp.example.test/slo/done"}) || fmt.Sprint(e.NameIDFormats) != "["+NameIDPersistent+"]" {
		t.Errorf("%+v %v", e.Logout, e.NameIDFormats)
	}
	if c, ok := e.Consumer(); !ok || c.Index != 65535 || len(e.Consumers) != 2 {
		t.Errorf("%+v", c)
	}
}

// SAML metadata §2.2.3.
func TestEntity_consumer_when_none_is_named(t *testing.T) {
	yes, no := true, false
	at := func(index int, is *bool) Consumer { return Consumer{Index: index, Default: is} }
	for _, c := range []struct {
		name string
		list []Consumer
		want int
	}{
		{"the default", []Consumer{at(1, nil), at(2, &yes)}, 2},
		{"the first not marked", []Consumer{at(1, &no), at(2, nil), at(3, nil)}, 2},
		{"the first", []Consumer{at(1, &no), at(2, &no)}, 1},
	} {
		if got, ok := (Entity{Consumers: c.list}).Consumer(); !ok || got.Index != c.want {
			t.Errorf("%s: %d", c.name, got.Index)
		}
	}
	if _, ok := (Entity{}).Consumer(); ok {
		t.Error("a consumer out of nothing")
	}
}

func TestParseEntity_refuses(t *testing.T) {
	der := certify(t, rsaKey())
	good := entityHead + keyDescriptor("signing", der) + acsPart + entityTail
	t.Setenv("GODEBUG", "rsa1024min=0")
	weak, curve := certify(t, newRSA(1024)), certify(t, newEC(elliptic.P224()))
	for _, c := range []struct{ name, doc, want string }{
		{"another role", strings.ReplaceAll(good, "SPSSODescriptor", "IDPSSODescriptor"), "one SPSSODescriptor is needed, 0"},
		{"many entities", `<md:EntitiesDescriptor xmlns:md="` + NSMetadata + `"/>`, "several entities"},
		{"a message", vectorFile(t, "A.xml"), "not an EntityDescriptor"},
		{"no entityID", strings.Replace(good, "entityID", "entity", 1), "entityID"},
		{"white space in entityID", strings.Replace(good, "/metadata", "/ metadata", 1), "entityID"},
		{"SAML 1.1 alone", strings.Replace(good, " "+NSProtocol+`"`, `"`, 1), "protocolSupportEnumeration"},
		{"validUntil", strings.Replace(good, "2030-01-02T", "2030-01-02 ", 1), "validUntil of EntityDescriptor"},
		{"a boolean", strings.Replace(good, `AuthnRequestsSigned="true"`, `AuthnRequestsSigned="yes"`, 1), "AuthnRequestsSigned"},
		{"no consumer", strings.Replace(good, acsPart, "", 1), "no AssertionConsumerService"},
		{"an index twice", strings.Replace(good, acsPart, acsPart+acsPart, 1), "AssertionConsumerService 2: index"},
		{"an index too high", strings.Replace(good, `index="0"`, `index="65536"`, 1), "index"},
		{"no index", strings.Replace(good, `index="0"`, "", 1), "index"},
		{"two defaults", strings.Replace(good, acsPart, strings.Replace(acsPart, "/>", ` isDefault="1"/>`, 1)+strings.Replace(acsPart, `"0"/>`, `"1" isDefault="1"/>`, 1), 1), "2 AssertionConsumerServices"},
		{"no binding", strings.Replace(good, ` Binding="`, ` x="`, 1), "Binding is missing"},
		{"a relative address", strings.Replace(good, "https://sp.example.test/acs", "/acs", 1), "Location"},
		{"a script for an address", strings.Replace(good, "https://sp.example.test/acs", "javascript:alert(1)", 1), "Location"},
		{"a user name", strings.Replace(good, "https://sp.example.test/acs", "https://sp@evil.test/acs", 1), "Location"},
		{"a fragment", strings.Replace(good, "/acs", "/acs#x", 1), "Location"},
		{"a backslash", strings.Replace(good, "/acs", `\acs`, 1), "Location"},
		{"an answer's address", strings.Replace(good, acsPart, strings.Replace(logoutPart, "https://sp.example.test/slo/done", "ftp://x/", 1)+acsPart, 1), "ResponseLocation"},
		{"a use", strings.Replace(good, `use="signing"`, `use="both"`, 1), "use is neither"},
		{"no certificate", strings.ReplaceAll(good, "X509Certificate", "X509Cert"), "KeyDescriptor 1 holds no X509Certificate"},
		{"a certificate that is no base64", strings.Replace(good, text64(der), "***", 1), "not base64"},
		{"a certificate that is none", strings.Replace(good, text64(der), "AAAA", 1), "not a bundle"},
		{"RSA-1024", strings.Replace(good, text64(der), text64(weak), 1), "shorter than 2048"},
		{"P-224", strings.Replace(good, text64(der), text64(curve), 1), "curve"},
		{"ECDSA for encryption", entityHead + keyDescriptor("encryption", certify(t, p256())) + acsPart + entityTail, "must be RSA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, err := ParseEntity([]byte(c.doc))
			if _, ok := errors.AsType[*EntityError](err); !ok || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if e.EntityID != "" {
				t.Error("half a service came back")
			}
		})
	}
	t.Run("every problem at once", func(t *testing.T) {
		doc := strings.Replace(strings.Replace(good, "entityID", "entity", 1), acsPart, "", 1)
		if e, ok := errors.AsType[*EntityError](errorOf(ParseEntity([]byte(doc)))); !ok || len(e.Problems) != 2 {
			t.Errorf("%+v", e)
		}
	})
	t.Run("a DTD", func(t *testing.T) {
		if e, ok := errors.AsType[*xmldsig.Error](errorOf(ParseEntity([]byte("<!DOCTYPE x>" + good)))); !ok || e.Reason != xmldsig.ReasonDTD {
			t.Error(e)
		}
	})
}

func errorOf(_ Entity, err error) error { return err }

func provider(t testing.TB) IdentityProvider {
	return IdentityProvider{
		ID: "_m1", EntityID: `https://chave.example.test/saml?a=1&b="2"`, ValidUntil: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC), WantAuthnRequestsSigned: true,
		SigningCertificates: [][]byte{certify(t, rsaKey()), certify(t, p256())},
		NameIDFormats:       []string{NameIDPersistent, NameIDTransient},
		SignOn:              []Endpoint{{Binding: BindingPOST, Location: "https://chave.example.test/saml/sso"}, {Binding: BindingRedirect, Location: "https://chave.example.test/saml/sso"}},
		Logout:              []Endpoint{{BindingPOST, "https://chave.example.test/saml/slo", "https://chave.example.test/saml/slo/done"}},
		Attributes:          []AttributeName{{Name: "urn:oid:2.5.4.42", FriendlyName: "givenName"}, {Name: "http://interop.gov.pt/MDC/Cidadao/NIC", NameFormat: AttrNameURI}},
		Organization:        &Organization{Name: "chave", DisplayName: "Chave & <Co>", URL: "https://chave.example.test/"},
	}
}

func TestMetadata_is_valid_by_the_schema_signed_and_not(t *testing.T) {
	xmllint := program(t, "xmllint")
	const schema, w3c = "/usr/share/xml/opensaml/saml-schema-metadata-2.0.xsd", "/usr/share/xml/xmltooling/" // where Debian keeps them
	for _, path := range []string{schema, w3c + "xmldsig-core-schema.xsd"} {
		if _, err := os.Stat(path); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal("needs the SAML schemas (Debian: opensaml-schemas xmltooling-schemas)")
			}
			t.Skip("needs the SAML schemas (Debian: opensaml-schemas xmltooling-schemas)")
		}
	}
	dir := t.TempDir()
	catalog := `<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">` +
		`<system systemId="http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd" uri="` + w3c + `xmldsig-core-schema.xsd"/>` +
		`<system systemId="http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd" uri="` + w3c + `xenc-schema.xsd"/>` +
		`<system systemId="http://www.w3.org/2001/xml.xsd" uri="` + w3c + `xml.xsd"/></catalog>`
	if err := os.WriteFile(filepath.Join(dir, "catalog.xml"), []byte(catalog), 0o600); err != nil {
		t.Fatal(err)
	}
	plain := provider(t).Metadata()
	signed, err := xmldsig.Signer{Key: rsaKey(), Certificate: certify(t, rsaKey())}.Sign(plain)
	if err != nil {
		t.Fatal(err)
	}
	least := IdentityProvider{ID: "_m1", EntityID: "https://e.test", SignOn: []Endpoint{{Binding: BindingPOST, Location: "https://e.test/sso"}}}.Metadata()
	for name, doc := range map[string][]byte{"plain": plain, "signed": signed, "least": least} {
		path := filepath.Join(dir, name+".xml")
		if err := os.WriteFile(path, doc, 0o600); err != nil {
			t.Fatal(err)
		}
		lint := exec.CommandContext(t.Context(), xmllint, "--nonet", "--noout", "--schema", schema, path)
		lint.Env = append(os.Environ(), "XML_CATALOG_FILES="+filepath.Join(dir, "catalog.xml"))
		if said, err := lint.CombinedOutput(); err != nil {
			t.Errorf("%s: %s\n%s", name, said, doc)
		}
	}
}

func TestMetadata_signed_says_what_it_was_given(t *testing.T) {
	signed, err := xmldsig.Signer{Key: p256()}.Sign(provider(t).Metadata())
	if err != nil {
		t.Fatal(err)
	}
	v, err := xmldsig.Verify(parse(t, string(signed)), []crypto.PublicKey{p256().Public()}, xmldsig.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	if got := xmldsig.Attr(v.Root, "entityID"); got != `https://chave.example.test/saml?a=1&b="2"` {
		t.Error(got)
	}
	role := xmldsig.Child(v.Root, NSMetadata, "IDPSSODescriptor")
	if n := len(xmldsig.Children(role, NSMetadata, "KeyDescriptor")); n != 2 {
		t.Errorf("%d keys", n)
	}
	if got := xmldsig.Text(xmldsig.Child(xmldsig.Child(v.Root, NSMetadata, "Organization"), NSMetadata, "OrganizationDisplayName")); got != "Chave & <Co>" {
		t.Error(got)
	}
}
