package consent_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
)

func TestContactsXML_leaves_out_what_its_schema_does_not_accept(t *testing.T) {
	const inner = ` xmlns="http://www.cartaodecidadao.pt/tipos/comum/cidadao"`
	for _, c := range []struct{ name, phone, email, want string }{
		{"both", "+351 929941207", "a'b.c-d_e@example.org", "<TelefoneMovel" + inner + "><IndicativoPais>351</IndicativoPais><Numero>929941207</Numero></TelefoneMovel>" +
			"<CorreioElectronico" + inner + ">a'b.c-d_e@example.org</CorreioElectronico>"},
		{"an address with a plus sign", "+351 929941207", "a+b@example.org", "<TelefoneMovel" + inner + "><IndicativoPais>351</IndicativoPais><Numero>929941207</Numero></TelefoneMovel>"},
		{"nothing that fits", "", "ã&<@example.org", ""},
		{"no phone", "", "a@b.pt", "<CorreioElectronico" + inner + ">a@b.pt</CorreioElectronico>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked := read(t, dadosCC+"ContactosXML")
			a := everything()
			a.Values[consent.Contacts] = consent.Value{Text: "both", Parts: map[string]string{"phone": c.phone, "email": c.email}}
			got, state := asked[0].Answer(asked, a)
			if c.want == "" {
				if state != consent.NotAvailable || got != "" {
					t.Errorf("%s %q", state, got)
				}
				return
			}
			if want := `<Contactos xmlns="http://www.cartaodecidadao.pt/tipos/ama">` + c.want + `</Contactos>`; got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		})
	}
}

func TestContactsXML_of_every_resident_is_valid_against_the_schema(t *testing.T) {
	schema := "../../../../shared/data/contracts/fa/Contactos.xsd"
	if dir := os.Getenv("CHAVE_CONTRACTS"); dir != "" {
		schema = filepath.Join(dir, "fa", "Contactos.xsd")
	}
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed")
	}
	if _, err := os.Stat(schema); err != nil {
		t.Skip("Contactos.xsd is not beside this repository")
	}
	asked := read(t, dadosCC+"ContactosXML")
	checked := 0
	for id, subject := range residents(t) {
		text, state := asked[0].Answer(asked, agreed(subject, consent.Wanted(asked)))
		if state != consent.Available {
			continue
		}
		checked++
		lint := exec.Command(xmllint, "--noout", "--nonet", "--schema", schema, "-")
		lint.Stdin = strings.NewReader(text)
		if out, err := lint.CombinedOutput(); err != nil {
			t.Errorf("%s: %s\n%s", id, text, out)
		}
		if subject.Person.Document().Type != citizen.CitizenCard {
			t.Errorf("%s has no citizen card", id)
		}
	}
	if checked < 5 {
		t.Errorf("only %d documents were checked", checked)
	}
}
