package consent

import (
	"strings"
	"sync"
	"time"

	"chave/internal/core/citizen"
)

// Name is an attribute's name in registrations, consents and history.
type Name string

// The catalogue's names. Wires map them to their own (claims, SAML names).
const (
	GivenNames      Name = "given_names"
	Surnames        Name = "surnames"
	FullName        Name = "full_name"
	BirthDate       Name = "birth_date"
	Nationality     Name = "nationality"
	NIC             Name = "nic"
	NIF             Name = "nif"
	NISS            Name = "niss"
	NSNS            Name = "nsns"
	Document        Name = "document" // type, issuing country and number together: no part identifies alone (R1.10)
	DocumentExpires Name = "document_expires"
	KeyExpires      Name = "key_expires"
	Phone           Name = "phone"
	Email           Name = "email"
	CardNumber      Name = "card_number" // of a national card, which is not a foreigner's document (R1.09)
	CanSign         Name = "can_sign"    // whether the key signs documents
)

// Attributes that Chave does not hold: a source is asked once the person has agreed, and what it says is kept for that one answer only.
const (
	Address        Name = "address"
	CardDetails    Name = "card_details" // photograph, height, sex, parents: what the card's issuer keeps
	Employment     Name = "employment"
	HealthScheme   Name = "health_scheme"
	DrivingLicence Name = "driving_licence"
	Powers         Name = "powers" // professional and company attributes
)

// Source is a body that holds attributes; empty for Chave itself.
type Source string

// The sources. A deployment plugs in those it has; attributes of the others are never available.
const (
	Held             Source = ""
	AddressRegister  Source = "address"
	CardIssuer       Source = "card"
	SocialSecurity   Source = "social_security"
	Health           Source = "health"
	TransportOffice  Source = "transport"
	PowersOfAttorney Source = "powers"
)

// Holder groups residents by the document that founds their key, as Annex D does.
type Holder string

// The groups a service may forget.
const (
	PortugueseCard   Holder = "portuguese_card" // citizen card or lifetime identity card
	BrazilianCard    Holder = "brazilian_card"  // Porto Seguro treaty (R1.15)
	PassportHolder   Holder = "passport"
	PermitHolder     Holder = "residence_permit"
	ResidenceCardist Holder = "residence_card"
)

// Holders lists the groups in the order pages show them.
func Holders() []Holder {
	return []Holder{PortugueseCard, BrazilianCard, PassportHolder, PermitHolder, ResidenceCardist}
}

// HolderOf finds a person's group.
func HolderOf(p citizen.Person) Holder {
	switch p.Document().Type {
	case citizen.Passport:
		return PassportHolder
	case citizen.ResidencePermit:
		return PermitHolder
	case citizen.ResidenceCard:
		return ResidenceCardist
	}
	if p.Nationality == "BRA" {
		return BrazilianCard
	}
	return PortugueseCard
}

// Supply says whether a group's keys hold an attribute.
type Supply int

// The three marks of the supply matrix (wire reference §1.9.2).
const (
	Never Supply = iota
	IfKnown
	Always
)

// Value is an attribute's content for one person. Text is what a page shows; Parts are what wires pick from.
type Value struct {
	Text  string            `json:"text"`
	Parts map[string]string `json:"parts,omitempty"`
}

// Subject is all that values are taken from.
type Subject struct {
	Person  citizen.Person
	KeyEnds time.Time // first instant at which the key no longer works
	Zone    *time.Location
}

// Attribute is one entry of the catalogue.
type Attribute struct {
	Name   Name
	Source Source
	Supply map[Holder]Supply
	value  func(Subject) Value
}

// Value is the person's value; ok is false when their key does not hold it, and always for an attribute of another source.
func (a Attribute) Value(s Subject) (v Value, ok bool) {
	if a.Source != Held {
		return v, false
	}
	v = a.value(s)
	return v, v.Text != ""
}

// Obtainable tells whether this person can share the attribute: the key holds it, or a source may be asked about holders of such documents.
func (a Attribute) Obtainable(s Subject) bool {
	if a.Source != Held {
		return a.Supply[HolderOf(s.Person)] != Never
	}
	_, held := a.Value(s)
	return held
}

func everybody() map[Holder]Supply { return supply(Always, Always, Always, Always, Always) }

func supply(portuguese, brazilian, passport, permit, card Supply) map[Holder]Supply {
	return map[Holder]Supply{PortugueseCard: portuguese, BrazilianCard: brazilian, PassportHolder: passport, PermitHolder: permit, ResidenceCardist: card}
}

func plain(f func(citizen.Person) string) func(Subject) Value {
	return func(s Subject) Value { return Value{Text: f(s.Person)} }
}

// Catalogue lists every attribute, in the order pages show them. It is the same list each time, which nobody may change.
func Catalogue() []Attribute { return catalogue() }

// catalogue is written once: a sign-in looks into it dozens of times.
var catalogue = sync.OnceValue(func() []Attribute {
	return []Attribute{
		{FullName, Held, everybody(), fullName},
		{GivenNames, Held, everybody(), plain(func(p citizen.Person) string { return p.GivenNames })},
		{Surnames, Held, everybody(), plain(func(p citizen.Person) string { return p.Surnames })},
		{BirthDate, Held, everybody(), plain(func(p citizen.Person) string { return p.BirthDate.String() })},
		{Nationality, Held, everybody(), nationality},
		{NIC, Held, supply(Always, Always, Never, Never, Never), plain(func(p citizen.Person) string { return p.NIC })},
		{NIF, Held, supply(Always, Always, IfKnown, Always, Always), plain(func(p citizen.Person) string { return p.NIF })},
		{NISS, Held, supply(IfKnown, IfKnown, IfKnown, IfKnown, IfKnown), plain(func(p citizen.Person) string { return p.NISS })},
		{NSNS, Held, supply(IfKnown, IfKnown, IfKnown, IfKnown, IfKnown), plain(func(p citizen.Person) string { return p.NSNS })},
		{Document, Held, supply(Never, Never, Always, Always, Always), documentValue},
		{DocumentExpires, Held, everybody(), plain(func(p citizen.Person) string { return p.Document().Expires.String() })},
		{KeyExpires, Held, everybody(), keyExpires},
		{Phone, Held, supply(IfKnown, IfKnown, Always, Always, Always), plain(func(p citizen.Person) string {
			if p.Phone == "" {
				return ""
			}
			return p.Phone.String()
		})},
		{Email, Held, supply(IfKnown, IfKnown, IfKnown, IfKnown, IfKnown), plain(func(p citizen.Person) string { return string(p.Email) })},
		{CardNumber, Held, cards(IfKnown), cardNumber},
		{CanSign, Held, everybody(), func(Subject) Value { return Value{Text: "false"} }}, // no key signs yet
		{Address, AddressRegister, cards(IfKnown), nil},
		{CardDetails, CardIssuer, cards(IfKnown), nil},
		{Employment, SocialSecurity, supply(IfKnown, IfKnown, IfKnown, IfKnown, IfKnown), nil},
		{HealthScheme, Health, supply(IfKnown, IfKnown, IfKnown, IfKnown, IfKnown), nil},
		{DrivingLicence, TransportOffice, supply(IfKnown, IfKnown, IfKnown, IfKnown, IfKnown), nil},
		{Powers, PowersOfAttorney, supply(IfKnown, IfKnown, IfKnown, IfKnown, IfKnown), nil},
	}
})

// cards is a supply for holders of a national card only.
func cards(s Supply) map[Holder]Supply { return supply(s, s, Never, Never, Never) }

// cardNumber is the number printed on a national card, where the registration took one.
func cardNumber(s Subject) Value {
	if d := s.Person.Document(); d.Type.National() {
		return Value{Text: d.Number}
	}
	return Value{}
}

// nationality carries the country that issued the founding document beside it.
func nationality(s Subject) Value {
	parts := map[string]string{"issued_by": string(s.Person.Document().Country)}
	return Value{Text: string(s.Person.Nationality), Parts: parts}
}

// fullName carries its two parts: who may know the whole may know the halves, and standard clients ask for them together.
func fullName(s Subject) Value {
	parts := map[string]string{"given_names": s.Person.GivenNames, "surnames": s.Person.Surnames}
	return Value{Text: s.Person.FullName(), Parts: parts}
}

// documentValue is empty for holders of a national card, whose number is the NIC (R1.09, R5.15).
func documentValue(s Subject) Value {
	d := s.Person.Document()
	if d.Type.National() || d.Number == "" {
		return Value{}
	}
	parts := map[string]string{"type": string(d.Type), "country": string(d.Country), "number": d.Number}
	return Value{Text: strings.Join([]string{string(d.Country), d.Number}, " "), Parts: parts}
}

// keyExpires is the last day on which the key works (R1.29).
func keyExpires(s Subject) Value {
	if s.KeyEnds.IsZero() {
		return Value{}
	}
	return Value{Text: citizen.DateOf(s.KeyEnds.Add(-time.Second), s.Zone).String()}
}

// Lookup finds an attribute by name.
func Lookup(name Name) (Attribute, bool) {
	for _, a := range Catalogue() {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// Ask is one attribute that a service asks for (R5.11).
type Ask struct {
	Name     Name `json:"name"`
	Required bool `json:"required,omitempty"`
}

// Missing lists the groups that can never supply a required attribute: a service that asks so shuts them all out (PAIN-11, R5.15).
func Missing(asks []Ask) []Holder {
	var groups []Holder
	for _, h := range Holders() {
		for _, ask := range asks {
			a, ok := Lookup(ask.Name)
			if ok && ask.Required && a.Supply[h] == Never {
				groups = append(groups, h)
				break
			}
		}
	}
	return groups
}
