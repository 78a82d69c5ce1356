package xmldsig

// Reason is why a document was refused: a stable word for logs and counters, never shown to the sender.
type Reason string

// The reasons, a closed set.
const (
	ReasonMalformed          Reason = "malformed"           // not well-formed, or not namespace-well-formed
	ReasonTooLarge           Reason = "too_large"           // a limit on octets, depth, elements or attributes; also canonical octets out of proportion
	ReasonEncoding           Reason = "encoding"            // not UTF-8, or another encoding declared
	ReasonDTD                Reason = "dtd"                 // a document type declaration
	ReasonEntity             Reason = "entity"              // an entity other than the five that XML itself defines
	ReasonInstruction        Reason = "instruction"         // a processing instruction
	ReasonComment            Reason = "comment"             // a comment
	ReasonSignatureMissing   Reason = "signature_missing"   // no Signature in the document
	ReasonSignatureRepeated  Reason = "signature_repeated"  // more than one, anywhere
	ReasonSignatureMisplaced Reason = "signature_misplaced" // not a direct child of the root
	ReasonSignatureMalformed Reason = "signature_malformed" // missing, repeated or foreign parts
	ReasonDuplicateID        Reason = "duplicate_id"        // one value in two ID attributes, however these are spelled
	ReasonReference          Reason = "reference"           // not exactly one, or not to the root's ID
	ReasonTransform          Reason = "transform"           // other than enveloped-signature then exclusive C14N
	ReasonAlgorithm          Reason = "algorithm"           // not on the list; HMAC never is
	ReasonSHA1               Reason = "sha1"                // SHA-1 where the policy does not allow it
	ReasonDigest             Reason = "digest"              // the document was changed after signing
	ReasonSignature          Reason = "signature"           // no key given made this signature
	ReasonKey                Reason = "key"                 // no key given is of the kind or strength needed
)

// Error is why a document was refused. Its text is fixed: it never repeats what the document says.
type Error struct {
	Reason Reason
	Detail string // for the log; fixed words
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return "xml: " + string(e.Reason)
	}
	return "xml: " + string(e.Reason) + ": " + e.Detail
}

func refuse(r Reason, detail string) error { return &Error{Reason: r, Detail: detail} }
