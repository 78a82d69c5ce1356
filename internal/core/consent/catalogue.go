package consent

import (
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
	CardNumber      Name = "card_number" // of a citizen card, which is not a foreigner's document (R1.09)
	Contacts        Name = "contacts"    // phone and e-mail together, as the card's issuer tells them
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
	Signs   bool      // a signing key of theirs is active (R4.14); only looked up when it is asked for
	Zone    *time.Location
}

// Attribute is one entry of the catalogue.
type Attribute struct {
	Name   Name
	Source Source
	Supply map[Holder]Supply
	// Level is the trust level that the source vouches for (R5.20): 4 for what was checked at a counter, 3 for what a body told us over a protected line.
	Level int
	// CardOnly attributes belong to the citizen card itself, so the holder of a lifetime identity card has none (cmd-authentication.md §1.9.2).
	CardOnly bool
	value    func(Subject) Value
}

// Value is the person's value; ok is false when their key does not hold it, and always for an attribute of another source.
func (a Attribute) Value(s Subject) (v Value, ok bool) {
	if a.Source != Held || a.Never(s) {
		return v, false
	}
	v = a.value(s)
	return v, v.Text != ""
}

// Never tells that no key founded on this person's document can supply the attribute.
func (a Attribute) Never(s Subject) bool {
	return a.Supply[HolderOf(s.Person)] == Never || a.CardOnly && s.Person.Document().Type != citizen.CitizenCard
}

// Obtainable tells whether this person can share the attribute: the key holds it, or a source may be asked about holders of such documents.
func (a Attribute) Obtainable(s Subject) bool {
	if a.Source != Held {
		return !a.Never(s)
	}
	_, held := a.Value(s)
	return held
}

func everybody() map[Holder]Supply { return supply(Always, Always, Always, Always, Always) }

// whoever is a supply for those of every group of whom it happens to be known.
func whoever() map[Holder]Supply { return supply(IfKnown, IfKnown, IfKnown, IfKnown, IfKnown) }

// cards is a supply for holders of a national card only.
func cards(s Supply) map[Holder]Supply { return supply(s, s, Never, Never, Never) }

func supply(portuguese, brazilian, passport, permit, card Supply) map[Holder]Supply {
	return map[Holder]Supply{PortugueseCard: portuguese, BrazilianCard: brazilian, PassportHolder: passport, PermitHolder: permit, ResidenceCardist: card}
}

// Trust levels of sources (R5.19, R5.20). None is below what a key can reach, so today none lowers a sign-in's level.
const (
	checked = 4 // at a counter, with the document in hand
	proven  = 3 // by a code sent to it
	told    = 3 // by another body, over a line that proves who speaks
)

// Catalogue lists every attribute, in the order pages show them. It is the same list each time, which nobody may change.
func Catalogue() []Attribute { return catalogue() }

// catalogue is written once: a sign-in looks into it dozens of times.
var catalogue = sync.OnceValue(func() []Attribute {
	return []Attribute{
		{Name: FullName, Supply: everybody(), Level: checked, value: fullName},
		{Name: GivenNames, Supply: everybody(), Level: checked, value: plain(func(p citizen.Person) string { return p.GivenNames })},
		{Name: Surnames, Supply: everybody(), Level: checked, value: plain(func(p citizen.Person) string { return p.Surnames })},
		{Name: BirthDate, Supply: everybody(), Level: checked, value: plain(func(p citizen.Person) string { return p.BirthDate.String() })},
		{Name: Nationality, Supply: everybody(), Level: checked, value: nationality},
		{Name: NIC, Supply: cards(Always), Level: checked, value: plain(func(p citizen.Person) string { return p.NIC })},
		{Name: NIF, Supply: supply(Always, Always, IfKnown, Always, Always), Level: checked, value: plain(func(p citizen.Person) string { return p.NIF })},
		{Name: NISS, Supply: whoever(), Level: checked, value: plain(func(p citizen.Person) string { return p.NISS })},
		{Name: NSNS, Supply: whoever(), Level: checked, value: plain(func(p citizen.Person) string { return p.NSNS })},
		{Name: Document, Supply: supply(Never, Never, Always, Always, Always), Level: checked, value: documentValue},
		{Name: DocumentExpires, Supply: everybody(), Level: checked, value: plain(func(p citizen.Person) string { return p.Document().Expires.String() })},
		{Name: KeyExpires, Supply: everybody(), Level: checked, value: keyExpires},
		{Name: Phone, Supply: supply(IfKnown, IfKnown, Always, Always, Always), Level: proven, value: plain(phoneOf)},
		{Name: Email, Supply: whoever(), Level: proven, value: plain(func(p citizen.Person) string { return string(p.Email) })},
		{Name: CardNumber, Supply: cards(IfKnown), Level: checked, CardOnly: true, value: plain(func(p citizen.Person) string { return p.Document().Number })},
		{Name: Contacts, Supply: cards(IfKnown), Level: proven, CardOnly: true, value: contacts},
		{Name: CanSign, Supply: everybody(), Level: checked, value: canSign},
		{Name: Address, Source: AddressRegister, Supply: cards(IfKnown), Level: told, CardOnly: true},
		{Name: CardDetails, Source: CardIssuer, Supply: cards(IfKnown), Level: told, CardOnly: true},
		{Name: Employment, Source: SocialSecurity, Supply: whoever(), Level: told},
		{Name: HealthScheme, Source: Health, Supply: whoever(), Level: told},
		{Name: DrivingLicence, Source: TransportOffice, Supply: whoever(), Level: told},
		{Name: Powers, Source: PowersOfAttorney, Supply: whoever(), Level: told},
	}
})

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
