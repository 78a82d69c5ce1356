package ades

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/ocsp"
)

// skew is how far clocks of different houses may be apart.
const skew = 2 * time.Minute

// answer is what one proof says of one certificate, once its own signature was checked.
type answer struct {
	good      bool
	hold      bool // certificateHold: suspended, may come back
	this      time.Time
	next      time.Time // zero: not stated
	revokedAt time.Time
	responder *x509.Certificate // who signed; the issuer itself, or a delegate
	proof     *proof
}

var errProof = errors.New("ades: answer cannot be used")

const reasonHold = 6

// answerOf reads a proof, whichever its kind.
func answerOf(p *proof, cert, issuer *x509.Certificate) (*answer, error) {
	if p.crl {
		return readCRL(p, cert, issuer)
	}
	return readOCSP(p, cert, issuer)
}

// readOCSP checks a response: that it is about this certificate of this issuer, and signed by the issuer or by a delegate that the issuer itself made (RFC 6960 §4.2.2.2).
func readOCSP(p *proof, cert, issuer *x509.Certificate) (*answer, error) {
	r, err := ocsp.ParseResponseForCert(p.der, cert, nil)
	if err != nil {
		return nil, errProof
	}
	if !namesIssuer(r.TBSResponseData, cert.SerialNumber, issuer) || weakSignature(r.SignatureAlgorithm) {
		return nil, errProof
	}
	by := issuer
	if r.Certificate != nil && !r.Certificate.Equal(issuer) {
		by = r.Certificate
		// CheckSignatureFrom holds the issuer to being a CA that may sign certificates, and refuses SHA-1.
		if !bytes.Equal(by.RawIssuer, issuer.RawSubject) || by.CheckSignatureFrom(issuer) != nil || !mayAnswer(by) {
			return nil, errProof
		}
	}
	if r.CheckSignatureFrom(by) != nil || weakBits(by) != 0 {
		return nil, errProof
	}
	a := &answer{this: r.ThisUpdate, next: r.NextUpdate, responder: by, proof: p}
	switch r.Status {
	case ocsp.Good:
		a.good = true
	case ocsp.Revoked:
		a.revokedAt, a.hold = r.RevokedAt, r.RevocationReason == reasonHold
	default:
		return nil, errProof
	}
	// A responder must have been good when it answered and still when the answer is known to have existed.
	for _, at := range []time.Time{r.ProducedAt, p.existed} {
		if !within(by, at) {
			return nil, errProof
		}
	}
	return a, nil
}

func mayAnswer(c *x509.Certificate) bool {
	for _, u := range c.ExtKeyUsage {
		if u == x509.ExtKeyUsageOCSPSigning {
			return true
		}
	}
	return false
}

func weakSignature(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS, x509.PureEd25519:
		return false
	}
	return true
}

// namesIssuer checks the hashes of issuer and key in the first answer with this serial number: package ocsp compares the number alone, and every authority counts from one.
func namesIssuer(tbs []byte, serial *big.Int, issuer *x509.Certificate) bool {
	var data struct {
		Version   int `asn1:"optional,default:0,explicit,tag:0"`
		Responder asn1.RawValue
		At        time.Time `asn1:"generalized"`
		Responses []struct {
			ID struct {
				Hash struct {
					OID    asn1.ObjectIdentifier
					Params asn1.RawValue `asn1:"optional"`
				}
				Name, Key []byte
				Serial    *big.Int
			}
			Status asn1.RawValue
			This   time.Time     `asn1:"generalized"`
			Next   time.Time     `asn1:"generalized,explicit,tag:0,optional"`
			Ext    asn1.RawValue `asn1:"explicit,tag:1,optional"`
		}
		Ext asn1.RawValue `asn1:"explicit,tag:1,optional"`
	}
	if _, err := asn1.Unmarshal(tbs, &data); err != nil {
		return false
	}
	var key struct {
		Algorithm asn1.RawValue
		Bits      asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &key); err != nil {
		return false
	}
	for _, r := range data.Responses {
		if r.ID.Serial == nil || r.ID.Serial.Cmp(serial) != 0 {
			continue
		}
		for oid, h := range map[string]crypto.Hash{"1.3.14.3.2.26": crypto.SHA1, "2.16.840.1.101.3.4.2.1": crypto.SHA256, "2.16.840.1.101.3.4.2.2": crypto.SHA384, "2.16.840.1.101.3.4.2.3": crypto.SHA512} {
			if r.ID.Hash.OID.String() == oid { // SHA-1 only names here, it proves nothing
				return bytes.Equal(r.ID.Name, digestOf(h, issuer.RawSubject)) && bytes.Equal(r.ID.Key, digestOf(h, key.Bits.RightAlign()))
			}
		}
		return false
	}
	return false
}

func digestOf(h crypto.Hash, data []byte) []byte {
	s := h.New()
	s.Write(data)
	return s.Sum(nil)
}

// readCRL checks a list: whole (no delta), of the certificate's own issuer and for its kind of certificate.
func readCRL(p *proof, cert, issuer *x509.Certificate) (*answer, error) {
	if p.list == nil {
		var err error
		if p.list, err = x509.ParseRevocationList(p.der); err != nil {
			p.list = &x509.RevocationList{}
		}
	}
	list := p.list
	if !bytes.Equal(list.RawIssuer, issuer.RawSubject) || weakSignature(list.SignatureAlgorithm) || list.CheckSignatureFrom(issuer) != nil {
		return nil, errProof
	}
	for _, ext := range list.Extensions {
		switch {
		case ext.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 28}):
			if !coversCertificate(ext.Value, cert) {
				return nil, errProof
			}
		case ext.Critical:
			return nil, errProof
		}
	}
	a := &answer{good: true, this: list.ThisUpdate, next: list.NextUpdate, responder: issuer, proof: p}
	for _, r := range list.RevokedCertificateEntries {
		for _, ext := range r.Extensions {
			if ext.Critical { // an indirect list, or something newer: whose entry this is cannot be told
				return nil, errProof
			}
		}
		if r.SerialNumber.Cmp(cert.SerialNumber) == 0 && r.ReasonCode != 8 {
			a.good, a.revokedAt, a.hold = false, r.RevocationTime, r.ReasonCode == reasonHold
		}
	}
	if !within(issuer, p.existed) {
		return nil, errProof
	}
	return a, nil
}

// coversCertificate reads an issuingDistributionPoint (RFC 5280 §5.2.5). A partition is taken when the certificate points at it.
func coversCertificate(der []byte, cert *x509.Certificate) bool {
	var idp struct {
		Point     asn1.RawValue  `asn1:"optional,tag:0"`
		UserOnly  bool           `asn1:"optional,tag:1"`
		CAOnly    bool           `asn1:"optional,tag:2"`
		Reasons   asn1.BitString `asn1:"optional,tag:3"`
		Indirect  bool           `asn1:"optional,tag:4"`
		Attribute bool           `asn1:"optional,tag:5"`
	}
	if rest, err := asn1.Unmarshal(der, &idp); err != nil || len(rest) > 0 {
		return false
	}
	if idp.Indirect || idp.Attribute || idp.Reasons.BitLength > 0 || idp.UserOnly && cert.IsCA || idp.CAOnly && !cert.IsCA {
		return false
	}
	if len(idp.Point.FullBytes) == 0 {
		return true
	}
	for _, url := range cert.CRLDistributionPoints {
		if bytes.Contains(idp.Point.Bytes, append([]byte{0x86, byte(len(url))}, url...)) {
			return true
		}
	}
	return false
}

// within: the certificate's own term includes the time.
func within(c *x509.Certificate, at time.Time) bool {
	return !at.Before(c.NotBefore.Add(-skew)) && !at.After(c.NotAfter)
}

func noCheck(c *x509.Certificate) bool {
	for _, ext := range c.Extensions {
		if ext.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}) {
			return true
		}
	}
	return false
}

// status is what is known of one certificate at one time.
type status struct {
	Revocation
	reason   *Reason  // nil: good at that time
	note     *Reason  //
	embedded []*proof // what of the file is enough to say good; nil: nothing is
}

// status finds out whether a certificate was revoked at a time. Answers of the file come first when they were given after that time: then nothing newer can change them. Otherwise
// the world outside is asked, because an attacker who holds a stolen key also holds an old good answer.
func (e *evidence) status(ctx context.Context, cert, issuer *x509.Certificate, at time.Time, depth int) status {
	s := status{Revocation: Revocation{Certificate: cert.Subject.CommonName, Status: "unknown"}}
	if noCheck(cert) && mayAnswer(cert) { // RFC 6960 §4.2.2.2.1: only a responder may be excused
		s.Status, s.embedded = "not_needed", []*proof{}
		return s
	}
	own := e.answers(ctx, e.proofs, cert, issuer, depth)
	best, stale := choose(own, at)
	if best != nil && best.good {
		s.embedded = []*proof{best.proof}
	}
	if best == nil || best.this.Before(at) {
		online := e.answers(ctx, e.ask(ctx, cert, issuer), cert, issuer, depth)
		if b, st := choose(append(online, own...), at); b != nil || st {
			best, stale = b, st
		}
	}
	name := cert.Subject.CommonName
	switch {
	case best == nil && stale:
		s.Status = "unknown"
		s.reason = ref(because(StaleRevocation, "certificate", name))
		return s
	case best == nil:
		s.reason = ref(because(NoRevocation, "certificate", name))
		return s
	}
	s.Source, s.Embedded, s.At = "ocsp", best.proof.embedded, best.this.UTC()
	if best.proof.crl {
		s.Source = "crl"
	}
	switch {
	case best.good:
		s.Status = "good"
	case best.revokedAt.After(at):
		s.Status, s.RevokedAt = "good", best.revokedAt.UTC()
		s.note = ref(because(NoteRevokedLater, "certificate", name, "at", stampTime(best.revokedAt)))
		if best.proof.embedded {
			s.embedded = []*proof{best.proof}
		}
	case best.hold:
		s.Status, s.RevokedAt = "suspended", best.revokedAt.UTC()
		s.reason = ref(because(Suspended, "certificate", name, "at", stampTime(best.revokedAt)))
	default:
		s.Status, s.RevokedAt = "revoked", best.revokedAt.UTC()
		s.reason = ref(because(Revoked, "certificate", name, "at", stampTime(best.revokedAt)))
	}
	return s
}

func ref[T any](v T) *T { return &v }

// answers reads those proofs that speak of a certificate and are themselves in order.
func (e *evidence) answers(ctx context.Context, proofs []*proof, cert, issuer *x509.Certificate, depth int) []*answer {
	var out []*answer
	for _, p := range proofs {
		a, err := answerOf(p, cert, issuer)
		if err != nil || a.this.After(e.now.Add(skew)) {
			continue
		}
		if by := a.responder; !by.Equal(issuer) && !noCheck(by) {
			// A delegate that does not excuse itself must be asked after like anybody; but not by itself, and not for ever.
			if depth >= 2 || by.Equal(cert) {
				continue
			}
			if st := e.status(ctx, by, issuer, p.existed, depth+1); st.reason != nil {
				continue
			}
		}
		out = append(out, a)
	}
	return out
}

// choose picks the answer that decides for a time. A final revocation wins over all; then what is newest. Good answers count when they were given after that time or were
// still current at it; stale tells that there were only older ones.
func choose(list []*answer, at time.Time) (best *answer, stale bool) {
	for _, a := range list {
		switch {
		case !a.good && !a.hold:
			if best == nil || best.good || best.hold || a.revokedAt.Before(best.revokedAt) {
				best = a
			}
		case best != nil && !best.good && !best.hold:
		case a.good && a.this.Before(at.Add(-skew)) && (a.next.IsZero() || a.next.Before(at)):
			stale = true
		case best == nil || a.this.After(best.this):
			best = a
		}
	}
	return best, stale
}

// commonName is a certificate's for messages.
func commonName(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return fmt.Sprintf("%x", c.SerialNumber)
}
