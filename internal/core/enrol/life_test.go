package enrol_test

import (
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
)

// life is a key and its person without any store: what follows is arithmetic on dates.
func life(t *testing.T, kind citizen.DocumentType, expires citizen.Date, change ...func(*credential.Policy)) (credential.Policy, credential.Key, citizen.Person) {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	policy := credential.Policy{Zone: zone}
	for _, f := range change {
		f(&policy)
	}
	made := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	key := credential.Key{State: credential.Active, CreatedAt: made, UsedAt: made}
	person := citizen.Person{Documents: []citizen.Document{{Type: kind, Country: "PRT", Number: "X", Expires: expires}}}
	return policy.Defaults(), key, person
}

func TestR1_25_R1_26_R1_27_a_key_ends_with_its_document(t *testing.T) {
	utc := func(y int, m time.Month, d, h, min, s int) time.Time {
		return time.Date(y, m, d, h, min, s, 0, time.UTC)
	}
	for _, one := range []struct {
		name    string
		kind    citizen.DocumentType
		expires citizen.Date
		now     time.Time
		want    credential.Status
	}{
		{"R1.26 passport at 23:59:59 of its last day, winter", citizen.Passport, date(2027, 1, 31), utc(2027, 1, 31, 23, 59, 59), credential.StatusActive},
		{"R1.26 passport at midnight, winter", citizen.Passport, date(2027, 1, 31), utc(2027, 2, 1, 0, 0, 0), credential.StatusSuspended},
		{"R1.26 permit at 23:59:59 in Lisbon, summer", citizen.ResidencePermit, date(2027, 7, 31), utc(2027, 7, 31, 22, 59, 59), credential.StatusActive},
		{"R1.26 permit at midnight in Lisbon, summer", citizen.ResidencePermit, date(2027, 7, 31), utc(2027, 7, 31, 23, 0, 0), credential.StatusSuspended},
		{"R1.26 residence card at midnight", citizen.ResidenceCard, date(2027, 1, 31), utc(2027, 2, 1, 0, 0, 0), credential.StatusSuspended},
		{"R1.25 citizen card on its last day", citizen.CitizenCard, date(2027, 1, 31), utc(2027, 1, 31, 23, 59, 59), credential.StatusActive},
		{"R1.25 citizen card the day after: grace", citizen.CitizenCard, date(2027, 1, 31), utc(2027, 2, 1, 0, 0, 0), credential.StatusGrace},
		{"R1.25 citizen card on the 30th day at 23:59:59: grace", citizen.CitizenCard, date(2027, 1, 31), utc(2027, 3, 2, 23, 59, 59), credential.StatusGrace},
		{"R1.25 R1.27 citizen card after 30 days: suspended", citizen.CitizenCard, date(2027, 1, 31), utc(2027, 3, 3, 0, 0, 0), credential.StatusSuspended},
		{"R1.25 identity card with a day has grace too", citizen.IdentityCard, date(2027, 1, 31), utc(2027, 2, 15, 12, 0, 0), credential.StatusGrace},
		{"R1.28 lifetime card after ten years", citizen.IdentityCard, citizen.Date{}, utc(2036, 11, 23, 12, 0, 0), credential.StatusActive},
		{"R1.28 lifetime card, last second of ten years and thirty days", citizen.IdentityCard, citizen.Date{}, utc(2036, 12, 23, 23, 59, 59), credential.StatusActive},
		{"R1.28 lifetime card after ten years and thirty days", citizen.IdentityCard, citizen.Date{}, utc(2036, 12, 24, 0, 0, 0), credential.StatusSuspended},
		{"R1.28 the ceiling holds for a passport that outlives it", citizen.Passport, date(2040, 1, 1), utc(2036, 12, 24, 0, 0, 0), credential.StatusSuspended},
	} {
		t.Run(one.name, func(t *testing.T) {
			policy, key, person := life(t, one.kind, one.expires)
			if got := policy.Status(key, person, one.now); got != one.want {
				t.Fatalf("status %q, want %q (ends %v)", got, one.want, policy.End(key, person))
			}
		})
	}
	t.Run("R1.25 the days of grace are a setting", func(t *testing.T) {
		policy, key, person := life(t, citizen.Passport, date(2027, 1, 31), func(p *credential.Policy) { p.GraceForeign = 5 })
		if got := policy.Status(key, person, utc(2027, 2, 5, 23, 59, 59)); got == credential.StatusSuspended {
			t.Fatalf("status %q", got)
		}
	})
	t.Run("R1.27 a renewed document lifts it", func(t *testing.T) {
		policy, key, person := life(t, citizen.CitizenCard, date(2027, 1, 31))
		person.Documents[0].Expires = date(2032, 1, 31)
		if got := policy.Status(key, person, utc(2027, 6, 1, 0, 0, 0)); got != credential.StatusActive {
			t.Fatalf("status %q", got)
		}
	})
	t.Run("R1.29 the key's end is document and grace, the document's its own", func(t *testing.T) {
		policy, key, person := life(t, citizen.CitizenCard, date(2027, 1, 31))
		subject := consent.Subject{Person: person, KeyEnds: policy.End(key, person), Zone: policy.Zone}
		for name, want := range map[consent.Name]string{consent.KeyExpires: "2027-03-02", consent.DocumentExpires: "2027-01-31"} {
			a, _ := consent.Lookup(name)
			if v, _ := a.Value(subject); v.Text != want {
				t.Errorf("%s is %q, want %q", name, v.Text, want)
			}
		}
	})
	t.Run("R1.36 idle keys end only where the operator says so", func(t *testing.T) {
		for months, want := range map[int]credential.Status{0: credential.StatusActive, 18: credential.StatusEnded} {
			policy, key, person := life(t, citizen.IdentityCard, citizen.Date{}, func(p *credential.Policy) { p.IdleMonths = months })
			if got := policy.Status(key, person, utc(2028, 5, 23, 12, 0, 0)); got != want {
				t.Errorf("%d months: %q, want %q", months, got, want)
			}
		}
	})
}

func TestR1_35_a_decree_moves_the_end_of_the_documents_it_names(t *testing.T) {
	decree := credential.ValidOverride{Type: citizen.ResidencePermit, From: date(2026, 1, 1), To: date(2027, 6, 30), ValidThrough: date(2027, 10, 15)}
	with := func(p *credential.Policy) { p.DocumentValidOverrides = []credential.ValidOverride{decree} }
	for _, one := range []struct {
		name    string
		kind    citizen.DocumentType
		expires citizen.Date
		want    citizen.Date // last day of the key
	}{
		{"a permit that ends in the window", citizen.ResidencePermit, date(2027, 3, 31), date(2027, 10, 15)},
		{"on the window's first day", citizen.ResidencePermit, date(2026, 1, 1), date(2027, 10, 15)},
		{"on its last", citizen.ResidencePermit, date(2027, 6, 30), date(2027, 10, 15)},
		{"the day before the window", citizen.ResidencePermit, date(2025, 12, 31), date(2025, 12, 31)},
		{"the day after", citizen.ResidencePermit, date(2027, 7, 1), date(2027, 7, 1)},
		{"another kind of document", citizen.Passport, date(2027, 3, 31), date(2027, 3, 31)},
	} {
		t.Run(one.name, func(t *testing.T) {
			policy, key, person := life(t, one.kind, one.expires, with)
			if got := policy.End(key, person); !got.Equal(one.want.End(policy.Zone)) {
				t.Fatalf("ends %v, want the end of %v", got, one.want)
			}
		})
	}
}
