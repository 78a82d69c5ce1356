package enrol

import (
	"context"

	"chave/internal/core/citizen"
)

// Registry is the civil registry, as far as a registration needs it. Silence, garbage and failure are fault.RegistryUnavailable (R2.07, A20).
type Registry interface {
	Lookup(ctx context.Context, q Query) (Answer, error)
}

// Query names one document and the birth date printed on it.
type Query struct {
	Type      citizen.DocumentType
	Country   citizen.Country
	Number    string
	BirthDate citizen.Date
}

// Coverage says whether the registry can know such a document at all.
type Coverage string

// The coverages. A foreign passport is known to no registry here: the operator attests what they checked.
const (
	Found      Coverage = "found"
	NotFound   Coverage = "not_found"
	NotCovered Coverage = "not_covered"
)

// DocumentState is what the issuer says of a document (R1.31).
type DocumentState string

// The states.
const (
	DocumentValid   DocumentState = "valid"
	DocumentLost    DocumentState = "cancelled_lost"
	DocumentOld     DocumentState = "expired"
	DocumentUnknown DocumentState = "unknown"
)

// Answer is what the registry holds. Person has no id, contacts or documents of ours.
type Answer struct {
	Coverage Coverage
	Person   citizen.Person // names, birth date, nationality, numbers, standing
	Expires  citizen.Date   // zero for a lifetime document
	Lifetime bool
	State    DocumentState
}
