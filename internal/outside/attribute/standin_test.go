package attribute_test

import (
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"chave/demo/attributes"
	"chave/demo/people"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/outside/attribute"
)

// The demonstration's sources are the contract's other side: what they say must come through the client, the time limits and the catalogue as the reference has it.
func TestR5_13_a_slow_a_failing_and_a_silent_source_of_the_demonstration(t *testing.T) {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	list, err := people.Load(noon)
	if err != nil {
		t.Fatal(err)
	}
	const secret = "a-secret-of-at-least-32-characters"
	stand, err := attributes.New(attributes.Config{
		People: func() []people.Person { return list }, Secret: secret, Now: func() time.Time { return noon }, Delay: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(stand)
	defer server.Close()
	outcomes := make(chan string, 16)
	sources := &consent.Sources{
		Wait: 300 * time.Millisecond, Limit: time.Second, Log: slog.New(slog.DiscardHandler), Providers: map[consent.Source]consent.Provider{},
		Count: func(source consent.Source, outcome string) { outcomes <- string(source) + " " + outcome },
	}
	for source, sends := range map[consent.Source][]string{
		consent.AddressRegister: {"nic", "birth_date"}, consent.CardIssuer: {"nic"}, consent.SocialSecurity: {"niss"}, consent.Health: {"nif"},
	} {
		sources.Providers[source] = client(t, server.URL+"/"+string(source), func(c *attribute.Config) { c.SecretFile, c.Sends = secretFile(t, secret), sends })
	}
	var asked []consent.Asked
	for _, name := range []string{
		"http://interop.gov.pt/MDC/Cidadao/NIF", "http://interop.gov.pt/DadosCC/Cidadao/MoradaXML", "http://interop.gov.pt/MDC/Cidadao/CodigoPostal4",
		"http://interop.gov.pt/DadosCC/Cidadao/NomeProprioMae", "http://interop.gov.pt/SegurancaSocial/SituacaoProfissional", "http://interop.gov.pt/ADSE/Cidadao/NumeroBeneficiario",
	} {
		one, _ := consent.ReadAsked(name)
		asked = append(asked, one)
	}
	about := func(who string) consent.Subject {
		for _, p := range list {
			if p.ID == who {
				return consent.Subject{Zone: time.UTC, Person: citizen.Person{
					GivenNames: p.GivenNames, Surnames: p.Surnames, BirthDate: citizen.DateOf(p.BirthDate, time.UTC), NIC: p.NIC, NIF: p.NIF, NISS: p.NISS,
					Documents: []citizen.Document{{Type: citizen.DocumentType(p.Documents[0].Type), Country: "PRT", Number: p.Documents[0].Number}},
				}}
			}
		}
		t.Fatal("no " + who)
		return consent.Subject{}
	}
	answers := func(who, service string) (states []consent.State, counted []string) {
		subject := about(who)
		q := consent.Query{Number: "q1", Service: service, Names: consent.Wanted(asked), Subject: subject, Params: consent.ParamsOf(asked)}
		told := sources.Gather(t.Context(), q)
		a := consent.Answered{
			Holder: consent.HolderOf(subject.Person), Document: subject.Person.Document().Type, Shared: q.Names, Values: told.Values, Withheld: told.Withheld,
		}
		nif, _ := consent.Lookup(consent.NIF)
		a.Values[consent.NIF], _ = nif.Value(subject)
		for _, one := range asked {
			_, state := one.Answer(asked, a)
			states = append(states, state)
		}
		for len(outcomes) > 0 {
			counted = append(counted, <-outcomes)
		}
		slices.Sort(counted)
		return states, counted
	}
	const yes, no = consent.Available, consent.NotAvailable
	for _, c := range []struct {
		name, who, service string
		social, health     attributes.Behaviour
		want               []consent.State
		counted            []string
	}{
		{"as it begins: one slow, one failing", "beatriz", "hospital", attributes.Slow, attributes.Failing, []consent.State{yes, yes, yes, yes, no, no},
			[]string{"address ok", "card ok", "health failed", "social_security late"}},
		{"one silent", "beatriz", "hospital", attributes.OK, attributes.Silent, []consent.State{yes, yes, yes, yes, yes, no},
			[]string{"address ok", "card ok", "health late", "social_security ok"}},
		{"all well", "beatriz", "hospital", attributes.OK, attributes.OK, []consent.State{yes, yes, yes, yes, yes, yes},
			[]string{"address ok", "card ok", "health ok", "social_security ok"}},
		{"one may not tell a bank", "beatriz", "bank", attributes.OK, attributes.OK, []consent.State{yes, yes, yes, yes, yes, consent.Withheld},
			[]string{"address ok", "card ok", "health withheld", "social_security ok"}},
		{"a lifetime identity card", "assuncao", "hospital", attributes.OK, attributes.Failing, []consent.State{yes, no, no, no, yes, no},
			[]string{"address ok", "card ok", "health failed", "social_security ok"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for source, b := range map[string]attributes.Behaviour{attributes.SocialSecurity: c.social, attributes.Health: c.health} {
				if err := stand.Set(source, b); err != nil {
					t.Fatal(err)
				}
			}
			states, counted := answers(c.who, c.service)
			if !slices.Equal(states, c.want) || !slices.Equal(counted, c.counted) {
				t.Errorf("%v %v", states, counted)
			}
		})
	}
}
