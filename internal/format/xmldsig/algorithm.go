package xmldsig

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // verifies and serves clients whose legacy switch an operator turned on, and only those
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/asn1"
	"math/big"
)

// Names of transforms and canonical forms.
const (
	dsig      = "http://www.w3.org/2000/09/xmldsig#"
	enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
	exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
)

// kind is a sort of key.
type kind string

const (
	kindRSA   kind = "rsa"
	kindECDSA kind = "ecdsa"
)

// Bounds on RSA moduli in bits: shorter ones are too weak (cmd-authentication §1.7.2), longer ones only keep a processor busy.
const minRSA, maxRSA = 2048, 8192

// method is a row of the allow-list of signatures. Everything that is not in it, HMAC above all, is refused.
type method struct {
	uri  string
	kind kind
	hash crypto.Hash
}

func methods() [7]method {
	return [7]method{
		{"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", kindRSA, crypto.SHA256},
		{"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", kindRSA, crypto.SHA384},
		{"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", kindRSA, crypto.SHA512},
		{"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", kindECDSA, crypto.SHA256},
		{"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", kindECDSA, crypto.SHA384},
		{"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", kindECDSA, crypto.SHA512},
		{"http://www.w3.org/2000/09/xmldsig#rsa-sha1", kindRSA, crypto.SHA1},
	}
}

// digestURI is the allow-list of digests; "" for a hash that is not on it.
func digestURI(h crypto.Hash) string {
	switch h {
	case crypto.SHA256:
		return "http://www.w3.org/2001/04/xmlenc#sha256"
	case crypto.SHA384:
		return "http://www.w3.org/2001/04/xmldsig-more#sha384"
	case crypto.SHA512:
		return "http://www.w3.org/2001/04/xmlenc#sha512"
	case crypto.SHA1:
		return "http://www.w3.org/2000/09/xmldsig#sha1"
	default:
		return ""
	}
}

// digestHash reads a DigestMethod under a policy.
func digestHash(uri string, p Policy) (crypto.Hash, error) {
	for _, h := range [...]crypto.Hash{crypto.SHA256, crypto.SHA512, crypto.SHA384, crypto.SHA1} {
		if digestURI(h) != uri {
			continue
		}
		if h == crypto.SHA1 && !p.SHA1 {
			return 0, refuse(ReasonSHA1, "digest")
		}
		return h, nil
	}
	return 0, refuse(ReasonAlgorithm, "digest")
}

func sum(h crypto.Hash, octets []byte) []byte {
	d := h.New()
	d.Write(octets)
	return d.Sum(nil)
}

// VerifyOctets checks a signature over octets under one of the algorithm names of XML signatures, as the Redirect binding of SAML uses them. It returns
// which key made it and whether SHA-1 was used. Errors are *[Error].
func VerifyOctets(algorithm string, octets, signature []byte, keys []crypto.PublicKey, p Policy) (key int, sha1 bool, err error) {
	for _, m := range methods() {
		if m.uri != algorithm {
			continue
		}
		if m.hash == crypto.SHA1 && !p.SHA1 {
			return 0, false, refuse(ReasonSHA1, "signature")
		}
		key, err = m.verify(sum(m.hash, octets), signature, keys)
		return key, m.hash == crypto.SHA1 && err == nil, err
	}
	return 0, false, refuse(ReasonAlgorithm, "signature")
}

// verify tries the keys that fit the method, in order.
func (m method) verify(digest, signature []byte, keys []crypto.PublicKey) (int, error) {
	usable := false
	for i, k := range keys {
		if kindOf(k) != m.kind {
			continue
		}
		usable = true
		switch k := k.(type) {
		case *rsa.PublicKey:
			if rsa.VerifyPKCS1v15(k, m.hash, digest, signature) == nil {
				return i, nil
			}
		case *ecdsa.PublicKey:
			// The two numbers side by side, each as long as the curve's order (RFC 4050 §3.3): not ASN.1, and no other length.
			n := numberLength(k.Curve)
			if len(signature) == 2*n && ecdsa.Verify(k, digest, new(big.Int).SetBytes(signature[:n]), new(big.Int).SetBytes(signature[n:])) {
				return i, nil
			}
		}
	}
	if !usable {
		return 0, refuse(ReasonKey, "none of the kind or strength needed")
	}
	return 0, refuse(ReasonSignature, "")
}

// kindOf sorts a public key, and gives "" to one that is of no kind or too weak.
func kindOf(k crypto.PublicKey) kind {
	switch k := k.(type) {
	case *rsa.PublicKey:
		if k != nil && k.N != nil && k.N.BitLen() >= minRSA && k.N.BitLen() <= maxRSA {
			return kindRSA
		}
	case *ecdsa.PublicKey:
		if k != nil && (k.Curve == elliptic.P256() || k.Curve == elliptic.P384() || k.Curve == elliptic.P521()) {
			return kindECDSA
		}
	}
	return ""
}

func numberLength(c elliptic.Curve) int { return (c.Params().N.BitLen() + 7) / 8 }

// SignatureName is the algorithm name under which a key signs with a hash; a zero hash is SHA-256. Errors are *[Error].
func SignatureName(key crypto.Signer, hash crypto.Hash) (string, error) {
	if key == nil {
		return "", refuse(ReasonKey, "no key")
	}
	k := kindOf(key.Public())
	if k == "" {
		return "", refuse(ReasonKey, "kind or strength")
	}
	for _, m := range methods() {
		if m.kind == k && m.hash == cmp.Or(hash, crypto.SHA256) {
			return m.uri, nil
		}
	}
	return "", refuse(ReasonAlgorithm, "hash")
}

// SignOctets signs octets and returns the algorithm's name with the signature; a zero hash is SHA-256. Its counterpart is [VerifyOctets].
func SignOctets(key crypto.Signer, hash crypto.Hash, octets []byte) (algorithm string, signature []byte, err error) {
	algorithm, err = SignatureName(key, hash)
	if err != nil {
		return "", nil, err
	}
	hash = cmp.Or(hash, crypto.SHA256)
	// Without randomness both kinds sign deterministically (RFC 8017 §8.2, RFC 6979), so a bad source cannot cost the key.
	signature, err = key.Sign(nil, sum(hash, octets), hash)
	if err != nil {
		return "", nil, err
	}
	if ec, ok := key.Public().(*ecdsa.PublicKey); ok {
		signature, err = sideBySide(signature, numberLength(ec.Curve))
	}
	return algorithm, signature, err
}

// sideBySide turns the ASN.1 form of an ECDSA signature into two numbers of n octets each.
func sideBySide(der []byte, n int) ([]byte, error) {
	var v struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 || v.R.Sign() <= 0 || v.S.Sign() <= 0 || v.R.BitLen() > 8*n || v.S.BitLen() > 8*n {
		return nil, refuse(ReasonSignature, "the key gave no ECDSA signature")
	}
	out := make([]byte, 2*n)
	v.R.FillBytes(out[:n])
	v.S.FillBytes(out[n:])
	return out, nil
}
