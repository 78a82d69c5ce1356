//go:build interop

package interop

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Where Debian keeps the schemas of SAML, and those of XML signature and encryption on which they build.
const (
	samlSchemas = "/usr/share/xml/opensaml"
	w3cSchemas  = "/usr/share/xml/xmltooling"
)

// needJudges skips a test where those who judge messages are missing.
func needJudges(t *testing.T) {
	t.Helper()
	need(t, "xmlsec1", installed("xmlsec1"))
	need(t, "xmllint (Debian: libxml2-utils)", installed("xmllint"))
	need(t, "the SAML schemas (Debian: opensaml-schemas xmltooling-schemas)", exists(samlSchemas) && exists(w3cSchemas))
}

// valid wants a message to be valid by Debian's schemas, and by those that Autenticação.Gov hands out with its example, where they are present.
// schema is protocol or metadata.
func valid(t *testing.T, schema, path string) {
	t.Helper()
	if err := lint(t, schema, path); err != nil {
		t.Error(err)
	}
}

func lint(t *testing.T, schema, path string) error {
	t.Helper()
	for _, dir := range []string{samlSchemas, contracts()} {
		file := filepath.Join(dir, "saml-schema-"+schema+"-2.0.xsd")
		if dir == "" || dir != samlSchemas && !exists(file) {
			continue
		}
		run := exec.CommandContext(t.Context(), "xmllint", "--nonet", "--noout", "--schema", file, path)
		run.Env = append(os.Environ(), "XML_CATALOG_FILES="+catalog(t))
		if said, err := run.CombinedOutput(); err != nil {
			return fmt.Errorf("%s is not valid by %s: %w\n%s", filepath.Base(path), file, err, said)
		}
	}
	return nil
}

// contracts is the folder of schemas that came with the contracts of others, or nothing.
func contracts() string {
	if dir := os.Getenv("CHAVE_CONTRACTS"); dir != "" {
		return filepath.Join(dir, "saml")
	}
	const beside = "../../../shared/data/contracts/saml"
	if exists(beside) {
		return beside
	}
	return ""
}

// catalog leads from the addresses that Debian's schemas name to the files that Debian has, so that nothing is fetched.
func catalog(t *testing.T) string {
	t.Helper()
	path := filepath.Join(work, "catalog.xml")
	if exists(path) {
		return path
	}
	text := `<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">`
	for address, file := range map[string]string{
		"http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd": "xmldsig-core-schema.xsd",
		"http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd":          "xenc-schema.xsd",
		"http://www.w3.org/2001/xml.xsd":                                              "xml.xsd",
	} {
		text += `<system systemId="` + address + `" uri="` + filepath.Join(w3cSchemas, file) + `"/>`
	}
	if err := os.WriteFile(path, []byte(text+`</catalog>`), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Where signatures stand: of the message itself, and of the assertion inside it.
const (
	ofMessage   = "/*/*[local-name()='Signature']"
	ofAssertion = "/*/*[local-name()='Assertion']/*[local-name()='Signature']"
)

// idElements are those whose ID a signature may refer to; without a DTD xmlsec1 must be told.
var idElements = []string{
	"urn:oasis:names:tc:SAML:2.0:protocol:Response", "urn:oasis:names:tc:SAML:2.0:protocol:LogoutResponse", "urn:oasis:names:tc:SAML:2.0:protocol:LogoutRequest",
	"urn:oasis:names:tc:SAML:2.0:assertion:Assertion", "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor",
}

// signed wants xmlsec1 to find a signature good by a certificate, which it does not take from the message.
func signed(t *testing.T, path, certificate string, where ...string) {
	t.Helper()
	if err := verify(t, path, certificate, where...); err != nil {
		t.Error(err)
	}
}

func verify(t *testing.T, path, certificate string, where ...string) error {
	t.Helper()
	known := filepath.Join(t.TempDir(), "signer.pem")
	if err := os.WriteFile(known, []byte(certificate), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, at := range where {
		args := []string{"--verify", "--enabled-key-data", "rsa,ec", "--pubkey-cert-pem", known, "--node-xpath", at}
		for _, element := range idElements {
			args = append(args, "--id-attr:ID", element)
		}
		if said, err := exec.CommandContext(t.Context(), "xmlsec1", append(args, path)...).CombinedOutput(); err != nil {
			return fmt.Errorf("xmlsec1 does not verify %s in %s: %w\n%s", at, filepath.Base(path), err, said)
		}
	}
	return nil
}

// decrypted lets xmlsec1 open what is encrypted in a message, and gives the file of what was inside it.
func decrypted(t *testing.T, path, key string) string {
	t.Helper()
	private, open := filepath.Join(t.TempDir(), "reader.pem"), filepath.Join(t.TempDir(), "open-"+filepath.Base(path))
	if err := os.WriteFile(private, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--decrypt", "--privkey-pem", private, "--output", open, "--node-xpath", "//*[local-name()='EncryptedAssertion']/*[local-name()='EncryptedData']", path}
	if said, err := exec.CommandContext(t.Context(), "xmlsec1", args...).CombinedOutput(); err != nil {
		t.Fatalf("xmlsec1 does not decrypt %s: %v\n%s", filepath.Base(path), err, said)
	}
	return open
}

// judge looks at everything that clients kept in a folder. Every message is valid and signed; where assertions is set, those of successful answers are too.
// Each judge must also say no, to the message with a letter changed and to another's certificate: one who is always pleased judges nothing.
func judge(t *testing.T, dir, certificate string, assertions bool, want ...string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	_, stranger := ownPair(t, "stranger.example")
	var seen []string
	for _, path := range found {
		name := strings.TrimSuffix(filepath.Base(path), ".xml")
		seen = append(seen, name)
		t.Run("judged "+name, func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			schema := "protocol"
			if name == "metadata" {
				schema = "metadata"
			}
			valid(t, schema, path)
			signed(t, path, certificate, ofMessage)
			if assertions && bytes.Contains(text, []byte("Assertion ")) {
				signed(t, path, certificate, ofAssertion)
			}
			changed := filepath.Join(t.TempDir(), "changed.xml")
			if err := os.WriteFile(changed, bytes.Replace(text, []byte(` Destination="h`), []byte(` destination="h`), 1), 0o600); err != nil {
				t.Fatal(err)
			}
			if verify(t, path, stranger, ofMessage) == nil || schema == "protocol" && (verify(t, changed, certificate, ofMessage) == nil || lint(t, schema, changed) == nil) {
				t.Error("the judges are pleased by anything")
			}
		})
	}
	for _, name := range want {
		if !slices.Contains(seen, name) {
			t.Errorf("there is no message %s to judge", name)
		}
	}
}
