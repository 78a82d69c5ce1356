package fasaml_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chave/internal/core/service"
)

func formOf(doc []byte) url.Values {
	return url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(doc)}}
}

// schema finds the protocol schema: the one that services of this wire validate against, or the standard's as Debian's opensaml-schemas installs it.
func schema(t *testing.T) string {
	t.Helper()
	contracts := os.Getenv("CHAVE_CONTRACTS")
	if contracts == "" {
		contracts = "../../../../shared/data/contracts"
	}
	for _, path := range []string{filepath.Join(contracts, "saml", "saml-schema-protocol-2.0.xsd"), "/usr/share/xml/opensaml/saml-schema-protocol-2.0.xsd"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skip("no SAML schemas: neither CHAVE_CONTRACTS nor opensaml-schemas")
	return ""
}

// catalog finds, in Debian's xmltooling-schemas, what the standard's schema imports from the network.
func catalog(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalog.xml")
	text := `<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">`
	for imported, file := range map[string]string{
		"http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd": "xmldsig-core-schema.xsd",
		"http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd":          "xenc-schema.xsd",
	} {
		text += fmt.Sprintf(`<system systemId="%s" uri="file:///usr/share/xml/xmltooling/%s"/>`, imported, file)
	}
	if err := os.WriteFile(path, []byte(text+`</catalog>`), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// judge lets xmlsec1 verify a response of ours under the ring's certificate, its assertion too if that is signed, and xmllint validate it. What is not installed is left out.
func judge(t *testing.T, r *rig, doc []byte) {
	t.Helper()
	dir := t.TempDir()
	active, err := r.keys.Active(t.Context(), "RSA-2048")
	if err != nil {
		t.Fatal(err)
	}
	file, cert := filepath.Join(dir, "answer.xml"), filepath.Join(dir, "cert.der")
	for path, content := range map[string][]byte{file: doc, cert: active.Cert} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := xmlsec(t, file, cert, doc); err != nil {
		t.Error(err)
	}
	if tool, err := exec.LookPath("xmllint"); err == nil {
		lint := exec.CommandContext(t.Context(), tool, "--nonet", "--noout", "--schema", schema(t), file)
		lint.Env = append(os.Environ(), "XML_CATALOG_FILES="+catalog(t))
		out, err := lint.CombinedOutput()
		if err != nil {
			t.Errorf("xmllint: %v\n%s\n%s", err, out, doc)
		}
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(doc), entity, "https://xx.example.test", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("xmlsec1"); err == nil && xmlsec(t, file, cert, doc) == nil {
		t.Error("xmlsec1 accepts a changed document: this test proves nothing")
	}
}

func xmlsec(t *testing.T, file, cert string, doc []byte) error {
	t.Helper()
	if tool, err := exec.LookPath("xmlsec1"); err == nil {
		nodes := []string{"/*/*[local-name()='Signature']"}
		if strings.Count(string(doc), "<Signature ") == 2 {
			nodes = append(nodes, "/*/*[local-name()='Assertion']/*[local-name()='Signature']")
		}
		for _, node := range nodes {
			args := []string{"--verify", "--enabled-key-data", "x509", "--trusted-der", cert, "--pubkey-cert-der", cert, "--node-xpath", node}
			for _, element := range []string{"protocol:Response", "protocol:LogoutResponse", "assertion:Assertion"} {
				args = append(args, "--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:"+element)
			}
			if out, err := exec.CommandContext(t.Context(), tool, append(args, file)...).CombinedOutput(); err != nil {
				return fmt.Errorf("xmlsec1 at %s: %w\n%s", node, err, out)
			}
		}
	}
	return nil
}

func TestAnswers_hold_before_xmlsec1_and_the_schemas(t *testing.T) {
	for _, tool := range []string{"xmlsec1", "xmllint"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed")
		}
	}
	schema(t)
	r := newRig(t)
	for _, profile := range []string{"modern", "observed", "legacy"} {
		t.Run(profile, func(t *testing.T) {
			r.register(sp(func(s *service.Settings) {
				s.SAML.Signature, s.Compat = profile, map[service.Switch]service.Allowance{service.LegacySHA1: {}}
			}))
			b := r.browser()
			judge(t, r, []byte(r.answer(b.signIn(r.ask())).raw))
			judge(t, r, []byte(r.answer(b.send(r.ask(func(a *authn) { a.Version = "1.0" }))).raw))
			p := b.send(r.logout("", nameIDElement))
			judge(t, r, []byte(r.answer(b.get(p.location.String())).raw))
		})
	}
}
