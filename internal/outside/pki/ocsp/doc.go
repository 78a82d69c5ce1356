// Package ocsp reads status requests and writes signed answers (RFC 6960, RFC 9654): bytes in, bytes out.
//
// The library golang.org/x/crypto/ocsp reads one certificate of a request, drops the nonce, and cannot write one back; here all certificates of a request and its nonce are
// kept, and the answer carries the very bytes the client asked with. That library is the judge in the tests.
//
// It knows no store, no clock and no network, and holds no key: a signer is lent for one answer.
package ocsp

import "encoding/asn1"

var (
	oidBasic  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidNonce  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidSHA1   = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

// Refusal is an answer without a signature (RFC 6960 §4.2.1).
type Refusal int

// The refusals.
const (
	Malformed    Refusal = 1
	InternalFail Refusal = 2
	TryLater     Refusal = 3
	Unauthorized Refusal = 6 // about an issuer for whom we do not answer
)
