package mrz

import (
	"fmt"
	"log/slog"
	"time"
)

// Size is the shape of a zone.
type Size string

// The shapes that are read.
const (
	TD1 Size = "TD1" // three lines of 30 characters
	TD3 Size = "TD3" // two lines of 44 characters
)

// Zone is the content of a machine-readable zone whose check digits hold.
type Zone struct {
	Size Size

	// Code is the document code without filler: "P", "PD", "I", "IR" …
	Code string

	// Issuer and Nationality are ISO 3166-1 alpha-3 codes or one of the special codes of 9303-3 §5 ("XXA", "UNO" …).
	// Germany's "D" is given as "DEU".
	Issuer, Nationality string

	// Number is the document number; a blank or hyphen inside it reads as "<". It has 1 to 9 characters, on cards up to 22.
	Number string

	BirthDate Date
	Expiry    Date // the zero Date when the document says that it never expires

	Sex string // "M", "F", or "" for unspecified

	// Surnames and GivenNames (primary and secondary identifier) have a space between their parts. GivenNames may be empty.
	Surnames, GivenNames string

	// NamesMayBeCut tells that the names fill their field to the last character, so that more may follow in truth.
	NamesMayBeCut bool

	// Optional1 is the personal number of a passport, or the optional data of a card's first line; Optional2 that of a
	// card's second line. Filler at the end is removed.
	Optional1, Optional2 string
}

// String hides a person's data from logs.
func (Zone) String() string { return "[redacted]" }

// GoString hides a person's data from logs.
func (Zone) GoString() string { return "[redacted]" }

// LogValue hides a person's data from logs.
func (Zone) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Date is a day of the calendar. Month and Day are 0 when the document leaves them unknown, which some do for people whose
// day of birth nobody recorded.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf returns the day of t in its own time zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date{y, m, d}
}

// IsZero tells that no date is given.
func (d Date) IsZero() bool { return d == Date{} }

// Complete tells that year, month and day are known.
func (d Date) Complete() bool { return d.Year != 0 && d.Month != 0 && d.Day != 0 }

// Time returns the beginning of the day in UTC. It makes sense for a [Date.Complete] date only.
func (d Date) Time() time.Time { return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC) }

// String returns "2006-01-02", with "??" for an unknown month or day, and "" for the zero Date.
func (d Date) String() string {
	switch {
	case d.IsZero():
		return ""
	case d.Month == 0:
		return fmt.Sprintf("%04d-??-??", d.Year)
	case d.Day == 0:
		return fmt.Sprintf("%04d-%02d-??", d.Year, d.Month)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// before compares dates, an unknown month or day counting as the earliest.
func (d Date) before(other Date) bool {
	return d.Year*10000+int(d.Month)*100+d.Day < other.Year*10000+int(other.Month)*100+other.Day
}
