package mrz

import (
	"log/slog"
	"strings"
	"unicode"
)

// Typed is what a clerk typed from the printed page. Empty fields are not compared.
type Typed struct {
	DocumentType string // "passport" needs a TD3 zone; every other type a TD1 zone
	Country      string // issuing state, ISO 3166-1 alpha-3
	Number       string
	Surnames     string
	GivenNames   string
	Nationality  string // ISO 3166-1 alpha-3, or a special code
	BirthDate    Date
	Expiry       Date
	Sex          string // "M" or "F"
}

// Mismatch is a field in which the zone and the typed data differ, both as a person would read them.
type Mismatch struct {
	Field       Field
	Zone, Typed string
}

// LogValue names the field and hides the person's data.
func (m Mismatch) LogValue() slog.Value { return slog.StringValue(string(m.Field)) }

// Compare lists the fields in which z and typed differ, in the order of [Typed]; none means that they agree.
//
// Names agree when the zone is one of the spellings that 9303-3 §6 allows for the typed name, up to where the zone had to
// cut it. Birth dates agree when day, month and the last two digits of the year do and the typed one is not in the zone's
// future, for a zone cannot tell a century. Blanks, hyphens and case in a number do not count.
func Compare(z Zone, typed Typed) []Mismatch {
	var found []Mismatch
	differ := func(f Field, given, same bool, inZone, inTyped string) {
		if given && !same {
			found = append(found, Mismatch{f, inZone, inTyped})
		}
	}
	isPassport := z.Size == TD3
	differ(FieldDocumentType, typed.DocumentType != "", isPassport == (typed.DocumentType == "passport"), z.Code, typed.DocumentType)
	differ(FieldIssuer, typed.Country != "", sameCountry(z.Issuer, typed.Country), z.Issuer, typed.Country)
	differ(FieldNumber, typed.Number != "", plain(z.Number) == plain(typed.Number), z.Number, typed.Number)
	// Only a field that the surnames fill almost alone may have cut them: an issuer keeps a letter of the given names.
	surnamesCut := z.NamesMayBeCut && len(z.GivenNames) <= 1
	differ(FieldSurnames, typed.Surnames != "", sameName(z.Surnames, typed.Surnames, surnamesCut), z.Surnames, typed.Surnames)
	differ(FieldGivenNames, typed.GivenNames != "", sameName(z.GivenNames, typed.GivenNames, z.NamesMayBeCut), z.GivenNames, typed.GivenNames)
	differ(FieldNationality, typed.Nationality != "", sameCountry(z.Nationality, typed.Nationality), z.Nationality, typed.Nationality)
	differ(FieldBirthDate, !typed.BirthDate.IsZero(), sameBirth(z.BirthDate, typed.BirthDate), z.BirthDate.String(), typed.BirthDate.String())
	differ(FieldExpiry, !typed.Expiry.IsZero(), z.Expiry == typed.Expiry, z.Expiry.String(), typed.Expiry.String())
	differ(FieldSex, typed.Sex != "", strings.EqualFold(z.Sex, typed.Sex), z.Sex, typed.Sex)
	return found
}

func sameCountry(zone, typed string) bool {
	typed = strings.ToUpper(strings.TrimSpace(typed))
	if zone == typed {
		return true
	}
	a, okA := ISOCountry(zone)
	b, okB := ISOCountry(typed)
	return okA && okB && a == b
}

func sameBirth(zone, typed Date) bool {
	return zone.Month == typed.Month && zone.Day == typed.Day && zone.Year%100 == typed.Year%100 && typed.Year <= zone.Year
}

// plain keeps what distinguishes numbers.
func plain(number string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, number)
}
