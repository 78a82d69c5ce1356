package pki_test

import (
	"strings"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/outside/pki"
)

func TestSettings_refuse_what_no_right_certificate_can_come_from(t *testing.T) {
	good := pki.Settings{Address: "http://id.example"}
	if _, err := good.Check(); err != nil {
		t.Fatal(err)
	}
	qualified := pki.Settings{Address: "http://id.example", Arc: "1.3.6.1.4.1.99999.1", Qualified: &pki.Qualified{
		Policies: []string{"0.4.0.194112.1.2"}, Disclosure: map[string]string{"en": "https://id.example/pds-en", "pt": "https://id.example/pds-pt"}, KeysInModule: true,
	}}
	if _, err := qualified.Check(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*pki.Settings){
		"address":              func(s *pki.Settings) { s.Address = "id.example" },
		"no scheme and host":   func(s *pki.Settings) { s.Address = "http://id.example/path" },
		"somebody else's":      func(s *pki.Settings) { s.Arc = "2.16.620.1" },
		"no object identifier": func(s *pki.Settings) { s.Arc = "9.9" },
		"capital letters":      func(s *pki.Settings) { s.Country = "pt" },
		"1 to 64":              func(s *pki.Settings) { s.Organization = strings.Repeat("x", 65) },
		"none of RSA-4096":     func(s *pki.Settings) { s.IssuingAlg = "RSA-2048" },
		"neither RS256":        func(s *pki.Settings) { s.TSAAlg = "EdDSA" },
		"in English":           func(s *pki.Settings) { s.Qualified = &pki.Qualified{} },
		"carries none":         func(s *pki.Settings) { s.Qualified, s.Label = qualified.Qualified, "test" },
		"not https":            func(s *pki.Settings) { s.Qualified = &pki.Qualified{Disclosure: map[string]string{"en": "http://x"}} },
	} {
		s := good
		spoil(&s)
		if _, err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestT8_only_an_operator_who_says_so_issues_qualified_certificates(t *testing.T) {
	h := open(t)
	h.conf.Arc = "1.3.6.1.4.1.99999.1"
	h.conf.Qualified = &pki.Qualified{Policies: []string{"0.4.0.194112.1.2"}, Disclosure: map[string]string{"en": "https://id.example/pds"}, KeysInModule: true}
	leaf := parse(t, issue(t, h, h.node(t)).DER)
	text := string(leaf.Raw)
	if strings.Contains(text, "not qualified") || strings.Contains(leaf.Issuer.CommonName, "TESTE") || !strings.Contains(text, "https://id.example/pds") || len(leaf.PolicyIdentifiers) != 2 {
		t.Errorf("%v %v", leaf.Subject, leaf.PolicyIdentifiers)
	}
}

func TestNames_of_people(t *testing.T) {
	document := func(kind citizen.DocumentType, country citizen.Country, number string) citizen.Person {
		return citizen.Person{GivenNames: "Zé", Surnames: "Serra", Documents: []citizen.Document{{Type: kind, Country: country, Number: number}}}
	}
	for _, c := range []struct {
		name string
		who  citizen.Person
		want string // serialNumber; empty: refused
	}{
		{"a civil number", citizen.Person{GivenNames: "Zé", Surnames: "Serra", NIC: "99000017"}, "BI99000017"},
		{"an older one", citizen.Person{GivenNames: "Zé", Surnames: "Serra", NIC: "9900017"}, "BI09900017"},
		{"with its check digit", citizen.Person{GivenNames: "Zé", Surnames: "Serra", NIC: "990000175"}, "BI99000017"},
		{"a passport", document(citizen.Passport, "AFG", "ABC123456"), "PASAF-ABC123456"},
		{"a passport of the United Nations", document(citizen.Passport, "UNO", "123"), "PASUNO-123"},
		{"a passport of a stateless person", document(citizen.Passport, "XXA", "123"), "PASXXA-123"},
		{"a residence permit", document(citizen.ResidencePermit, "PRT", "TR123"), "TRPT-TR123"},
		{"a residence card", document(citizen.ResidenceCard, "PRT", "CR123"), "CRPT-CR123"},
		{"a citizen card without civil number", document(citizen.CitizenCard, "PRT", "123"), ""},
	} {
		got, err := pki.PersonNumber(c.who)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}

func TestNames_that_are_long_lose_their_middle(t *testing.T) {
	h := open(t)
	a := h.node(t)
	who := resident()
	who.GivenNames, who.Surnames = "Maria da Conceição Aurélia", "Quitéria de Vasconcelos Bandeirinha Sottomayor Farol Azevinho da Serra"
	issued, err := a.Issue(t.Context(), subject(t, who, h.clock().Add(365*24*time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	leaf := parse(t, issued.DER)
	if n := len([]rune(leaf.Subject.CommonName)); n > 64 || !strings.HasPrefix(leaf.Subject.CommonName, "MARIA ") || !strings.HasSuffix(leaf.Subject.CommonName, " SERRA") {
		t.Errorf("%d %s", n, leaf.Subject.CommonName)
	}
	one := resident()
	one.GivenNames = ""
	if _, err := a.Issue(t.Context(), subject(t, one, h.clock().Add(time.Hour))); err != nil {
		t.Errorf("somebody with one name: %v", err)
	}
}
