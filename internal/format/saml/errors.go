package saml

// Reason is why something was refused: a stable word for logs and counters.
type Reason string

// The reasons, a closed set.
const (
	ReasonBase64    Reason = "base64"    // not base64
	ReasonTooLarge  Reason = "too_large" // longer than the limit, before or after inflating
	ReasonDeflate   Reason = "deflate"   // not raw DEFLATE, or octets behind its end
	ReasonRoot      Reason = "root"      // another message than expected
	ReasonID        Reason = "id"        // no ID, or not an NCName
	ReasonInstant   Reason = "instant"   // an instant missing or malformed
	ReasonIssuer    Reason = "issuer"    // no Issuer, or an empty one
	ReasonRepeated  Reason = "repeated"  // an element that may stand once stands twice
	ReasonValue     Reason = "value"     // a value outside its type: a boolean, an index, a comparison
	ReasonMissing   Reason = "missing"   // a required part is not there
	ReasonQuery     Reason = "query"     // a Redirect query that is not one: repeated, missing or contradicting parameters
	ReasonUnsigned  Reason = "unsigned"  // a query without Signature and SigAlg
	ReasonAlgorithm Reason = "algorithm" // not on the list
	ReasonSHA1      Reason = "sha1"      // SHA-1 where the policy does not allow it
	ReasonSignature Reason = "signature" // no key given made the signature
	ReasonKey       Reason = "key"       // no key given is of the kind or strength needed
)

// Error is why something was refused. Its text is fixed: it never repeats what the message says.
type Error struct {
	Reason Reason
	Detail string // for the log; fixed words
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return "saml: " + string(e.Reason)
	}
	return "saml: " + string(e.Reason) + ": " + e.Detail
}

func refuse(r Reason, detail string) error { return &Error{Reason: r, Detail: detail} }
