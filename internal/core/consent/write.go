package consent

import (
	"regexp"
	"strings"
	"sync"

	"chave/internal/core/citizen"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// How values are written on CMD's wires (cmd-authentication.md §1.9.1, question 5.21). Each writer returns an empty text for what it cannot write, which the wires
// answer as NotAvailable.

func text(v Value) string { return v.Text }

func part(name string) func(Value) string {
	return func(v Value) string { return v.Parts[name] }
}

// upper is how names of persons are written there, accents kept.
func upper(v Value) string { return capitals(v.Text) }

func upperPart(name string) func(Value) string {
	return func(v Value) string { return capitals(v.Parts[name]) }
}

func capitals(s string) string {
	return cases.Upper(language.Und).String(s) // made for each use: it must not be shared
}

// dayFirst turns YYYY-MM-DD into dd-MM-yyyy.
func dayFirst(v Value) string {
	d, err := citizen.ParseDate(v.Text)
	if err != nil {
		return ""
	}
	iso := d.String()
	return iso[8:] + "-" + iso[5:7] + "-" + iso[:4]
}

func yesNo(yes, no string) func(Value) string {
	return func(v Value) string {
		switch v.Text {
		case "true":
			return yes
		case "false":
			return no
		}
		return ""
	}
}

// alpha2 is a country's code of two letters, from that of three; empty for one that has none, such as a stateless person's.
func alpha2(alpha3 string) string {
	region, err := language.ParseRegion(alpha3)
	if err != nil || !region.IsCountry() || len(region.String()) != 2 {
		return ""
	}
	return region.String()
}

func alpha2Of(name string) func(Value) string {
	return func(v Value) string { return alpha2(v.Parts[name]) }
}

// regionNames is Portugal's Portuguese, which differs from Brazil's in some countries.
var regionNames = sync.OnceValue(func() display.Namer { return display.Regions(language.EuropeanPortuguese) })

// countryName is a country's name in Portuguese.
func countryName(v Value) string {
	if alpha2(v.Text) == "" {
		return ""
	}
	return regionNames().Name(language.MustParseRegion(v.Text))
}

// documentType is three characters, the colon included (question 5.20).
func documentType(v Value) string {
	switch citizen.DocumentType(v.Parts["type"]) {
	case citizen.Passport:
		return "PAS"
	case citizen.ResidencePermit:
		return "TR:"
	case citizen.ResidenceCard:
		return "CR:"
	}
	return ""
}

// phonePrefix and phoneNumber are the two halves of a phone, digits only.
func phonePrefix(v Value) string {
	prefix, _, _ := strings.Cut(v.Text, " ")
	return strings.TrimPrefix(prefix, "+")
}

func phoneNumber(v Value) string {
	_, number, _ := strings.Cut(v.Text, " ")
	return number
}

// The forms that the schema of ContactosXML accepts. An address beyond them is left out, for the document must stay valid.
var (
	contactPrefix = regexp.MustCompile(`^[0-9]{1,3}$`)
	contactNumber = regexp.MustCompile(`^[0-9]{1,20}$`)
	contactEmail  = regexp.MustCompile(`^[0-9A-Za-z'._-]{1,127}@[0-9A-Za-z'._-]{1,127}$`)
)

// contactsXML is the document of §1.9.7: compact, without declaration, default namespaces only.
func contactsXML(v Value) string {
	const inner = ` xmlns="http://www.cartaodecidadao.pt/tipos/comum/cidadao"`
	phone, email := Value{Text: v.Parts["phone"]}, v.Parts["email"]
	var b strings.Builder
	if prefix, number := phonePrefix(phone), phoneNumber(phone); contactPrefix.MatchString(prefix) && contactNumber.MatchString(number) {
		b.WriteString("<TelefoneMovel" + inner + "><IndicativoPais>" + prefix + "</IndicativoPais><Numero>" + number + "</Numero></TelefoneMovel>")
	}
	if contactEmail.MatchString(email) { // none of these characters needs escaping between tags
		b.WriteString("<CorreioElectronico" + inner + ">" + email + "</CorreioElectronico>")
	}
	if b.Len() == 0 {
		return ""
	}
	return `<Contactos xmlns="http://www.cartaodecidadao.pt/tipos/ama">` + b.String() + "</Contactos>"
}
