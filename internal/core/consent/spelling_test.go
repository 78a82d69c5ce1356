package consent_test

import (
	_ "embed"
	"slices"
	"strings"
	"testing"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
)

//go:embed testdata/names.txt
var sheet string

// read understands names that must all be known.
func read(t testing.TB, names ...string) []consent.Asked {
	t.Helper()
	var all []consent.Asked
	for _, name := range names {
		one, ok := consent.ReadAsked(name)
		if !ok {
			t.Fatalf("%s is not known", name)
		}
		all = append(all, one)
	}
	return all
}

func TestR6_10_every_name_of_the_sheet_is_in_the_catalogue_and_no_other(t *testing.T) {
	names := strings.Fields(sheet)
	if len(names) != 177 {
		t.Fatalf("the sheet has %d names", len(names))
	}
	var ours []string
	for _, s := range consent.Spellings() {
		ours = append(ours, s.URI)
		if s.Name != "" {
			if _, known := consent.Lookup(s.Name); !known {
				t.Errorf("%s tells %q, which is no attribute", s.URI, s.Name)
			}
		}
		for _, need := range s.Needs {
			if !slices.Contains(names, need) {
				t.Errorf("%s needs %s", s.URI, need)
			}
		}
	}
	if !slices.Equal(ours, names) {
		slices.Sort(ours)
		slices.Sort(names)
		for _, n := range names {
			if !slices.Contains(ours, n) {
				t.Errorf("%s is missing", n)
			}
		}
		for _, n := range slices.Compact(ours) {
			if !slices.Contains(names, n) {
				t.Errorf("%s is not on the sheet", n)
			}
		}
		t.Errorf("%d names, in another order than the sheet's", len(ours))
	}
}

func TestQuestion_5_17_unknown_names_are_not_available_under_known_roots_and_errors_elsewhere(t *testing.T) {
	for _, c := range []struct {
		as string
		ok bool
	}{
		{"http://interop.gov.pt/MDC/Cidadao/Passaporte", true},
		{"http://interop.gov.pt/MDC/Cidadao/Morada", true},
		{"http://interop.gov.pt/MDC/Cidadao/NIE", true},
		{"http://interop.gov.pt/AIMA/NISS", true},
		{"http://interop.gov.pt/MoradaCC/MoradaXML", true},
		{"http://interop.gov.pt/SAFE/createSignatureAccount?data=eyJh", true},
		{"http://eidas.europa.eu/attributes/legalperson/LegalName", true},
		{"http://autenticacao.cartaodecidadao.pt/nothing", true},
		{"http://interop.gov.pt.evil.example/MDC/Cidadao/NIC", false},
		{"urn:oid:2.5.4.42", false},
		{"", false},
		{"NIC", false},
	} {
		asked, ok := consent.ReadAsked(c.as)
		if ok != c.ok || asked.As != c.as || asked.Spelling.Name != "" {
			t.Errorf("%q: %v, %+v", c.as, ok, asked)
		}
		if _, state := asked.Answer([]consent.Asked{asked}, everything()); ok && state != consent.NotAvailable {
			t.Errorf("%q is %s", c.as, state)
		}
	}
}

func TestAliases_stand_for_the_name_of_today(t *testing.T) {
	for old, now := range map[string]string{
		"http://interop.gov.pt/SCCC?NIPC=500000000":                                       "http://interop.gov.pt/SCAP/ENTERPRISE",
		"http://autenticacao.cartaodecidadao.pt/atributos/2010/01/cidadao/NIC":            "http://interop.gov.pt/MDC/Cidadao/NIC",
		" http://autenticacao.cartaodecidadao.pt/atributos/2010/01/cidadao/NomeCompleto ": "http://interop.gov.pt/MDC/Cidadao/NomeCompleto",
		"http://interop.gov.pt/CVCC/Cidadao/Sexo":                                         "http://interop.gov.pt/DadosCC/Cidadao/Sexo",
		"http://interop.gov.pt/MDC/Cidadao/FotoCVCCD":                                     "http://interop.gov.pt/DadosCC/Cidadao/Foto",
		"http://interop.gov.pt/MDC/Notario/NomeCartorio":                                  "http://interop.gov.pt/MDC/Notario/NomeCartorioNotarial",
	} {
		if asked, ok := consent.ReadAsked(old); !ok || asked.Spelling.URI != now || asked.As != old {
			t.Errorf("%q is %q", old, asked.Spelling.URI)
		}
	}
}

// everything is the answer for somebody with a citizen card of whom every source told everything.
func everything() consent.Answered {
	a := consent.Answered{Holder: consent.PortugueseCard, Document: citizen.CitizenCard, Values: map[consent.Name]consent.Value{}}
	for _, one := range consent.Catalogue() {
		a.Shared = append(a.Shared, one.Name)
		if one.Source == consent.Held {
			continue
		}
		v := consent.Value{Text: "told", Parts: map[string]string{}}
		for _, s := range consent.Spellings() {
			if s.Name == one.Name {
				v.Parts[s.URI[strings.LastIndexByte(s.URI, '/')+1:]] = "á 2031-05-09"
			}
		}
		a.Values[one.Name] = v
	}
	return a
}

func TestR6_12_what_a_name_needs_beside_it(t *testing.T) {
	const (
		nif   = "http://interop.gov.pt/MDC/Cidadao/NIF"
		birth = "http://interop.gov.pt/MDC/Cidadao/DataNascimento"
		adse  = "http://interop.gov.pt/ADSE/Cidadao/NumeroBeneficiario"
		imtt  = "http://interop.gov.pt/IMTT/Cidadao/NoCarta"
	)
	for _, c := range []struct {
		names   []string
		state   consent.State
		lacking []string
	}{
		{[]string{adse}, consent.NotAvailable, []string{nif}},
		{[]string{adse, nif}, consent.Available, nil},
		{[]string{adse, "http://autenticacao.cartaodecidadao.pt/atributos/2010/01/cidadao/NIF"}, consent.Available, nil},
		{[]string{imtt, nif}, consent.NotAvailable, []string{birth}},
		{[]string{imtt}, consent.NotAvailable, []string{nif, birth}},
		{[]string{imtt, birth, nif}, consent.Available, nil},
		{[]string{"http://interop.gov.pt/SCAP"}, consent.NotAvailable, []string{"?Fornecedor"}},
		{[]string{"http://interop.gov.pt/SCAP?Fornecedor="}, consent.NotAvailable, []string{"?Fornecedor"}},
		{[]string{"http://interop.gov.pt/SCAP?Fornecedor=OCC,OSAE"}, consent.Available, nil},
		{[]string{"http://interop.gov.pt/SCAP/FAF"}, consent.Available, nil},
		{[]string{"http://interop.gov.pt/SCCC?NIPC=500000000$Atributos=Gerente"}, consent.Available, nil},
	} {
		t.Run(strings.Join(c.names, " "), func(t *testing.T) {
			all := read(t, c.names...)
			if _, state := all[0].Answer(all, everything()); state != c.state || !slices.Equal(all[0].Lacking(all), c.lacking) {
				t.Errorf("is %s and lacks %v", state, all[0].Lacking(all))
			}
			wanted := slices.Contains(consent.Wanted(all), all[0].Spelling.Name)
			if wanted != (c.state == consent.Available) {
				t.Errorf("the person is asked: %v", wanted)
			}
		})
	}
	t.Run("parameters reach the source by attribute and name", func(t *testing.T) {
		all := read(t, "http://interop.gov.pt/SCCC?NIPC=1,2$Atributos=G", "http://interop.gov.pt/SCAP?Fornecedor=OCC", "http://interop.gov.pt/SCAP?Fornecedor=ON", adse)
		got := consent.ParamsOf(all)
		if len(got) != 3 || got["powers.ENTERPRISE.NIPC"] != "1,2" || got["powers.SCAP.Fornecedor"] != "OCC" {
			t.Errorf("%v", got)
		}
	})
}

func TestR5_15_question_5_30_the_smallest_sets_by_which_somebody_is_known(t *testing.T) {
	mdc, eidas := "http://interop.gov.pt/MDC/Cidadao/", "http://eidas.europa.eu/attributes/naturalperson/"
	for _, c := range []struct {
		names []string
		want  bool
	}{
		{nil, false},
		{[]string{mdc + "NomeCompleto", mdc + "NIF"}, false},
		{[]string{mdc + "NIC"}, true},
		{[]string{mdc + "NICCifrado"}, false},
		{[]string{"http://autenticacao.cartaodecidadao.pt/atributos/2010/01/cidadao/NIC"}, true},
		{[]string{mdc + "DocNumber"}, true},
		{[]string{mdc + "DocType", mdc + "DocNationality"}, false},
		{[]string{mdc + "DocType", mdc + "DocNationality", mdc + "DocNumber"}, true},
		{[]string{eidas + "PersonIdentifier", eidas + "CurrentFamilyName", eidas + "CurrentGivenName"}, false},
		{[]string{eidas + "PersonIdentifier", eidas + "CurrentFamilyName", eidas + "CurrentGivenName", eidas + "DateOfBirth"}, true},
	} {
		if got := consent.KnowsSomebody(read(t, c.names...)); got != c.want {
			t.Errorf("%v: %v", c.names, got)
		}
	}
}

func TestR5_20_no_source_raises_a_level_and_the_lowest_counts(t *testing.T) {
	for _, a := range consent.Catalogue() {
		if a.Level < 1 || a.Level > 4 {
			t.Errorf("%s has level %d", a.Name, a.Level)
		}
	}
	a := everything()
	if got := a.Level(2); got != 2 {
		t.Errorf("a sign-in at 2 is reported as %d", got)
	}
	if got := a.Level(4); got != 3 {
		t.Errorf("what other bodies told is reported at %d", got)
	}
	if got := (consent.Answered{Values: map[consent.Name]consent.Value{consent.NIC: {Text: "99410137"}}}).Level(4); got != 4 {
		t.Errorf("the NIC alone is reported at %d", got)
	}
}

func FuzzReadAsked(f *testing.F) {
	f.Add("http://interop.gov.pt/SCAP?Fornecedor=X,Y$Atributos=c")
	f.Add(" http://interop.gov.pt/CVCC/Cidadao/Foto ")
	f.Add("http://interop.gov.pt/?$=$==")
	f.Fuzz(func(t *testing.T, as string) {
		asked, ok := consent.ReadAsked(as)
		all := []consent.Asked{asked}
		text, state := asked.Answer(all, everything())
		if asked.As != as || !ok && asked.Spelling.Name != "" || (state == consent.Available) != (text != "") {
			t.Fatalf("%q: %v %s %q", as, asked, state, text)
		}
		consent.ParamsOf(all)
		consent.KnowsSomebody(all)
	})
}
