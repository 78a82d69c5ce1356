package xmldsig

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// xmlsec1 is the independent implementation that both directions are held against.

type algorithmCase struct {
	name string
	key  func() crypto.Signer
	hash crypto.Hash
}

func algorithmCases() []algorithmCase {
	var list []algorithmCase
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		list = append(list,
			algorithmCase{"RSA " + h.String(), rsaKey, h},
			algorithmCase{"P-256 " + h.String(), p256, h},
			algorithmCase{"P-384 " + h.String(), p384, h},
			algorithmCase{"P-521 " + h.String(), p521, h})
	}
	return list
}

func forms() map[string]bool { return map[string]bool{"exclusive": false, "inclusive": true} }

// xmlsec runs the program in a folder of the test's own and returns what it says.
func xmlsec(ctx context.Context, path string, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, path, args...).CombinedOutput()
	return string(out), err
}

// keyFiles writes a test key and its certificate for xmlsec1.
func keyFiles(t *testing.T, dir string, key crypto.Signer) (private, certificate string) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	private, certificate = filepath.Join(dir, "key.pem"), filepath.Join(dir, "certificate.pem")
	write(t, private, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	write(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certify(t, key)})))
	return private, certificate
}

func write(t *testing.T, path, content string) {
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// idAttributes tells xmlsec1, which reads no schema, which attribute is the ID.
func idAttributes() []string {
	var args []string
	for _, e := range []string{"AuthnRequest", "Response", "LogoutRequest", "LogoutResponse"} {
		args = append(args, "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:"+e)
	}
	return args
}

func TestXmlsec1_verifies_what_we_sign(t *testing.T) {
	path := program(t, "xmlsec1")
	for _, c := range algorithmCases() {
		for f, inclusive := range forms() {
			t.Run(c.name+" "+f, func(t *testing.T) {
				dir := t.TempDir()
				_, certificate := keyFiles(t, dir, c.key())
				messages := []string{"A"}
				if c.hash == crypto.SHA256 && !strings.HasPrefix(c.name, "P-3") {
					messages = []string{"A", "B", "D"}
				}
				for _, message := range messages {
					doc := sign(t, file(t, message+".xml"), Signer{Key: c.key(), Certificate: certify(t, c.key()), Profile: Profile{Inclusive: inclusive, Hash: c.hash}})
					signed := filepath.Join(dir, message+".xml")
					write(t, signed, doc)
					args := append([]string{"--verify", "--pubkey-cert-pem", certificate, "--enabled-key-data", "rsa,ec,ecdsa"}, idAttributes()...)
					if out, err := xmlsec(t.Context(), path, append(args, signed)...); err != nil {
						t.Errorf("%s: %s", message, out)
					}
					write(t, signed, strings.Replace(doc, "example", "another", 1))
					if _, err := xmlsec(t.Context(), path, append(args, signed)...); err == nil {
						t.Errorf("%s: xmlsec1 verifies anything", message)
					}
				}
			})
		}
	}
}

func TestXmlsec1_signs_what_we_verify(t *testing.T) {
	path := program(t, "xmlsec1")
	for _, c := range algorithmCases() {
		for f, inclusive := range forms() {
			t.Run(c.name+" "+f, func(t *testing.T) {
				dir := t.TempDir()
				private, _ := keyFiles(t, dir, c.key())
				for i, d := range templates(t) {
					if i > 0 && (c.hash != crypto.SHA256 || strings.HasPrefix(c.name, "P-3")) {
						break // every document with RSA, P-256 and P-521, one with each other algorithm: the program takes its time
					}
					signed := xmlsecSign(t, path, dir, private, d.doc, c, inclusive, d.prefixes)
					got, err := check(signed, Policy{}, c.key().Public())
					if err != nil {
						t.Errorf("%s: %v\n%s", d.name, err, signed)
						continue
					}
					if got.Key != 0 || got.SHA1 {
						t.Errorf("%+v", got)
					}
				}
			})
		}
	}
}

// templates are documents as other libraries write them: prefixed, over lines, with declarations in odd places.
func templates(t *testing.T) []struct{ name, doc, prefixes string } {
	return []struct{ name, doc, prefixes string }{
		{"vector A", file(t, "A.xml"), ""},
		{"vector A with a prefix list", file(t, "A.xml"), "#default samlp saml ds xs xsi"},
		{"vector B", file(t, "B.xml"), ""},
		{"vector D", file(t, "D.xml"), "xsd #default"},
		{"prefixed, over lines", `<?xml version="1.0"?>
<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns="urn:unused"
    xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" xml:lang="pt"
    ProviderName="A &amp; B
C">
  <saml:Issuer>https://sp.example.test</saml:Issuer>
  <Extensions xmlns="">` + "\r\n\t" + `<x a="&#9;&#xA;&lt;'&quot;">é &gt; <![CDATA[<y>]]></x></Extensions>
</samlp:AuthnRequest>
`, "#default saml xs"},
		{"the default namespace undone before use", `<p:LogoutRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns="urn:d" ID="_a1"><Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">i</Issuer><Extensions xmlns=""><q:u xmlns:q="urn:q" xmlns:p="urn:r"/></Extensions></p:LogoutRequest>`, ""},
	}
}

// xmlsecSign fills a template by xmlsec1 itself.
func xmlsecSign(t *testing.T, path, dir, private, doc string, c algorithmCase, inclusiveInfo bool, prefixes string) string {
	_, id, _ := strings.Cut(doc, ` ID="`)
	id, _, _ = strings.Cut(id, `"`)
	infoForm := exclusive
	if inclusiveInfo {
		infoForm = inclusive
	}
	name, err := SignatureName(c.key(), c.hash)
	if err != nil {
		t.Fatal(err)
	}
	list := ""
	if prefixes != "" {
		list = `<ec:InclusiveNamespaces xmlns:ec="` + exclusive + `" PrefixList="` + prefixes + `"/>`
	}
	inInfo := ""
	if !inclusiveInfo {
		inInfo = list
	}
	signature := "\n" + `<ds:Signature xmlns:ds="` + dsig + `"><ds:SignedInfo>
  <ds:CanonicalizationMethod Algorithm="` + infoForm + `">` + inInfo + `</ds:CanonicalizationMethod>
  <ds:SignatureMethod Algorithm="` + name + `"/>
  <ds:Reference URI="#` + id + `"><ds:Transforms><ds:Transform Algorithm="` + enveloped + `"/><ds:Transform Algorithm="` + exclusive + `">` + list + `</ds:Transform></ds:Transforms>
  <ds:DigestMethod Algorithm="` + digestURI(c.hash) + `"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/></ds:Signature>`
	end := strings.Index(doc, "Issuer>")
	end += strings.Index(doc[end+7:], "Issuer>") + 14
	if strings.Contains(doc[:end], "<Issuer xmlns") { // the start tag was not counted: it has an attribute
		end = strings.Index(doc, "</Issuer>") + len("</Issuer>")
	}
	in, out := filepath.Join(dir, "template.xml"), filepath.Join(dir, "signed.xml")
	write(t, in, doc[:end]+signature+doc[end:])
	args := append([]string{"--sign", "--privkey-pem", private, "--output", out}, idAttributes()...)
	if said, err := xmlsec(t.Context(), path, append(args, in)...); err != nil {
		t.Fatal(said)
	}
	signed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

func TestXmlsec1_verifies_the_vectors_as_we_do(t *testing.T) {
	path := program(t, "xmlsec1")
	dir := t.TempDir()
	certificate := filepath.Join(dir, "certificate.pem")
	write(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: vectorCertificate(t).Raw})))
	for name, v := range vectors(t) {
		t.Run(name, func(t *testing.T) {
			signed := filepath.Join(dir, name+".xml")
			write(t, signed, v.document)
			args := append([]string{"--verify", "--pubkey-cert-pem", certificate, "--enabled-key-data", "rsa"}, idAttributes()...)
			if out, err := xmlsec(t.Context(), path, append(args, signed)...); err != nil {
				t.Error(out)
			}
		})
	}
}
