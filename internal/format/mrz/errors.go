package mrz

import (
	"fmt"
	"strings"
)

// Field names a part of the zone, in words that a form can use too.
type Field string

// The parts of a zone.
const (
	FieldZone         Field = "zone" // the zone as a whole
	FieldDocumentType Field = "document_type"
	FieldIssuer       Field = "country"
	FieldNumber       Field = "number"
	FieldNationality  Field = "nationality"
	FieldBirthDate    Field = "birth_date"
	FieldSex          Field = "sex"
	FieldExpiry       Field = "expires"
	FieldSurnames     Field = "surnames"
	FieldGivenNames   Field = "given_names"
	FieldOptional     Field = "optional_data"
	FieldComposite    Field = "composite"
)

// Problem is the check that failed.
type Problem string

// The checks.
const (
	ProblemLength     Problem = "length"      // not the number of characters of a known zone
	ProblemCharacter  Problem = "character"   // a character that does not belong there
	ProblemCheckDigit Problem = "check_digit" // the digit does not fit what it guards
	ProblemDate       Problem = "date"        // no such day
	ProblemCountry    Problem = "country"     // not a code of 9303-3 §5
	ProblemKind       Problem = "kind"        // a visa, a TD2 document, or some other that we do not read
	ProblemMissing    Problem = "missing"     // a field that must not be empty is
)

// Error is one problem of one field. Line and Column, from 1, say where to look; both are 0 for the zone as a whole.
// It holds nothing that was read.
type Error struct {
	Field        Field
	Problem      Problem
	Line, Column int
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("machine-readable zone: %s: %s", e.Field, e.Problem)
	}
	return fmt.Sprintf("machine-readable zone: %s: %s (line %d, column %d)", e.Field, e.Problem, e.Line, e.Column)
}

// Errors is what [Parse] returns: every problem of a zone at once, in the order of the zone.
type Errors []*Error

func (es Errors) Error() string {
	texts := make([]string, len(es))
	for i, e := range es {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap lets errors.As find each problem.
func (es Errors) Unwrap() []error {
	list := make([]error, len(es))
	for i, e := range es {
		list[i] = e
	}
	return list
}
