package mrz

import (
	"fmt"
	"strings"
)

// Passport writes a TD3 zone for a made-up person. Values that do not fit are cut; use it for tests and demos only.
type Passport struct {
	Code                 string // "P" when empty
	Issuer, Nationality  string
	Number               string // up to 9 characters
	Surnames, GivenNames string // as a person writes them
	BirthDate, Expiry    Date
	Sex                  string // "M", "F" or empty
	PersonalNumber       string // up to 14 characters
}

// String returns the two lines, each ended by a line feed.
func (p Passport) String() string {
	a := field(or(p.Code, "P"), 2) + country(p.Issuer) + nameField(p.Surnames, p.GivenNames, 39)
	number := withDigit(field(p.Number, 9))
	birth, expiry := withDigit(dateField(p.BirthDate)), withDigit(dateField(p.Expiry))
	optional := withDigit(field(p.PersonalNumber, 14))
	b := number + country(p.Nationality) + birth + field(p.Sex, 1) + expiry + optional
	return a + "\n" + b + string(CheckDigit(number+birth+expiry+optional)) + "\n"
}

// Card writes a TD1 zone for a made-up person: a citizen card, residence permit or residence card. Values that do not fit are
// cut; use it for tests and demos only.
type Card struct {
	Code                 string // "I" when empty
	Issuer, Nationality  string
	Number               string // up to 9 characters, or up to 22 with Optional1 empty
	Surnames, GivenNames string
	BirthDate, Expiry    Date
	Sex                  string
	Optional1, Optional2 string // up to 15 and 11 characters
}

// String returns the three lines, each ended by a line feed.
func (c Card) String() string {
	tail := withDigit(field(c.Number, 9)) + field(c.Optional1, 15)
	if len(c.Number) > 9 {
		// The digit guards the whole number and follows it (9303-5 §4.2.2.1 note j). Blanks would end it early.
		number := trim(field(plain(c.Number), 22))
		digit := CheckDigit(number)
		if c.Issuer == "PRT" {
			digit = CheckDigit(number[:9] + "<" + number[9:]) // as the Portuguese card does, see cardNumber
		}
		rest := number[9:] + string(digit) + "<" + c.Optional1
		tail = number[:9] + "<" + field(rest, 15)
	}
	a := field(or(c.Code, "I"), 2) + country(c.Issuer) + tail
	birth, expiry := withDigit(dateField(c.BirthDate)), withDigit(dateField(c.Expiry))
	optional := field(c.Optional2, 11)
	b := birth + field(c.Sex, 1) + expiry + country(c.Nationality) + optional
	b += string(CheckDigit(tail + birth + expiry + optional))
	return a + "\n" + b + "\n" + nameField(c.Surnames, c.GivenNames, 30) + "\n"
}

func withDigit(s string) string { return s + string(CheckDigit(s)) }

// field writes capital letters and digits, everything else as filler, in exactly width characters.
func field(s string, width int) string {
	mapped := strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' {
			return r
		}
		return '<'
	}, strings.ToUpper(s))
	return fill(mapped[:min(len(mapped), width)], width)
}

func country(code string) string {
	if code == "DEU" {
		code = "D"
	}
	return field(code, 3)
}

func dateField(d Date) string {
	if d.IsZero() {
		return "<<<<<<"
	}
	s := fmt.Sprintf("%02d%02d%02d", d.Year%100, d.Month, d.Day)
	if d.Month == 0 {
		return s[:2] + "<<<<"
	}
	if d.Day == 0 {
		return s[:4] + "<<"
	}
	return s
}

// nameField cuts the surnames so that a letter of the given names remains, as 9303-3 §4.6 wants, then cuts at the end.
func nameField(surnames, given string, width int) string {
	primary, _ := Transliterate(surnames)
	secondary, _ := Transliterate(given)
	if secondary == "" {
		return field(primary, width)
	}
	primary = trim(primary[:min(len(primary), width-3)])
	return field(primary+"<<"+secondary, width)
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
