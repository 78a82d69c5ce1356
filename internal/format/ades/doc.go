// Package ades makes advanced electronic signatures that last, and judges those of others.
//
// It owns the levels of PAdES and CAdES baseline signatures, B-B to B-LTA ([PreparePDF], [Extend], [PrepareCMS], [ExtendCMS]), and the report on a signed
// file ([Validate]). It stands on packages cms, tsp and pdf, which know formats and no trust. It is pure: time-stamps, OCSP responses and CRLs come through
// functions that the caller gives ([Helpers]); the time is a parameter; the roots that are believed are a parameter.
//
// # Levels
//
//	B-B    the signature, with a reference to its certificate
//	B-T    and a time-stamp: it existed before that time
//	B-LT   and every certificate and revocation answer a verifier needs, for the signer, the time-stamps and those who answer
//	B-LTA  and a document time-stamp over all that, to be renewed before algorithms or certificates age
//
// Extending never loses a signature: what was reached is kept, and the error says what was missing.
//
// # Judging
//
// A verdict is one of three. Valid: all was checked, and it holds. Invalid: the file was changed, or the certificate was revoked when it signed. Unknown: something could
// not be checked, whatever the cause. Nothing is valid because a question could not be asked. Reasons are stable words with arguments; pages and the command
// put them into sentences.
//
// A time that a signer claims proves nothing. What is proven comes from time-stamps alone, judged from the latest to the earliest: each is checked at the time that
// those after it prove, and a certificate that has ended is good if it had not when the signature provably existed.
//
// Sources: EN 319 142-1 (PAdES), EN 319 122-1 (CAdES), EN 319 102-1 §5 (validation, kept simple), RFC 5280, RFC 6960.
package ades

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
)

// Level is a baseline level. Empty: none, such as an older PDF signature.
type Level string

// The levels, in rising order.
const (
	BB   Level = "B-B"
	BT   Level = "B-T"
	BLT  Level = "B-LT"
	BLTA Level = "B-LTA"
)

func (l Level) rank() int {
	switch l {
	case BB:
		return 1
	case BT:
		return 2
	case BLT:
		return 3
	case BLTA:
		return 4
	}
	return 0
}

// Helpers are what the world outside gives. Each may be nil: then it cannot be asked. None is asked twice for the same in one call.
type Helpers struct {
	// Timestamp gives a time-stamp token (ContentInfo, DER, with certificates) over a digest.
	Timestamp func(ctx context.Context, h crypto.Hash, digest []byte) (token []byte, err error)
	// OCSP gives an OCSP response (DER) on a certificate.
	OCSP func(ctx context.Context, cert, issuer *x509.Certificate) (response []byte, err error)
	// CRL gives the list (DER) on which a certificate would stand; asked when OCSP has no answer.
	CRL func(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error)
}

// Errors of making and extending. What helpers report is wrapped, so that callers can tell their own errors.
var (
	ErrNoSignature = errors.New("ades: nothing is signed here")
	ErrTimestamp   = errors.New("ades: no time-stamp could be had")
	ErrRevocation  = errors.New("ades: validation data could not be had") // a certificate or an answer about one is missing
	ErrRevoked     = errors.New("ades: a certificate is revoked")
	ErrLevel       = errors.New("ades: no such level here")
)
