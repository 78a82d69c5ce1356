package oidc

import (
	"testing"

	"chave/internal/core/consent"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

// CheckClaims lets the fuzz test reach the parser alone.
func CheckClaims(t *testing.T, text string) {
	t.Helper()
	wants, err := readClaims(text)
	if err != nil {
		return
	}
	s := service.Service{Settings: service.Settings{Attributes: []service.Ask{{Name: consent.FullName}, {Name: consent.NIF, Required: true}}}}
	asks, named := asksFor(s, []string{scopeOpenID}, wants)
	for _, a := range asks {
		if a.Name != consent.FullName && a.Name != consent.NIF {
			t.Errorf("asks for %s, which is not registered", a.Name)
		}
	}
	for _, n := range named {
		if _, listed := s.Allowed(n); !listed {
			t.Errorf("names %s, which is not registered", n)
		}
	}
}

func TestAcr_no_name_ever_stands_for_more_than_was_reached(t *testing.T) {
	var all []string
	for _, a := range acrTable() {
		all = append(all, a.name)
	}
	for reached := service.LevelPassword; reached <= service.LevelCard; reached++ {
		for _, essential := range []bool{false, true} {
			for _, one := range append(all, "unknown") {
				name := acrOf(reached, []string{one}, essential)
				a, ok := acrByName(name)
				if !ok || a.asks > reached {
					t.Errorf("reached %d, asked %q, reported %q", reached, one, name)
				}
			}
		}
	}
}

func TestLevelFor_never_asks_for_less_than_the_registration(t *testing.T) {
	for _, c := range []struct {
		listed    []string
		essential bool
		floor     service.Level
		want      service.Level
		ok        bool
	}{
		{nil, false, 3, 3, true},
		{[]string{"2"}, false, 3, 3, true},
		{[]string{"3", "2"}, false, 2, 2, true},
		{[]string{"3"}, false, 2, 3, true},
		{[]string{"4"}, false, 2, 3, true}, // the best there is comes closest to a wish
		{[]string{"4"}, true, 2, 3, false},
		{[]string{"4", "3"}, true, 2, 3, true},
		{[]string{"nonsense"}, false, 2, 2, true},
		{[]string{"nonsense"}, true, 2, 2, false},
	} {
		got, ok := levelFor(c.listed, c.essential, c.floor)
		if got != c.want || ok != c.ok || got < c.floor {
			t.Errorf("levelFor(%v, %v, %d) = %d, %v", c.listed, c.essential, c.floor, got, ok)
		}
	}
}

func TestRefusals_describe_themselves_in_the_letters_the_standard_allows(t *testing.T) {
	for _, r := range describe(oauth.Refuse(oauth.InvalidRequest, "quote \" slash \\ ção\n")) {
		if r < 0x20 || r > 0x7e || r == '"' || r == '\\' {
			t.Errorf("%q is not allowed (RFC 6749 §5.2)", r)
		}
	}
}
