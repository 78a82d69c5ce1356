// Package certificate owns the life of the certificates that Chave issues, and of the authorities that issue them.
//
//	reserved ─▶ good ⇄ suspended
//	              └──────┴─▶ revoked
//
// A serial number and the very bytes to be signed are on record before an authority signs them, so that no certificate exists that nobody knows of. A change of status is
// one compare-and-set with its audit row, in the transaction of the decision it follows from; the responder and the list both read these rows, so they agree (S7).
//
// The package signs nothing and parses no request.
package certificate

import (
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
)

// State is what an authority says of a certificate.
type State string

// The states. Reserved means: may have been signed, was never handed out.
const (
	Reserved  State = "reserved"
	Good      State = "good"
	Suspended State = "suspended" // certificateHold (RFC 5280 §5.3.1)
	Revoked   State = "revoked"
)

// Reason is an RFC 5280 §5.3.1 CRLReason.
type Reason int

// The reasons in use.
const (
	Unspecified          Reason = 0
	KeyCompromise        Reason = 1
	AffiliationChanged   Reason = 3
	Superseded           Reason = 4
	CessationOfOperation Reason = 5
	CertificateHold      Reason = 6
)

// Certificate is one certificate, of a person or of an authority below the root. Who, TBS and DER are sealed at rest.
type Certificate struct {
	Serial    string // lower-case hexadecimal, no leading zeros cut: 32 digits
	Version   int64  // compare-and-set
	Authority string // id of the issuing authority
	Profile   string
	Person    citizen.ID // empty for an authority's
	TBS       []byte     // what was reserved to be signed
	DER       []byte     // empty while reserved
	State     State
	Reason    Reason
	NotBefore time.Time
	NotAfter  time.Time
	ChangedAt time.Time // of the last change of status, zero before the first: what a list gives as revocation date
}

// Role is what an authority's key does, and nothing else (S10).
type Role string

// The roles.
const (
	Root    Role = "root"
	Issuing Role = "issuing"
	OCSP    Role = "ocsp"
	TSA     Role = "tsa"
)

// Authority is one key of ours with its certificate. A root's private half is not here: it is kept apart.
type Authority struct {
	ID      string // 26 letters
	Version int64
	Role    Role
	Active  bool     // signs new things; others stay to answer for what they signed
	Issuer  string   // id of the authority that certified it; empty for the root
	Cert    []byte   // DER
	Chain   [][]byte // DER: from its issuer up to and with the root
	Sealed  []byte   // the private half, as the keystore made it; empty for the root
	MadeAt  time.Time
}

// Subject is who gets a certificate, and for which key.
type Subject struct {
	Person   citizen.Person
	Public   []byte // SubjectPublicKeyInfo, DER
	NotAfter time.Time
}

// Issued is a certificate on record and handed out.
type Issued struct {
	Certificate
	Chain [][]byte // DER: leaf, issuing authority, root
}

// Tx is what a transaction must offer for certificates.
type Tx interface {
	audit.Tx

	// InsertCertificate reserves one; fault.RowConflict when the serial is taken.
	InsertCertificate(Certificate) error
	// Certificate reads one by serial; fault.RowNotFound.
	Certificate(serial string) (Certificate, error)
	// UpdateCertificate replaces the row of the same Version and adds one to it, else fault.RowConflict.
	UpdateCertificate(Certificate) error
	// RevokedCertificates lists serial, reason and time of an authority's certificates that are suspended or revoked and have not ended before an instant, by serial,
	// after a serial, at most n.
	// They carry no Person, TBS or DER.
	RevokedCertificates(authority string, notEndedBefore time.Time, after string, n int) ([]Certificate, error)
	// StatusChangedAt is when the status of any of an authority's certificates changed last; zero when none did.
	StatusChangedAt(authority string) (time.Time, error)
	// ReservedCertificates lists those reserved before an instant that were never handed out, oldest first, at most n.
	ReservedCertificates(before time.Time, n int) ([]Certificate, error)

	// InsertAuthority adds one; fault.RowConflict when its role has an active one and it is active too.
	InsertAuthority(Authority) error
	// Authorities lists all, oldest first. There are a handful. A row without the keystore's stamp is none.
	Authorities() ([]Authority, error)
	// UpdateAuthority replaces the row of the same Version and adds one to it, else fault.RowConflict.
	UpdateAuthority(Authority) error
	// NextCRLNumber counts an authority's lists; it never gives a number twice.
	NextCRLNumber(authority string) (int64, error)
	// KeepCRL keeps the list of an authority whose key is not at hand, a root, in DER. It has taken a number before.
	KeepCRL(authority string, list []byte) error
	// KeptCRL reads it; fault.RowNotFound when there is none.
	KeptCRL(authority string) ([]byte, error)
}
