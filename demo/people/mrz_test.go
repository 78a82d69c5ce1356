package people

import (
	"strings"
	"testing"
	"time"
)

func date(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestMRZ_agrees_with_published_specimens(t *testing.T) {
	t.Run("ICAO 9303-4 appendix, passport, but for sex and the personal number", func(t *testing.T) {
		p := Person{GivenNames: "Anna Maria", Surnames: "Eriksson", Nationality: "UTO", BirthDate: date(t, "1974-08-12")}
		got := p.MRZ(Document{Type: Passport, Country: "UTO", Number: "L898902C3", Expires: date(t, "2012-04-15")})
		line1, line2, _ := strings.Cut(got, "\n")
		if line1 != "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<" || !strings.HasPrefix(line2, "L898902C36UTO7408122<1204159") || len(line2) != 44 {
			t.Errorf("got\n%s", got)
		}
	})
	t.Run("Portuguese citizen card: long number, its filler counted in", func(t *testing.T) {
		p := Person{GivenNames: "Amélia Vanessa", Surnames: "Carlos Monteiro", Nationality: "PRT", BirthDate: date(t, "1980-10-10")}
		got := p.MRZ(Document{Type: CitizenCard, Country: "PRT", Number: "000024759ZZ7", Expires: date(t, "2020-06-01")})
		lines := strings.Split(got, "\n")
		if lines[0] != "I<PRT000024759<ZZ72<<<<<<<<<<<" || lines[1] != "8010100<2006017PRT<<<<<<<<<<<8" || lines[2] != "CARLOS<MONTEIRO<<AMELIA<VANESS" {
			t.Errorf("got\n%s", got)
		}
	})
}

func TestMRZ_of_everybody_has_the_right_shape(t *testing.T) {
	for _, p := range load(t) {
		for _, d := range p.Documents {
			zone := p.MRZ(d)
			if d.Lifetime {
				if zone != "" {
					t.Errorf("%s: an old identity card has no zone", p.ID)
				}
				continue
			}
			want, lines := 30, strings.Split(zone, "\n")
			if d.Type == Passport {
				want = 44
			}
			for _, line := range lines {
				if len(line) != want || strings.Trim(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<") != "" {
					t.Errorf("%s: line %q is not %d characters of the zone", p.ID, line, want)
				}
			}
		}
	}
}
