package cms

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // old signatures are read; package ades never calls one valid
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"
)

// hashes are the digest algorithms that are understood. MD5 and SHA-224 are not: nobody signs documents with them.
var hashes = []struct {
	hash               crypto.Hash
	digest, rsa, ecdsa asn1.ObjectIdentifier
}{
	{crypto.SHA256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}},
	{crypto.SHA384, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}},
	{crypto.SHA512, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}},
	{crypto.SHA1, asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}},
}

var (
	oidRSA   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidPSS   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidECKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
)

// HashOID is the identifier of a digest algorithm, nil for one this package does not know.
func HashOID(h crypto.Hash) asn1.ObjectIdentifier {
	for _, known := range hashes {
		if known.hash == h {
			return known.digest
		}
	}
	return nil
}

// HashByOID is the digest algorithm of an identifier, 0 when it is not known.
func HashByOID(oid asn1.ObjectIdentifier) crypto.Hash {
	for _, known := range hashes {
		if known.digest.Equal(oid) {
			return known.hash
		}
	}
	return 0
}

// algorithm is an AlgorithmIdentifier: params holds the whole element, nil when absent.
type algorithm struct {
	oid    asn1.ObjectIdentifier
	params []byte
}

func (a algorithm) bare() bool { return a.params == nil || string(a.params) == "\x05\x00" }

func readAlgorithm(s *cryptobyte.String) (a algorithm, ok bool) {
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, cb.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&a.oid) {
		return a, false
	}
	if !seq.Empty() {
		var el cryptobyte.String
		var tag cb.Tag
		if !seq.ReadAnyASN1Element(&el, &tag) || !seq.Empty() {
			return a, false
		}
		a.params = el
	}
	return a, true
}

// AddAlgorithm writes an AlgorithmIdentifier without parameters (as RFC 5754 wants for SHA-2), or with NULL (as RFC 3370 wants for RSA).
func addAlgorithm(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, null bool) {
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if null {
			b.AddASN1NULL()
		}
	})
}

// signatureAlgorithm is what a SignerInfo of ours names for a key. rsaEncryption, as the clients of the Portuguese service write and every reader takes.
func signatureAlgorithm(key crypto.PublicKey, h crypto.Hash) (oid asn1.ObjectIdentifier, null bool, err error) {
	switch key.(type) {
	case *rsa.PublicKey:
		return oidRSA, true, nil
	case *ecdsa.PublicKey:
		for _, known := range hashes {
			if known.hash == h {
				return known.ecdsa, false, nil
			}
		}
	}
	return nil, false, ErrUnsupported
}

// checkSignature verifies a signature value over a digest made with h.
func checkSignature(key crypto.PublicKey, alg algorithm, h crypto.Hash, digest, signature []byte) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if alg.oid.Equal(oidPSS) {
			salt, err := readPSS(alg.params, h)
			if err != nil {
				return err
			}
			if rsa.VerifyPSS(key, h, digest, signature, &rsa.PSSOptions{SaltLength: salt, Hash: h}) != nil {
				return ErrSignature
			}
			return nil
		}
		if !alg.bare() || !alg.oid.Equal(oidRSA) && !named(alg.oid, h, true) {
			return fmt.Errorf("%w: of an RSA signature", ErrUnsupported)
		}
		if rsa.VerifyPKCS1v15(key, h, digest, signature) != nil {
			return ErrSignature
		}
		return nil
	case *ecdsa.PublicKey:
		if !alg.bare() || !alg.oid.Equal(oidECKey) && !named(alg.oid, h, false) {
			return fmt.Errorf("%w: of an ECDSA signature", ErrUnsupported)
		}
		if !ecdsa.VerifyASN1(key, digest, signature) {
			return ErrSignature
		}
		return nil
	}
	return fmt.Errorf("%w: kind of key", ErrUnsupported)
}

// named tells whether a combined identifier (sha256WithRSAEncryption and the like) is the one for this hash.
func named(oid asn1.ObjectIdentifier, h crypto.Hash, isRSA bool) bool {
	for _, known := range hashes {
		if known.hash == h {
			return isRSA && known.rsa.Equal(oid) || !isRSA && known.ecdsa.Equal(oid)
		}
	}
	return false
}

// readPSS reads RSASSA-PSS-params (RFC 4055 §3.1). The hash inside must be the signer's digest algorithm: two hashes in one signature is how one gets swapped.
func readPSS(params []byte, h crypto.Hash) (salt int, err error) {
	bad := fmt.Errorf("%w: PSS parameters", ErrUnsupported)
	s := cryptobyte.String(params)
	var seq, field cryptobyte.String
	var there bool
	if !s.ReadASN1(&seq, cb.SEQUENCE) || !s.Empty() {
		return 0, bad
	}
	hash, mask, salt, trailer := crypto.SHA1, crypto.SHA1, 20, 1
	if !seq.ReadOptionalASN1(&field, &there, cb.Tag(0).Constructed().ContextSpecific()) {
		return 0, bad
	}
	if there {
		a, ok := readAlgorithm(&field)
		if !ok || !field.Empty() || !a.bare() {
			return 0, bad
		}
		hash = HashByOID(a.oid)
	}
	if !seq.ReadOptionalASN1(&field, &there, cb.Tag(1).Constructed().ContextSpecific()) {
		return 0, bad
	}
	if there {
		a, ok := readAlgorithm(&field)
		inner := cryptobyte.String(a.params)
		m, ok2 := readAlgorithm(&inner)
		if !ok || !ok2 || !field.Empty() || !inner.Empty() || !a.oid.Equal(oidMGF1) || !m.bare() {
			return 0, bad
		}
		mask = HashByOID(m.oid)
	}
	if !seq.ReadOptionalASN1Integer(&salt, cb.Tag(2).Constructed().ContextSpecific(), 20) ||
		!seq.ReadOptionalASN1Integer(&trailer, cb.Tag(3).Constructed().ContextSpecific(), 1) || !seq.Empty() {
		return 0, bad
	}
	if hash != h || mask != h || trailer != 1 || salt < 0 || salt > 512 {
		return 0, bad
	}
	return salt, nil
}
