package ades

import (
	"crypto/x509"
	"encoding/hex"
	"time"

	"chave/internal/format/pdf"
)

// Verdict is what a report says in one word.
type Verdict string

// The verdicts.
const (
	Valid   Verdict = "valid"
	Invalid Verdict = "invalid"
	Unknown Verdict = "unknown"
)

// worse gives the less good of two verdicts.
func worse(a, b Verdict) Verdict {
	switch {
	case a == Invalid || b == Invalid:
		return Invalid
	case a == Unknown || b == Unknown:
		return Unknown
	}
	return Valid
}

// Report is what can be said of a signed file. It holds data and no sentences, and marshals to JSON.
type Report struct {
	Kind       string            `json:"kind"`    // pdf, cms
	Verdict    Verdict           `json:"verdict"` // the worst of all below
	Reasons    []Reason          `json:"reasons,omitempty"`
	Signatures []SignatureReport `json:"signatures"`
	Timestamps []StampReport     `json:"timestamps,omitempty"` // document time-stamps, in the order of the file
}

// SignatureReport is what can be said of one signature.
type SignatureReport struct {
	Index   int      `json:"index"` // from 1, in the order in which they were made
	Verdict Verdict  `json:"verdict"`
	Reasons []Reason `json:"reasons,omitempty"` // why the verdict is not valid; the blocking ones first
	Notes   []Reason `json:"notes,omitempty"`   // worth telling; they do not lower the verdict
	Intact  bool     `json:"intact"`            // what was signed is unchanged, and the key of Signer signed it
	Level   Level    `json:"level,omitempty"`   // what is proven now, not what was meant

	Signer    Party     `json:"signer"`
	ClaimedAt time.Time `json:"claimed_at,omitzero"` // by the signer; proves nothing
	ProvenAt  time.Time `json:"proven_at,omitzero"`  // it existed no later than this
	Hash      string    `json:"hash,omitempty"`      // SHA-256 …
	Policy    string    `json:"policy,omitempty"`    // identifier of the signature policy, when the signer named one

	Chain      []Party       `json:"chain,omitempty"` // signer first, root last; empty without a trusted one
	Revocation []Revocation  `json:"revocation,omitempty"`
	Timestamps []StampReport `json:"timestamps,omitempty"` // over the signature itself

	// What follows is of PDF files alone.
	Field     string   `json:"field,omitempty"`
	SubFilter string   `json:"sub_filter,omitempty"`
	Name      string   `json:"name,omitempty"` // claimed
	Reason    string   `json:"reason,omitempty"`
	Location  string   `json:"location,omitempty"`
	Page      int      `json:"page,omitempty"` // 0: not shown
	Revision  int      `json:"revision,omitempty"`
	CoversAll bool     `json:"covers_all"`
	Certify   int      `json:"certify,omitempty"`
	Changes   []Change `json:"changes,omitempty"` // what later revisions did
}

// Change is what one later revision did to a signed PDF; Kind is one of package pdf's words.
type Change struct {
	Revision int            `json:"revision"`
	Kind     pdf.ChangeKind `json:"kind"`
	Field    string         `json:"field,omitempty"`
	Allowed  bool           `json:"allowed"` // by what the signature permits
}

// StampReport is what can be said of one time-stamp.
type StampReport struct {
	Verdict    Verdict      `json:"verdict"`
	Reasons    []Reason     `json:"reasons,omitempty"`
	At         time.Time    `json:"at,omitzero"`
	Authority  Party        `json:"authority"`
	Policy     string       `json:"policy,omitempty"`
	Revocation []Revocation `json:"revocation,omitempty"`
	Field      string       `json:"field,omitempty"`
	Revision   int          `json:"revision,omitempty"`
	CoversAll  bool         `json:"covers_all,omitempty"`
}

// Party is who a certificate names.
type Party struct {
	CommonName   string    `json:"common_name,omitempty"`
	Organization []string  `json:"organization,omitempty"`
	Unit         []string  `json:"unit,omitempty"`
	Country      []string  `json:"country,omitempty"`
	Number       string    `json:"number,omitempty"` // the subject's serialNumber, such as BI12345678
	Issuer       string    `json:"issuer,omitempty"` // common name
	Serial       string    `json:"serial,omitempty"` // the certificate's, hexadecimal
	NotBefore    time.Time `json:"not_before,omitzero"`
	NotAfter     time.Time `json:"not_after,omitzero"`
	DER          []byte    `json:"-"`
}

func party(c *x509.Certificate) Party {
	if c == nil {
		return Party{}
	}
	return Party{
		CommonName: c.Subject.CommonName, Organization: c.Subject.Organization, Unit: c.Subject.OrganizationalUnit, Country: c.Subject.Country,
		Number: c.Subject.SerialNumber, Issuer: c.Issuer.CommonName, Serial: hex.EncodeToString(c.SerialNumber.Bytes()),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), DER: c.Raw,
	}
}

// Revocation is what was found on one certificate.
type Revocation struct {
	Certificate string    `json:"certificate"`        // common name
	Status      string    `json:"status"`             // good, revoked, suspended, unknown, not_needed
	Source      string    `json:"source,omitempty"`   // ocsp, crl
	Embedded    bool      `json:"embedded,omitempty"` // the file brought it along
	At          time.Time `json:"at,omitzero"`        // when the answer was true (thisUpdate)
	RevokedAt   time.Time `json:"revoked_at,omitzero"`
}

// Reason is a stable code with arguments by name.
type Reason struct {
	Code Code              `json:"code"`
	Args map[string]string `json:"args,omitempty"`
}

// Code is why a verdict is not better. The set is closed; pages and the command have a sentence for each.
type Code string

// Codes of a whole file. Each comes with unknown, except where it says.
const (
	NoSignature Code = "no_signature" // nothing is signed; or the signatures were taken away
	NotPDF      Code = "not_pdf"
	Encrypted   Code = "encrypted"
	Damaged     Code = "damaged"
	Hybrid      Code = "hybrid"
	TooComplex  Code = "too_complex"
	NoRoots     Code = "no_roots"      // nobody is believed
	NoContent   Code = "no_content"    // a detached signature without the file it is for
	Malformed   Code = "malformed"     // invalid: the signature itself cannot be read
	Extra       Code = "extra_content" // invalid: the signature carries another content than the file given
)

// Codes of one signature.
const (
	Coverage        Code = "coverage"           // invalid: does not speak of the whole file up to its place
	ContentChanged  Code = "content_changed"    // invalid
	BadSignature    Code = "bad_signature"      // invalid: not made by the certificate's key
	OtherSigner     Code = "other_certificate"  // invalid: it names another certificate than the one it came with
	ChangedLater    Code = "changed_later"      // invalid: args kind, revision
	NoCertificate   Code = "no_certificate"     // the signer's is not in the file
	Unsupported     Code = "unsupported"        // an algorithm or form that is not read
	SeveralSigners  Code = "several_signers"    // in one PDF signature
	WeakHash        Code = "weak_hash"          // args hash
	WeakKey         Code = "weak_key"           // args bits, certificate
	KeyUsage        Code = "key_usage"          // the certificate is not for signing documents
	NoTrustedChain  Code = "no_trusted_chain"   // args issuer
	Expired         Code = "expired"            // at the time that is proven; args certificate, at
	NotYetValid     Code = "not_yet_valid"      // args certificate, at
	Revoked         Code = "revoked"            // invalid; args certificate, at
	Suspended       Code = "suspended"          // args certificate, at
	NoRevocation    Code = "revocation_unknown" // nobody could say; args certificate
	StaleRevocation Code = "revocation_stale"   // the answers are too old; args certificate
)

// Codes of time-stamps. For one over a signature they lower that signature; for a document time-stamp, the report.
const (
	StampBroken      Code = "timestamp_broken"             // invalid: not for this, or changed
	StampUnsupported Code = "timestamp_unsupported"        //
	StampUsage       Code = "timestamp_usage"              // its certificate is not for time-stamps
	StampUntrusted   Code = "timestamp_untrusted"          // no trusted chain
	StampWeak        Code = "timestamp_weak"               //
	StampExpired     Code = "timestamp_expired"            // and no later one protects it
	StampRevoked     Code = "timestamp_revoked"            //
	StampRevocation  Code = "timestamp_revocation_unknown" //
	StampOrder       Code = "timestamp_order"              // it claims to be later than one made over it
)

// Notes, which do not lower a verdict.
const (
	NoteNoReference  Code = "no_certificate_reference" // an older form: the signature does not name its certificate
	NoteRevokedLater Code = "revoked_later"            // after the time that is proven; args at
	NoteNoTime       Code = "time_not_proven"          // only the signer says when
)

// verdict tells what a code does to a verdict.
func (c Code) verdict() Verdict {
	switch c {
	case Malformed, Extra, Coverage, ContentChanged, BadSignature, OtherSigner, ChangedLater, Revoked, StampBroken:
		return Invalid
	}
	return Unknown
}

func because(code Code, args ...string) Reason {
	r := Reason{Code: code}
	for i := 0; i+1 < len(args); i += 2 {
		if r.Args == nil {
			r.Args = map[string]string{}
		}
		r.Args[args[i]] = args[i+1]
	}
	return r
}

func verdictOf(reasons []Reason) Verdict {
	v := Valid
	for _, r := range reasons {
		v = worse(v, r.Code.verdict())
	}
	return v
}

func stampTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
