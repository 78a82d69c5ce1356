package xmldsig

import (
	"crypto"

	"github.com/beevik/etree"
)

// Policy is what a caller allows beyond the secure default; its zero value is the strict one.
type Policy struct {
	SHA1 bool // RSA-SHA1 signatures and SHA-1 digests: only for a service whose legacy switch says so
}

// Verified is a document whose signature holds. Only [Verify] makes one that has a root.
type Verified struct {
	Root *etree.Element // parsed anew from the canonical octets that were hashed: without the signature, and without anything unsigned
	Key  int            // which of the keys given verified
	SHA1 bool           // whether SHA-1 was used, as digest or in the signature
}

// Verify checks the one enveloped signature of a document that [Parse] read. Errors are *[Error]. The tree is not changed; read
// values only from [Verified.Root].
func Verify(root *etree.Element, keys []crypto.PublicKey, p Policy) (Verified, error) {
	return Verified{}, refuse(ReasonSignatureMissing, "")
}
