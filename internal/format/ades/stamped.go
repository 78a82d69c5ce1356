package ades

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"time"

	"chave/internal/format/cms"
	"chave/internal/format/tsp"
)

// stamped is one time-stamp, checked.
type stamped struct {
	StampReport
	embedded bool
	proofs   []*proof
}

func (s *stamped) blame(r Reason) {
	s.Reasons = append(s.Reasons, r)
	s.Verdict = verdictOf(s.Reasons)
}

// stampCodes are what a failure of the authority's certificate is called when it concerns a time-stamp.
func stampCode(c Code) Code {
	switch c {
	case NoTrustedChain:
		return StampUntrusted
	case Expired, NotYetValid:
		return StampExpired
	case Revoked, Suspended:
		return StampRevoked
	case WeakKey, WeakHash:
		return StampWeak
	}
	return StampRevocation
}

// checkStamp judges a token over data whose digest is given by hash. at is the time that later time-stamps prove for this one, or now.
func (v *validator) checkStamp(ctx context.Context, der []byte, digest func(crypto.Hash) ([]byte, error), at time.Time) *stamped {
	s := &stamped{StampReport: StampReport{Verdict: Valid}}
	token, err := tsp.ParseToken(der)
	if err != nil {
		s.blame(because(StampBroken))
		return s
	}
	s.At, s.Policy = token.Time, token.Policy.String()
	v.addCerts(token.Certificates...)
	v.addProofs(token.Signed.OCSPs, false)
	v.addProofs(token.Signed.CRLs, true)
	cert := token.Certificate(v.certs...)
	if cert == nil {
		s.blame(because(StampUntrusted))
		return s
	}
	s.Authority = party(cert)
	name := commonName(cert)
	if token.Hash == 0 {
		s.blame(because(StampUnsupported, "authority", name))
		return s
	}
	sum, err := digest(token.Hash)
	if err != nil {
		s.blame(because(StampUnsupported, "authority", name))
		return s
	}
	switch err := token.Verify(cert, sum); {
	case errors.Is(err, tsp.ErrUsage):
		s.blame(because(StampUsage, "authority", name))
	case errors.Is(err, cms.ErrUnsupported):
		s.blame(because(StampUnsupported, "authority", name))
		return s
	case err != nil:
		s.blame(because(StampBroken, "authority", name))
		return s
	}
	if token.Hash == crypto.SHA1 || token.Signed.Signers[0].Hash == crypto.SHA1 {
		s.blame(because(StampWeak, "authority", name))
	}
	if token.Time.After(at.Add(skew)) {
		s.blame(because(StampOrder, "authority", name, "at", stampTime(token.Time)))
	}
	if !within(cert, token.Time) {
		s.blame(because(StampExpired, "authority", name, "at", stampTime(cert.NotAfter)))
	}
	t := v.trusted(ctx, v.roots, cert, at)
	s.Revocation, s.embedded, s.proofs = t.revocation, t.embedded, t.proofs
	for _, r := range t.reasons {
		r.Code = stampCode(r.Code)
		if r.Args == nil {
			r.Args = map[string]string{}
		}
		r.Args["authority"] = name
		s.blame(r)
	}
	return s
}

// forDocuments: a certificate may sign documents when its key usage says so, and an extended usage, if there is any, is not for something else entirely.
func forDocuments(c *x509.Certificate) bool {
	if c.KeyUsage != 0 && c.KeyUsage&(x509.KeyUsageContentCommitment|x509.KeyUsageDigitalSignature) == 0 || c.IsCA {
		return false
	}
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	for _, u := range c.ExtKeyUsage {
		switch u {
		case x509.ExtKeyUsageAny, x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageClientAuth:
			return true
		}
	}
	for _, u := range c.UnknownExtKeyUsage {
		switch u.String() {
		case "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.311.10.3.12", "1.2.840.113583.1.1.5": // document signing: RFC 9336, Microsoft's, Adobe's
			return true
		}
	}
	return false
}
