package enrol

import (
	"errors"
	"slices"
	"strings"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/format/mrz"
	"chave/internal/format/ptnumber"
)

// check reads the evidence field by field, against itself and against the zone, and reports every problem at once.
func (e *Evidence) check(today citizen.Date, now time.Time) Problems {
	var problems Problems
	missing := func(field string, empty bool) {
		if empty {
			problems = append(problems, fault.New(fault.FieldMissing).On(field))
		}
	}
	e.GivenNames, e.Surnames = squeeze(e.GivenNames), squeeze(e.Surnames)
	e.Country = citizen.Country(strings.ToUpper(strings.TrimSpace(string(e.Country))))
	e.Nationality = citizen.Country(strings.ToUpper(strings.TrimSpace(string(e.Nationality))))
	if !e.Type.Known() { // R1.08, R1.16
		problems = append(problems, fault.New(fault.DocumentNotAccepted).On("type"))
	}
	missing("number", strings.TrimSpace(e.Number) == "")
	missing("given_names", e.GivenNames == "" && !e.singleName(now))
	missing("surnames", e.Surnames == "")
	missing("birth_date", e.BirthDate.IsZero())
	missing("nationality", e.Nationality == "")
	missing("country", e.Country == "")
	missing("expires", e.Expires.IsZero() && !(e.Lifetime && e.Type == citizen.IdentityCard))
	if number := citizen.NormalNumber(e.Number); strings.TrimSpace(e.Number) != "" && (number == "" || len(number) > 30) {
		problems = append(problems, fault.New(fault.FieldMalformed).On("number"))
	} else {
		e.Number = number
	}
	if number := e.Number; number != "" && !nationalNumberHolds(e.Type, number) {
		problems = append(problems, fault.New(fault.FieldMalformed).On("number"))
	}
	for field, code := range map[string]citizen.Country{"country": e.Country, "nationality": e.Nationality} {
		if code != "" && !mrz.KnownCountry(string(code)) {
			problems = append(problems, fault.New(fault.FieldMalformed).On(field))
		}
	}
	// Cards and permits are issued here; the issuing state is not the holder's nationality (R1.10).
	if e.Type.Known() && e.Type != citizen.Passport && e.Country != "" && e.Country != citizen.Portugal {
		problems = append(problems, fault.New(fault.DocumentNotAccepted).On("country"))
	}
	if !e.BirthDate.IsZero() && today.Before(e.BirthDate) {
		problems = append(problems, fault.New(fault.FieldMalformed).On("birth_date"))
	}
	problems = append(problems, e.compareZone(now)...)
	slices.SortStableFunc(problems, func(a, b *fault.Error) int { return strings.Compare(a.Field, b.Field) })
	return problems
}

// foreign tells whether no registry here can know the document.
func (e *Evidence) foreign() bool { return e.Type == citizen.Passport && e.Country != citizen.Portugal }

// singleName tells whether the zone itself holds one name only: some countries' people have no other, and R1.12's two names must not shut them out.
func (e *Evidence) singleName(now time.Time) bool {
	zone, err := mrz.Parse(e.Zone, now)
	return err == nil && zone.GivenNames == ""
}

// nationalNumberHolds checks the digits that Portuguese cards carry; other documents have none of their own outside the zone.
func nationalNumberHolds(kind citizen.DocumentType, number string) bool {
	var err error
	switch kind {
	case citizen.CitizenCard:
		_, err = ptnumber.ParseCitizenCard(number)
	case citizen.IdentityCard:
		_, err = ptnumber.ParseIdentityCard(number)
	}
	return err == nil
}

// compareZone sets the zone beside the typed fields. A card without one, an old identity card, has nothing to compare.
func (e *Evidence) compareZone(now time.Time) Problems {
	if strings.TrimSpace(e.Zone) == "" {
		return nil
	}
	zone, err := mrz.Parse(e.Zone, now)
	if err != nil {
		return zoneProblems(err)
	}
	typed := mrz.Typed{
		DocumentType: string(e.Type), Country: string(e.Country), Number: e.Number, Surnames: e.Surnames, GivenNames: e.GivenNames,
		Nationality: string(e.Nationality), BirthDate: zoneDate(e.BirthDate), Expiry: zoneDate(e.Expires),
	}
	var problems Problems
	for _, m := range mrz.Compare(zone, typed) {
		field := string(m.Field)
		if m.Field == mrz.FieldDocumentType {
			field = "type"
		}
		problems = append(problems, fault.New(fault.ZoneMismatch).On(field).With("Zone", m.Zone).With("Typed", m.Typed))
	}
	return problems
}

func zoneProblems(err error) Problems {
	var all mrz.Errors
	if !errors.As(err, &all) {
		return Problems{fault.New(fault.ZoneUnreadable).On("zone").Because(err)}
	}
	var problems Problems
	for _, one := range all {
		code := fault.ZoneUnreadable
		if one.Problem == mrz.ProblemCheckDigit {
			code = fault.ZoneCheckDigit
		}
		problems = append(problems, fault.New(code).On("zone").With("Part", string(one.Field)).With("Line", one.Line).With("Column", one.Column).Because(one))
	}
	return problems
}

func zoneDate(d citizen.Date) mrz.Date { return mrz.Date{Year: d.Year, Month: d.Month, Day: d.Day} }

// squeeze trims and joins inner blanks, so that two spaces are not a different name.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }
