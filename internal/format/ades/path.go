package ades

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"strconv"
	"time"
)

// trust is what was found out about one certificate at one time.
type trust struct {
	chain      []*x509.Certificate // leaf first; empty without a trusted one
	reasons    []Reason
	notes      []Reason
	revocation []Revocation
	embedded   bool     // the file itself carries all that is needed for the revocation of the whole chain
	proofs     []*proof // what of the file that is
}

func (t trust) ok() bool { return len(t.reasons) == 0 }

// trusted builds the chain from a certificate to a root that is believed and checks each link: terms, keys and revocation at the time given.
// Who may do what with the leaf is the caller's to ask.
func (e *evidence) trusted(ctx context.Context, roots []*x509.Certificate, leaf *x509.Certificate, at time.Time) trust {
	var t trust
	if at.Before(leaf.NotBefore.Add(-skew)) {
		t.reasons = append(t.reasons, because(NotYetValid, "certificate", commonName(leaf), "at", stampTime(leaf.NotBefore)))
		return t
	}
	if at.After(leaf.NotAfter) {
		t.reasons = append(t.reasons, because(Expired, "certificate", commonName(leaf), "at", stampTime(leaf.NotAfter)))
		return t
	}
	chains, err := e.chains(roots, leaf, at)
	if err != nil {
		t.reasons = append(t.reasons, *err)
		return t
	}
	for i, chain := range chains {
		one := e.links(ctx, chain, at)
		if i == 0 || one.ok() {
			t = one
		}
		if one.ok() {
			break
		}
	}
	return t
}

// chainLimit bounds how many ways to a root are tried; cross-certificates make a few.
const chainLimit = 4

func (e *evidence) chains(roots []*x509.Certificate, leaf *x509.Certificate, at time.Time) ([][]*x509.Certificate, *Reason) {
	opts := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		CurrentTime: at,
	}
	if at.Before(leaf.NotBefore) {
		opts.CurrentTime = leaf.NotBefore // inside the skew
	}
	for _, r := range roots {
		opts.Roots.AddCert(r)
	}
	for _, c := range e.certs {
		opts.Intermediates.AddCert(c)
	}
	chains, err := leaf.Verify(opts)
	if err == nil {
		return chains[:min(len(chains), chainLimit)], nil
	}
	var ended x509.CertificateInvalidError
	if errors.As(err, &ended) && ended.Reason == x509.Expired && ended.Cert != nil {
		return nil, ref(because(Expired, "certificate", commonName(ended.Cert), "at", stampTime(ended.Cert.NotAfter)))
	}
	return nil, ref(because(NoTrustedChain, "certificate", commonName(leaf), "issuer", leaf.Issuer.CommonName))
}

func (e *evidence) links(ctx context.Context, chain []*x509.Certificate, at time.Time) trust {
	t := trust{chain: chain, embedded: true}
	for i, c := range chain[:len(chain)-1] {
		if bits := weakBits(c); bits != 0 {
			t.reasons = append(t.reasons, because(WeakKey, "certificate", commonName(c), "bits", strconv.Itoa(bits)))
		}
		s := e.status(ctx, c, chain[i+1], at, 0)
		t.revocation = append(t.revocation, s.Revocation)
		if s.reason != nil {
			t.reasons = append(t.reasons, *s.reason)
		}
		if s.note != nil {
			t.notes = append(t.notes, *s.note)
		}
		t.embedded = t.embedded && s.embedded != nil
		t.proofs = append(t.proofs, s.embedded...)
	}
	return t
}

// weakBits gives the size of a key that is too small to believe: RSA below 2048, curves below 256. 0: strong enough. An unknown kind is weak.
func weakBits(c *x509.Certificate) int {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < 2048 {
			return n
		}
		return 0
	case *ecdsa.PublicKey:
		if n := key.Curve.Params().BitSize; n < 256 {
			return n
		}
		return 0
	}
	if c.PublicKeyAlgorithm == x509.Ed25519 {
		return 0
	}
	return 1
}
