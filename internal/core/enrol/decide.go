package enrol

import (
	"strings"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"

	"golang.org/x/text/unicode/norm"
)

// Rules are the operator's settings for who may have a key (Annex A).
type Rules struct {
	MinAge         int           // completed years; 16 (R1.03). Zero means no limit
	CaseTTL        time.Duration // how long a desk case may take; 2 h
	ContactCodeTTL time.Duration // 300 s (R2.12)
	ContactTries   int           // 3
	Zone           *time.Location
}

// Defaults fills what is not set; MinAge stays as it is, for zero is a choice.
func (r Rules) Defaults() Rules {
	if r.CaseTTL == 0 {
		r.CaseTTL = 2 * time.Hour
	}
	if r.ContactCodeTTL == 0 {
		r.ContactCodeTTL = 300 * time.Second
	}
	if r.ContactTries == 0 {
		r.ContactTries = 3
	}
	if r.Zone == nil {
		r.Zone = time.UTC
	}
	return r
}

// merge compares what was typed with the registry's answer and takes the registry's data, which is the authoritative source (E2). Differences are listed by field.
func merge(e Evidence, a Answer) (citizen.Person, Problems) {
	p := citizen.Person{GivenNames: e.GivenNames, Surnames: e.Surnames, BirthDate: e.BirthDate, Nationality: e.Nationality}
	p.Documents = []citizen.Document{{Type: e.Type, Country: e.Country, Number: e.Number, Expires: e.Expires}}
	if a.Coverage != Found {
		return p, nil
	}
	var differs Problems
	compare := func(field, typed, registered string) {
		if registered != "" && !sameText(typed, registered) {
			differs = append(differs, fault.New(fault.RegistryDiffers).On(field).With("Typed", typed).With("Registered", registered))
		}
	}
	compare("given_names", e.GivenNames, a.Person.GivenNames)
	compare("surnames", e.Surnames, a.Person.Surnames)
	compare("birth_date", e.BirthDate.String(), a.Person.BirthDate.String())
	compare("nationality", string(e.Nationality), string(a.Person.Nationality))
	if !a.Lifetime && !a.Expires.IsZero() {
		compare("expires", e.Expires.String(), a.Expires.String())
	}
	if a.Lifetime && !e.Expires.IsZero() {
		differs = append(differs, fault.New(fault.RegistryDiffers).On("expires"))
	}
	if a.Person.GivenNames != "" {
		p.GivenNames, p.Surnames = a.Person.GivenNames, a.Person.Surnames
	}
	p.NIC, p.NIF, p.NISS, p.NSNS = a.Person.NIC, a.Person.NIF, a.Person.NISS, a.Person.NSNS
	p.Standing = a.Person.Standing
	return p, differs
}

// sameText forgives case, accents and blanks: documents print ANA what people write Ana.
func sameText(a, b string) bool {
	fold := func(s string) string {
		var out strings.Builder
		for _, r := range norm.NFD.String(strings.ToUpper(squeeze(s))) {
			if r < 0x300 || r > 0x36f {
				out.WriteRune(r)
			}
		}
		return out.String()
	}
	return fold(a) == fold(b)
}

// eligible says whether the person may have a key today, on this evidence (R1.03, R1.04, R1.08, R1.33). The order is from the gravest: what cannot
// be mended first.
func (s *Service) eligible(p citizen.Person, a Answer, attested bool, now time.Time) error {
	r, doc := s.Rules, p.Document()
	printed := !doc.Expires.IsZero() && !now.Before(doc.Expires.End(r.Zone))
	over := !now.Before(s.Policy.DocumentEnd(doc))
	extended := printed && !over // a decree keeps it valid after the day printed on it (R1.35)
	switch {
	case a.Coverage == NotFound:
		return fault.New(fault.RegistryNotFound)
	case p.Standing.Deceased:
		return fault.New(fault.Deceased)
	case a.State == DocumentLost:
		return fault.New(fault.FoundingNotValid)
	case over || a.State == DocumentOld && !extended:
		return fault.New(fault.FoundingExpired)
	case r.MinAge > 0 && p.BirthDate.YearsAt(citizen.DateOf(now, r.Zone)) < r.MinAge:
		return fault.New(fault.TooYoung).With("Years", r.MinAge)
	case p.Standing.Accompanied == citizen.Yes:
		return fault.New(fault.Accompanied)
	case p.Standing.Accompanied != citizen.No && !attested, a.Coverage == Found && a.State != DocumentValid && a.State != DocumentOld:
		return fault.New(fault.StandingUnknown)
	}
	return nil
}
