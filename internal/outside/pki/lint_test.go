package pki_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"chave/internal/outside/pki/lint"
)

// samples are certificates as an authority issues them, one of each kind.
func samples(t *testing.T) map[lint.Kind]lint.Candidate {
	t.Helper()
	h := open(t)
	a := h.node(t)
	issued := issue(t, h, a)
	tsa, err := a.TimestampCertificate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	issuing, root := parse(t, issued.Chain[1]), parse(t, issued.Chain[2])
	all := map[lint.Kind]lint.Candidate{}
	for kind, pair := range map[lint.Kind][2]*x509.Certificate{
		lint.Root: {root, nil}, lint.Issuing: {issuing, root}, lint.TSA: {tsa, issuing}, lint.OCSP: {ask(t, a, issued).Certificate, issuing}, lint.Person: {parse(t, issued.DER), issuing},
	} {
		all[kind] = lint.Candidate{
			Kind: kind, Cert: pair[0], Issuer: pair[1], Arc: asn1.ObjectIdentifier{2, 999, 27}, Address: "http://id.example", MaxLife: 25 * 366 * 24 * time.Hour, Label: "test - not qualified",
		}
	}
	return all
}

func drop(c *x509.Certificate, id string) {
	var kept = c.Extensions[:0:0]
	for _, e := range c.Extensions {
		if e.Id.String() != id {
			kept = append(kept, e)
		}
	}
	c.Extensions = kept
}

func critical(c *x509.Certificate, id string, yes bool) {
	c.Extensions = append(c.Extensions[:0:0], c.Extensions...)
	for i := range c.Extensions {
		if c.Extensions[i].Id.String() == id {
			c.Extensions[i].Critical = yes
		}
	}
}

// TestS8_every_rule_refuses_what_it_is_for spoils a good certificate in one way each; the rule named first must be the one that complains.
func TestS8_every_rule_refuses_what_it_is_for(t *testing.T) {
	good := samples(t)
	for kind, c := range good {
		if err := lint.Check(c); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	subject := func(old, fresh string) func(*lint.Candidate) {
		return func(c *lint.Candidate) {
			if len(old) != len(fresh) || !bytes.Contains(c.Cert.RawSubject, []byte(old)) {
				t.Fatalf("%q is no spoiling of the name", old)
			}
			c.Cert.RawSubject = bytes.Replace(c.Cert.RawSubject, []byte(old), []byte(fresh), 1)
		}
	}
	covered := map[string]bool{}
	for _, c := range []struct {
		rule  string
		kind  lint.Kind
		what  string
		spoil func(*lint.Candidate)
	}{
		{"version", lint.Person, "version 1", func(c *lint.Candidate) { c.Cert.Version = 1 }},
		{"serial", lint.Person, "counted", func(c *lint.Candidate) { c.Cert.SerialNumber = big.NewInt(7) }},
		{"serial", lint.Person, "negative", func(c *lint.Candidate) { c.Cert.SerialNumber = big.NewInt(-7) }},
		{"serial", lint.Person, "too long", func(c *lint.Candidate) { c.Cert.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 140) }},
		{"signature_algorithm", lint.Person, "SHA-1", func(c *lint.Candidate) { c.Cert.SignatureAlgorithm = x509.SHA1WithRSA }},
		{"validity", lint.Person, "backwards", func(c *lint.Candidate) { c.Cert.NotAfter = c.Cert.NotBefore }},
		{"validity", lint.Person, "too long", func(c *lint.Candidate) { c.MaxLife = time.Hour }},
		{"validity", lint.Person, "longer than its issuer", func(c *lint.Candidate) { c.Issuer.NotAfter = c.Cert.NotBefore }},
		{"issuer", lint.Person, "another issuer's name", func(c *lint.Candidate) { c.Cert.RawIssuer = c.Cert.RawSubject }},
		{"issuer", lint.Person, "an issuer that may not", func(c *lint.Candidate) { c.Issuer.IsCA = false }},
		{"issuer", lint.Issuing, "below the last one", func(c *lint.Candidate) { c.Issuer.MaxPathLenZero = true }},
		{"issuer", lint.Root, "issued by somebody", func(c *lint.Candidate) { c.Cert.RawIssuer = nil }},
		{"subject_order", lint.Person, "CN and serialNumber exchanged", subject("\x55\x04\x05", "\x55\x04\x03")},
		{"subject_order", lint.TSA, "a strange attribute", subject("\x55\x04\x0b", "\x55\x04\x41")},
		{"subject_strings", lint.Person, "country as UTF8String", subject("\x55\x04\x06\x13", "\x55\x04\x06\x0c")},
		{"subject_strings", lint.Person, "a control character", subject("BANDEIRINHA", "BANDEIR\x1bNHA")},
		{"subject_strings", lint.Person, "a space at the end", subject("BANDEIRINHA", "BANDEIRINH ")},
		{"subject_number", lint.Person, "no form", func(c *lint.Candidate) { c.Cert.Subject.SerialNumber = "12345678" }},
		{"subject_number", lint.Person, "with the check digit", func(c *lint.Candidate) { c.Cert.Subject.SerialNumber = "BI123456789" }},
		{"subject_number", lint.TSA, "an authority's", func(c *lint.Candidate) { c.Cert.Subject.SerialNumber = "BI12345678" }},
		{"key", lint.Person, "RSA-2048", func(c *lint.Candidate) {
			c.Cert.PublicKey = &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}
		}},
		{"key", lint.Person, "exponent 3", func(c *lint.Candidate) {
			c.Cert.PublicKey = &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 3071), E: 3}
		}},
		{"key", lint.Person, "an even modulus", func(c *lint.Candidate) {
			c.Cert.PublicKey = &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 3071), E: 65537}
		}},
		{"key", lint.Person, "P-521", func(c *lint.Candidate) { c.Cert.PublicKey = &ecdsa.PublicKey{Curve: elliptic.P521()} }},
		{"identifiers", lint.Person, "another key's", func(c *lint.Candidate) { c.Cert.SubjectKeyId = c.Cert.AuthorityKeyId }},
		{"identifiers", lint.Person, "not the issuer's", func(c *lint.Candidate) { c.Cert.AuthorityKeyId = c.Cert.SubjectKeyId }},
		{"basic_constraints", lint.Person, "an authority", func(c *lint.Candidate) { c.Cert.IsCA = true }},
		{"basic_constraints", lint.Person, "not critical", func(c *lint.Candidate) { critical(c.Cert, "2.5.29.19", false) }},
		{"basic_constraints", lint.Issuing, "authorities below", func(c *lint.Candidate) { c.Cert.MaxPathLenZero = false }},
		{"key_usage", lint.Person, "signs in", func(c *lint.Candidate) { c.Cert.KeyUsage |= x509.KeyUsageDigitalSignature }},
		{"key_usage", lint.TSA, "signs documents", func(c *lint.Candidate) { c.Cert.KeyUsage = x509.KeyUsageContentCommitment }},
		{"extended_key_usage", lint.TSA, "not critical", func(c *lint.Candidate) { critical(c.Cert, "2.5.29.37", false) }},
		{"extended_key_usage", lint.TSA, "two uses", func(c *lint.Candidate) { c.Cert.ExtKeyUsage = append(c.Cert.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning) }},
		{"extended_key_usage", lint.OCSP, "none", func(c *lint.Candidate) { c.Cert.ExtKeyUsage = nil }},
		{"extended_key_usage", lint.Person, "some", func(c *lint.Candidate) { c.Cert.Extensions = good[lint.TSA].Cert.Extensions }},
		{"no_check", lint.OCSP, "missing", func(c *lint.Candidate) { drop(c.Cert, "1.3.6.1.5.5.7.48.1.5") }},
		{"no_check", lint.Person, "a person's", func(c *lint.Candidate) { c.Cert.Extensions = good[lint.OCSP].Cert.Extensions }},
		{"addresses", lint.Person, "no responder", func(c *lint.Candidate) { c.Cert.OCSPServer = nil }},
		{"addresses", lint.Person, "somebody else's list", func(c *lint.Candidate) { c.Cert.CRLDistributionPoints = []string{"http://id.example.org/a.crl"} }},
		{"policies", lint.Person, "none", func(c *lint.Candidate) { c.Cert.PolicyIdentifiers = nil }},
		{"policies", lint.Person, "the state's", func(c *lint.Candidate) {
			c.Cert.PolicyIdentifiers = []asn1.ObjectIdentifier{{2, 999, 27, 1}, {2, 16, 620, 1, 1, 1, 2, 10}}
		}},
		{"policies", lint.Person, "a qualified one", func(c *lint.Candidate) {
			c.Cert.PolicyIdentifiers = []asn1.ObjectIdentifier{{2, 999, 27, 1}, {0, 4, 0, 194112, 1, 2}}
		}},
		{"policies", lint.Person, "any", func(c *lint.Candidate) { c.Cert.PolicyIdentifiers = []asn1.ObjectIdentifier{lint.AnyPolicy} }},
		{"policies", lint.Root, "a root's", func(c *lint.Candidate) { c.Cert.PolicyIdentifiers = []asn1.ObjectIdentifier{{2, 999, 27, 1}} }},
		{"label", lint.Person, "T8 no label in the name", func(c *lint.Candidate) { c.Cert.Subject.OrganizationalUnit = []string{"Cidadão"} }},
		{"label", lint.TSA, "T8 no label in the policy", func(c *lint.Candidate) { drop(c.Cert, "2.5.29.32") }},
		{"label", lint.Root, "T8 no label is set", func(c *lint.Candidate) { c.Label = "" }},
		{"statements", lint.Person, "T8 qualified without a word of it", func(c *lint.Candidate) { c.Qualified = true }},
		{"birth_date", lint.Person, "missing", func(c *lint.Candidate) { drop(c.Cert, "2.5.29.9") }},
		{"birth_date", lint.TSA, "an authority's", func(c *lint.Candidate) { c.Cert.Extensions = good[lint.Person].Cert.Extensions }},
		{"birth_date", lint.Person, "not born", func(c *lint.Candidate) { c.Cert.NotBefore = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"extensions", lint.Person, "twice", func(c *lint.Candidate) { c.Cert.Extensions = append(c.Cert.Extensions, c.Cert.Extensions[0]) }},
		{"extensions", lint.Person, "critical policies", func(c *lint.Candidate) { critical(c.Cert, "2.5.29.32", true) }},
		{"extensions", lint.Person, "one that no rule reads", func(c *lint.Candidate) {
			c.Cert.Extensions = append(c.Cert.Extensions[:0:0], c.Cert.Extensions...)
			c.Cert.Extensions[0].Id = asn1.ObjectIdentifier{2, 5, 29, 17}
		}},
	} {
		t.Run(c.rule+" "+string(c.kind)+" "+c.what, func(t *testing.T) {
			one := good[c.kind]
			cert := *one.Cert
			one.Cert = &cert
			if one.Issuer != nil {
				issuer := *one.Issuer
				one.Issuer = &issuer
			}
			c.spoil(&one)
			covered[c.rule] = true
			for _, r := range lint.Rules() {
				if r.Name == c.rule && r.Check(one) == nil {
					t.Error("is let through")
				}
			}
			if err := lint.Check(one); err == nil || !strings.Contains(err.Error(), c.rule+" (") {
				t.Errorf("%v", err)
			}
		})
	}
	for _, r := range lint.Rules() {
		if !covered[r.Name] || r.Source == "" {
			t.Errorf("rule %s has no test or no source", r.Name)
		}
	}
}

// What auditors read and what refuses are the same: docs/certificate-profile.md names every rule.
func TestS8_the_profile_names_every_rule(t *testing.T) {
	text, err := os.ReadFile("../../../docs/certificate-profile.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range lint.Rules() {
		if !bytes.Contains(text, []byte("`"+r.Name+"`")) {
			t.Errorf("rule %s stands in no table", r.Name)
		}
		if _, err := os.Stat("lint/" + r.Name + ".go"); err != nil {
			t.Errorf("rule %s has no file of its own", r.Name)
		}
	}
}
