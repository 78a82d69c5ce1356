package consent_test

import (
	"slices"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
)

func TestR5_15_PAIN11_a_service_that_asks_too_narrowly_is_told_whom_it_shuts_out(t *testing.T) {
	foreigners := []consent.Holder{consent.PassportHolder, consent.PermitHolder, consent.ResidenceCardist}
	nationals := []consent.Holder{consent.PortugueseCard, consent.BrazilianCard}
	for _, one := range []struct {
		name string
		asks []consent.Ask
		want []consent.Holder
	}{
		{"only NIC", []consent.Ask{{Name: consent.NIC, Required: true}}, foreigners},
		{"only the document", []consent.Ask{{Name: consent.Document, Required: true}}, nationals},
		{"all four, none required: one scope for everybody", []consent.Ask{{Name: consent.NIC}, {Name: consent.Document}}, nil},
		{"what every resident has", []consent.Ask{{Name: consent.FullName, Required: true}, {Name: consent.BirthDate, Required: true}}, nil},
	} {
		t.Run(one.name, func(t *testing.T) {
			if got := consent.Missing(one.asks); !slices.Equal(got, one.want) {
				t.Fatalf("shuts out %v, want %v", got, one.want)
			}
		})
	}
}

func TestR1_29_R5_18_what_each_holder_can_supply(t *testing.T) {
	expires := citizen.Date{Year: 2030, Month: 1, Day: 31}
	person := func(kind citizen.DocumentType, nationality citizen.Country) citizen.Person {
		p := citizen.Person{
			GivenNames: "Thị Ánh", Surnames: "Made-Up", BirthDate: citizen.Date{Year: 1990, Month: 2, Day: 3}, Nationality: nationality,
			Documents: []citizen.Document{{Type: kind, Country: citizen.Portugal, Number: "ZZ990417", Expires: expires}}, Phone: "+351929943618",
		}
		if kind.National() {
			p.NIC = "99410137"
		}
		return p
	}
	for _, one := range []struct {
		name   string
		who    citizen.Person
		holder consent.Holder
		held   []consent.Name
		empty  []consent.Name
	}{
		{"Portuguese, citizen card", person(citizen.CitizenCard, "PRT"), consent.PortugueseCard, []consent.Name{consent.NIC, consent.Phone}, []consent.Name{consent.Document, consent.Email}},
		{"lifetime identity card", person(citizen.IdentityCard, "PRT"), consent.PortugueseCard, []consent.Name{consent.NIC}, []consent.Name{consent.Document}},
		{"R1.15 Brazilian, citizen card", person(citizen.CitizenCard, "BRA"), consent.BrazilianCard, []consent.Name{consent.NIC, consent.Nationality}, []consent.Name{consent.Document}},
		{"passport", person(citizen.Passport, "UKR"), consent.PassportHolder, []consent.Name{consent.Document, consent.Phone}, []consent.Name{consent.NIC, consent.NIF}},
		{"residence permit", person(citizen.ResidencePermit, "IND"), consent.PermitHolder, []consent.Name{consent.Document}, []consent.Name{consent.NIC}},
		{"residence card", person(citizen.ResidenceCard, "PER"), consent.ResidenceCardist, []consent.Name{consent.Document}, []consent.Name{consent.NIC}},
	} {
		t.Run(one.name, func(t *testing.T) {
			if got := consent.HolderOf(one.who); got != one.holder {
				t.Fatalf("holder %s, want %s", got, one.holder)
			}
			subject := consent.Subject{Person: one.who, KeyEnds: expires.End(time.UTC), Zone: time.UTC}
			for _, a := range consent.Catalogue() {
				value, held := a.Value(subject)
				switch {
				case slices.Contains(one.held, a.Name) && !held:
					t.Errorf("%s is empty", a.Name)
				case slices.Contains(one.empty, a.Name) && held:
					t.Errorf("%s is %q", a.Name, value.Text)
				case a.Supply[one.holder] == consent.Always && a.Name != consent.NIF && !held:
					t.Errorf("%s is said to be always there", a.Name)
				case a.Supply[one.holder] == consent.Never && held:
					t.Errorf("%s is said never to be there, and is %q", a.Name, value.Text)
				case a.Name == consent.KeyExpires && value.Text != "2030-01-31":
					t.Errorf("the key's last day is %s", value.Text)
				}
			}
		})
	}
}
