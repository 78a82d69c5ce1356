package ades

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"chave/internal/format/cms"
	"chave/internal/format/tsp"
)

// material is what has to be added to a file so that a verifier needs nothing else.
type material struct {
	*evidence
	certs, crls, ocsps [][]byte
	done               map[string]time.Time // certificates looked after, by their octets, with the time they were looked after for
	missing            error                // the first thing that could not be had
}

func newMaterial(h Helpers, at time.Time) *material {
	return &material{evidence: newEvidence(h, at), done: map[string]time.Time{}}
}

func (m *material) lacks(what error, c *x509.Certificate) {
	if m.missing == nil {
		m.missing = fmt.Errorf("%w: %s", what, commonName(c))
	}
}

// gather follows a certificate up to the one that signed itself and takes, for each on the way, itself and an answer about it that is good for the time given.
func (m *material) gather(ctx context.Context, c *x509.Certificate, at time.Time) {
	for depth := 0; depth < 10; depth++ {
		m.certs = append(m.certs, c.Raw)
		if selfSigned(c) {
			return
		}
		issuer := m.issuerOf(c)
		if issuer == nil {
			m.lacks(ErrRevocation, c)
			return
		}
		if was, done := m.done[string(c.Raw)]; !done || was.Before(at) {
			m.done[string(c.Raw)] = at
			m.answer(ctx, c, issuer, at)
		}
		c = issuer
	}
}

// answer makes sure of a good answer about one certificate.
func (m *material) answer(ctx context.Context, c, issuer *x509.Certificate, at time.Time) {
	if noCheck(c) && mayAnswer(c) {
		return
	}
	best, _ := choose(m.answers(ctx, m.proofs, c, issuer, 0), at)
	if best == nil || best.this.Before(at) && best.good {
		online, _ := choose(m.answers(ctx, m.ask(ctx, c, issuer), c, issuer, 0), at)
		if online != nil {
			best = online
		}
	}
	switch {
	case best == nil:
		m.lacks(ErrRevocation, c)
		return
	case !best.good && !best.revokedAt.After(at):
		m.lacks(ErrRevoked, c)
		return
	}
	if !best.proof.embedded {
		if best.proof.crl {
			m.crls = append(m.crls, best.proof.der)
		} else {
			m.ocsps = append(m.ocsps, best.proof.der)
		}
	}
	if !best.responder.Equal(issuer) {
		m.addCerts(best.responder)
		m.certs = append(m.certs, best.responder.Raw)
		if !noCheck(best.responder) {
			m.gather(ctx, best.responder, best.this)
		}
	}
}

// stamp looks after the chain of a time-stamp, which has to be good when the next one was made over it, or now. It gives the time that it proves.
func (m *material) stamp(ctx context.Context, der []byte, next time.Time) (at time.Time, ok bool) {
	if next.IsZero() {
		next = m.now
	}
	token, err := tsp.ParseToken(der)
	if err != nil {
		return time.Time{}, false
	}
	m.addCerts(token.Certificates...)
	m.addProofs(token.Signed.OCSPs, false)
	m.addProofs(token.Signed.CRLs, true)
	c := token.Certificate(m.evidence.certs...)
	if c == nil {
		return time.Time{}, false
	}
	m.gather(ctx, c, next)
	return token.Time, true
}

// signature looks after the chains of a signature and of the time-stamps over it. at is what document time-stamps prove; zero: nothing.
func (m *material) signature(ctx context.Context, sd *cms.SignedData, at time.Time) {
	for i := range sd.Signers {
		proven := at
		for _, der := range sd.Signers[i].Timestamps() {
			t, ok := m.stamp(ctx, der, at)
			if !ok {
				m.missing = ErrRevocation
				continue
			}
			if proven.IsZero() || t.Before(proven) {
				proven = t
			}
		}
		c := sd.Signers[i].Certificate(m.evidence.certs)
		if c == nil {
			m.missing = ErrRevocation
			continue
		}
		if proven.IsZero() {
			proven = m.now
		}
		m.gather(ctx, c, proven)
	}
}
