package citizen

import (
	"strings"
	"time"
)

// ID names a person inside Chave: 128 random bits as text. It leaves Chave only as pairwise or public subjects derived from it.
type ID string

// Country is ISO 3166-1 alpha-3 in upper case.
type Country string

// Portugal issues citizen cards, residence permits and residence cards.
const Portugal Country = "PRT"

// DocumentType is one of the documents that can found a key (R1.08).
type DocumentType string

// The founding documents. A certificate of registration (CRUE) is not one (R1.16).
const (
	CitizenCard     DocumentType = "citizen_card"
	IdentityCard    DocumentType = "identity_card" // bilhete de identidade, lifetime ones are still in use
	Passport        DocumentType = "passport"
	ResidencePermit DocumentType = "residence_permit" // título de residência, TR
	ResidenceCard   DocumentType = "residence_card"   // cartão de residência, CR
)

// DocumentTypes lists the founding documents in the order pages show them.
func DocumentTypes() []DocumentType {
	return []DocumentType{CitizenCard, IdentityCard, Passport, ResidencePermit, ResidenceCard}
}

// Known tells whether t is one of the founding documents.
func (t DocumentType) Known() bool {
	for _, k := range DocumentTypes() {
		if k == t {
			return true
		}
	}
	return false
}

// National tells whether the document is a Portuguese civil-identification one: it carries a NIC and has days of grace (R1.25).
func (t DocumentType) National() bool { return t == CitizenCard || t == IdentityCard }

// Document is an identity document. Expires is zero for a lifetime one.
type Document struct {
	Type    DocumentType `json:"type"`
	Country Country      `json:"country"` // the issuing state, hence PRT for permits and residence cards (R1.10)
	Number  string       `json:"number"`  // normal form: upper case, no separators
	Expires Date         `json:"expires"`
}

// Person is everything Chave knows of someone. It is sealed at rest as a whole.
type Person struct {
	ID          ID         `json:"-"`
	Version     int64      `json:"-"` // compare-and-set of updates
	GivenNames  string     `json:"given_names"`
	Surnames    string     `json:"surnames"`
	BirthDate   Date       `json:"birth_date"`
	Nationality Country    `json:"nationality"`
	NIC         string     `json:"nic,omitempty"`
	NIF         string     `json:"nif,omitempty"`
	NISS        string     `json:"niss,omitempty"`
	NSNS        string     `json:"nsns,omitempty"`
	Documents   []Document `json:"documents"` // the first one founds the key
	Phone       Phone      `json:"phone,omitempty"`
	Email       Email      `json:"email,omitempty"`
	Lang        string     `json:"lang,omitempty"` // language of messages: "pt" or "en"
	Standing    Standing   `json:"standing"`
	CreatedAt   time.Time  `json:"created_at"`
}

// Standing is what the civil registry said of capacity and life, and when.
type Standing struct {
	Accompanied Answer    `json:"accompanied"` // an accompanying measure that limits the act (R1.04)
	Deceased    bool      `json:"deceased"`
	AsOf        time.Time `json:"as_of"`
}

// Answer is yes, no or unknown. The zero value is unknown, so that a forgotten answer never counts as "no measure".
type Answer string

// The three answers a registry can give.
const (
	Unknown Answer = ""
	Yes     Answer = "yes"
	No      Answer = "no"
)

// FullName is given names and surnames as written in the document.
func (p Person) FullName() string {
	return strings.TrimSpace(p.GivenNames + " " + p.Surnames)
}

// Document is the founding one.
func (p Person) Document() Document {
	if len(p.Documents) == 0 {
		return Document{}
	}
	return p.Documents[0]
}

// Tx is what a transaction must offer to read and write people.
type Tx interface {
	// Person reads one person; fault.RowNotFound when there is none.
	Person(ID) (Person, error)
	// PeopleWith finds who holds any of the identifiers, each person once.
	PeopleWith(...Identifier) ([]ID, error)
	// InsertPerson writes a person with all identifiers. An identifier somebody else holds is a conflict fault whose Field is the identifier's kind.
	InsertPerson(Person) error
	// UpdatePerson replaces the row of the same Version and the identifiers with it, else fault.RowConflict.
	UpdatePerson(Person) error
}
