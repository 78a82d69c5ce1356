package text

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"chave/internal/core/fault"
)

func load(t testing.TB) *Catalogue {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var placeholder = regexp.MustCompile(`\.[A-Z][A-Za-z]*`)

func placeholders(s string) []string {
	var found []string
	for _, action := range regexp.MustCompile(`\{\{[^}]*\}\}`).FindAllString(s, -1) {
		found = append(found, placeholder.FindAllString(action, -1)...)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestEvery_language_has_every_text_with_the_same_placeholders(t *testing.T) {
	c := load(t)
	for _, l := range Langs() {
		for _, other := range Langs() {
			for key, m := range c.messages[l] {
				n, ok := c.messages[other][key]
				if !ok {
					t.Errorf("%s is in %s and not in %s", key, l, other)
					continue
				}
				if a, b := placeholders(m.Other), placeholders(n.Other); !slices.Equal(a, b) {
					t.Errorf("%s: %s fills %v, %s fills %v", key, l, a, other, b)
				}
				if (m.One == "") != (n.One == "") {
					t.Errorf("%s: only one language has a singular", key)
				}
				if strings.TrimSpace(m.Other) == "" {
					t.Errorf("%s: empty in %s", key, l)
				}
			}
		}
	}
}

func TestEvery_fault_says_what_happened_and_what_to_do(t *testing.T) {
	c := load(t)
	known := map[string]bool{}
	for _, code := range fault.Codes() {
		for _, part := range []string{"what", "do"} {
			key := "fault." + string(code) + "." + part
			known[key] = true
			for _, l := range Langs() {
				s := c.T(l, key)
				if s == key {
					t.Errorf("%s has no text in %s", key, l)
				}
				if strings.Contains(s, "<no value>") || strings.Contains(s, "{{") {
					t.Errorf("%s in %s cannot be said without its values: %q", key, l, s)
				}
			}
		}
	}
	for _, key := range c.Keys(Portuguese) {
		if strings.HasPrefix(key, "fault.") && !known[key] {
			t.Errorf("%s belongs to no fault", key)
		}
	}
}

func TestA_missing_key_is_shown_as_itself(t *testing.T) {
	if got := load(t).T(English, "no.such.key", "Name", "x"); got != "no.such.key" {
		t.Errorf("got %q", got)
	}
}

func TestPlaceholders_and_plurals_are_filled(t *testing.T) {
	c := load(t)
	if got := c.T(English, "signin.step", "At", 2, "Of", 3); got != "Step 2 of 3" {
		t.Errorf("got %q", got)
	}
	if got := c.T(Portuguese, "ui.problem.title", "Count", 1); got != "Há uma coisa a corrigir" {
		t.Errorf("got %q", got)
	}
	if got := c.T(Portuguese, "ui.problem.title", "Count", 4); got != "Há 4 coisas a corrigir" {
		t.Errorf("got %q", got)
	}
}

func TestMatch_picks_a_language_the_reader_can_read(t *testing.T) {
	for header, want := range map[string]Lang{
		"":                        Portuguese,
		"pt-BR,pt;q=0.9,en;q=0.8": Portuguese,
		"en-GB,en;q=0.9":          English,
		"fr,de;q=0.8":             English,
		"fr,pt;q=0.2":             Portuguese,
		"en;q=0.1,pt;q=0.9":       Portuguese,
		"pt en":                   Portuguese,
		";;;,":                    Portuguese,
	} {
		if got := Match(header); got != want {
			t.Errorf("Match(%q) = %s, want %s", header, got, want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	f.Add("pt-PT,pt;q=0.9")
	f.Add("*;q=0.5")
	f.Fuzz(func(t *testing.T, header string) {
		if l := Match(header); !l.Known() {
			t.Errorf("Match(%q) = %q", header, l)
		}
	})
}

func TestDates_follow_Lisbon_and_the_language(t *testing.T) {
	c := load(t)
	summer := time.Date(2026, 6, 30, 23, 15, 0, 0, time.UTC) // 00:15 of 1 July in Lisbon
	for _, row := range []struct{ name, got, want string }{
		{"an instant is read on Lisbon's calendar", c.Date(Portuguese, summer), "1 de julho de 2026"},
		{"a plain date keeps its day", c.Date(English, time.Date(2010, 11, 24, 0, 0, 0, 0, time.UTC)), "24 November 2010"},
		{"time of day", c.Clock(English, summer), "00:15"},
		{"only the time when it is today", c.Until(Portuguese, summer, summer.Add(-5*time.Minute)), "00:15"},
		{"the day too when it is not", c.Until(English, summer, summer.Add(-time.Hour)), "1 July 2026 at 00:15"},
		{"a month on a chart", c.Month(Portuguese, time.March), "mar"},
	} {
		if row.got != row.want {
			t.Errorf("%s: %q, want %q", row.name, row.got, row.want)
		}
	}
}

func TestCountries_are_named_and_sorted_in_both_languages(t *testing.T) {
	c := load(t)
	for l, names := range map[Lang][3]string{Portuguese: {"África do Sul", "Brasil", "Portugal"}, English: {"South Africa", "Brazil", "Portugal"}} {
		for i, code := range []string{"ZAF", "BRA", "PRT"} {
			if got := c.Country(l, code); got != names[i] {
				t.Errorf("%s in %s: %q", code, l, got)
			}
		}
		list := c.Countries(l)
		if len(list) != len(strings.Fields(alpha3)) || len(list) != 249 {
			t.Errorf("%d countries in %s", len(list), l)
		}
		for _, country := range list {
			if country.Name == "" || country.Name == country.Code {
				t.Errorf("%s has no name in %s", country.Code, l)
			}
		}
	}
	if bare("África") > bare("Albânia") {
		t.Error("accents count in the order")
	}
}

func TestR3_20_messages_name_the_service_and_SMS_are_short_without_links(t *testing.T) {
	c := load(t)
	at := time.Date(2026, 11, 23, 14, 32, 0, 0, time.UTC)
	data := map[string]string{"code": "482913", "service": "Hospital de Santa Maria da Praia", "minutes": "15", "document": "Contrato.pdf", "more": "12"}
	for _, kind := range []string{
		"login_code", "enrol_code", "email_code", "pin_blocked", "pin_changed", "key_created", "key_cancelled", "key_blocked", "signed_in_new_browser",
		"sign_code", "signing_activated", "signing_ended", "signing_suspended", "signing_resumed", "sign_pin_blocked", "sign_pin_changed", "signed_documents",
	} {
		for _, l := range Langs() {
			_, sms := c.Message(l, kind, true, data, at, at.Add(5*time.Minute))
			subject, body := c.Message(l, kind, false, data, at, at.Add(5*time.Minute))
			// Two parts of an SMS with accents hold 134 letters.
			if n := utf8.RuneCountInString(sms); n > 134 {
				t.Errorf("%s in %s: SMS of %d letters: %s", kind, l, n, sms)
			}
			if strings.Contains(sms, "http") || strings.Contains(sms, "www.") {
				t.Errorf("%s in %s: an SMS must hold no link (PAIN-07)", kind, l)
			}
			for _, s := range []string{sms, subject, body} {
				if strings.Contains(s, "<no value>") || strings.HasPrefix(s, "message.") || s == "" {
					t.Errorf("%s in %s is not complete: %q", kind, l, s)
				}
			}
			named := kind == "login_code" || kind == "signed_in_new_browser" || kind == "sign_code" || kind == "signed_documents"
			if named && (!strings.Contains(sms, data["service"]) || !strings.Contains(body, data["service"])) {
				t.Errorf("%s in %s does not name the service", kind, l)
			}
			if (kind == "sign_code" || kind == "signed_documents") && !(strings.Contains(sms, data["document"]) && strings.Contains(body, data["document"]) && strings.Contains(sms, "12")) {
				t.Errorf("R3.19 %s in %s does not name what is signed: %s", kind, l, sms)
			}
			if strings.HasSuffix(kind, "_code") && len(regexp.MustCompile(`\b\d{6}\b`).FindAllString(sms, -1)) != 1 {
				t.Errorf("%s in %s: the code cannot be read out: %s", kind, l, sms)
			}
			if kind == "pin_blocked" && !strings.Contains(sms, "15 min") {
				t.Errorf("R3.22 %s in %s must say how many minutes: %s", kind, l, sms)
			}
		}
	}
}
