// Package tsp writes and reads the Time-Stamp Protocol: requests, answers and the tokens inside, for both sides.
//
// It owns RFC 3161 with the second version of the certificate reference (RFC 5816), narrowed as EN 319 422 asks: SHA-256, SHA-384 and SHA-512, an accuracy, one
// policy. It is pure: the time, the serial number and the key are given to it, and it knows no transport. Whether an authority may be believed is for
// package ades to say; [Token.Verify] is the arithmetic alone.
package tsp

import (
	"crypto"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"

	"chave/internal/format/cms"
)

// Errors of what others sent. The texts are fixed words.
var (
	ErrMalformed = errors.New("tsp: malformed")
	ErrImprint   = errors.New("tsp: token is for something else")        // another digest
	ErrNonce     = errors.New("tsp: token answers another request")      // nonce or policy differ
	ErrUsage     = errors.New("tsp: certificate is not for time-stamps") // RFC 3161 §2.3
)

// Failure is why an authority refused (PKIFailureInfo, RFC 3161 §2.4.2): the number of a bit.
type Failure int

// The failures a time-stamp authority may report.
const (
	BadAlgorithm        Failure = 0
	BadRequest          Failure = 2
	BadDataFormat       Failure = 5
	TimeNotAvailable    Failure = 14
	UnacceptedPolicy    Failure = 15
	UnacceptedExtension Failure = 16
	AddInfoNotAvailable Failure = 17
	SystemFailure       Failure = 25
	NoFailure           Failure = -1
)

// RequestError is a request that cannot be answered, with the failure to report.
type RequestError struct {
	Failure Failure
	Detail  string // fixed words
}

func (e *RequestError) Error() string { return "tsp: request refused: " + e.Detail }

// Request asks for a time-stamp over a digest.
type Request struct {
	Hash    crypto.Hash // SHA-256, SHA-384 or SHA-512
	Digest  []byte
	Policy  asn1.ObjectIdentifier // nil: any
	Nonce   *big.Int              // nil: none; the client of the Portuguese middleware sends none
	CertReq bool                  // the answer must carry the authority's certificate
}

// requestLimit bounds a request: 59 octets are usual, and a nonce has no reason to be long.
const requestLimit = 4096

// Marshal writes the request, DER.
func (r Request) Marshal() ([]byte, error) {
	if err := checkImprint(r.Hash, r.Digest); err != nil {
		return nil, err
	}
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		addImprint(b, r.Hash, r.Digest)
		if r.Policy != nil {
			b.AddASN1ObjectIdentifier(r.Policy)
		}
		if r.Nonce != nil {
			b.AddASN1BigInt(r.Nonce)
		}
		if r.CertReq {
			b.AddASN1Boolean(true)
		}
	})
	return b.Bytes()
}

// ParseRequest reads a request. Every error is a [*RequestError]. Extensions are refused: we know none, and RFC 3161 §2.4.1 forbids to ignore them.
func ParseRequest(der []byte) (Request, error) {
	refuse := func(f Failure, detail string) (Request, error) { return Request{}, &RequestError{f, detail} }
	if len(der) > requestLimit {
		return refuse(BadRequest, "too long")
	}
	in := cryptobyte.String(der)
	var seq cryptobyte.String
	var version int64
	var r Request
	if !in.ReadASN1(&seq, cb.SEQUENCE) || !in.Empty() || !seq.ReadASN1Integer(&version) {
		return refuse(BadDataFormat, "not a request")
	}
	if version != 1 {
		return refuse(BadRequest, "version")
	}
	oid, digest, ok := readImprint(&seq)
	if !ok {
		return refuse(BadDataFormat, "imprint")
	}
	r.Hash, r.Digest = cms.HashByOID(oid), digest
	if r.Hash == 0 || r.Hash == crypto.SHA1 {
		return refuse(BadAlgorithm, "hash")
	}
	if len(r.Digest) != r.Hash.Size() {
		return refuse(BadDataFormat, "length of the digest")
	}
	if seq.PeekASN1Tag(cb.OBJECT_IDENTIFIER) && !seq.ReadASN1ObjectIdentifier(&r.Policy) {
		return refuse(BadDataFormat, "policy")
	}
	if seq.PeekASN1Tag(cb.INTEGER) {
		r.Nonce = new(big.Int)
		if !seq.ReadASN1Integer(r.Nonce) {
			return refuse(BadDataFormat, "nonce")
		}
	}
	if seq.PeekASN1Tag(cb.BOOLEAN) && !seq.ReadASN1Boolean(&r.CertReq) {
		return refuse(BadDataFormat, "certReq")
	}
	if seq.PeekASN1Tag(cb.Tag(0).Constructed().ContextSpecific()) {
		return refuse(UnacceptedExtension, "extensions")
	}
	if !seq.Empty() {
		return refuse(BadDataFormat, "octets behind the end")
	}
	return r, nil
}

func checkImprint(h crypto.Hash, digest []byte) error {
	if h != crypto.SHA256 && h != crypto.SHA384 && h != crypto.SHA512 {
		return fmt.Errorf("%w: hash", cms.ErrUnsupported)
	}
	if len(digest) != h.Size() {
		return errors.New("tsp: digest has the wrong length")
	}
	return nil
}

func addImprint(b *cryptobyte.Builder, h crypto.Hash, digest []byte) {
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(cms.HashOID(h))
			b.AddASN1NULL() // RFC 5754 would leave it out; every client of before 2010 expects it
		})
		b.AddASN1OctetString(digest)
	})
}

func readImprint(s *cryptobyte.String) (oid asn1.ObjectIdentifier, digest []byte, ok bool) {
	var imprint, alg cryptobyte.String
	if !s.ReadASN1(&imprint, cb.SEQUENCE) || !imprint.ReadASN1(&alg, cb.SEQUENCE) || !alg.ReadASN1ObjectIdentifier(&oid) {
		return nil, nil, false
	}
	if !alg.Empty() {
		var null cryptobyte.String
		if !alg.ReadASN1(&null, cb.NULL) || !null.Empty() || !alg.Empty() {
			return nil, nil, false
		}
	}
	if !imprint.ReadASN1Bytes(&digest, cb.OCTET_STRING) || !imprint.Empty() {
		return nil, nil, false
	}
	return oid, digest, true
}
