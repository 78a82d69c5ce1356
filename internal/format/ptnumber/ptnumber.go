package ptnumber

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode"
)

// NIC is a civil identification number: 8 digits.
type NIC string

// NIF is a tax number: 9 digits.
type NIF string

// NISS is a social security number: 11 digits.
type NISS string

// NSNS is a health-service user number: 9 digits.
type NSNS string

// LogValue hides the number.
func (NIC) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// LogValue hides the number.
func (NIF) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// LogValue hides the number.
func (NISS) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// LogValue hides the number.
func (NSNS) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Problem is what is wrong with a number.
type Problem string

// The problems.
const (
	ProblemLength     Problem = "length"
	ProblemCharacter  Problem = "character"   // a letter or sign that does not belong there
	ProblemCheckDigit Problem = "check_digit" // for a citizen card, that of the whole number
	ProblemNICDigit   Problem = "nic_digit"   // the check digit behind the NIC
	ProblemKind       Problem = "kind"        // a range that nobody is given
)

// Error says which number is malformed and why; it does not hold the number.
type Error struct {
	Number  string // "nic", "citizen_card", "identity_card", "nif", "niss", "nsns"
	Problem Problem
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Number, e.Problem) }

// ParseNIC reads a civil identification number of 6 to 8 digits; shorter ones, of older people, get zeros in front. Blanks,
// dots and hyphens are ignored. A ninth digit is refused here: see [ParseIdentityCard].
func ParseNIC(s string) (NIC, error) {
	d, err := digits("nic", s, 6, 8)
	if err != nil {
		return "", err
	}
	return NIC(strings.Repeat("0", 8-len(d)) + d), nil
}

// CheckDigit returns the digit that identity and citizen cards print behind the NIC. Like them it gives '0' where the
// sum asks for ten, so some wrong digits go unnoticed.
func (n NIC) CheckDigit() byte { return mod11(string(n)) }

// IdentityCard is the number of an identity card (bilhete de identidade): a NIC and its check digit.
type IdentityCard struct{ NIC NIC }

// String returns NIC and check digit, 9 digits.
func (c IdentityCard) String() string { return string(c.NIC) + string(c.NIC.CheckDigit()) }

// LogValue hides the number.
func (IdentityCard) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// ParseIdentityCard reads the number of an identity card: a NIC, alone (6 to 8 digits) or with its check digit (9).
// Seven digits and a check digit must be typed with the zero in front: eight digits are always a NIC.
func ParseIdentityCard(s string) (IdentityCard, error) {
	d, err := digits("identity_card", s, 6, 9)
	if err != nil {
		return IdentityCard{}, err
	}
	if len(d) < 9 {
		return IdentityCard{NIC(strings.Repeat("0", 8-len(d)) + d)}, nil
	}
	c := IdentityCard{NIC(d[:8])}
	if c.NIC.CheckDigit() != d[8] {
		return IdentityCard{}, &Error{"identity_card", ProblemNICDigit}
	}
	return c, nil
}

// CitizenCard is the document number of a citizen card. A new card of the same person has another version.
type CitizenCard struct {
	NIC     NIC
	Version string // two letters or digits, "ZZ" for the first card
}

// String returns the normal form, 12 characters.
func (c CitizenCard) String() string {
	s := string(c.NIC) + string(c.NIC.CheckDigit()) + c.Version
	return s + string(cardDigit(s))
}

// Print returns the number as the card shows it: "00000000 0 ZZ4".
func (c CitizenCard) Print() string {
	s := c.String()
	return s[:8] + " " + s[8:9] + " " + s[9:]
}

// LogValue hides the number.
func (CitizenCard) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// ParseCitizenCard reads the 12 characters of a citizen card's number, with any blanks, dots and hyphens, in either case.
func ParseCitizenCard(s string) (CitizenCard, error) {
	s, ok := bare(s)
	switch {
	case !ok:
		return CitizenCard{}, &Error{"citizen_card", ProblemCharacter}
	case len(s) != 12:
		return CitizenCard{}, &Error{"citizen_card", ProblemLength}
	case !allDigits(s[:9]) || !allDigits(s[11:]):
		return CitizenCard{}, &Error{"citizen_card", ProblemCharacter}
	}
	c := CitizenCard{NIC(s[:8]), s[9:11]}
	if c.NIC.CheckDigit() != s[8] {
		return CitizenCard{}, &Error{"citizen_card", ProblemNICDigit}
	}
	if cardDigit(s[:11]) != s[11] {
		return CitizenCard{}, &Error{"citizen_card", ProblemCheckDigit}
	}
	return c, nil
}

// cardDigit makes the doubled-digit sum of the whole number, with A as 10 to Z as 35, a multiple of ten. A doubled value above
// nine loses nine, also where it had two digits more to lose: that is how the published rule goes.
func cardDigit(first11 string) byte {
	sum := 0
	for i := range len(first11) {
		v := alphanumeric(first11[i])
		if i%2 == 0 { // every second character from the right of all twelve
			v *= 2
			if v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return byte('0' + (10-sum%10)%10)
}

// ParseNIF reads a tax number; "PT" in front, as on invoices, is dropped. It accepts natural and legal persons alike: see [NIF.Kind].
func ParseNIF(s string) (NIF, error) {
	s = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "PT")
	d, err := digits("nif", s, 9, 9)
	if err != nil {
		return "", err
	}
	if d[0] == '0' {
		return "", &Error{"nif", ProblemKind}
	}
	if mod11(d[:8]) != d[8] {
		return "", &Error{"nif", ProblemCheckDigit}
	}
	return NIF(d), nil
}

// HolderKind is the kind of holder that the first digits of a NIF tell.
type HolderKind string

// The kinds.
const (
	NaturalPerson    HolderKind = "natural_person"
	NonResident      HolderKind = "natural_person_non_resident" // 45: taxed at source only
	LegalPerson      HolderKind = "legal_person"
	PublicBody       HolderKind = "public_body"
	UndividedEstate  HolderKind = "undivided_estate"
	NonResidentLegal HolderKind = "legal_person_non_resident"
	Fund             HolderKind = "investment_fund"
	AssignedByOffice HolderKind = "assigned_by_office"
	FormerTrader     HolderKind = "former_sole_trader" // 8: no longer valid in use
	Condominium      HolderKind = "condominium_or_irregular"
	CivilPartnership HolderKind = "civil_partnership"
	OtherHolder      HolderKind = "other"
)

// Kind tells the kind of holder. DL 14/2013 gives natural persons the first digits 1 to 4.
func (n NIF) Kind() HolderKind {
	if len(n) != 9 {
		return OtherHolder
	}
	switch n[:2] {
	case "45":
		return NonResident
	case "70", "74", "75":
		return UndividedEstate
	case "71", "98":
		return NonResidentLegal
	case "72":
		return Fund
	case "77", "78", "79":
		return AssignedByOffice
	case "90", "91":
		return Condominium
	case "99":
		return CivilPartnership
	}
	switch n[0] {
	case '1', '2', '3', '4':
		return NaturalPerson
	case '5':
		return LegalPerson
	case '6':
		return PublicBody
	case '8':
		return FormerTrader
	}
	return OtherHolder
}

// Natural tells that the holder is a natural person, the only kind that may have a key (R6.20).
func (n NIF) Natural() bool { k := n.Kind(); return k == NaturalPerson || k == NonResident }

// ParseNISS reads a social security number. The first digit is 1 for natural persons and 2 for others: see [NISS.Natural].
func ParseNISS(s string) (NISS, error) {
	d, err := digits("niss", s, 11, 11)
	if err != nil {
		return "", err
	}
	if d[0] != '1' && d[0] != '2' {
		return "", &Error{"niss", ProblemKind}
	}
	if nissDigit(d[:10]) != d[10] {
		return "", &Error{"niss", ProblemCheckDigit}
	}
	return NISS(d), nil
}

// Natural tells that the holder is a natural person.
func (n NISS) Natural() bool { return strings.HasPrefix(string(n), "1") }

func nissDigit(first10 string) byte {
	weights := [10]int{29, 23, 19, 17, 13, 11, 7, 5, 3, 2}
	sum := 0
	for i, w := range weights {
		sum += int(first10[i]-'0') * w
	}
	return byte('0' + 9 - sum%10)
}

// ParseNSNS reads a health-service user number. Only its length can be checked.
func ParseNSNS(s string) (NSNS, error) {
	d, err := digits("nsns", s, 9, 9)
	return NSNS(d), err
}

// mod11 weighs eight digits 9 to 2 and returns what makes the sum a multiple of eleven, with 0 for ten.
func mod11(first8 string) byte {
	sum := 0
	for i := range 8 {
		sum += int(first8[i]-'0') * (9 - i)
	}
	if r := sum % 11; r > 1 {
		return byte('0' + 11 - r)
	}
	return '0'
}

func digits(number, s string, shortest, longest int) (string, error) {
	s, ok := bare(s)
	if !ok || !allDigits(s) {
		return "", &Error{number, ProblemCharacter}
	}
	if len(s) < shortest || len(s) > longest {
		return "", &Error{number, ProblemLength}
	}
	return s, nil
}

// bare drops what people write between digits and turns letters upper. It is false when something else remains.
func bare(s string) (string, bool) {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '.' || r == '-' {
			return -1
		}
		return r
	}, s)
	s = strings.ToUpper(s)
	for i := range len(s) {
		if alphanumeric(s[i]) < 0 {
			return "", false
		}
	}
	return s, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// alphanumeric is 0 to 9 for digits, 10 to 35 for capital letters, -1 for others.
func alphanumeric(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'Z':
		return int(c-'A') + 10
	}
	return -1
}
