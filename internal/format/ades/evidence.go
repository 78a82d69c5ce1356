package ades

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"slices"
	"time"
)

// proof is one OCSP response or CRL, with the time at which it is known to have existed: a responder's key may be stolen after its certificate ended, and
// then anything may be signed with it; what a time-stamp shows to be older stays good.
type proof struct {
	der      []byte
	crl      bool
	embedded bool      // the file brought it along
	existed  time.Time // no later than this
	stamped  bool      // a document time-stamp covers the place where it is kept

	list *x509.RevocationList // a CRL, read once: some have megabytes
}

// evidence is what one validation, or one extension, may use: what the file carries and what was asked for.
type evidence struct {
	helpers Helpers
	now     time.Time
	certs   []*x509.Certificate
	proofs  []*proof
	seen    map[[32]byte]*proof
	asked   map[[32]byte][]*proof // by certificate
	limit   int                   // how many questions may still be asked outside
}

func newEvidence(h Helpers, now time.Time) *evidence {
	return &evidence{helpers: h, now: now, seen: map[[32]byte]*proof{}, asked: map[[32]byte][]*proof{}, limit: 64}
}

// certLimit bounds what a file can make us compare with each other.
const certLimit = 1000

func (e *evidence) addCerts(certs ...*x509.Certificate) {
	for _, c := range certs {
		if len(e.certs) < certLimit && !slices.ContainsFunc(e.certs, c.Equal) {
			e.certs = append(e.certs, c)
		}
	}
}

func (e *evidence) addDER(certs [][]byte) {
	for _, der := range certs {
		if c, err := x509.ParseCertificate(der); err == nil {
			e.addCerts(c)
		}
	}
}

// addProofs takes what a file carries.
func (e *evidence) addProofs(ders [][]byte, crl bool) {
	for _, der := range ders {
		id := sha256.Sum256(der)
		if e.seen[id] != nil || len(e.proofs) == certLimit {
			continue
		}
		p := &proof{der: der, crl: crl, embedded: true, existed: e.now}
		e.seen[id] = p
		e.proofs = append(e.proofs, p)
	}
}

// existedBy notes that a time-stamp of this time covers these.
func (e *evidence) existedBy(at time.Time, lists ...[][]byte) {
	for _, list := range lists {
		for _, der := range list {
			if p := e.seen[sha256.Sum256(der)]; p != nil {
				p.stamped = true
				if at.Before(p.existed) {
					p.existed = at
				}
			}
		}
	}
}

// ask gets answers about a certificate from outside: OCSP, and the CRL when there is none. Once per certificate.
func (e *evidence) ask(ctx context.Context, cert, issuer *x509.Certificate) []*proof {
	id := sha256.Sum256(cert.Raw)
	if got, done := e.asked[id]; done || e.limit == 0 || ctx.Err() != nil {
		return got
	}
	e.limit--
	var got []*proof
	if e.helpers.OCSP != nil {
		if der, err := e.helpers.OCSP(ctx, cert, issuer); err == nil && len(der) > 0 {
			p := &proof{der: der, existed: e.now}
			if _, err := readOCSP(p, cert, issuer); err == nil {
				got = append(got, p)
			}
		}
	}
	if len(got) == 0 && e.helpers.CRL != nil {
		if der, err := e.helpers.CRL(ctx, cert, issuer); err == nil && len(der) > 0 {
			got = append(got, &proof{der: der, crl: true, existed: e.now})
		}
	}
	e.asked[id] = got
	return got
}

// issuerOf finds who signed a certificate, nil when it is not here or when the certificate signed itself.
func (e *evidence) issuerOf(c *x509.Certificate) *x509.Certificate {
	if selfSigned(c) {
		return nil
	}
	for _, by := range e.certs {
		if string(by.RawSubject) == string(c.RawIssuer) && !by.Equal(c) && c.CheckSignatureFrom(by) == nil {
			return by
		}
	}
	return nil
}

func selfSigned(c *x509.Certificate) bool {
	return string(c.RawSubject) == string(c.RawIssuer) && c.CheckSignatureFrom(c) == nil
}
