package citizen_test

import (
	"strings"
	"testing"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
)

func TestR1_24_R3_01_phones_of_any_country_in_any_usual_spelling(t *testing.T) {
	for _, one := range []struct{ typed, want, shown string }{
		{"+351 929 943 618", "+351929943618", "+351 929943618"},
		{"929943618", "+351929943618", "+351 929943618"},
		{"00351 929943618", "+351929943618", "+351 929943618"},
		{"(929) 943-618", "+351929943618", "+351 929943618"},
		{"+44 7700 900123", "+447700900123", "+44 7700900123"},
		{"+55 (11) 96123-4567", "+5511961234567", "+55 11961234567"},
		{"+1 202-555-0147", "+12025550147", "+1 2025550147"},
		{"+33 6 39 98 12 34", "+33639981234", "+33 639981234"},
		{"+351929943618", "+351929943618", "+351 929943618"}, // no-break spaces, as pasted from a page
	} {
		t.Run(one.typed, func(t *testing.T) {
			got, err := citizen.ParsePhone(one.typed)
			if err != nil || string(got) != one.want || got.String() != one.shown {
				t.Fatalf("%q shown %q, %v", string(got), got, err)
			}
		})
	}
	for _, typed := range []string{"", "12", "abc", "+351 9299436181234567890", "929943618; DROP", "ZZ990417"} {
		if got, err := citizen.ParsePhone(typed); err == nil {
			t.Errorf("%q was read as %s", typed, got)
		}
	}
}

func TestR3_04_what_a_typed_identifier_means(t *testing.T) {
	for _, one := range []struct {
		typed, country string
		kind           citizen.IdentifierKind
		want           fault.Code
	}{
		{"+351929943618", "", citizen.ByPhone, ""},
		{"929943618", "", citizen.ByPhone, ""},
		{"929943618", "USA", citizen.ByDocument, ""}, // a filled country always means a document number
		{"oksana@example.org", "", citizen.ByEmail, ""},
		{"ZZ 990417", "UKR", citizen.ByDocument, ""},
		{"zz-990417", "ukr", citizen.ByDocument, ""},
		{"ZZ990417", "", "", fault.CountryNeeded},
		{"123456789", "", "", fault.CountryNeeded},
		{"", "", "", fault.IdentifierNotUnderstood},
		{"a b@c", "", "", fault.IdentifierNotUnderstood},
		{"!!!", "UKR", "", fault.IdentifierNotUnderstood},
		{"ZZ990417", "Ukraine", "", fault.CountryNeeded},
		{strings.Repeat("1", 101), "", "", fault.IdentifierNotUnderstood},
	} {
		t.Run(one.typed+"|"+one.country, func(t *testing.T) {
			got, err := citizen.ParseTyped(one.typed, one.country)
			if one.want != "" {
				if !fault.Is(err, one.want) {
					t.Fatalf("got %v, want %s", err, one.want)
				}
				return
			}
			if err != nil || got.Kind != one.kind {
				t.Fatalf("kind %q, %v", got.Kind, err)
			}
		})
	}
	t.Run("every spelling of a number is looked up alike, under each type", func(t *testing.T) {
		one, err := citizen.ParseTyped("zz 990-417", "ukr")
		if err != nil {
			t.Fatal(err)
		}
		two, err := citizen.ParseTyped("ZZ990417", "UKR")
		if err != nil {
			t.Fatal(err)
		}
		a, b := one.Candidates(), two.Candidates()
		if len(a) != len(citizen.DocumentTypes()) || a[2] != b[2] {
			t.Fatalf("%v, %v", a, b)
		}
	})
}

func FuzzParseTyped(f *testing.F) {
	f.Add("+351 929 943 618", "")
	f.Add("ZZ990417", "UKR")
	f.Add("a@b.c", "")
	f.Fuzz(func(t *testing.T, typed, country string) {
		got, err := citizen.ParseTyped(typed, country)
		if err != nil {
			return
		}
		if got.Kind == "" || len(got.Candidates()) == 0 {
			t.Fatalf("%q %q was understood as nothing", typed, country)
		}
	})
}
