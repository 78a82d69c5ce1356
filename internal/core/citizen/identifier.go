package citizen

import (
	"strings"
	"unicode"

	"chave/internal/core/fault"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"
)

// Phone is E.164: a plus sign, country prefix and number without separators.
type Phone string

// String is CMD's form: prefix, one space, national number (R3.01).
func (p Phone) String() string {
	n, err := phonenumbers.Parse(string(p), "")
	if err != nil {
		return string(p)
	}
	national := phonenumbers.GetNationalSignificantNumber(n)
	return strings.TrimSuffix(string(p), national) + " " + national
}

// Email is an address with its domain in lower case.
type Email string

// IdentifierKind says what sort of thing names a person.
type IdentifierKind string

// The kinds. Each value is unique among people: one phone per key and one key per phone (R1.21).
const (
	ByPhone    IdentifierKind = "phone"
	ByEmail    IdentifierKind = "email"
	ByDocument IdentifierKind = "document"
	ByNIC      IdentifierKind = "nic"
	ByNIF      IdentifierKind = "nif"
	ByNISS     IdentifierKind = "niss"
	ByNSNS     IdentifierKind = "nsns"
)

// Identifier is one normalised name of a person. It is never stored in clear: the store keeps its keyed index.
type Identifier struct {
	Kind  IdentifierKind
	Value string
}

// Identifiers lists every name the person can be found by.
func (p Person) Identifiers() []Identifier {
	var ids []Identifier
	add := func(kind IdentifierKind, value string) {
		if value != "" {
			ids = append(ids, Identifier{kind, value})
		}
	}
	add(ByPhone, string(p.Phone))
	add(ByEmail, strings.ToLower(string(p.Email)))
	for _, d := range p.Documents {
		add(ByDocument, d.identifier())
	}
	add(ByNIC, p.NIC)
	add(ByNIF, p.NIF)
	add(ByNISS, p.NISS)
	add(ByNSNS, p.NSNS)
	return ids
}

func (d Document) identifier() string {
	return string(d.Type) + "|" + string(d.Country) + "|" + d.Number
}

// Typed is what a person wrote to say who they are, understood.
type Typed struct {
	Kind  IdentifierKind // ByPhone, ByEmail or ByDocument
	value string
	where Country
}

// ParseTyped understands a phone of any country in any usual spelling, an e-mail, or a document number with its country (R3.01, R3.02, R3.04).
// A filled country always means a document number. The country is asked for whatever is neither phone nor e-mail,
// not only on collision, so that nobody learns which numbers exist (blueprint §4.10).
func ParseTyped(identifier, country string) (Typed, error) {
	text := strings.TrimSpace(norm.NFKC.String(identifier))
	where := Country(strings.ToUpper(strings.TrimSpace(country)))
	if text == "" || len(text) > 100 {
		return Typed{}, fault.New(fault.IdentifierNotUnderstood).On("identifier")
	}
	if where != "" {
		number := NormalNumber(text)
		if !where.wellFormed() {
			return Typed{}, fault.New(fault.CountryNeeded).On("country")
		}
		if number == "" || len(number) > 30 {
			return Typed{}, fault.New(fault.IdentifierNotUnderstood).On("identifier")
		}
		return Typed{ByDocument, number, where}, nil
	}
	if strings.Contains(text, "@") {
		email, err := ParseEmail(text)
		return Typed{ByEmail, strings.ToLower(string(email)), ""}, err
	}
	if phone, err := ParsePhone(text); err == nil {
		return Typed{ByPhone, string(phone), ""}, nil
	}
	if NormalNumber(text) == "" {
		return Typed{}, fault.New(fault.IdentifierNotUnderstood).On("identifier")
	}
	return Typed{}, fault.New(fault.CountryNeeded).On("country")
}

// Candidates are the identifiers that could be meant: a document number is looked up under every type, always all of them, so that the work is
// the same for everybody.
func (t Typed) Candidates() []Identifier {
	if t.Kind != ByDocument {
		return []Identifier{{t.Kind, t.value}}
	}
	var ids []Identifier
	for _, kind := range DocumentTypes() {
		ids = append(ids, Identifier{ByDocument, Document{Type: kind, Country: t.where, Number: t.value}.identifier()})
	}
	return ids
}

// ParsePhone reads a phone number; without a country prefix it is Portuguese. The result is E.164 (R1.24, R3.01).
func ParsePhone(s string) (Phone, error) {
	text := strings.TrimSpace(s)
	for _, r := range text {
		if !unicode.IsDigit(r) && !strings.ContainsRune("+-–. ()/\u00a0", r) {
			return "", fault.New(fault.IdentifierNotUnderstood).On("phone")
		}
	}
	n, err := phonenumbers.Parse(text, "PT")
	if err != nil || !phonenumbers.IsPossibleNumber(n) {
		return "", fault.New(fault.IdentifierNotUnderstood).On("phone")
	}
	// A nine-digit passport number is also a possible length for a Portuguese phone: without a prefix it must be a real one.
	if !strings.HasPrefix(text, "+") && !strings.HasPrefix(text, "00") && !phonenumbers.IsValidNumber(n) {
		return "", fault.New(fault.IdentifierNotUnderstood).On("phone")
	}
	return Phone(phonenumbers.Format(n, phonenumbers.E164)), nil
}

// ParseEmail checks an address's shape; whether it is read is proven by a code or link.
func ParseEmail(s string) (Email, error) {
	text := strings.TrimSpace(s)
	local, domain, found := strings.Cut(text, "@")
	bad := fault.New(fault.IdentifierNotUnderstood).On("email")
	if !found || local == "" || len(text) > 254 || strings.Contains(domain, "@") || !strings.Contains(domain, ".") ||
		strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") {
		return "", bad
	}
	for _, r := range text {
		if unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune("<>\"(),;:\\", r) {
			return "", bad
		}
	}
	return Email(local + "@" + strings.ToLower(domain)), nil
}

// NormalNumber is the form document numbers are compared in: letters and digits only, upper case. It is empty when something else was typed.
func NormalNumber(s string) string {
	var b strings.Builder
	for _, r := range strings.ToUpper(s) {
		switch {
		case r >= '0' && r <= '9' || r >= 'A' && r <= 'Z':
			b.WriteRune(r)
		case unicode.IsSpace(r) || r == '-' || r == '.' || r == '/':
		default:
			return ""
		}
	}
	return b.String()
}

func (c Country) wellFormed() bool {
	if len(c) != 3 {
		return false
	}
	for _, r := range c {
		if r < 'A' || r > 'Z' {
			return false
		}
	}
	return true
}
