package enrol

import (
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
)

// State is where a case stands.
type State string

// The states. Issued waits for the first sign-in, which is the last step of the desk journey (R2.11).
const (
	AtDocument State = "document"
	AtAttest   State = "attest"
	AtContacts State = "contacts"
	AtNumbers  State = "numbers"
	Issued     State = "issued"
	Refused    State = "refused"
)

// Act is what a case ends in.
type Act string

// The acts. A person stays the same through all of them, with history and subjects.
const (
	NewKey Act = ""      // a first key
	Again  Act = "again" // a new key for somebody whose earlier one has ended (R2.21)
	Mend   Act = "mend"  // a new temporary PIN for a key that lives: blocked, forgotten, phone lost, document renewed (R3.24)
)

// Case is one registration at a counter. The store seals it as a whole.
type Case struct {
	ID        string     `json:"-"`
	Version   int64      `json:"-"`
	Operator  citizen.ID `json:"-"`
	CreatedAt time.Time  `json:"-"`
	ExpiresAt time.Time  `json:"-"`
	State     State      `json:"state"`

	Evidence   Evidence       `json:"evidence"`
	Registry   Coverage       `json:"registry,omitempty"`
	RegistryAt time.Time      `json:"registry_at"`
	Attested   []string       `json:"attested,omitempty"` // what the operator checked by eye (R2.07)
	Reason     fault.Code     `json:"reason,omitempty"`   // why refused
	Person     citizen.Person `json:"person"`             // as it will be registered
	Act        Act            `json:"act,omitempty"`
	Holder     citizen.ID     `json:"holder,omitempty"` // who is registered again, or whose key is mended

	PhoneMAC    []byte    `json:"phone_mac,omitempty"`
	PhoneUntil  time.Time `json:"phone_until"`
	PhoneTries  int       `json:"phone_tries,omitempty"`
	PhoneProven bool      `json:"phone_proven,omitempty"`
	EmailMAC    []byte    `json:"email_mac,omitempty"`
	EmailUntil  time.Time `json:"email_until"`
	EmailTries  int       `json:"email_tries,omitempty"`
	EmailProven bool      `json:"email_proven,omitempty"`
	EmailKept   bool      `json:"email_kept,omitempty"` // the mended key had this one before: proven then

	Registered citizen.ID `json:"registered,omitempty"` // after issue
	PINUntil   time.Time  `json:"pin_until"`            // end of the temporary PIN
	Reissued   int        `json:"reissued,omitempty"`   // how many more temporary PINs this desk has made
}

// NeedsNIF tells whether a key founded on this document cannot do without the tax number (R1.11).
func (c Case) NeedsNIF() bool {
	return c.Evidence.Type == citizen.ResidencePermit || c.Evidence.Type == citizen.ResidenceCard
}

// Evidence is what the operator typed from the document, and its machine-readable zone as a reader typed it.
type Evidence struct {
	Type        citizen.DocumentType `json:"type"`
	Country     citizen.Country      `json:"country"`
	Number      string               `json:"number"`
	Expires     citizen.Date         `json:"expires"`
	Lifetime    bool                 `json:"lifetime,omitempty"`
	GivenNames  string               `json:"given_names"`
	Surnames    string               `json:"surnames"`
	BirthDate   citizen.Date         `json:"birth_date"`
	Nationality citizen.Country      `json:"nationality"`
	Zone        string               `json:"zone,omitempty"`
}

// Problems are all things wrong with a form at once, each with its field.
type Problems []*fault.Error

func (p Problems) Error() string {
	s := "evidence does not hold:"
	for _, one := range p {
		s += " " + one.Error()
	}
	return s
}

// Unwrap lets errors.As find the faults.
func (p Problems) Unwrap() []error {
	var all []error
	for _, one := range p {
		all = append(all, one)
	}
	return all
}

// Attestations lists what an operator must have checked on a foreign passport, which no registry here knows (R2.07).
func Attestations() []string {
	return []string{"photo_matches", "document_genuine", "holder_present", "no_measure_known"}
}
