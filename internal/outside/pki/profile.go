package pki

import (
	"crypto/x509"
	"encoding/asn1"
	"time"

	"chave/internal/outside/pki/lint"
)

// profile is what a certificate of one kind looks like, as data. docs/certificate-profile.md says the same in sentences, and package lint checks it in the bytes.
type profile struct {
	kind        lint.Kind
	life        time.Duration // longest
	usage       x509.KeyUsage
	extended    x509.ExtKeyUsage // 0 is any, which no profile of ours has: none
	authority   bool
	lastBelow   bool // no authority below it
	policy      []int
	anyPolicy   bool
	asksStatus  bool // says where the responder is
	listed      bool // says where the list is
	hasIssuer   bool // says where the issuer's certificate is
	noCheck     bool
	aboutPerson bool
}

// The policies below the operator's arc.
var (
	policyPerson = []int{1, 1}
	policyOCSP   = []int{1, 2}
	policyTSA    = []int{1, 3}
	policyTime   = []int{2, 1} // what a timestamp token names (RFC 3161 §2.4.2)
)

func profileOf(kind lint.Kind) profile {
	const ca = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	switch kind {
	case lint.Root:
		return profile{kind: kind, life: rootLife, usage: ca, authority: true}
	case lint.Issuing:
		return profile{kind: kind, life: issuingLife, usage: ca, authority: true, lastBelow: true, anyPolicy: true, listed: true, hasIssuer: true}
	case lint.OCSP:
		return profile{kind: kind, life: ocspLife, usage: x509.KeyUsageDigitalSignature, extended: x509.ExtKeyUsageOCSPSigning, policy: policyOCSP, hasIssuer: true, noCheck: true}
	case lint.TSA:
		return profile{
			kind: kind, life: tsaLife, usage: x509.KeyUsageDigitalSignature, extended: x509.ExtKeyUsageTimeStamping, policy: policyTSA,
			asksStatus: true, listed: true, hasIssuer: true,
		}
	}
	return profile{
		kind: lint.Person, life: MaxPersonLife, usage: x509.KeyUsageContentCommitment, policy: policyPerson, asksStatus: true, listed: true, hasIssuer: true, aboutPerson: true,
	}
}

// under is an identifier below the operator's arc.
func (p *Profiles) under(parts []int) asn1.ObjectIdentifier {
	return append(append(asn1.ObjectIdentifier{}, p.arc...), parts...)
}

// The addresses below Settings.Address. internal/wire/pki serves them.
func (p *Profiles) ocspAddress() string         { return p.settings.Address + "/pki/ocsp" }
func (p *Profiles) crlAddress(id string) string { return p.settings.Address + "/pki/" + id + ".crl" }
func (p *Profiles) cerAddress(id string) string { return p.settings.Address + "/pki/" + id + ".cer" }

// TimestampAddress is where timestamps are to be had.
func (p *Profiles) TimestampAddress() string { return p.settings.Address + "/pki/tsa" }

// candidate is what the linter is asked about.
func (p *Profiles) candidate(kind lint.Kind, cert, issuer *x509.Certificate) lint.Candidate {
	return lint.Candidate{
		Kind: kind, Cert: cert, Issuer: issuer, Arc: p.arc, Address: p.settings.Address, MaxLife: profileOf(kind).life,
		Qualified: p.settings.Qualified != nil, Label: p.settings.Label,
	}
}
