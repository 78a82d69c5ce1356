package ptnumber_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"chave/internal/format/ptnumber"
)

// Each parser as text to text, so that one table serves all.
var parsers = map[string]func(string) (string, error){
	"nic":  func(s string) (string, error) { n, err := ptnumber.ParseNIC(s); return string(n), err },
	"nif":  func(s string) (string, error) { n, err := ptnumber.ParseNIF(s); return string(n), err },
	"niss": func(s string) (string, error) { n, err := ptnumber.ParseNISS(s); return string(n), err },
	"nsns": func(s string) (string, error) { n, err := ptnumber.ParseNSNS(s); return string(n), err },
	"identity_card": func(s string) (string, error) {
		c, err := ptnumber.ParseIdentityCard(s)
		if err != nil {
			return "", err
		}
		return c.String(), nil
	},
	"citizen_card": func(s string) (string, error) {
		c, err := ptnumber.ParseCitizenCard(s)
		if err != nil {
			return "", err
		}
		return c.String(), nil
	},
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ number, name, text, want string }{
		{"nic", "eight digits", "99410137", "99410137"},
		{"nic", "blanks and dots", " 99.410 137 ", "99410137"},
		{"nic", "seven digits get a zero", "6235008", "06235008"},
		{"nic", "no-break blank", "99\u00a0410\u00a0137", "99410137"},

		// Two worked examples that teachers of mathematics publish.
		{"identity_card", "six million and its digit", "06235008 0", "062350080"},
		{"identity_card", "eleven million and its digit", "11032740-3", "110327403"},
		{"identity_card", "without digit", "11032740", "110327403"},

		{"citizen_card", "example of the published rule", "00000000 0 ZZ4", "000000000ZZ4"},
		{"citizen_card", "first public specimen", "000024759ZZ7", "000024759ZZ7"},
		{"citizen_card", "lower case", "00002475 9 zz7", "000024759ZZ7"},

		{"nif", "the scheme's operator", "508 184 509", "508184509"},
		{"nif", "one to nine", "123456789", "123456789"},
		{"nif", "the number of sales without a number", "999999990", "999999990"},
		{"nif", "as on an invoice", "PT508184509", "508184509"},

		{"niss", "example of a public validator", "12345678910", "12345678910"},
		{"niss", "in groups", "123 456 789 10", "12345678910"},

		{"nsns", "nine digits", "999 430 217", "999430217"},
	} {
		t.Run(c.number+"/"+c.name, func(t *testing.T) {
			got, err := parsers[c.number](c.text)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestParse_refuses(t *testing.T) {
	for _, c := range []struct {
		number, name, text string
		want               ptnumber.Problem
	}{
		{"nic", "empty", "", ptnumber.ProblemLength},
		{"nic", "nine digits", "110327403", ptnumber.ProblemLength},
		{"nic", "five digits", "11032", ptnumber.ProblemLength},
		{"nic", "a letter", "1103274O", ptnumber.ProblemCharacter},
		{"nic", "digits of another script", "٩٩٤١٠١٣٧", ptnumber.ProblemCharacter},
		{"identity_card", "wrong digit", "110327404", ptnumber.ProblemNICDigit},
		{"citizen_card", "eleven characters", "00002475 9 ZZ", ptnumber.ProblemLength},
		{"citizen_card", "wrong digit of the NIC", "00002475 8 ZZ7", ptnumber.ProblemNICDigit},
		{"citizen_card", "wrong last digit", "00002475 9 ZZ8", ptnumber.ProblemCheckDigit},
		{"citizen_card", "wrong version", "00002475 9 ZY7", ptnumber.ProblemCheckDigit},
		{"citizen_card", "letter among the digits", "0000247O 9 ZZ7", ptnumber.ProblemCharacter},
		{"citizen_card", "letter at the end", "00002475 9 ZZZ", ptnumber.ProblemCharacter},
		{"citizen_card", "a sign", "00002475 9 Z_7", ptnumber.ProblemCharacter},
		{"nif", "wrong digit", "508184508", ptnumber.ProblemCheckDigit},
		{"nif", "eight digits", "50818450", ptnumber.ProblemLength},
		{"nif", "begins with zero", "012345670", ptnumber.ProblemKind},
		{"nif", "another country", "ES508184509", ptnumber.ProblemCharacter},
		{"niss", "wrong digit", "12345678911", ptnumber.ProblemCheckDigit},
		{"niss", "begins with three", "32345678910", ptnumber.ProblemKind},
		{"niss", "ten digits", "1234567891", ptnumber.ProblemLength},
		{"nsns", "eight digits", "99943021", ptnumber.ProblemLength},
		{"nsns", "a letter", "99943021A", ptnumber.ProblemCharacter},
	} {
		t.Run(c.number+"/"+c.name, func(t *testing.T) {
			got, err := parsers[c.number](c.text)
			var e *ptnumber.Error
			if !errors.As(err, &e) || e.Number != c.number || e.Problem != c.want {
				t.Errorf("got %q, %v, want %s", got, err, c.want)
			}
			if err != nil && c.text != "" && strings.Contains(err.Error(), c.text) {
				t.Error("the error shows the number")
			}
		})
	}
}

func TestNIF_kinds(t *testing.T) {
	for first, want := range map[string]ptnumber.HolderKind{
		"12345678": ptnumber.NaturalPerson, "28000000": ptnumber.NaturalPerson, "39941013": ptnumber.NaturalPerson, "45000000": ptnumber.NonResident,
		"50818450": ptnumber.LegalPerson, "60000000": ptnumber.PublicBody, "70000000": ptnumber.UndividedEstate, "71000000": ptnumber.NonResidentLegal,
		"72000000": ptnumber.Fund, "77000000": ptnumber.AssignedByOffice, "80000000": ptnumber.FormerTrader, "90000000": ptnumber.Condominium,
		"98000000": ptnumber.NonResidentLegal, "99000000": ptnumber.CivilPartnership, "73000000": ptnumber.OtherHolder,
	} {
		var n ptnumber.NIF
		for d := '0'; d <= '9'; d++ {
			if parsed, err := ptnumber.ParseNIF(first + string(d)); err == nil {
				n = parsed
			}
		}
		if n.Kind() != want {
			t.Errorf("%s…: %s, want %s", first, n.Kind(), want)
		}
		if natural := want == ptnumber.NaturalPerson || want == ptnumber.NonResident; n.Natural() != natural {
			t.Errorf("R6.20 %s…: natural %v", first, n.Natural())
		}
	}
	if ptnumber.NIF("").Natural() {
		t.Error("no number is a person's")
	}
}

// The NIF and NISS digits notice each single wrong digit but for known gaps; that the sums are weighted, not plain, shows
// in swaps of neighbours.
func TestCheckDigits_notice_swapped_neighbours(t *testing.T) {
	for _, number := range []string{"123456789", "508184509"} {
		for i := range 7 {
			if number[i] == number[i+1] {
				continue
			}
			b := []byte(number)
			b[i], b[i+1] = b[i+1], b[i]
			if _, err := ptnumber.ParseNIF(string(b)); err == nil {
				t.Errorf("%s passes", b)
			}
		}
	}
}

func TestMadeUp_numbers_pass_and_are_recognised(t *testing.T) {
	seen := make(map[string]bool)
	for _, n := range []int{0, 1, 2, 10, 99, 410137, 123456, 400000, 999998, 999999} {
		nic, nif, niss, nsns := ptnumber.MadeUpNIC(n), ptnumber.MadeUpNIF(n), ptnumber.MadeUpNISS(n), ptnumber.MadeUpNSNS(n)
		card := ptnumber.MadeUpCitizenCard(n, n%700)
		for kind, text := range map[string]string{"nic": string(nic), "nif": string(nif), "niss": string(niss), "nsns": string(nsns),
			"citizen_card": card.String(), "identity_card": ptnumber.IdentityCard{NIC: nic}.String()} {
			got, err := parsers[kind](text)
			if err != nil || got != text {
				t.Errorf("%s %s: %q, %v", kind, text, got, err)
			}
			if seen[kind+text] {
				t.Errorf("%s %s given twice", kind, text)
			}
			seen[kind+text] = true
		}
		if back, err := ptnumber.ParseCitizenCard(card.Print()); err != nil || back != card {
			t.Errorf("%s: %v, %v", card.Print(), back, err)
		}
		if !nic.MadeUp() || !nif.MadeUp() || !niss.MadeUp() || !nsns.MadeUp() || !nif.Natural() || !niss.Natural() {
			t.Errorf("%d is not recognised", n)
		}
	}
	if got := ptnumber.MadeUpCitizenCard(1, 1).Version; got != "ZY" {
		t.Errorf("second card has version %s", got)
	}
	if ptnumber.NIF("508184509").MadeUp() || ptnumber.NIC("11032740").MadeUp() {
		t.Error("a real range counts as made up")
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic past the limit")
		}
	}()
	ptnumber.MadeUpNIC(ptnumber.MadeUpLimit)
}

func TestNumbers_do_not_show_in_logs(t *testing.T) {
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("made", "nic", ptnumber.MadeUpNIC(1), "nif", ptnumber.MadeUpNIF(1), "niss", ptnumber.MadeUpNISS(1),
		"nsns", ptnumber.MadeUpNSNS(1), "card", ptnumber.MadeUpCitizenCard(1, 0), "identity", ptnumber.IdentityCard{NIC: ptnumber.MadeUpNIC(1)})
	if strings.Count(log.String(), "[redacted]") != 6 || strings.Contains(log.String(), "000001") {
		t.Error(log.String())
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "00000000 0 ZZ4", "508184509", "12345678910", "06235008 0", "PTPT", "ß"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for kind, parse := range parsers {
			normal, err := parse(text)
			if err != nil {
				if normal != "" {
					t.Errorf("%s: %q with %v", kind, normal, err)
				}
				continue
			}
			if again, err := parse(normal); err != nil || again != normal {
				t.Errorf("%s: the normal form %q parses as %q, %v", kind, normal, again, err)
			}
		}
	})
}
