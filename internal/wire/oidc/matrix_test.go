package oidc

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chave/demo/people"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
)

func same(s string) string { return s }

// dayFirst and capitals are CMD's spelling of what a claim says in the standard's.
func dayFirst(s string) string {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return ""
	}
	return d.Format("02-01-2006")
}

func spaced(s string) string { return citizen.Phone(s).String() }

// alike lists each claim beside the name of CMD's wires that tells the same, and how that is spelled there.
var alike = []struct {
	claim, uri string
	spelled    func(string) string
}{
	{"name", "MDC/Cidadao/NomeCompleto", strings.ToUpper},
	{"given_name", "MDC/Cidadao/NomeProprio", strings.ToUpper},
	{"family_name", "MDC/Cidadao/NomeApelido", strings.ToUpper},
	{"birthdate", "MDC/Cidadao/DataNascimento", dayFirst},
	{"email", "MDC/Cidadao/CorreioElectronico", same},
	{"phone_number", "MDC/Cidadao/NumeroTelemovel", spaced},
	{"document_number", "MDC/Cidadao/DocNumber", same},
	{"document_type", "MDC/Cidadao/DocType", func(s string) string {
		return map[string]string{"passport": "PAS", "residence_permit": "TR:", "residence_card": "CR:"}[s]
	}},
	{"nic", "MDC/Cidadao/NIC", same},
	{"nif", "MDC/Cidadao/NIF", same},
	{"niss", "MDC/Cidadao/NISS", same},
	{"nsns", "MDC/Cidadao/NSNS", same},
	{"document_expires", "MDC/Cidadao/DataValidadeDoc", dayFirst},
	{"key_expires", "MDC/Cidadao/DataValidade", dayFirst},
	{"card_number", "DadosCC/Cidadao/NoDocumento", same},
	{"can_sign", "MDC/Cidadao/TemAssinaturaDigitalCMD", func(s string) string { return map[string]string{"true": "True", "false": "False"}[s] }},
	{"address.formatted", "", same},
	{"address.postal_code", "MDC/Cidadao/CodigoPostal4", func(s string) string { return s[:min(4, len(s))] }},
	{"health_scheme.NumeroBeneficiario", "ADSE/Cidadao/NumeroBeneficiario", same},
	{"health_scheme.DataValidade", "ADSE/Cidadao/DataValidade", same},
}

// at finds a claim, or a member of one, as text.
func at(claims map[string]any, path string) string {
	name, member, inside := strings.Cut(path, ".")
	v, there := claims[name]
	if !there {
		return ""
	}
	if inside {
		members, _ := v.(map[string]any)
		if v, there = members[member]; !there {
			return ""
		}
	}
	return fmt.Sprint(v)
}

func TestMatrix_1_9_2_claims_tell_the_same_as_the_wires_of_CMD_in_their_own_form(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	list, err := people.Load(now)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		t.Run(p.ID, func(t *testing.T) {
			subject := consent.Subject{Zone: time.UTC, KeyEnds: now.AddDate(4, 0, 0), Person: citizen.Person{
				GivenNames: p.GivenNames, Surnames: p.Surnames, BirthDate: citizen.DateOf(p.BirthDate, time.UTC), Nationality: citizen.Country(p.Nationality),
				NIC: p.NIC, NIF: p.NIF, NISS: p.NISS, NSNS: p.NSNS, Phone: citizen.Phone(p.Phone), Email: citizen.Email(p.Email),
			}}
			for _, d := range p.Documents {
				doc := citizen.Document{Type: citizen.DocumentType(d.Type), Country: citizen.Country(d.Country), Number: d.Number}
				if !d.Lifetime {
					doc.Expires = citizen.DateOf(d.Expires, time.UTC)
				}
				subject.Person.Documents = append(subject.Person.Documents, doc)
			}
			a := consent.Answered{Holder: consent.HolderOf(subject.Person), Document: subject.Person.Document().Type, Values: map[consent.Name]consent.Value{}}
			for _, one := range consent.Catalogue() {
				if !one.Obtainable(subject) {
					continue
				}
				a.Shared = append(a.Shared, one.Name)
				if v, held := one.Value(subject); held {
					a.Values[one.Name] = v
				}
				switch one.Name {
				case consent.Address:
					a.Values[one.Name] = consent.Value{Text: "Rua do Exemplo 1", Parts: map[string]string{"CodigoPostal4": "9990", "postal_code": "9990-123"}}
				case consent.HealthScheme:
					a.Values[one.Name] = consent.Value{Text: "Número 9", Parts: map[string]string{"NumeroBeneficiario": "9", "DataValidade": "2028-12-31"}}
				}
			}
			claims := map[string]any{}
			released(a.Values, scopeNames(), nil, claims)
			text, err := json.Marshal(claims)
			if err != nil {
				t.Fatal(err)
			}
			claims = map[string]any{}
			if err := json.Unmarshal(text, &claims); err != nil {
				t.Fatal(err)
			}
			var all []consent.Asked
			for _, one := range alike {
				asked, _ := consent.ReadAsked("http://interop.gov.pt/" + one.uri)
				all = append(all, asked)
			}
			for i, one := range alike {
				if one.uri == "" {
					continue
				}
				cmd, state := all[i].Answer(all, a)
				claim := at(claims, one.claim)
				if (claim != "") != (state == consent.Available) || claim != "" && one.spelled(claim) != cmd {
					t.Errorf("%s is %q, %s is %q (%s)", one.claim, claim, one.uri, cmd, state)
				}
			}
			if (at(claims, "address.formatted") != "") != (p.Documents[0].Type == people.CitizenCard) {
				t.Errorf("address: %v", claims["address"])
			}
		})
	}
}

func TestClaims_every_attribute_has_one_but_those_that_are_others_together(t *testing.T) {
	for _, a := range consent.Catalogue() {
		has := slices.ContainsFunc(claimTable(), func(c claim) bool { return c.attribute == a.Name })
		if has == (a.Name == consent.Contacts) {
			t.Errorf("%s: has a claim: %v", a.Name, has)
		}
	}
}

func TestPartsClaim_is_small_whatever_a_source_says(t *testing.T) {
	parts := map[string]string{"Foto": strings.Repeat("A", longestPart+1), "XML": "<a/>", "text": "another", "empty": "", "a": "b"}
	for i := range 40 {
		parts[fmt.Sprintf("p%02d", i)] = strings.Repeat("x", 500)
	}
	out, _ := partsClaim(consent.Value{Text: "line", Parts: parts}).(map[string]string)
	size := 0
	for _, v := range out {
		size += len(v)
	}
	if out["text"] != "line" || out["a"] != "b" || out["Foto"] != "" || out["XML"] != "" || size > allParts+len("line") {
		t.Errorf("%d bytes: %v", size, out)
	}
}
