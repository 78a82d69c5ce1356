package tsp

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"

	"chave/internal/format/cms"
)

// Response is an authority's answer: a token, or why there is none.
type Response struct {
	Status  int // 0 granted, 1 granted with changes, 2 and above refused
	Text    string
	Failure Failure // [NoFailure] when none was named
	Token   []byte  // ContentInfo, DER; nil when refused
}

// ParseResponse reads an answer. A refusal is not an error.
func ParseResponse(der []byte) (Response, error) {
	r := Response{Failure: NoFailure}
	in := cryptobyte.String(der)
	var seq, status, text, token cryptobyte.String
	if !in.ReadASN1(&seq, cb.SEQUENCE) || !in.Empty() || !seq.ReadASN1(&status, cb.SEQUENCE) || !status.ReadASN1Integer(&r.Status) {
		return r, ErrMalformed
	}
	if status.PeekASN1Tag(cb.SEQUENCE) {
		var lines []string
		if !status.ReadASN1(&text, cb.SEQUENCE) {
			return r, ErrMalformed
		}
		for !text.Empty() {
			var line cryptobyte.String
			if !text.ReadASN1(&line, cb.UTF8String) {
				return r, ErrMalformed
			}
			lines = append(lines, string(line))
		}
		r.Text = strings.Join(lines, "; ")
	}
	if !status.Empty() {
		var bits asn1.BitString
		if !status.ReadASN1BitString(&bits) || !status.Empty() {
			return r, ErrMalformed
		}
		for i := range bits.BitLength {
			if bits.At(i) == 1 {
				r.Failure = Failure(i)
				break
			}
		}
	}
	if !seq.Empty() {
		var tag cb.Tag
		if !seq.ReadAnyASN1Element(&token, &tag) || tag != cb.SEQUENCE || !seq.Empty() {
			return r, ErrMalformed
		}
		r.Token = token
	}
	if granted := r.Status == 0 || r.Status == 1; granted != (r.Token != nil) {
		return r, fmt.Errorf("%w: status and token disagree", ErrMalformed)
	}
	return r, nil
}

// Token is what an authority states: this digest existed at this time.
type Token struct {
	Time         time.Time
	Accuracy     time.Duration // 0: not stated
	Serial       *big.Int
	Policy       asn1.ObjectIdentifier
	Hash         crypto.Hash // 0: not known
	Digest       []byte
	Nonce        *big.Int
	Certificates []*x509.Certificate // sent along
	Signed       *cms.SignedData
}

// ParseToken reads a token. Nothing in it is believed yet.
func ParseToken(der []byte) (*Token, error) {
	sd, err := cms.Parse(der)
	if err != nil {
		return nil, err
	}
	if !sd.ContentType.Equal(cms.OIDTSTInfo) || sd.Detached || len(sd.Signers) != 1 {
		return nil, fmt.Errorf("%w: not a token", ErrMalformed)
	}
	t := &Token{Certificates: sd.Certificates, Signed: sd, Serial: new(big.Int)}
	in := cryptobyte.String(sd.Content)
	var seq, acc, when cryptobyte.String
	var version int64
	var there bool
	if !in.ReadASN1(&seq, cb.SEQUENCE) || !in.Empty() || !seq.ReadASN1Integer(&version) || version != 1 || !seq.ReadASN1ObjectIdentifier(&t.Policy) {
		return nil, fmt.Errorf("%w: token", ErrMalformed)
	}
	oid, digest, ok := readImprint(&seq)
	if !ok || !seq.ReadASN1Integer(t.Serial) || !seq.ReadASN1(&when, cb.GeneralizedTime) {
		return nil, fmt.Errorf("%w: token", ErrMalformed)
	}
	t.Hash, t.Digest = cms.HashByOID(oid), digest
	if t.Time, ok = parseTime(string(when)); !ok {
		return nil, fmt.Errorf("%w: time", ErrMalformed)
	}
	if !seq.ReadOptionalASN1(&acc, &there, cb.SEQUENCE) || there && !t.readAccuracy(acc) {
		return nil, fmt.Errorf("%w: accuracy", ErrMalformed)
	}
	var ordering bool
	if seq.PeekASN1Tag(cb.BOOLEAN) && !seq.ReadASN1Boolean(&ordering) {
		return nil, fmt.Errorf("%w: ordering", ErrMalformed)
	}
	if seq.PeekASN1Tag(cb.INTEGER) {
		t.Nonce = new(big.Int)
		if !seq.ReadASN1Integer(t.Nonce) {
			return nil, fmt.Errorf("%w: nonce", ErrMalformed)
		}
	}
	// The authority's name [0] says no more than its certificate. An extension [1] may say anything; a critical one that is not known must not be passed over.
	if !seq.SkipOptionalASN1(cb.Tag(0).Constructed().ContextSpecific()) {
		return nil, fmt.Errorf("%w: tsa", ErrMalformed)
	}
	var ext cryptobyte.String
	if !seq.ReadOptionalASN1(&ext, &there, cb.Tag(1).Constructed().ContextSpecific()) || !seq.Empty() || there && critical(ext) {
		return nil, fmt.Errorf("%w: extensions", ErrMalformed)
	}
	return t, nil
}

func critical(list cryptobyte.String) bool {
	for !list.Empty() {
		var seq cryptobyte.String
		var yes bool
		if !list.ReadASN1(&seq, cb.SEQUENCE) || !seq.SkipASN1(cb.OBJECT_IDENTIFIER) {
			return true
		}
		if seq.PeekASN1Tag(cb.BOOLEAN) && (!seq.ReadASN1Boolean(&yes) || yes) {
			return true
		}
	}
	return false
}

func (t *Token) readAccuracy(s cryptobyte.String) bool {
	var seconds int64
	if s.PeekASN1Tag(cb.INTEGER) && !s.ReadASN1Integer(&seconds) {
		return false
	}
	parts := [2]int64{}
	for i := range parts {
		if tag := cb.Tag(i).ContextSpecific(); s.PeekASN1Tag(tag) {
			if !s.ReadASN1Int64WithTag(&parts[i], tag) || parts[i] < 0 || parts[i] > 999 {
				return false
			}
		}
	}
	if !s.Empty() || seconds < 0 || seconds > int64(1000*time.Hour/time.Second) {
		return false
	}
	t.Accuracy = time.Duration(seconds)*time.Second + time.Duration(parts[0])*time.Millisecond + time.Duration(parts[1])*time.Microsecond
	return true
}

// parseTime reads a GeneralizedTime of RFC 3161 §2.4.2: UTC, with or without a fraction, no trailing zeros.
func parseTime(s string) (time.Time, bool) {
	if len(s) < 15 || len(s) > 25 || s[len(s)-1] != 'Z' || strings.Contains(s, ",") {
		return time.Time{}, false
	}
	if i := strings.IndexByte(s, '.'); i >= 0 && (i != 14 || s[len(s)-2] == '0' || s[len(s)-2] == '.') {
		return time.Time{}, false
	}
	at, err := time.Parse("20060102150405Z", s)
	return at.UTC(), err == nil
}

// Certificate is the authority's, among those in the token and those given besides; nil when it is in neither.
func (t *Token) Certificate(besides ...*x509.Certificate) *x509.Certificate {
	if c := t.Signed.Signers[0].Certificate(t.Certificates); c != nil {
		return c
	}
	return t.Signed.Signers[0].Certificate(besides)
}

// Verify checks that the token is for data with this digest (made with the token's Hash), and that the certificate's key made it and may make such tokens.
// Not whether the certificate can be trusted.
//
// Errors: [ErrImprint], [ErrUsage], and those of [cms.Signer.Verify].
func (t *Token) Verify(cert *x509.Certificate, digest []byte) error {
	if t.Hash == 0 {
		return fmt.Errorf("%w: hash of the imprint", cms.ErrUnsupported)
	}
	if err := t.Signed.Signers[0].Verify(cert, cms.Digest(t.Signed.Content)); err != nil {
		return err
	}
	if !t.Signed.Signers[0].Refers() { // RFC 3161 §2.4.1: the reference must be there
		return fmt.Errorf("%w: token does not name its certificate", ErrMalformed)
	}
	if !bytes.Equal(digest, t.Digest) {
		return ErrImprint
	}
	return CheckUsage(cert)
}

// Answers checks that the token is the answer to a request of ours.
func (t *Token) Answers(r Request) error {
	switch {
	case t.Hash != r.Hash || !bytes.Equal(t.Digest, r.Digest):
		return ErrImprint
	case r.Nonce != nil && (t.Nonce == nil || t.Nonce.Cmp(r.Nonce) != 0), r.Policy != nil && !r.Policy.Equal(t.Policy):
		return ErrNonce
	}
	return nil
}
