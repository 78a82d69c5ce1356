package consent_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"chave/demo/people"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
)

const (
	mdc     = "http://interop.gov.pt/MDC/Cidadao/"
	dadosCC = "http://interop.gov.pt/DadosCC/Cidadao/"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// residents are the demonstration's people as the product would hold them.
func residents(t testing.TB) map[string]consent.Subject {
	t.Helper()
	list, err := people.Load(noon)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]consent.Subject{}
	for _, p := range list {
		made := citizen.Person{
			GivenNames: p.GivenNames, Surnames: p.Surnames, BirthDate: citizen.DateOf(p.BirthDate, time.UTC), Nationality: citizen.Country(p.Nationality),
			NIC: p.NIC, NIF: p.NIF, NISS: p.NISS, NSNS: p.NSNS, Phone: citizen.Phone(p.Phone), Email: citizen.Email(p.Email),
		}
		for _, d := range p.Documents {
			one := citizen.Document{Type: citizen.DocumentType(d.Type), Country: citizen.Country(d.Country), Number: d.Number}
			if !d.Lifetime {
				one.Expires = citizen.DateOf(d.Expires, time.UTC)
			}
			made.Documents = append(made.Documents, one)
		}
		policy := credential.Policy{Zone: time.UTC}.Defaults()
		ends := policy.End(credential.Key{CreatedAt: noon.AddDate(-1, 0, 0)}, made)
		all[p.ID] = consent.Subject{Person: made, KeyEnds: ends, Zone: time.UTC}
	}
	return all
}

// agreed is what a sign-in settles when the person shares all that was asked and no source is plugged in.
func agreed(s consent.Subject, names []consent.Name) consent.Answered {
	a := consent.Answered{Holder: consent.HolderOf(s.Person), Document: s.Person.Document().Type, Values: map[consent.Name]consent.Value{}}
	for _, name := range names {
		one, _ := consent.Lookup(name)
		if one.Obtainable(s) {
			a.Shared = append(a.Shared, name)
		}
		if v, held := one.Value(s); held {
			a.Values[name] = v
		}
	}
	return a
}

// column is a person's place in the matrix: the identity card is the one that the reference leaves to us (§1.9.2).
func column(s consent.Subject) int {
	switch holder := consent.HolderOf(s.Person); {
	case s.Person.Document().Type == citizen.IdentityCard:
		return 1
	default:
		return map[consent.Holder]int{
			consent.PortugueseCard: 0, consent.BrazilianCard: 2, consent.PassportHolder: 3, consent.PermitHolder: 4, consent.ResidenceCardist: 5,
		}[holder]
	}
}

const day, isoDay = `^\d\d-\d\d-\d{4}$`, `^\d{4}-\d\d-\d\d$`

// matrix is the table of §1.9.2, and how each value is written. Marks: ● always, ○ if the person has it, – never. Columns: citizen card, lifetime identity card,
// Brazilian's citizen card, passport, permit, residence card. A phone is ○ on cards, for keys whose codes come by e-mail exist here (R3.03).
var matrix = []struct {
	uri, marks, form string
	has              func(citizen.Person) bool
}{
	{mdc + "NIC", "●●●–––", `^\d{8}$`, nil},
	{mdc + "NomeProprio", "●●●●●●", `^[^\p{Ll}]+$`, nil},
	{mdc + "NomeApelido", "●●●●●●", `^[^\p{Ll}]+$`, nil},
	{mdc + "NomeCompleto", "●●●●●●", `^[^\p{Ll}]+$`, nil},
	{mdc + "DataNascimento", "●●●●●●", day, nil},
	{mdc + "NIF", "●●●○●●", `^\d{9}$`, func(p citizen.Person) bool { return p.NIF != "" }},
	{mdc + "NISS", "○○○○○○", `^\d{11}$`, func(p citizen.Person) bool { return p.NISS != "" }},
	{mdc + "NSNS", "○○○○○○", `^\d{9}$`, func(p citizen.Person) bool { return p.NSNS != "" }},
	{mdc + "Nacionalidade", "–––●●●", `^\p{Lu}\p{L}+( \p{L}+)*$`, nil},
	{mdc + "DocType", "–––●●●", `^(PAS|TR:|CR:)$`, nil},
	{mdc + "DocNationality", "–––●●●", `^[A-Z]{2}$`, nil},
	{mdc + "DocNumber", "–––●●●", `^[A-Z0-9]+$`, nil},
	{mdc + "Passport", "–––●●●", `^[A-Z0-9]+$`, nil},
	{mdc + "CodigoNacionalidade", "●●●●●●", `^[A-Z]{2}$`, nil},
	{mdc + "NumeroTelemovel", "○○○●●●", `^\+\d{1,3} \d{6,12}$`, func(p citizen.Person) bool { return p.Phone != "" }},
	{mdc + "CorreioElectronico", "○○○○○○", `^[^@ ]+@[^@ ]+$`, func(p citizen.Person) bool { return p.Email != "" }},
	{mdc + "DataValidade", "●●●●●●", day, nil},
	{mdc + "DataValidadeDoc", "●–●●●●", day, nil},
	{mdc + "TemAssinaturaDigitalCMD", "●●●●●●", `^(True|False)$`, nil},
	{mdc + "Sexo", "––––––", "", nil},
	{mdc + "Idade", "––––––", "", nil},
	{mdc + "IdadeSuperiorA", "––––––", "", nil},
	{mdc + "Foto", "––––––", "", nil},
	{mdc + "NoDocumento", "––––––", "", nil},
	{mdc + "mrz1", "––––––", "", nil},
	{mdc + "NICCifrado", "––––––", "", nil},
	{mdc + "TituloAcademico", "––––––", "", nil},
	{dadosCC + "NomeProprio", "●–●–––", `^[^\p{Ll}]+$`, nil},
	{dadosCC + "NomeApelido", "●–●–––", `^[^\p{Ll}]+$`, nil},
	{dadosCC + "DataNascimento", "●–●–––", isoDay, nil},
	{dadosCC + "DataValidade", "●–●–––", isoDay, nil},
	{dadosCC + "Nacionalidade", "●–●–––", `^(PT|BR)$`, nil},
	{dadosCC + "NoDocumento", "●–●–––", `^[A-Z0-9]{12}$`, nil},
	{dadosCC + "NumeroTelefoneMovel", "○–○–––", `^\d+$`, func(p citizen.Person) bool { return p.Phone != "" }},
	{dadosCC + "IndicativoTelefoneMovel", "○–○–––", `^\d{1,3}$`, func(p citizen.Person) bool { return p.Phone != "" }},
	{dadosCC + "CorreioElectronico", "○–○–––", `@`, func(p citizen.Person) bool { return p.Email != "" }},
	{dadosCC + "ContactosXML", "●–●–––", `^<Contactos xmlns="[^"]+">(<TelefoneMovel.+</TelefoneMovel>)?(<CorreioElectronico.+</CorreioElectronico>)?</Contactos>$`, nil},
}

func TestMatrix_1_9_2_what_each_resident_of_the_demonstration_can_tell(t *testing.T) {
	var names []string
	for _, row := range matrix {
		names = append(names, row.uri)
	}
	asked := read(t, names...)
	seen := map[int]bool{}
	for id, subject := range residents(t) {
		t.Run(id, func(t *testing.T) {
			at := column(subject)
			seen[at] = true
			answered := agreed(subject, consent.Wanted(asked))
			for i, row := range matrix {
				mark := []rune(row.marks)[at]
				want := mark == '●' || mark == '○' && row.has(subject.Person)
				text, state := asked[i].Answer(asked, answered)
				switch {
				case want != (state == consent.Available):
					t.Errorf("%s is %s, marked %c", row.uri, state, mark)
				case want && !regexp.MustCompile(row.form).MatchString(text):
					t.Errorf("%s is written %q", row.uri, text)
				}
			}
		})
	}
	if len(seen) != 6 {
		t.Errorf("only %d kinds of document among the residents", len(seen))
	}
}

func TestMatrix_1_9_2_values_are_written_as_the_reference_has_them(t *testing.T) {
	all := residents(t)
	for _, c := range []struct{ who, uri, want string }{
		{"beatriz", mdc + "NIC", "99410137"},
		{"beatriz", mdc + "NomeCompleto", "BEATRIZ AMÉLIA CONCEIÇÃO SEQUEIRA"},
		{"beatriz", mdc + "NomeProprio", "BEATRIZ AMÉLIA"},
		{"beatriz", mdc + "DataNascimento", "12-04-1987"},
		{"beatriz", dadosCC + "DataNascimento", "1987-04-12"},
		{"beatriz", mdc + "NumeroTelemovel", "+351 929941207"},
		{"beatriz", mdc + "CorreioElectronico", "beatriz.sequeira@example.org"},
		{"beatriz", mdc + "DataValidadeDoc", "23-11-2029"},
		{"beatriz", mdc + "DataValidade", "23-12-2029"}, // thirty days of grace
		{"beatriz", dadosCC + "DataValidade", "2029-11-23"},
		{"beatriz", mdc + "CodigoNacionalidade", "PT"},
		{"beatriz", dadosCC + "Nacionalidade", "PT"},
		{"beatriz", dadosCC + "NoDocumento", "994101376ZZ0"},
		{"beatriz", dadosCC + "IndicativoTelefoneMovel", "351"},
		{"beatriz", dadosCC + "NumeroTelefoneMovel", "929941207"},
		{"beatriz", dadosCC + "ContactosXML", `<Contactos xmlns="http://www.cartaodecidadao.pt/tipos/ama"><TelefoneMovel xmlns="http://www.cartaodecidadao.pt/tipos/comum/cidadao"><IndicativoPais>351</IndicativoPais><Numero>929941207</Numero></TelefoneMovel><CorreioElectronico xmlns="http://www.cartaodecidadao.pt/tipos/comum/cidadao">beatriz.sequeira@example.org</CorreioElectronico></Contactos>`},
		{"beatriz", mdc + "TemAssinaturaDigitalCMD", "False"},
		{"duarte", mdc + "NumeroTelemovel", "+46 701740605"},
		{"assuncao", mdc + "NIC", "99410411"},
		{"assuncao", mdc + "CodigoNacionalidade", "PT"},
		{"thais", dadosCC + "Nacionalidade", "BR"},
		{"thais", mdc + "CodigoNacionalidade", "PT"}, // who issued the card
		{"oksana", mdc + "DocType", "PAS"},
		{"oksana", mdc + "DocNationality", "UA"},
		{"oksana", mdc + "CodigoNacionalidade", "UA"},
		{"oksana", mdc + "DocNumber", "ZZ990417"},
		{"oksana", mdc + "Passport", "ZZ990417"},
		{"oksana", mdc + "Nacionalidade", "Ucrânia"},
		{"oksana", mdc + "DataValidade", "23-11-2030"}, // no grace
		{"oksana", mdc + "DataValidadeDoc", "23-11-2030"},
		{"tuyet", mdc + "NomeCompleto", "THỊ ÁNH TUYẾT NGUYỄN"},
		{"tuyet", mdc + "Nacionalidade", "Vietname"}, // Vietnã in Brazil
		{"marcus", mdc + "Nacionalidade", "Estados Unidos"},
		{"marcus", mdc + "NumeroTelemovel", "+1 2025550147"},
		{"harpreet", mdc + "DocType", "TR:"},
		{"harpreet", mdc + "DocNationality", "PT"},
		{"harpreet", mdc + "Nacionalidade", "Índia"},
		{"harpreet", mdc + "CodigoNacionalidade", "PT"},
		{"yolanda", mdc + "DocType", "CR:"},
		{"yolanda", mdc + "DocNationality", "PT"},
		{"yolanda", mdc + "Nacionalidade", "Peru"},
	} {
		asked := read(t, c.uri)
		got, state := asked[0].Answer(asked, agreed(all[c.who], consent.Wanted(asked)))
		if got != c.want || state != consent.Available {
			t.Errorf("%s of %s is %q, %s; want %q", c.uri, c.who, got, state, c.want)
		}
	}
}

func TestMatrix_1_9_2_what_another_body_holds_is_asked_about_the_right_people_only(t *testing.T) {
	for id, subject := range residents(t) {
		card := subject.Person.Document().Type == citizen.CitizenCard
		for name, want := range map[consent.Name]bool{consent.Address: card, consent.CardDetails: card, consent.Employment: true, consent.HealthScheme: true} {
			one, _ := consent.Lookup(name)
			if one.Obtainable(subject) != want {
				t.Errorf("%s of %s: obtainable is %v", name, id, !want)
			}
		}
		if answered := agreed(subject, []consent.Name{consent.Address}); card != slices.Contains(answered.Shared, consent.Address) {
			t.Errorf("%s shares %v", id, answered.Shared)
		}
	}
}

func TestRefused_pending_and_withheld_reach_every_spelling_of_an_attribute(t *testing.T) {
	asked := read(t, mdc+"NomeCompleto", dadosCC+"MoradaXML", mdc+"Distrito", dadosCC+"Sexo", mdc+"NIC")
	a := everything()
	a.Values = map[consent.Name]consent.Value{}
	a.Refused, a.Pending, a.Withheld = []consent.Name{consent.FullName}, []consent.Name{consent.Address}, []consent.Name{consent.CardDetails}
	for i, want := range []consent.State{consent.Withheld, consent.Pending, consent.Pending, consent.Withheld, consent.NotAvailable} {
		if text, got := asked[i].Answer(asked, a); got != want || text != "" {
			t.Errorf("%s is %s with %q, want %s", asked[i].As, got, text, want)
		}
	}
}
