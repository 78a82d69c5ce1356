package people

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// MRZ is the machine-readable zone printed on the document, lines separated by "\n": what a reader
// at the counter would type. It follows ICAO 9303 part 4 (passports, TD3) and part 5 (cards, TD1).
// Sex is left unspecified ("<"). Old identity cards have no zone, and the answer is empty.
//
// This writer is kept apart from the product's reader on purpose: two readings of the standard that
// agree are worth more than one shared by both sides.
func (p Person) MRZ(d Document) string {
	switch d.Type {
	case Passport:
		return p.td3(d)
	case CitizenCard:
		return p.td1(d, "I<")
	case ResidencePermit, ResidenceCard:
		return p.td1(d, "IR")
	}
	return ""
}

func (p Person) td3(d Document) string {
	line1 := "P<" + d.Country + fill(p.zoneName(), 39)
	number := fill(d.Number, 9)
	personal := fill("", 14)
	line2 := number + checkDigit(number) + p.Nationality + dated(p.BirthDate) + "<" + dated(d.Expires) + personal + checkDigit(personal)
	line2 += checkDigit(line2[0:10] + line2[13:20] + line2[21:43])
	return line1 + "\n" + line2
}

func (p Person) td1(d Document, code string) string {
	line1 := code + d.Country
	if len(d.Number) <= 9 {
		number := fill(d.Number, 9)
		line1 += number + checkDigit(number)
	} else {
		// A longer number (ICAO 9303-5 §4.2.2, note j): nine characters, "<" where the check digit
		// would be, the rest, then the check digit. Portuguese citizen cards count that "<" in.
		long := d.Number[:9] + "<" + d.Number[9:]
		line1 += long + checkDigit(long)
	}
	line1 = fill(line1, 30)
	line2 := dated(p.BirthDate) + "<" + dated(d.Expires) + p.Nationality + fill("", 11)
	line2 += checkDigit(line1[5:30] + line2[0:7] + line2[8:15] + line2[18:29])
	return line1 + "\n" + line2 + "\n" + fill(p.zoneName(), 30)
}

// zoneName is SURNAMES<<GIVEN<NAMES in the letters of the zone.
func (p Person) zoneName() string { return zoneLetters(p.Surnames) + "<<" + zoneLetters(p.GivenNames) }

// zoneLetters takes accents off and writes A-Z and fillers only (ICAO 9303-3 §6).
func zoneLetters(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToUpper(name)) {
		switch {
		case r >= 'A' && r <= 'Z':
			b.WriteRune(r)
		case r == 'Đ':
			b.WriteByte('D')
		case r == 'Ø':
			b.WriteString("OE")
		case unicode.IsSpace(r) || r == '-':
			b.WriteByte('<')
		}
	}
	return b.String()
}

// dated is a date as YYMMDD with its check digit.
func dated(t time.Time) string {
	s := t.Format("060102")
	return s + checkDigit(s)
}

// fill pads with "<" to n characters, or cuts what does not fit, as issuers do with long names.
func fill(s string, n int) string {
	if len(s) >= n {
		return s[:n]
	}
	return s + strings.Repeat("<", n-len(s))
}

// checkDigit weighs characters 7, 3, 1 and takes the sum modulo 10 (ICAO 9303-3 §4.9).
func checkDigit(s string) string {
	weights, sum := [3]int{7, 3, 1}, 0
	for i := range len(s) {
		value := 0
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			value = int(c - '0')
		case c >= 'A' && c <= 'Z':
			value = int(c-'A') + 10
		}
		sum += value * weights[i%3]
	}
	return string(rune('0' + sum%10))
}
