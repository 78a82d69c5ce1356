package mrz_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/language"

	"chave/internal/format/mrz"
)

// Specimens, all of invented people: the passport, the card and the card with a long number from ICAO Doc 9303 (parts 4 and
// 5); the passport and identity card that the German printer publishes; the first public specimen of the Portuguese card.
const (
	icaoPassport = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10\n"
	icaoCard     = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<\n"
	icaoLong     = "I<UTOD23145890<7349<<<<<<<<<<<\n3407127M9507122UTO<<<<<<<<<<<2\nSTEVENSON<<PETER<JOHN<<<<<<<<<\n"
	deuPassport  = "P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<\nC01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4\n"
	prtCard      = "I<PRT000024759<ZZ72<<<<<<<<<<<\n8010100F2006017PRT<<<<<<<<<<<8\nCARLOS<MONTEIRO<<AMELIA<VANESS\n"
)

var today = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

func day(y int, m time.Month, d int) mrz.Date { return mrz.Date{Year: y, Month: m, Day: d} }

var specimens = []struct {
	name, text string
	want       mrz.Zone
}{
	{"ICAO passport", icaoPassport, mrz.Zone{Size: mrz.TD3, Code: "P", Issuer: "UTO", Nationality: "UTO", Number: "L898902C3",
		BirthDate: day(1974, 8, 12), Expiry: day(2012, 4, 15), Sex: "F", Surnames: "ERIKSSON", GivenNames: "ANNA MARIA", Optional1: "ZE184226B"}},
	{"ICAO card", icaoCard, mrz.Zone{Size: mrz.TD1, Code: "I", Issuer: "UTO", Nationality: "UTO", Number: "D23145890",
		BirthDate: day(1974, 8, 12), Expiry: day(2012, 4, 15), Sex: "F", Surnames: "ERIKSSON", GivenNames: "ANNA MARIA"}},
	{"ICAO card with a long number", icaoLong, mrz.Zone{Size: mrz.TD1, Code: "I", Issuer: "UTO", Nationality: "UTO", Number: "D23145890734",
		BirthDate: day(1934, 7, 12), Expiry: day(1995, 7, 12), Sex: "M", Surnames: "STEVENSON", GivenNames: "PETER JOHN"}},
	{"German passport", deuPassport, mrz.Zone{Size: mrz.TD3, Code: "P", Issuer: "DEU", Nationality: "DEU", Number: "C01X00T47",
		BirthDate: day(1964, 8, 12), Expiry: day(2027, 2, 28), Sex: "F", Surnames: "MUSTERMANN", GivenNames: "ERIKA"}},
	{"Portuguese citizen card", prtCard, mrz.Zone{Size: mrz.TD1, Code: "I", Issuer: "PRT", Nationality: "PRT", Number: "000024759ZZ7",
		BirthDate: day(1980, 10, 10), Expiry: day(2020, 6, 1), Sex: "F", Surnames: "CARLOS MONTEIRO", GivenNames: "AMELIA VANESS", NamesMayBeCut: true}},
}

func TestParse_specimens(t *testing.T) {
	for _, s := range specimens {
		t.Run(s.name, func(t *testing.T) {
			got, err := mrz.Parse(s.text, today)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fields(s.want), fields(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// fields makes a zone comparable and printable by cmp, which would print [redacted].
func fields(z mrz.Zone) any {
	type shown mrz.Zone
	return shown(z)
}

func TestParse_text_as_readers_send_it(t *testing.T) {
	for name, text := range map[string]string{
		"as printed":                    icaoCard,
		"carriage return and line feed": strings.ReplaceAll(icaoCard, "\n", "\r\n"),
		"carriage returns only":         strings.ReplaceAll(icaoCard, "\n", "\r"),
		"tabs between lines":            strings.ReplaceAll(icaoCard, "\n", "\t"),
		"blanks between lines":          strings.ReplaceAll(icaoCard, "\n", " "),
		"no line ends":                  strings.ReplaceAll(icaoCard, "\n", ""),
		"lower case":                    strings.ToLower(icaoCard),
		"blank lines around":            "\n\n " + icaoCard + "\n\n",
		"control characters around":     "\x02" + icaoCard + "\x03",
		"byte order mark":               "\ufeff" + icaoCard,
		"blanks inside lines":           strings.ReplaceAll(icaoCard, "<<<<<", "<< <<<"),
		"another keyboard's filler":     strings.ReplaceAll(icaoCard, "<", ";"),
		"tidied quotation marks":        strings.ReplaceAll(icaoCard, "<<", "«"),
		"filler left out by hand":       "I<UTOD231458907\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := mrz.Parse(text, today)
			if err != nil {
				t.Fatal(err)
			}
			if got.Number != "D23145890" || got.GivenNames != "ANNA MARIA" {
				t.Errorf("read %q, %q", got.Number, got.GivenNames)
			}
		})
	}
	t.Run("passport with filler left out", func(t *testing.T) {
		got, err := mrz.Parse("p<utoeriksson<<anna<maria\nl898902c36uto7408122f1204159ze184226b<<<<<10", today)
		if err != nil || got.Surnames != "ERIKSSON" || got.NamesMayBeCut {
			t.Errorf("read %q, cut %v, %v", got.Surnames, got.NamesMayBeCut, err)
		}
	})
}

// change replaces one character, line and column from 1.
func change(text string, line, column int, with string) string {
	lines := strings.Split(text, "\n")
	l := lines[line-1]
	lines[line-1] = l[:column-1] + with + l[column-1+len(with):]
	return strings.Join(lines, "\n")
}

func TestParse_names_the_field_that_does_not_hold(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []mrz.Error
	}{
		{"passport number misread", change(icaoPassport, 2, 1, "K"), []mrz.Error{{mrz.FieldNumber, mrz.ProblemCheckDigit, 2, 10}}},
		{"passport birth misread", change(icaoPassport, 2, 14, "8"), []mrz.Error{{mrz.FieldBirthDate, mrz.ProblemCheckDigit, 2, 20}}},
		{"passport expiry misread", change(icaoPassport, 2, 22, "3"), []mrz.Error{{mrz.FieldExpiry, mrz.ProblemCheckDigit, 2, 28}}},
		{"passport personal number misread", change(icaoPassport, 2, 30, "F"), []mrz.Error{{mrz.FieldOptional, mrz.ProblemCheckDigit, 2, 43}}},
		{"passport composite misread", change(icaoPassport, 2, 44, "1"), []mrz.Error{{mrz.FieldComposite, mrz.ProblemCheckDigit, 2, 44}}},
		{"card number misread", change(icaoCard, 1, 7, "8"), []mrz.Error{{mrz.FieldNumber, mrz.ProblemCheckDigit, 1, 15}}},
		{"long number misread in its tail", change(prtCard, 1, 17, "Y"), []mrz.Error{{mrz.FieldNumber, mrz.ProblemCheckDigit, 1, 19}}},
		{"card optional data misread", change(icaoCard, 2, 20, "1"), []mrz.Error{{mrz.FieldComposite, mrz.ProblemCheckDigit, 2, 30}}},
		{"two fields misread", change(change(icaoPassport, 2, 1, "K"), 2, 14, "8"), []mrz.Error{
			{mrz.FieldNumber, mrz.ProblemCheckDigit, 2, 10}, {mrz.FieldBirthDate, mrz.ProblemCheckDigit, 2, 20}}},
		{"letter O in a date", change(icaoPassport, 2, 16, "O"), []mrz.Error{{mrz.FieldBirthDate, mrz.ProblemCheckDigit, 2, 20}}},
		{"unknown country", change(icaoPassport, 1, 3, "QQQ"), []mrz.Error{{mrz.FieldIssuer, mrz.ProblemCountry, 1, 3}}},
		{"unknown nationality", change(icaoPassport, 2, 11, "ZZZ"), []mrz.Error{{mrz.FieldNationality, mrz.ProblemCountry, 2, 11}}},
		{"sex", change(icaoPassport, 2, 21, "Q"), []mrz.Error{{mrz.FieldSex, mrz.ProblemCharacter, 2, 21}}},
		{"digit in a name", change(icaoPassport, 1, 8, "1"), []mrz.Error{{mrz.FieldSurnames, mrz.ProblemCharacter, 1, 8}}},
		{"no surname", change(icaoPassport, 1, 6, "<<<<<<<<<<<<<<<<<<<<"), []mrz.Error{{mrz.FieldSurnames, mrz.ProblemMissing, 1, 6}}},
		{"a visa", change(icaoPassport, 1, 1, "V"), []mrz.Error{{mrz.FieldDocumentType, mrz.ProblemKind, 1, 1}}},
		{"some other card", change(icaoCard, 1, 1, "X"), []mrz.Error{{mrz.FieldDocumentType, mrz.ProblemKind, 1, 1}}},
		{"TD2", strings.Repeat("<", 72), []mrz.Error{{mrz.FieldZone, mrz.ProblemKind, 0, 0}}},
		{"nothing", "", []mrz.Error{{mrz.FieldZone, mrz.ProblemLength, 0, 0}}},
		{"one character short", icaoPassport[:len(icaoPassport)-2], []mrz.Error{{mrz.FieldZone, mrz.ProblemLength, 0, 0}}},
		{"far too much", strings.Repeat(icaoPassport, 20), []mrz.Error{{mrz.FieldZone, mrz.ProblemLength, 0, 0}}},
		{"a stray character", change(icaoPassport, 2, 5, "?"), []mrz.Error{{mrz.FieldZone, mrz.ProblemCharacter, 2, 5}}},
		{"31 February", mrz.Passport{Issuer: "UTO", Nationality: "UTO", Number: "1", Surnames: "X", BirthDate: day(1974, 2, 31), Expiry: day(2030, 1, 1)}.String(),
			[]mrz.Error{{mrz.FieldBirthDate, mrz.ProblemDate, 2, 14}}},
		{"expiry without a day", mrz.Passport{Issuer: "UTO", Nationality: "UTO", Number: "1", Surnames: "X", BirthDate: day(1974, 2, 1), Expiry: mrz.Date{Year: 2030, Month: 1}}.String(),
			[]mrz.Error{{mrz.FieldExpiry, mrz.ProblemDate, 2, 22}}},
		{"no number", mrz.Passport{Issuer: "UTO", Nationality: "UTO", Surnames: "X", BirthDate: day(1974, 2, 1), Expiry: day(2030, 1, 1)}.String(),
			[]mrz.Error{{mrz.FieldNumber, mrz.ProblemMissing, 2, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mrz.Parse(c.text, today)
			var es mrz.Errors
			if !errors.As(err, &es) {
				t.Fatalf("got %v", err)
			}
			var got []mrz.Error
			for _, e := range es {
				got = append(got, *e)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(err.Error(), "ERIKSSON") || strings.Contains(err.Error(), "L898902") {
				t.Errorf("the error tells what was read: %v", err)
			}
		})
	}
}

// Every single wrong character in a guarded field is found, for that is what check digits promise, but for values
// that are equal modulo 10 (such as 0 and A).
func TestParse_finds_every_wrong_digit(t *testing.T) {
	line := strings.Split(icaoPassport, "\n")[1]
	for i := range line {
		if line[i] < '0' || line[i] > '9' {
			continue
		}
		wrong := change(icaoPassport, 2, i+1, string('0'+(line[i]-'0'+1)%10))
		if _, err := mrz.Parse(wrong, today); err == nil {
			t.Errorf("column %d", i+1)
		}
	}
}

func TestParse_reads_two_digit_years(t *testing.T) {
	passport := func(birth, expiry mrz.Date) string {
		return mrz.Passport{Issuer: "BRA", Nationality: "BRA", Number: "ZX000001", Surnames: "Exemplo", BirthDate: birth, Expiry: expiry}.String()
	}
	for _, c := range []struct {
		name                 string
		birth, expiry        mrz.Date
		readBirth, readExpiy mrz.Date
	}{
		{"born today", day(2026, 11, 23), day(2031, 1, 1), day(2026, 11, 23), day(2031, 1, 1)},
		{"born tomorrow reads as 99 years old", day(2026, 11, 24), day(2031, 1, 1), day(1926, 11, 24), day(2031, 1, 1)},
		{"a person of 103 reads as a child", day(1923, 5, 1), day(2031, 1, 1), day(2023, 5, 1), day(2031, 1, 1)},
		{"expired in the last century", day(1960, 2, 29), day(1998, 12, 31), day(1960, 2, 29), day(1998, 12, 31)},
		{"expires in 49 years", day(1960, 2, 29), day(2075, 12, 31), day(1960, 2, 29), day(2075, 12, 31)},
		{"never expires", day(1960, 2, 29), mrz.Date{}, day(1960, 2, 29), mrz.Date{}},
		{"day of birth unknown", mrz.Date{Year: 1976, Month: 4}, day(2031, 1, 1), mrz.Date{Year: 1976, Month: 4}, day(2031, 1, 1)},
		{"only the year of birth known", mrz.Date{Year: 1976}, day(2031, 1, 1), mrz.Date{Year: 1976}, day(2031, 1, 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			z, err := mrz.Parse(passport(c.birth, c.expiry), today)
			if err != nil {
				t.Fatal(err)
			}
			if z.BirthDate != c.readBirth || z.Expiry != c.readExpiy {
				t.Errorf("read %v and %v", z.BirthDate, z.Expiry)
			}
		})
	}
	t.Run("an expiry in a new century", func(t *testing.T) {
		z, err := mrz.Parse(passport(day(2080, 1, 1), day(2103, 1, 1)), time.Date(2096, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil || z.Expiry != day(2103, 1, 1) || z.BirthDate != day(2080, 1, 1) {
			t.Errorf("read %v and %v, %v", z.BirthDate, z.Expiry, err)
		}
	})
}

func TestWrite(t *testing.T) {
	t.Run("the ICAO passport", func(t *testing.T) {
		got := mrz.Passport{Issuer: "UTO", Nationality: "UTO", Number: "L898902C3", Surnames: "Eriksson", GivenNames: "Anna Maria",
			BirthDate: day(1974, 8, 12), Expiry: day(2012, 4, 15), Sex: "F", PersonalNumber: "ZE184226B"}.String()
		if diff := cmp.Diff(icaoPassport, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the ICAO card", func(t *testing.T) {
		got := mrz.Card{Issuer: "UTO", Nationality: "UTO", Number: "D23145890", Surnames: "Eriksson", GivenNames: "Anna Maria",
			BirthDate: day(1974, 8, 12), Expiry: day(2012, 4, 15), Sex: "F"}.String()
		if diff := cmp.Diff(icaoCard, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the Portuguese card", func(t *testing.T) {
		got := mrz.Card{Issuer: "PRT", Nationality: "PRT", Number: "00002475 9 ZZ7", Surnames: "Carlos Monteiro", GivenNames: "Amélia Vanessa",
			BirthDate: day(1980, 10, 10), Expiry: day(2020, 6, 1), Sex: "F"}.String()
		if diff := cmp.Diff(prtCard, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("long surnames leave a letter of the given names", func(t *testing.T) {
		text := mrz.Card{Issuer: "PRT", Nationality: "BRA", Number: "T12", Surnames: strings.Repeat("Abcdefghi ", 5), GivenNames: "Zé", Expiry: day(2030, 1, 1), BirthDate: day(1990, 1, 1)}.String()
		z, err := mrz.Parse(text, today)
		if err != nil || z.GivenNames != "Z" || !z.NamesMayBeCut {
			t.Errorf("read %q, cut %v, %v", z.GivenNames, z.NamesMayBeCut, err)
		}
	})
}

func TestParse_long_numbers_with_and_without_the_filler_counted(t *testing.T) {
	for _, issuer := range []string{"PRT", "BEL"} {
		text := mrz.Card{Issuer: issuer, Nationality: issuer, Number: "000024759ZZ7", Surnames: "X", BirthDate: day(1980, 1, 1), Expiry: day(2030, 1, 1)}.String()
		if z, err := mrz.Parse(text, today); err != nil || z.Number != "000024759ZZ7" {
			t.Errorf("%s: %q, %v", issuer, z.Number, err)
		}
	}
}

func TestTransliterate(t *testing.T) {
	for name, want := range map[string]string{
		"Gonçalves":        "GONCALVES",
		"João Simões":      "JOAO<SIMOES",
		"José Ângelo":      "JOSE<ANGELO",
		"Nuñez":            "NUNEZ",
		"Müller":           "MUELLER",
		"Weiß":             "WEISS",
		"Åse Sørensen":     "AASE<SOERENSEN",
		"Ægir Þórsson":     "AEGIR<THORSSON",
		"Wałęsa":           "WALESA",
		"Đặng Thị":         "DANG<THI",
		"D'Ávila":          "DAVILA",
		"D’Ávila":          "DAVILA",
		"Smith-Jones":      "SMITH<JONES",
		"  de  la  Cruz ":  "DE<LA<CRUZ",
		"Çelik, İpek":      "CELIK<IPEK",
		"E\u0301ric":       "ERIC", // letter and mark apart
		"Şahin Ğ. Öztürk":  "SAHIN<G<OEZTUERK",
		"Đurđević-Kovačić": "DURDEVIC<KOVACIC",
	} {
		got, complete := mrz.Transliterate(name)
		if got != want || !complete {
			t.Errorf("%s: %s, complete %v, want %s", name, got, complete, want)
		}
	}
	if _, complete := mrz.Transliterate("Иван"); complete {
		t.Error("another script counts as written")
	}
}

func TestCompare(t *testing.T) {
	passport := mrz.Passport{Issuer: "DEU", Nationality: "DEU", Number: "C01X00T47", Surnames: "Müller-Weiß", GivenNames: "Åse Ñusta",
		BirthDate: day(1923, 5, 1), Expiry: day(2030, 4, 15), Sex: "F"}
	agreed := mrz.Typed{DocumentType: "passport", Country: "DEU", Number: "c01x 00t-47", Surnames: "müller weiss", GivenNames: "ÅSE ÑUSTA",
		Nationality: "deu", BirthDate: day(1923, 5, 1), Expiry: day(2030, 4, 15), Sex: "f"}
	z, err := mrz.Parse(passport.String(), today)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*mrz.Typed)
		want   []mrz.Mismatch
	}{
		{"all agree, though the zone reads a person of 103 as a child", func(*mrz.Typed) {}, nil},
		{"names typed as transliterated", func(d *mrz.Typed) { d.Surnames, d.GivenNames = "MUELLERWEISS", "Aase Nusta" }, nil},
		{"nothing typed, nothing compared", func(d *mrz.Typed) { *d = mrz.Typed{} }, nil},
		{"another type", func(d *mrz.Typed) { d.DocumentType = "residence_permit" }, []mrz.Mismatch{{mrz.FieldDocumentType, "P", "residence_permit"}}},
		{"another country", func(d *mrz.Typed) { d.Country = "AUT" }, []mrz.Mismatch{{mrz.FieldIssuer, "DEU", "AUT"}}},
		{"two digits swapped", func(d *mrz.Typed) { d.Number = "C01X00T74" }, []mrz.Mismatch{{mrz.FieldNumber, "C01X00T47", "C01X00T74"}}},
		{"a name misspelt", func(d *mrz.Typed) { d.Surnames = "Miller Weiss" }, []mrz.Mismatch{{mrz.FieldSurnames, "MUELLER WEISS", "Miller Weiss"}}},
		{"a name left out", func(d *mrz.Typed) { d.GivenNames = "Åse" }, []mrz.Mismatch{{mrz.FieldGivenNames, "AASE NUSTA", "Åse"}}},
		{"a name added", func(d *mrz.Typed) { d.GivenNames = "Åse Ñusta Maria" }, []mrz.Mismatch{{mrz.FieldGivenNames, "AASE NUSTA", "Åse Ñusta Maria"}}},
		{"another script", func(d *mrz.Typed) { d.GivenNames = "Осе" }, []mrz.Mismatch{{mrz.FieldGivenNames, "AASE NUSTA", "Осе"}}},
		{"day and month swapped", func(d *mrz.Typed) { d.BirthDate = day(1923, 1, 5) }, []mrz.Mismatch{{mrz.FieldBirthDate, "2023-05-01", "1923-01-05"}}},
		{"another century of expiry", func(d *mrz.Typed) { d.Expiry = day(1930, 4, 15) }, []mrz.Mismatch{{mrz.FieldExpiry, "2030-04-15", "1930-04-15"}}},
		{"another sex and nationality", func(d *mrz.Typed) { d.Sex, d.Nationality = "M", "AUT" }, []mrz.Mismatch{
			{mrz.FieldNationality, "DEU", "AUT"}, {mrz.FieldSex, "F", "M"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			typed := agreed
			c.change(&typed)
			if diff := cmp.Diff(c.want, mrz.Compare(z, typed)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompare_names_that_the_zone_cut(t *testing.T) {
	z, err := mrz.Parse(prtCard, today)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		surnames, given string
		want            int
	}{
		{"Carlos Monteiro", "Amélia Vanessa", 0},
		{"Carlos Monteiro", "Amélia Vanessa Sofia", 0},
		{"Carlos Monteiro", "Amélia Vanda", 1},
		{"Carlos Monteiros", "Amélia Vanessa", 1}, // the surnames were not cut: the given names follow them
	} {
		if got := mrz.Compare(z, mrz.Typed{Surnames: c.surnames, GivenNames: c.given}); len(got) != c.want {
			t.Errorf("%s / %s: %d mismatches, want %d", c.surnames, c.given, len(got), c.want)
		}
	}
}

func TestCompare_unspecified_sex_and_British_nationals(t *testing.T) {
	z, err := mrz.Parse(mrz.Passport{Issuer: "GBR", Nationality: "GBN", Number: "1", Surnames: "X", BirthDate: day(1980, 1, 1), Expiry: day(2030, 1, 1)}.String(), today)
	if err != nil {
		t.Fatal(err)
	}
	if got := mrz.Compare(z, mrz.Typed{Nationality: "GBR", GivenNames: ""}); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestCountries(t *testing.T) {
	for _, code := range []string{"PRT", "BRA", "D", "UNO", "UNA", "UNK", "XXA", "XXB", "XXC", "XXX", "EUE", "GBD", "RKS", "UTO", "XPO", "XOM"} {
		if !mrz.KnownCountry(code) {
			t.Errorf("%s is unknown", code)
		}
	}
	for _, code := range []string{"", " ", "PT", "D ", "RT ", "T B", "QQQ", "prt", "PRT BRA", "DDD"} {
		if mrz.KnownCountry(code) {
			t.Errorf("%q is known", code)
		}
	}
	// The list against the one in x/text: each way.
	count := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			for c := 'A'; c <= 'Z'; c++ {
				code := string([]rune{a, b, c})
				if iso, ok := mrz.ISOCountry(code); ok && iso == code {
					count++
					region, err := language.ParseRegion(code)
					if err != nil || !region.IsCountry() || region.ISO3() != code {
						t.Errorf("x/text does not know %s", code)
					}
				}
			}
		}
	}
	if count != 249 { // officially assigned codes of ISO 3166-1
		t.Errorf("%d codes", count)
	}
	for code, want := range map[string]string{"D": "DEU", "GBN": "GBR", "PRT": "PRT"} {
		if got, ok := mrz.ISOCountry(code); got != want || !ok {
			t.Errorf("%s: %s", code, got)
		}
	}
	if _, ok := mrz.ISOCountry("XXA"); ok {
		t.Error("stateless people have a state")
	}
}

func TestZone_does_not_show_in_logs(t *testing.T) {
	z, err := mrz.Parse(icaoPassport, today)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("read", "zone", z, "mismatch", mrz.Mismatch{Field: mrz.FieldNumber, Zone: "L898902C3", Typed: "L"})
	if printed := log.String() + fmt.Sprintf("%v %+v %#v", z, z, z); strings.Contains(printed, "ERIKSSON") || strings.Contains(printed, "L898902C3") {
		t.Error(printed)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range specimens {
		f.Add(s.text)
	}
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		z, err := mrz.Parse(text, today)
		if err != nil {
			var es mrz.Errors
			if !errors.As(err, &es) || len(es) == 0 {
				t.Fatalf("not an Errors: %v", err)
			}
			return
		}
		// What was read can be written and reads the same.
		again := mrz.Passport{Code: z.Code, Issuer: z.Issuer, Nationality: z.Nationality, Number: z.Number, Surnames: z.Surnames,
			GivenNames: z.GivenNames, BirthDate: z.BirthDate, Expiry: z.Expiry, Sex: z.Sex, PersonalNumber: z.Optional1}.String()
		if z.Size == mrz.TD1 {
			again = mrz.Card{Code: z.Code, Issuer: z.Issuer, Nationality: z.Nationality, Number: z.Number, Surnames: z.Surnames,
				GivenNames: z.GivenNames, BirthDate: z.BirthDate, Expiry: z.Expiry, Sex: z.Sex, Optional1: z.Optional1, Optional2: z.Optional2}.String()
		}
		z2, err := mrz.Parse(again, today)
		if err != nil {
			t.Fatalf("%q\nwritten as %q\n%v", text, again, err)
		}
		z.NamesMayBeCut, z2.NamesMayBeCut = false, false // repeated filler inside names is not kept
		if z != z2 {
			t.Errorf("%q\nwritten as %q\n%s", text, again, cmp.Diff(fields(z), fields(z2)))
		}
		if got := mrz.Compare(z, mrz.Typed{Surnames: z.Surnames, GivenNames: z.GivenNames, Number: z.Number, BirthDate: z.BirthDate}); got != nil {
			t.Errorf("%q differs from itself in %d fields", text, len(got))
		}
	})
}
