package pki

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"chave/internal/core/citizen"
	"chave/internal/outside/pki/lint"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/text/language"
)

// The parts of names, in the order in which they are written (cmd-signature.md §5.2).
const (
	country      = 6
	organization = 10
	unit         = 11
	surname      = 4
	givenName    = 42
	number       = 5
	commonName   = 3
)

type part struct {
	id    int // below 2.5.4
	value string
}

// encodeName writes a name: countries and numbers as PrintableString, everything else as UTF8String. The standard library would choose the type by the content, and
// the same person's name would change its type with an accent.
func encodeName(parts []part) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, p := range parts {
			tag := casn1.UTF8String
			if p.id == country || p.id == number {
				tag = casn1.PrintableString
			}
			b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{2, 5, 4, p.id})
					b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(p.value)) })
				})
			})
		}
	})
	return b.Bytes()
}

// personName is a holder's name in upper case. Civil numbers have 8 digits, without check digit; who has none is known by the document that founds the key.
func (p *Profiles) personName(who citizen.Person) ([]byte, error) {
	id, err := personNumber(who)
	if err != nil {
		return nil, err
	}
	given, family := nameText(who.GivenNames), nameText(who.Surnames)
	if given == "" || family == "" { // people with one name have it in both (EN 319 412-2 §4.2.4 wants both)
		one := given + family
		given, family = one, one
	}
	full := nameText(who.FullName())
	parts := p.head(p.settings.Units)
	parts = append(parts, part{surname, family}, part{givenName, given}, part{number, id}, part{commonName, shorten(full, 64)})
	return encodeName(parts)
}

// head is what every name begins with. One that is not qualified says so as its last unit.
func (p *Profiles) head(units []string) []part {
	parts := []part{{country, p.settings.Country}, {organization, p.settings.Organization}}
	for _, u := range units {
		parts = append(parts, part{unit, u})
	}
	if p.settings.Label != "" {
		parts = append(parts, part{unit, p.settings.Label})
	}
	return parts
}

// authorityName numbers authorities of a role, so that no two of them have one name. The issuing authority's holds the words by which the middleware of CMD
// finds certificates (cmd-signature.md §2.4).
func (p *Profiles) authorityName(kind lint.Kind, n int) ([]byte, error) {
	text := map[lint.Kind]string{
		lint.Root: "EC Raiz da Chave", lint.Issuing: "EC de Chave Móvel Digital de Assinatura Digital", lint.OCSP: "OCSP da Chave Móvel Digital", lint.TSA: "Selo Temporal da Chave",
	}[kind]
	prefix := ""
	if p.settings.Qualified == nil {
		prefix = "(TESTE) "
	}
	return encodeName(append(p.head([]string{"Chave Móvel Digital"}), part{commonName, fmt.Sprintf("%s%s %05d", prefix, text, n)}))
}

// personNumber makes the subject unique (S8): BI and 8 digits, or document type, country, number.
func personNumber(who citizen.Person) (string, error) {
	if who.NIC != "" {
		digits := who.NIC
		if len(digits) > 8 {
			digits = digits[:8]
		}
		return "BI" + strings.Repeat("0", 8-len(digits)) + digits, nil
	}
	d := who.Document()
	kinds := map[citizen.DocumentType]string{citizen.Passport: "PAS", citizen.ResidencePermit: "TR", citizen.ResidenceCard: "CR"}
	if kinds[d.Type] == "" || d.Country == "" || d.Number == "" {
		return "", errors.New("neither a civil number nor a passport, a permit or a card of residence")
	}
	return kinds[d.Type] + countryCode(d.Country) + "-" + strings.ToUpper(d.Number), nil
}

// countryCode has two letters, or three for who issues passports without being a country: the United Nations, or a state for the stateless.
func countryCode(c citizen.Country) string {
	region, err := language.ParseRegion(string(c))
	if err != nil || !region.IsCountry() || len(region.String()) != 2 {
		return string(c)
	}
	return region.String()
}

// nameText is a name in upper case, with single spaces.
func nameText(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), " ")) }

// shorten drops names from the middle, where people do it themselves, until the text fits.
func shorten(s string, most int) string {
	words := strings.Fields(s)
	for len(words) > 2 && utf8.RuneCountInString(strings.Join(words, " ")) > most {
		middle := len(words) / 2
		words = append(words[:middle:middle], words[middle+1:]...)
	}
	text := []rune(strings.Join(words, " "))
	return strings.TrimSpace(string(text[:min(len(text), most)]))
}
