package civilregistry

import (
	"strings"
	"time"

	"chave/demo/people"
)

// Answers of POST /lookup in "status".
const (
	Found      = "found"
	NotFound   = "not_found"   // no such document, or it belongs to somebody with another birth date
	NotCovered = "not_covered" // this registry keeps no such documents: foreign passports
)

// Query is the body of POST /lookup. All members are needed.
type Query struct {
	DocumentType string `json:"document_type"` // as in people: "citizen_card", "passport" …
	Country      string `json:"country"`       // issuing state, ISO 3166-1 alpha-3
	Number       string `json:"number"`        // spaces, dots and dashes do not count
	BirthDate    string `json:"birth_date"`    // YYYY-MM-DD
}

// Reply is the answer of POST /lookup. Person is there only when Status is Found.
type Reply struct {
	Status string  `json:"status"`
	Person *Person `json:"person,omitempty"`
}

// Person is what the registry knows. An empty string means that the State keeps no such number.
type Person struct {
	GivenNames  string   `json:"given_names"`
	Surnames    string   `json:"surnames"`
	BirthDate   string   `json:"birth_date"`
	Nationality string   `json:"nationality"` // ISO 3166-1 alpha-3
	NIC         string   `json:"nic"`
	NIF         string   `json:"nif"`
	NISS        string   `json:"niss"`
	NSNS        string   `json:"nsns"`
	Document    Document `json:"document"`
	Standing    Standing `json:"standing"`
}

// Document is the state of the document asked about.
type Document struct {
	Expires  string `json:"expires"` // YYYY-MM-DD, last day of validity; empty for a lifetime one
	State    string `json:"state"`   // "valid" or "expired"
	Lifetime bool   `json:"lifetime"`
}

// Standing is what decides about keys besides age.
type Standing struct {
	Accompanied string    `json:"accompanied"` // "yes", "no" or "unknown": an accompanying measure (R1.04)
	Deceased    bool      `json:"deceased"`
	AsOf        time.Time `json:"as_of"` // when the records were read
}

// lookup answers one question from the records, at the given moment.
func lookup(records []people.Person, q Query, now time.Time) Reply {
	if q.DocumentType == people.Passport && q.Country != "PRT" {
		return Reply{Status: NotCovered}
	}
	number := normal(q.Number)
	for _, p := range records {
		for _, d := range p.Documents {
			if d.Type != q.DocumentType || d.Country != q.Country || normal(d.Number) != number {
				continue
			}
			// A number alone must not bring out a person: whoever asks shows that they hold the
			// document by its birth date too.
			if p.BirthDate.Format(time.DateOnly) != q.BirthDate {
				return Reply{Status: NotFound}
			}
			return Reply{Status: Found, Person: record(p, d, now)}
		}
	}
	return Reply{Status: NotFound}
}

func record(p people.Person, d people.Document, now time.Time) *Person {
	out := &Person{
		GivenNames: p.GivenNames, Surnames: p.Surnames, BirthDate: p.BirthDate.Format(time.DateOnly), Nationality: p.Nationality,
		NIC: p.NIC, NIF: p.NIF, NISS: p.NISS, NSNS: p.NSNS,
		Document: Document{State: "valid", Lifetime: d.Lifetime},
		Standing: Standing{Accompanied: "no", Deceased: !p.Deceased.IsZero() && !p.Deceased.After(now), AsOf: now.UTC()},
	}
	if p.Accompanied {
		out.Standing.Accompanied = "yes"
	}
	if !d.Lifetime {
		out.Document.Expires = d.Expires.Format(time.DateOnly)
		if !now.Before(d.Expires.AddDate(0, 0, 1)) {
			out.Document.State = "expired"
		}
	}
	return out
}

// normal is the form in which document numbers are compared.
func normal(number string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9' || r >= 'A' && r <= 'Z':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return -1
	}, number)
}
