package people

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v3"
)

//go:embed people.yaml
var source []byte

// KeyState says what the person's key is like when the demonstration begins.
type KeyState string

// The states a made-up person's key can be in. The composition root brings each person there with
// the product's own operations; the words are the demo's, not the product's.
const (
	KeyActive  KeyState = "active"  // signs in with the PIN given
	KeyNone    KeyState = "none"    // never had a key
	KeyBlocked KeyState = "blocked" // blocked for good by wrong PINs (R3.23)
	KeyExpired KeyState = "expired" // suspended when document and grace ended (R1.25-R1.27)
	KeyEnded   KeyState = "ended"   // revoked at death (R1.33)
)

// Document types, with the same words as the sign-in form and the civil registry.
const (
	CitizenCard     = "citizen_card"
	IdentityCard    = "identity_card"
	Passport        = "passport"
	ResidencePermit = "residence_permit"
	ResidenceCard   = "residence_card"
)

// RoleOperator is the role of the people who work at the counter.
const RoleOperator = "operator"

// Words is one sentence in the two languages of the demonstration.
type Words struct {
	EN string `yaml:"en" json:"en"`
	PT string `yaml:"pt" json:"pt"`
}

// In returns the sentence in Portuguese for "pt" and in English for everything else.
func (w Words) In(lang string) string {
	if lang == "pt" {
		return w.PT
	}
	return w.EN
}

// Document is one identity document.
type Document struct {
	Type    string    // one of the document type constants
	Country string    // issuing state, ISO 3166-1 alpha-3
	Number  string    // as printed, without spaces
	Expires time.Time // midnight UTC that begins the last day of validity; zero if Lifetime
	// Lifetime says that the document never expires (old identity cards).
	Lifetime bool
}

// Person is one made-up resident. Empty strings mean that the person has no such thing.
type Person struct {
	ID          string
	GivenNames  string
	Surnames    string
	Describes   Words // one line: what this person shows
	Badge       Words // two or three words for a card
	Nationality string
	BirthDate   time.Time // midnight UTC of the day
	Documents   []Document
	NIC         string // civil identification number, 8 digits
	NIF         string // tax number
	NISS        string // social security number
	NSNS        string // health-service user number
	Phone       string // E.164
	Email       string
	PIN         string // chosen, never temporary; empty where there is no key
	SignPIN     string // signs with it; empty where signing is not switched on
	Suspended   bool   // the signature certificate is on hold: "it was not me"
	Lang        string // "pt" or "en"
	Key         KeyState
	Roles       []string
	Register    bool      // a visitor may try to register this person at the counter
	Accompanied bool      // an accompanying measure is annotated in the civil registry
	Deceased    time.Time // day of death, zero for the living
}

// FullName is the name as the product's full_name attribute gives it: given names, then surnames.
func (p Person) FullName() string { return p.GivenNames + " " + p.Surnames }

// SignsIn reports whether the person can sign in without further ado.
func (p Person) SignsIn() bool { return p.Key == KeyActive }

// Signs reports whether the person can sign documents.
func (p Person) Signs() bool { return p.SignPIN != "" && !p.Suspended }

// Operator reports whether the person works at the counter.
func (p Person) Operator() bool {
	for _, r := range p.Roles {
		if r == RoleOperator {
			return true
		}
	}
	return false
}

// Identifier is what this person would type to sign in: the phone, else the e-mail, else the
// document number. Country is filled only for a document number, which is not unique without it.
func (p Person) Identifier() (identifier, country string) {
	switch {
	case p.Phone != "":
		return p.Phone, ""
	case p.Email != "":
		return p.Email, ""
	case len(p.Documents) > 0:
		return p.Documents[0].Number, p.Documents[0].Country
	}
	return "", ""
}

// Load reads the embedded people and fixes their relative dates to the calendar day of today, as
// that value shows it: pass the demo's clock in Europe/Lisbon, where the rules count days.
// The order is that of the file: those who can sign in without further ado come first.
func Load(today time.Time) ([]Person, error) {
	return parse(source, today)
}

type personFile struct {
	ID          string         `yaml:"id"`
	GivenNames  string         `yaml:"given_names"`
	Surnames    string         `yaml:"surnames"`
	Describes   Words          `yaml:"describes"`
	Badge       Words          `yaml:"badge"`
	Nationality string         `yaml:"nationality"`
	BirthDate   string         `yaml:"birth_date"`
	Documents   []documentFile `yaml:"documents"`
	NIC         string         `yaml:"nic"`
	NIF         string         `yaml:"nif"`
	NISS        string         `yaml:"niss"`
	NSNS        string         `yaml:"nsns"`
	Phone       string         `yaml:"phone"`
	Email       string         `yaml:"email"`
	PIN         string         `yaml:"pin"`
	SignPIN     string         `yaml:"sign_pin"`
	Signing     string         `yaml:"signing"`
	Lang        string         `yaml:"lang"`
	Key         KeyState       `yaml:"key"`
	Roles       []string       `yaml:"roles"`
	Register    bool           `yaml:"register"`
	Accompanied bool           `yaml:"accompanied"`
	Deceased    string         `yaml:"deceased"`
}

type documentFile struct {
	Type    string `yaml:"type"`
	Country string `yaml:"country"`
	Number  string `yaml:"number"`
	Expires string `yaml:"expires"`
}

// parse reads people strictly and reports every problem at once, each with the person's id.
func parse(data []byte, today time.Time) ([]Person, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var files []personFile
	if err := dec.Decode(&files); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read people: %w", err)
	}
	var problems []error
	seen := make(map[string]string)
	list := make([]Person, 0, len(files))
	for _, f := range files {
		p, err := f.person(today)
		if err != nil {
			problems = append(problems, fmt.Errorf("person %q: %w", f.ID, err))
		}
		for _, unique := range []string{"id " + f.ID, "phone " + f.Phone, "email " + f.Email, "nic " + f.NIC, "nif " + f.NIF, "niss " + f.NISS, "nsns " + f.NSNS} {
			if unique[len(unique)-1] == ' ' {
				continue
			}
			if other, taken := seen[unique]; taken {
				problems = append(problems, fmt.Errorf("person %q: %s is also that of %q", f.ID, unique, other))
			}
			seen[unique] = f.ID
		}
		list = append(list, p)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return list, nil
}

func (f personFile) person(today time.Time) (Person, error) {
	var problems []error
	day := func(field, text string) time.Time {
		d, err := parseDay(text, today)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", field, err))
		}
		return d
	}
	p := Person{
		ID: f.ID, GivenNames: f.GivenNames, Surnames: f.Surnames, Describes: f.Describes, Badge: f.Badge,
		Nationality: f.Nationality, BirthDate: day("birth_date", f.BirthDate),
		NIC: f.NIC, NIF: f.NIF, NISS: f.NISS, NSNS: f.NSNS, Phone: f.Phone, Email: f.Email,
		PIN: f.PIN, SignPIN: f.SignPIN, Suspended: f.Signing == "suspended", Lang: f.Lang, Key: f.Key, Roles: f.Roles, Register: f.Register, Accompanied: f.Accompanied,
	}
	if f.Deceased != "" {
		p.Deceased = day("deceased", f.Deceased)
	}
	for _, d := range f.Documents {
		doc := Document{Type: d.Type, Country: d.Country, Number: d.Number, Lifetime: d.Expires == "lifetime"}
		if !doc.Lifetime {
			doc.Expires = day("document expires", d.Expires)
		}
		switch d.Type {
		case CitizenCard, IdentityCard, Passport, ResidencePermit, ResidenceCard:
		default:
			problems = append(problems, fmt.Errorf("document type %q is not known", d.Type))
		}
		if len(d.Country) != 3 || d.Number == "" {
			problems = append(problems, errors.New("a document needs an alpha-3 country and a number"))
		}
		p.Documents = append(p.Documents, doc)
	}
	for field, empty := range map[string]bool{
		"id": f.ID == "", "given_names": f.GivenNames == "", "surnames": f.Surnames == "", "documents": len(f.Documents) == 0,
		"describes": f.Describes.EN == "" || f.Describes.PT == "", "badge": f.Badge.EN == "" || f.Badge.PT == "",
	} {
		if empty {
			problems = append(problems, fmt.Errorf("%s is missing", field))
		}
	}
	switch f.Key {
	case KeyNone:
		if f.PIN != "" {
			problems = append(problems, errors.New("has a PIN but no key"))
		}
	case KeyActive, KeyBlocked, KeyExpired, KeyEnded:
		if f.PIN == "" {
			problems = append(problems, errors.New("has a key but no PIN"))
		}
	default:
		problems = append(problems, fmt.Errorf("key state %q is not known", f.Key))
	}
	if f.SignPIN != "" && f.Key != KeyActive || f.SignPIN != "" && f.SignPIN == f.PIN || f.Signing != "" && (f.Signing != "suspended" || f.SignPIN == "") {
		problems = append(problems, errors.New("sign_pin needs an active key and another PIN than pin; signing is only ever suspended"))
	}
	if f.Lang != "pt" && f.Lang != "en" {
		problems = append(problems, fmt.Errorf("lang %q is not pt or en", f.Lang))
	}
	return p, errors.Join(problems...)
}
