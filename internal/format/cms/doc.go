// Package cms writes and reads signatures in the Cryptographic Message Syntax, as PAdES, CAdES and time-stamp tokens carry them.
//
// It owns the SignedData structure: building one around a key that is somewhere else ([Signing.Attributes] gives what the key signs, [Signing.Assemble]
// takes the signature), reading one that a stranger made ([Parse]), the arithmetic of one signer ([Signer.Verify]), and adding to one what its signature does
// not cover ([AddUnsigned], [AddValidation]). It is pure: no clock, no randomness, no network, no trust. Whether a certificate may be believed, and whether a hash is
// still strong enough, is for package ades to say: SHA-1 verifies here.
//
// # Two phases
//
// Both phases are deterministic in the fields of [Signing]: any node can make the same attributes again when the signature comes back from
// the keystore, and nothing has to be kept between the two but what went in.
//
// # What is read
//
// DER, and BER as far as indefinite lengths, long lengths and strings in pieces go: these are found in files that others made. It is turned into DER first, so that what is
// checked and what is read are the same octets. Attributes that decide what was signed must occur exactly once with exactly one value.
//
// Sources: RFC 5652 (CMS), RFC 5035 (signing certificate reference), RFC 5126 and EN 319 122-1 (CAdES attributes), RFC 5754 (SHA-2), RFC 4056 (PSS), RFC 5753 (ECDSA),
// RFC 5940 (OCSP responses inside), cmd-signature §2.1 for what clients of the Portuguese service produce.
package cms

import "errors"

// Why a structure was refused. The texts are fixed; what wraps them adds fixed words, never octets of the input.
var (
	ErrMalformed        = errors.New("cms: malformed")                                     // not a SignedData of RFC 5652
	ErrUnsupported      = errors.New("cms: unsupported algorithm")                         // nothing is known about the signature
	ErrContent          = errors.New("cms: content is not what was signed")                // the message digest differs
	ErrSignature        = errors.New("cms: signature does not verify")                     // under the certificate's key
	ErrOtherCertificate = errors.New("cms: signature names another certificate")           // signingCertificate does not match
	ErrNoCertificate    = errors.New("cms: signer's certificate is not among those given") // nothing to verify with
	ErrNotFound         = errors.New("cms: no such signer")
)
