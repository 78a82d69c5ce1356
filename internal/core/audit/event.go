package audit

import (
	"time"

	"chave/internal/core/citizen"
)

// Kind is what was decided.
type Kind string

// The decisions on record (A19).
const (
	LoginRefused    Kind = "login.refused"
	PINAccepted     Kind = "login.pin_accepted"
	PINRefused      Kind = "login.pin_refused"
	CodeAccepted    Kind = "login.code_accepted"
	CodeRefused     Kind = "login.code_refused"
	ConsentGiven    Kind = "consent.given"
	ConsentDenied   Kind = "consent.denied"
	ConsentWithdraw Kind = "consent.withdrawn"
	LoginFinished   Kind = "login.finished"
	SessionEnded    Kind = "session.ended"
	PINChanged      Kind = "key.pin_changed"
	KeyBlocked      Kind = "key.blocked"
	KeyCancelled    Kind = "key.cancelled"
	KeyRevoked      Kind = "key.revoked"
	KeyIssued       Kind = "enrol.key_issued"
	CaseDecided     Kind = "enrol.decided"
	RoleGiven       Kind = "operator.role_given"
	RoleTaken       Kind = "operator.role_taken"
	ServiceSaved    Kind = "service.saved"
	ServiceDeleted  Kind = "service.deleted"
	GrantIssued     Kind = "grant.issued"
	GrantReused     Kind = "grant.reused"
	GrantRevoked    Kind = "grant.revoked"
	KeyRotated      Kind = "signing_key.rotated"

	SigningActivated   Kind = "signing.activated"
	SigningEnded       Kind = "signing.ended"
	SigningSuspended   Kind = "signing.suspended" // "it was not me"
	SigningResumed     Kind = "signing.resumed"
	SignPINRefused     Kind = "signing.pin_refused"
	SignPINBlocked     Kind = "signing.pin_blocked"
	SignPINChanged     Kind = "signing.pin_changed"
	SignaturePrepared  Kind = "signing.prepared"
	SignCodeRefused    Kind = "signing.code_refused"
	SignCodeAccepted   Kind = "signing.code_accepted" // a permit is out; spending it is SignaturePermitted
	SignaturePermitted Kind = "signing.permitted"     // in the commit that spends the permit: no signature without it
	SignatureMade      Kind = "signing.made"
	CertificateIssued  Kind = "certificate.issued"
	CertificateStatus  Kind = "certificate.status"
	AuthorityMade      Kind = "authority.made"
)

// Event is one decision. Person and Actor are internal ids; Data holds codes and names of things, never values.
type Event struct {
	ID      string
	At      time.Time
	Kind    Kind
	Person  citizen.ID        // whom it concerns, if anybody
	Actor   string            // who decided, when it was not the person: an operator's id, "system"
	Service string            // which service, if any
	Login   string            // which transaction, if any
	Data    map[string]string // stable codes: fault, level, channel
}

// Tx is what a transaction must offer to record a decision.
type Tx interface {
	// InsertAudit records an event. Payload is sealed; salt and commitment are made by the store from Event.Commit.
	InsertAudit(Event) error
}
