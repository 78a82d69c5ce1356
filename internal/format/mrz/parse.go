package mrz

import (
	"strings"
	"time"
)

// Parse reads a zone from pasted or typed text. Case does not matter, nor do line ends, tabs, blanks and control characters,
// which readers put between and around the lines; a missing end of filler is supplied where no check digit follows it.
//
// Two-digit years are read as of today: a birth is the latest such day that is not in the future (so a person of 100 or more
// reads as a child: [Compare] allows for it), an expiry lies less than 50 years from today.
//
// The error is of type [Errors] and lists every problem found.
func Parse(text string, today time.Time) (Zone, error) {
	lines, size, err := lines(text)
	if err != nil {
		return Zone{}, Errors{err}
	}
	r := &reader{lines: lines, today: DateOf(today)}
	r.characters()
	if len(r.problems) > 0 {
		return Zone{}, r.problems
	}
	var z Zone
	if size == TD3 {
		z = r.passport()
	} else {
		z = r.card()
	}
	if len(r.problems) > 0 {
		return Zone{}, r.problems
	}
	return z, nil
}

// lines cuts the text into the lines of the size they fit.
func lines(text string) ([]string, Size, *Error) {
	const limit = 1024 // far more than any reader sends with a zone
	if len(text) > limit {
		return nil, "", &Error{Field: FieldZone, Problem: ProblemLength}
	}
	clean := cleaner.Replace(strings.ToUpper(text))
	parts := strings.FieldsFunc(clean, func(r rune) bool { return r <= ' ' || r == 0x7f || r == 0xa0 || r == 0xfeff || r == 0x2028 })
	whole := strings.Join(parts, "")
	switch len(whole) {
	case 90:
		return []string{whole[:30], whole[30:60], whole[60:]}, TD1, nil
	case 88:
		return []string{whole[:44], whole[44:]}, TD3, nil
	case 72:
		return nil, "", &Error{Field: FieldZone, Problem: ProblemKind} // TD2
	}
	// People who type a zone stop at the last letter. Filler is supplied only where a line ends without a check digit.
	switch {
	case len(parts) == 3 && len(parts[0]) <= 30 && len(parts[1]) == 30 && len(parts[2]) <= 30:
		return []string{fill(parts[0], 30), parts[1], fill(parts[2], 30)}, TD1, nil
	case len(parts) == 2 && len(parts[0]) <= 44 && len(parts[1]) == 44:
		return []string{fill(parts[0], 44), parts[1]}, TD3, nil
	}
	return nil, "", &Error{Field: FieldZone, Problem: ProblemLength}
}

// A reader set to the American keyboard presses shift and comma for "<", which types ";" on a Portuguese one.
// Programs that tidy quotation marks turn "<<" into one character.
var cleaner = strings.NewReplacer(";", "<", "«", "<<")

func fill(s string, width int) string { return s + strings.Repeat("<", width-len(s)) }

// A reader walks one zone and gathers problems.
type reader struct {
	lines    []string
	today    Date
	problems Errors
}

func (r *reader) problem(f Field, p Problem, line, column int) {
	r.problems = append(r.problems, &Error{f, p, line, column})
}

// characters refuses what no zone contains (9303-3 §4.3), so that all that follows may count bytes.
func (r *reader) characters() {
	for i, line := range r.lines {
		for j := range len(line) {
			if c := line[j]; c != '<' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
				r.problem(FieldZone, ProblemCharacter, i+1, j+1)
				break
			}
		}
	}
}

// passport reads TD3, 9303-4 §4.2.2.
func (r *reader) passport() Zone {
	a, b := r.lines[0], r.lines[1]
	z := Zone{Size: TD3, Code: trim(a[:2])}
	if a[0] != 'P' || isDigit(a[1]) {
		r.problem(FieldDocumentType, ProblemKind, 1, 1)
	}
	z.Issuer = r.country(FieldIssuer, a[2:5], 1, 3)
	z.Surnames, z.GivenNames, z.NamesMayBeCut = r.names(a[5:], 1, 6)
	z.Number = r.number(b[:9], 2, 1)
	r.check(FieldNumber, b[:9], b[9], 2, 10)
	z.Nationality = r.country(FieldNationality, b[10:13], 2, 11)
	z.BirthDate = r.date(FieldBirthDate, b[13:19], b[19], 2, 14)
	z.Sex = r.sex(b[20], 2, 21)
	z.Expiry = r.date(FieldExpiry, b[21:27], b[27], 2, 22)
	z.Optional1 = trim(b[28:42])
	if z.Optional1 != "" || b[42] != '<' { // an empty field may leave its digit out
		r.check(FieldOptional, b[28:42], b[42], 2, 43)
	}
	r.composite(b[:10]+b[13:20]+b[21:43], b[43], 2, 44)
	return z
}

// card reads TD1, 9303-5 §4.2.2.
func (r *reader) card() Zone {
	a, b := r.lines[0], r.lines[1]
	z := Zone{Size: TD1, Code: trim(a[:2])}
	if !strings.ContainsRune("ACI", rune(a[0])) || isDigit(a[1]) {
		r.problem(FieldDocumentType, ProblemKind, 1, 1)
	}
	z.Issuer = r.country(FieldIssuer, a[2:5], 1, 3)
	z.Number, z.Optional1 = r.cardNumber(a)
	z.BirthDate = r.date(FieldBirthDate, b[:6], b[6], 2, 1)
	z.Sex = r.sex(b[7], 2, 8)
	z.Expiry = r.date(FieldExpiry, b[8:14], b[14], 2, 9)
	z.Nationality = r.country(FieldNationality, b[15:18], 2, 16)
	z.Optional2 = trim(b[18:29])
	r.composite(a[5:30]+b[:7]+b[8:15]+b[18:29], b[29], 2, 30)
	z.Surnames, z.GivenNames, z.NamesMayBeCut = r.names(r.lines[2], 3, 1)
	return z
}

// cardNumber reads the number of a card and the optional data behind it. A number of more than nine characters fills its
// field, leaves "<" where its check digit would be, and goes on in the optional data, up to the next filler; its check
// digit comes last and guards the whole (9303-5 §4.2.2.1 note j). The Portuguese citizen card is of this kind.
//
// Whether the "<" in the middle takes its turn among the weights, 9303 does not say, and its one example comes out the same
// both ways. The public specimen of the Portuguese card counts it, cards of other states do not: either is taken.
func (r *reader) cardNumber(a string) (number, optional string) {
	rest, after, _ := strings.Cut(a[15:], "<")
	long := a[14] == '<' && !strings.Contains(a[5:14], "<") && len(rest) >= 2
	if !long {
		number = r.number(a[5:14], 1, 6)
		r.check(FieldNumber, a[5:14], a[14], 1, 15)
		return number, trim(a[15:])
	}
	number, digit := a[5:14]+rest[:len(rest)-1], rest[len(rest)-1]
	if digit != CheckDigit(a[5:15]+rest[:len(rest)-1]) {
		r.check(FieldNumber, number, digit, 1, 15+len(rest))
	}
	return number, trim(after)
}

func (r *reader) number(field string, line, column int) string {
	if field[0] == '<' {
		r.problem(FieldNumber, ProblemMissing, line, column)
	}
	return trim(field)
}

func (r *reader) country(f Field, code string, line, column int) string {
	code = trim(code)
	if code == "D" {
		return "DEU"
	}
	if !KnownCountry(code) {
		r.problem(f, ProblemCountry, line, column)
	}
	return code
}

func (r *reader) sex(c byte, line, column int) string {
	switch c {
	case 'M', 'F':
		return string(c)
	case '<':
		return ""
	}
	r.problem(FieldSex, ProblemCharacter, line, column)
	return ""
}

// names reads primary and secondary identifier, 9303-3 §4.6.
func (r *reader) names(field string, line, column int) (surnames, given string, mayBeCut bool) {
	if i := strings.IndexFunc(field, func(c rune) bool { return '0' <= c && c <= '9' }); i >= 0 {
		r.problem(FieldSurnames, ProblemCharacter, line, column+i)
	}
	if field[0] == '<' {
		r.problem(FieldSurnames, ProblemMissing, line, column)
	}
	primary, secondary, _ := strings.Cut(field, "<<")
	return words(primary), words(secondary), field[len(field)-1] != '<'
}

// words puts one blank between the parts of a name.
func words(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(c rune) bool { return c == '<' }), " ")
}

// date reads YYMMDD and its check digit.
func (r *reader) date(f Field, field string, digit byte, line, column int) Date {
	if f == FieldExpiry && field == "<<<<<<" {
		// Without an expiry the digit is 0 or left out; both count as 0.
		r.check(f, field, zeroIfFiller(digit), line, column+6)
		return Date{}
	}
	if !r.check(f, field, digit, line, column+6) {
		return Date{} // one problem for one field: what was misread need not be a day
	}
	yy, okYear := pair(field[:2])
	mm, okMonth := pair(field[2:4])
	dd, okDay := pair(field[4:])
	if field[:2] == "<<" || !okYear || !okMonth || !okDay {
		r.problem(f, ProblemDate, line, column)
		return Date{}
	}
	d := Date{Month: time.Month(mm), Day: dd}
	switch f {
	case FieldBirthDate:
		d.Year = r.today.Year/100*100 + yy
		if r.today.before(d) {
			d.Year -= 100
		}
	case FieldExpiry:
		d.Year = r.today.Year/100*100 + yy
		if d.Year >= r.today.Year+50 {
			d.Year -= 100
		} else if d.Year < r.today.Year-50 {
			d.Year += 100
		}
	}
	unknown := f == FieldBirthDate && dd == 0 && mm <= 12
	if !unknown && (mm == 0 || DateOf(d.Time()) != d) {
		r.problem(f, ProblemDate, line, column)
		return Date{}
	}
	return d
}

// pair reads two digits; "<<" reads as 0, unknown. So does "00", which some issuers print instead.
func pair(s string) (int, bool) {
	if s == "<<" {
		return 0, true
	}
	if !isDigit(s[0]) || !isDigit(s[1]) {
		return 0, false
	}
	return int(s[0]-'0')*10 + int(s[1]-'0'), true
}

func (r *reader) check(f Field, guarded string, digit byte, line, column int) bool {
	if CheckDigit(guarded) == digit {
		return true
	}
	r.problem(f, ProblemCheckDigit, line, column)
	return false
}

// composite checks the last digit, unless a field has already failed: it would only repeat that.
func (r *reader) composite(guarded string, digit byte, line, column int) {
	for _, e := range r.problems {
		if e.Problem == ProblemCheckDigit {
			return
		}
	}
	r.check(FieldComposite, guarded, digit, line, column)
}

// CheckDigit returns the digit, '0' to '9', that guards a field: weights 7, 3, 1 over the values of the characters, modulo
// 10 (9303-3 §4.9). Filler counts 0. The field contains "<", digits and capital letters only.
func CheckDigit(field string) byte {
	sum := 0
	for i := range len(field) {
		sum += value(field[i]) * [3]int{7, 3, 1}[i%3]
	}
	return byte('0' + sum%10)
}

func value(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case 'A' <= c && c <= 'Z':
		return int(c-'A') + 10
	}
	return 0
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func trim(s string) string { return strings.TrimRight(s, "<") }

func zeroIfFiller(c byte) byte {
	if c == '<' {
		return '0'
	}
	return c
}
