package saml

import (
	"crypto"

	"chave/internal/format/xmldsig"
)

// Pair is one parameter of a query, not yet URL-encoded.
type Pair struct{ Name, Value string }

// SignQuery makes a signed query of the Redirect binding (SAML bindings §3.4.4.1): the pairs in the order given, which must be SAMLRequest or SAMLResponse, then
// RelayState if there is one; then SigAlg and Signature. The key is RSA or ECDSA, the hash SHA-256, -384 or -512 (zero: SHA-256), or SHA-1 for RSA and a legacy service.
func SignQuery(key crypto.Signer, hash crypto.Hash, pairs ...Pair) (string, error) {
	return "", refuse(ReasonKey, "")
}

// Query is what a Redirect query says.
type Query struct {
	Message       string // value of SAMLRequest or SAMLResponse, URL-decoded: give it to [DecodeRedirect]
	Response      bool   // it was SAMLResponse
	RelayState    string
	HasRelayState bool
	Signed        bool // a Signature stands there; only [VerifyQuery] says that it holds
	Key           int  // which of the keys given verified
	SHA1          bool // whether SHA-1 was used
}

// ParseQuery reads a query without looking at its signature, for services whose requests need none and to learn the
// Issuer whose keys [VerifyQuery] needs. Parameters of other names are ignored; SAML's own must not repeat.
func ParseQuery(rawQuery string) (Query, error) { return Query{}, refuse(ReasonQuery, "") }

// VerifyQuery reads a query and checks its signature over the octets as they were sent. Errors are *[Error].
func VerifyQuery(rawQuery string, keys []crypto.PublicKey, p xmldsig.Policy) (Query, error) {
	return Query{}, refuse(ReasonUnsigned, "")
}
