package service_test

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"chave/internal/core/service"
)

const spEntity = "https://sp.example/saml"

// metadata is a service's document; inside stands in its role.
func metadata(attrs, inside string) string {
	return `<?xml version="1.0"?><!-- kept by people --><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + spEntity + `"` + attrs + `>` +
		`<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` + inside + `</md:SPSSODescriptor></md:EntityDescriptor>`
}

func keyDescriptor(use, certificate string) string {
	block, _ := pem.Decode([]byte(certificate))
	return `<md:KeyDescriptor` + use + `><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
		base64.StdEncoding.EncodeToString(block.Bytes) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
}

const (
	consumers = `<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact" Location="https://sp.example/art" index="0"/>` +
		`<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs" index="1"/>` +
		`<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/first" index="2" isDefault="true"/>`
	logouts = `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://sp.example/soap"/>` +
		`<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/slo-post"/>` +
		`<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://sp.example/slo-get"/>`
)

func byMetadata(text string) service.Settings {
	s := known()
	s.SAML = &service.SAML{Wire: service.WireSAML, Metadata: text}
	return s
}

func TestMetadata_fills_what_a_registration_leaves_empty(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	signing, next, hidden := certificate(t, 2048, now, now.AddDate(1, 0, 0)), certificate(t, 2048, now, now.AddDate(2, 0, 0)), certificate(t, 2048, now, now.AddDate(1, 0, 0))
	text := metadata("", keyDescriptor(` use="signing"`, signing)+keyDescriptor(` use="signing"`, next)+keyDescriptor(` use="encryption"`, hidden)+logouts+consumers)
	made, err := service.NewAt(byMetadata(text), noVault{}, now)
	if err != nil {
		t.Fatal(err)
	}
	one := made.SAML
	if one.Issuer != spEntity || strings.Join(one.ACS, " ") != "https://sp.example/first https://sp.example/acs" {
		t.Errorf("issuer %s, addresses %v", one.Issuer, one.ACS)
	}
	if one.Logout != "https://sp.example/slo-get" || one.LogoutBinding != "redirect" {
		t.Errorf("logout by %s to %s", one.LogoutBinding, one.Logout)
	}
	if len(one.Certificates) != 2 || one.Certificates[0] != signing || one.EncryptTo != hidden {
		t.Errorf("%d certificates", len(one.Certificates))
	}
	if names := made.Names(); len(names) != 1 || names[0].Name != spEntity {
		t.Errorf("known as %v", names)
	}
	t.Run("and leaves what the operator wrote", func(t *testing.T) {
		s := byMetadata(text)
		s.SAML.Issuer, s.SAML.ACS, s.SAML.LogoutBinding = spEntity, []string{"https://sp.example/acs"}, "post"
		made, err := service.NewAt(s, noVault{}, now)
		if err != nil {
			t.Fatal(err)
		}
		if len(made.SAML.ACS) != 1 || made.SAML.Logout != "https://sp.example/slo-post" || made.SAML.LogoutBinding != "post" {
			t.Errorf("registered %+v", made.SAML)
		}
		if s.SAML.Logout != "" || len(s.SAML.Certificates) != 0 {
			t.Error("the caller's settings were written to")
		}
	})
	t.Run("a key for both is for both", func(t *testing.T) {
		made, err := service.NewAt(byMetadata(metadata("", keyDescriptor("", signing)+consumers)), noVault{}, now)
		if err != nil || made.SAML.EncryptTo != signing || made.SAML.Certificates[0] != signing || made.SAML.Logout != "" || made.SAML.LogoutBinding != "post" {
			t.Errorf("%v: %+v", err, made.SAML)
		}
	})
}

func TestMetadata_every_problem_is_told(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	key := keyDescriptor("", certificate(t, 2048, now, now.AddDate(1, 0, 0)))
	for _, c := range []struct{ name, text, path, says string }{
		{"not XML", "hello", "saml.metadata", "cannot be read as XML"},
		{"a DTD", "<!DOCTYPE a>" + metadata("", key+consumers), "saml.metadata", "cannot be read as XML"},
		{"another document", "<a/>", "saml.metadata", "not an EntityDescriptor"},
		{"ended", metadata(` validUntil="2026-11-22T23:59:59Z"`, key+consumers), "saml.metadata", "ended on 2026-11-22"},
		{"no consumer", metadata("", key), "saml.metadata", "no AssertionConsumerService"},
		{"no consumer by POST", metadata("", key+strings.ReplaceAll(consumers, "HTTP-POST", "PAOS")), "saml.metadata", "for HTTP-POST"},
		{"plain http", metadata("", key+strings.ReplaceAll(consumers, "https://sp", "http://sp")), "saml.acs[0]", "plain http"},
		{"no key", metadata("", consumers), "saml.certificates", "must be signed"},
		{"a short key", metadata("", keyDescriptor("", certificate(t, 1024, now, now.AddDate(1, 0, 0)))+consumers), "saml.metadata", "shorter than 2048"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := service.NewAt(byMetadata(c.text), noVault{}, now)
			wantProblem(t, err, c.path, c.says)
		})
	}
	t.Run("another entity id", func(t *testing.T) {
		s := byMetadata(metadata("", key+consumers))
		s.SAML.Issuer = "https://other.example"
		_, err := service.NewAt(s, noVault{}, now)
		wantProblem(t, err, "saml.issuer", spEntity)
	})
	t.Run("loopback may be plain http, and one still valid is taken", func(t *testing.T) {
		text := metadata(` validUntil="2026-11-24T00:00:00Z"`, key+strings.ReplaceAll(consumers, "https://sp.example", "http://127.0.0.1:8105"))
		if _, err := service.NewAt(byMetadata(text), noVault{}, now); err != nil {
			t.Error(err)
		}
	})
}

func wantProblem(t *testing.T, err error, path, says string) {
	t.Helper()
	var problems service.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	for _, p := range problems {
		if p.Path == path && strings.Contains(p.Says, says) {
			return
		}
	}
	t.Errorf("%s: …%s… is not told, but\n%v", path, says, problems)
}
