package enrol_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
)

func TestR1_03_sixteen_completed_years_by_default(t *testing.T) {
	for _, one := range []struct {
		name  string
		birth citizen.Date
		now   time.Time
		want  fault.Code
	}{
		{"15 years 364 days: no key", date(2010, 11, 24), time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), fault.TooYoung},
		{"16th birthday: key", date(2010, 11, 23), time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), ""},
		{"the birthday begins in Lisbon, one hour before UTC in summer", date(2010, 7, 2), time.Date(2026, 7, 1, 23, 30, 0, 0, time.UTC), ""},
		{"born on 29 February: not on 28 February", date(2008, 2, 29), time.Date(2024, 2, 28, 12, 0, 0, 0, time.UTC), fault.TooYoung},
		{"born on 29 February: in a common year on 1 March", date(2011, 2, 28).AddDays(1), time.Date(2027, 2, 28, 12, 0, 0, 0, time.UTC), fault.TooYoung},
	} {
		t.Run(one.name, func(t *testing.T) {
			c := newCounter(t)
			c.set(one.now)
			e := c.citizenCard()
			e.BirthDate, e.Zone = one.birth, ""
			c.says(e, func(a *enrol.Answer) { a.Person.BirthDate = one.birth })
			got, err := c.document(e)
			if one.want != "" {
				wantRefused(t, got, err, one.want)
				return
			}
			c.wantState(c.must(got, err), enrol.AtContacts)
		})
	}
}

func TestR1_01_R1_02_an_operator_may_lower_the_age(t *testing.T) {
	c := newCounter(t, func(r *enrol.Rules, _ *credential.Policy) { r.MinAge = 0 })
	e := c.citizenCard()
	e.BirthDate, e.Zone = date(2026, 11, 23), ""
	c.says(e, func(a *enrol.Answer) { a.Person.BirthDate = e.BirthDate })
	issued, _ := c.issue(e, "+351929941207", enrol.Numbers{})
	c.wantState(issued, enrol.Issued)
}

func TestR1_04_an_accompanying_measure(t *testing.T) {
	for _, one := range []struct {
		says citizen.Answer
		want fault.Code
	}{{citizen.Yes, fault.Accompanied}, {citizen.Unknown, fault.StandingUnknown}} {
		t.Run("R1.03 R1.04 the registry says "+string(one.says), func(t *testing.T) {
			c := newCounter(t)
			e := c.citizenCard()
			c.says(e, func(a *enrol.Answer) { a.Person.Standing.Accompanied = one.says })
			got, err := c.document(e)
			wantRefused(t, got, err, one.want)
		})
	}
	t.Run("R2.07 for a foreign passport it is the operator's word, on record", func(t *testing.T) {
		c := newCounter(t)
		at := c.atContacts(passport())
		if s := at.Person.Standing; s.Accompanied != citizen.No || !s.AsOf.Equal(c.clock()) {
			t.Fatalf("standing %+v", s)
		}
	})
}

func TestR1_08_five_documents_found_a_key(t *testing.T) {
	c := newCounter(t)
	card, permit := c.citizenCard(), c.permit()
	identity := enrol.Evidence{
		Type: citizen.IdentityCard, Country: "PRT", Number: "99410411", Lifetime: true,
		GivenNames: "Assunção", Surnames: "Made Up", BirthDate: date(1941, 5, 9), Nationality: "PRT",
	}
	c.registry.holds[identity.Number] = c.known(identity, "99410411", "", "", "")
	residence := permit
	residence.Type, residence.Number, residence.Zone = citizen.ResidenceCard, "ZC9941170", ""
	c.registry.holds[residence.Number] = c.known(residence, "", "", "", "")
	for _, e := range []enrol.Evidence{card, identity, passport(), permit, residence} {
		t.Run(string(e.Type), func(t *testing.T) { c.atContacts(e) })
	}
	for _, other := range []string{"", "crue", "visa", "driving_licence", "PASSPORT"} {
		t.Run("R1.16 not "+other, func(t *testing.T) {
			e := passport()
			e.Type, e.Zone = citizen.DocumentType(other), ""
			_, err := c.document(e)
			wantProblems(t, err, "type "+string(fault.DocumentNotAccepted))
		})
	}
}

func TestR1_09_R1_10_R1_15_what_each_document_makes_of_a_person(t *testing.T) {
	c := newCounter(t)
	attribute := func(p citizen.Person, name consent.Name) (consent.Value, bool) {
		a, _ := consent.Lookup(name)
		return a.Value(consent.Subject{Person: p, Zone: c.zone})
	}
	t.Run("R1.10 a permit is issued by Portugal, its holder is Brazilian", func(t *testing.T) {
		p := c.atContacts(c.permit()).Person
		v, held := attribute(p, consent.Document)
		if !held || v.Parts["type"] != "residence_permit" || v.Parts["country"] != "PRT" || p.Nationality != "BRA" {
			t.Fatalf("document %+v, nationality %s", v, p.Nationality)
		}
		if _, held := attribute(p, consent.NIC); held {
			t.Fatal("a permit holder has no NIC")
		}
	})
	t.Run("R1.10 R1.16 a permit of another state founds nothing", func(t *testing.T) {
		e := c.permit()
		e.Country, e.Zone = "BRA", ""
		_, err := c.document(e)
		wantProblems(t, err, "country "+string(fault.DocumentNotAccepted))
	})
	t.Run("R1.09 R1.13 a citizen card binds the NIC and leaves the triple empty", func(t *testing.T) {
		p := c.atContacts(c.citizenCard()).Person
		if _, held := attribute(p, consent.Document); held || p.NIC != "99410137" {
			t.Fatalf("NIC %q, document held %v", p.NIC, held)
		}
	})
	t.Run("R1.15 a Brazilian with a citizen card is a card holder", func(t *testing.T) {
		e := c.citizenCard()
		e.Nationality, e.Zone = "BRA", ""
		c.says(e, func(a *enrol.Answer) { a.Person.Nationality = "BRA" })
		p := c.atContacts(e).Person
		if _, held := attribute(p, consent.Document); held || p.NIC == "" || consent.HolderOf(p) != consent.BrazilianCard {
			t.Fatalf("NIC %q, document held %v, group %s", p.NIC, held, consent.HolderOf(p))
		}
	})
	t.Run("R1.13 a passport holder is bound by the passport", func(t *testing.T) {
		p := c.atContacts(passport()).Person
		if v, held := attribute(p, consent.Document); !held || v.Parts["number"] != "ZZ990417" || p.NIC != "" {
			t.Fatalf("document %+v, NIC %q", v, p.NIC)
		}
	})
	t.Run("R1.17 R1.18 a permit card is a residence permit, whoever it was given to", func(t *testing.T) {
		e := c.permit()
		e.Nationality, e.Number = "ERI", "ZZ9942288"
		c.registry.holds[e.Number] = c.known(e, "", "", "", "")
		c.atContacts(withZone(e))
	})
}

func TestR1_12_every_field_a_foreign_key_needs_is_asked_for_at_once(t *testing.T) {
	c := newCounter(t)
	_, err := c.document(enrol.Evidence{Type: citizen.Passport})
	wantProblems(t, err, "number CH-1403", "given_names CH-1403", "surnames CH-1403", "birth_date CH-1403", "nationality CH-1403",
		"country CH-1403", "expires CH-1403")
	t.Run("somebody with one name only has the zone to say so", func(t *testing.T) {
		e := passport()
		e.GivenNames, e.Surnames = "", "Mononym"
		c.atContacts(withZone(e))
	})
	t.Run("a passport without an expiry is not lifetime", func(t *testing.T) {
		e := passport()
		e.Expires, e.Lifetime, e.Zone = citizen.Date{}, true, ""
		_, err := c.document(e)
		wantProblems(t, err, "expires CH-1403")
	})
	t.Run("malformed ones are pointed at", func(t *testing.T) {
		e := passport()
		e.Number, e.Nationality, e.BirthDate, e.Zone = "ZZ_990417", "QQQ", date(2027, 1, 1), ""
		_, err := c.document(e)
		wantProblems(t, err, "number CH-1404", "nationality CH-1404", "birth_date CH-1404")
	})
	t.Run("the digits that Portuguese cards carry are checked", func(t *testing.T) {
		e := c.citizenCard()
		e.Number, e.Zone = "994101376ZZ1", ""
		_, err := c.document(e)
		wantProblems(t, err, "number CH-1404")
	})
}

func TestR2_07_the_zone_is_set_beside_what_was_typed(t *testing.T) {
	c := newCounter(t)
	for name, one := range map[string]struct {
		change func(*enrol.Evidence)
		want   []string
	}{
		"number":     {func(e *enrol.Evidence) { e.Number = "ZZ990418" }, []string{"number CH-1407"}},
		"birth date": {func(e *enrol.Evidence) { e.BirthDate = date(1991, 9, 24) }, []string{"birth_date CH-1407"}},
		"expiry":     {func(e *enrol.Evidence) { e.Expires = date(2030, 1, 30) }, []string{"expires CH-1407"}},
		"names": {func(e *enrol.Evidence) { e.Surnames, e.GivenNames = "Tkacenko", "Oksana" },
			[]string{"surnames CH-1407", "given_names CH-1407"}},
		"issuer and nationality": {func(e *enrol.Evidence) { e.Country, e.Nationality = "POL", "POL" },
			[]string{"country CH-1407", "nationality CH-1407"}},
		"kind of document": {func(e *enrol.Evidence) { e.Type, e.Country = citizen.ResidencePermit, "PRT" },
			[]string{"type CH-1407", "country CH-1407"}},
		"a check digit":      {func(e *enrol.Evidence) { e.Zone = strings.Replace(e.Zone, "ZZ990417<", "ZZ990471<", 1) }, []string{"zone CH-1406"}},
		"something else":     {func(e *enrol.Evidence) { e.Zone = "hello" }, []string{"zone CH-1405"}},
		"zone and a missing": {func(e *enrol.Evidence) { e.Number, e.Surnames = "", "Tkacenko" }, []string{"number CH-1403", "surnames CH-1407"}},
	} {
		t.Run(name, func(t *testing.T) {
			e := passport()
			one.change(&e)
			_, err := c.document(e)
			var problems enrol.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			fields := map[string]bool{}
			for _, p := range problems {
				fields[p.Field+" "+string(p.Code)] = true
				if p.Code == fault.ZoneMismatch && len(p.Args) < 4 {
					t.Errorf("%s does not say what the zone says and what was typed", p.Field)
				}
			}
			for _, w := range one.want {
				if !fields[w] {
					t.Errorf("%s is not among %v", w, fields)
				}
			}
		})
	}
	t.Run("accents, case and blanks are not differences", func(t *testing.T) {
		e := c.citizenCard()
		e.Surnames, e.GivenNames, e.Number = "  conceicao   SEQUEIRA", "Beatriz amelia", "99410137 6 zz0"
		at := c.atContacts(e)
		if at.Person.Surnames != "Conceição Sequeira" {
			t.Fatalf("the registry's spelling is kept, not %q", at.Person.Surnames)
		}
	})
}

func TestR2_07_the_registry_decides_what_it_knows(t *testing.T) {
	for name, one := range map[string]struct {
		change func(*enrol.Answer)
		want   fault.Code
	}{
		"does not know it":      {func(a *enrol.Answer) { *a = enrol.Answer{Coverage: enrol.NotFound} }, fault.RegistryNotFound},
		"R1.33 deceased":        {func(a *enrol.Answer) { a.Person.Standing.Deceased = true }, fault.Deceased},
		"R1.31 lost card":       {func(a *enrol.Answer) { a.State = enrol.DocumentLost }, fault.FoundingNotValid},
		"expired at the issuer": {func(a *enrol.Answer) { a.State = enrol.DocumentOld }, fault.FoundingExpired},
		"state not known":       {func(a *enrol.Answer) { a.State = enrol.DocumentUnknown }, fault.StandingUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			e := c.citizenCard()
			c.says(e, one.change)
			got, err := c.document(e)
			wantRefused(t, got, err, one.want)
		})
	}
	t.Run("differences are pointed at by field, and nothing is decided", func(t *testing.T) {
		c := newCounter(t)
		e := c.citizenCard()
		c.says(e, func(a *enrol.Answer) {
			a.Person.GivenNames, a.Person.BirthDate, a.Expires = "Beatriz", date(1987, 4, 13), date(2029, 11, 24)
		})
		_, err := c.document(e)
		wantProblems(t, err, "given_names CH-1410", "birth_date CH-1410", "expires CH-1410")
	})
	t.Run("R1.28 a lifetime card that was typed with a day, and the reverse", func(t *testing.T) {
		c := newCounter(t)
		e := c.citizenCard()
		c.says(e, func(a *enrol.Answer) { a.Lifetime, a.Expires = true, citizen.Date{} })
		_, err := c.document(e)
		wantProblems(t, err, "expires CH-1410")
		identity := enrol.Evidence{
			Type: citizen.IdentityCard, Country: "PRT", Number: "99410411", Lifetime: true,
			GivenNames: "Assunção", Surnames: "Made Up", BirthDate: date(1941, 5, 9), Nationality: "PRT",
		}
		c.registry.holds[identity.Number] = c.known(identity, "99410411", "", "", "")
		c.says(identity, func(a *enrol.Answer) { a.Lifetime, a.Expires = false, date(2030, 1, 1) })
		_, err = c.document(identity)
		wantProblems(t, err, "expires CH-1410")
	})
}

func TestA20_a_silent_registry_is_cannot_decide_now(t *testing.T) {
	c := newCounter(t)
	e := c.citizenCard()
	c.registry.down = errors.New("no route")
	id := c.open()
	if _, err := c.enrol.Document(t.Context(), id, clerk, e); !fault.Is(err, fault.RegistryUnavailable) {
		t.Fatalf("got %v", err)
	}
	kept, err := c.enrol.Load(t.Context(), id, clerk)
	if err != nil || kept.State != enrol.AtDocument || kept.Evidence.Number != e.Number {
		t.Fatalf("state %q, typed %+v, %v", kept.State, kept.Evidence, err)
	}
	t.Run("also for somebody who had come further on other evidence", func(t *testing.T) {
		c.registry.down = nil
		id := c.open()
		c.must(c.enrol.Document(t.Context(), id, clerk, passport()))
		c.registry.down = errors.New("no route")
		if _, err := c.enrol.Document(t.Context(), id, clerk, e); !fault.Is(err, fault.RegistryUnavailable) {
			t.Fatalf("got %v", err)
		}
		if _, err := c.enrol.Attest(t.Context(), id, clerk, enrol.Attestations()); !fault.Is(err, fault.StepPassed) {
			t.Fatalf("the passport was attested with a citizen card's evidence: %v", err)
		}
	})
	t.Run("R2.07 a Portuguese document that the registry calls unknown to it is not attested", func(t *testing.T) {
		c.registry.down = nil
		for _, e := range []enrol.Evidence{c.citizenCard(), c.permit()} {
			c.registry.holds[e.Number] = enrol.Answer{Coverage: enrol.NotCovered}
			if _, err := c.document(e); !fault.Is(err, fault.RegistryUnavailable) {
				t.Errorf("%s: %v", e.Type, err)
			}
		}
	})
}

func TestR2_07_a_foreign_passport_rests_on_the_operators_word(t *testing.T) {
	c := newCounter(t)
	got := c.must(c.document(passport()))
	c.wantState(got, enrol.AtAttest)
	all := enrol.Attestations()
	for i, left := range all {
		t.Run("not without "+left, func(t *testing.T) {
			some := append(append([]string{}, all[:i]...), all[i+1:]...)
			_, err := c.enrol.Attest(t.Context(), got.ID, clerk, some)
			wantProblems(t, err, left+" CH-1419")
		})
	}
	if _, err := c.enrol.SendPhoneCode(t.Context(), got.ID, clerk, "+351929943618", "en"); !fault.Is(err, fault.StepPassed) {
		t.Fatalf("the contacts could be reached without it: %v", err)
	}
	c.wantState(c.must(c.enrol.Attest(t.Context(), got.ID, clerk, all)), enrol.AtContacts)
}

func TestR1_25_R1_26_an_expired_document_founds_nothing(t *testing.T) {
	for _, one := range []struct {
		name string
		now  time.Time
		want fault.Code
	}{
		{"at 23:59:59 in Lisbon on its last day it still does", time.Date(2029, 11, 23, 23, 59, 59, 0, time.UTC), ""},
		{"at midnight it does not, for the days of grace are the key's", time.Date(2029, 11, 24, 0, 0, 0, 0, time.UTC), fault.FoundingExpired},
	} {
		t.Run(one.name, func(t *testing.T) {
			c := newCounter(t)
			e := c.citizenCard()
			c.set(one.now)
			got, err := c.document(e)
			if one.want != "" {
				wantRefused(t, got, err, one.want)
				return
			}
			c.wantState(c.must(got, err), enrol.AtContacts)
		})
	}
	t.Run("R1.35 a decree keeps an expired permit valid", func(t *testing.T) {
		decree := credential.ValidOverride{Type: citizen.ResidencePermit, From: date(2025, 1, 1), To: date(2026, 6, 30), ValidThrough: date(2026, 12, 31)}
		for _, with := range []bool{false, true} {
			c := newCounter(t, func(_ *enrol.Rules, p *credential.Policy) {
				if with {
					p.DocumentValidOverrides = []credential.ValidOverride{decree}
				}
			})
			e := c.permit()
			e.Expires = date(2026, 3, 31)
			e = withZone(e)
			c.says(e, func(a *enrol.Answer) { a.Expires, a.State = e.Expires, enrol.DocumentOld })
			got, err := c.document(e)
			if !with {
				wantRefused(t, got, err, fault.FoundingExpired)
				continue
			}
			c.wantState(c.must(got, err), enrol.AtContacts)
		}
	})
}

func TestA_case_belongs_to_its_operator_and_ends(t *testing.T) {
	c := newCounter(t)
	id := c.open()
	if _, err := c.enrol.Load(t.Context(), id, "another"); !fault.Is(err, fault.CaseUnknown) {
		t.Fatalf("another operator: %v", err)
	}
	if _, err := c.enrol.Document(t.Context(), id, "another", passport()); !fault.Is(err, fault.CaseUnknown) {
		t.Fatalf("another operator: %v", err)
	}
	c.set(c.clock().Add(2 * time.Hour))
	if _, err := c.enrol.Document(t.Context(), id, clerk, passport()); !fault.Is(err, fault.CaseExpired) {
		t.Fatalf("after two hours: %v", err)
	}
}
