package xmldsig

import "crypto"

// Profile is how a signature of ours looks (cmd-authentication §1.7.3). The zero value is "modern": exclusive C14N and SHA-256.
type Profile struct {
	Inclusive bool        // SignedInfo in inclusive C14N 1.0, as the original does; the reference is exclusive either way
	Hash      crypto.Hash // SHA256 when zero; SHA384, SHA512; SHA1 for the legacy profile and RSA only
}

// Signer signs documents of ours. Its zero value signs nothing.
type Signer struct {
	Key         crypto.Signer // RSA of 2048 bits or more, or ECDSA on P-256, P-384 or P-521
	Certificate []byte        // DER of the leaf, put into KeyInfo; nil leaves KeyInfo out
	Profile     Profile
}

// Sign returns the document with one enveloped signature over its root, put as text right after the root's first child element named Issuer, or
// as the root's first child when there is none. No other octet changes. The root needs an attribute ID. An assertion
// that will be embedded in a response is signed by itself first, with the exclusive form, and then embedded as it is.
func (s Signer) Sign(doc []byte) ([]byte, error) { return nil, refuse(ReasonMalformed, "") }
