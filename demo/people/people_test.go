package people

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
)

var demoDay = time.Date(2026, 11, 23, 15, 4, 5, 0, time.UTC)

func load(t *testing.T) []Person {
	t.Helper()
	list, err := Load(demoDay)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPeople_cover_what_the_demo_promises(t *testing.T) {
	list := load(t)
	if len(list) < 16 {
		t.Errorf("%d people, want at least sixteen", len(list))
	}
	signsIn := func(p Person) bool { return p.SignsIn() && p.PIN != "" }
	promises := map[string]func(Person) bool{
		"citizen with everything": func(p Person) bool {
			return signsIn(p) && p.Documents[0].Type == CitizenCard && p.NIC != "" && p.NIF != "" && p.NISS != "" && p.NSNS != "" && p.Phone != "" && p.Email != ""
		},
		"R1.24 citizen with a foreign phone": func(p Person) bool {
			return signsIn(p) && p.NIC != "" && !strings.HasPrefix(p.Phone, "+351") && p.Phone != ""
		},
		"R1.28 lifetime identity card": func(p Person) bool {
			return signsIn(p) && p.Documents[0].Type == IdentityCard && p.Documents[0].Lifetime
		},
		"R1.15 Brazilian with a citizen card": func(p Person) bool { return signsIn(p) && p.Nationality == "BRA" && p.Documents[0].Type == CitizenCard },
		"R1.11 passport with NIF": func(p Person) bool {
			return signsIn(p) && p.Documents[0].Type == Passport && p.NIF != "" && p.Phone != ""
		},
		"R1.11 passport without NIF": func(p Person) bool {
			return signsIn(p) && p.Documents[0].Type == Passport && p.NIF == "" && p.Phone != ""
		},
		"R1.11 residence permit with NIF": func(p Person) bool { return signsIn(p) && p.Documents[0].Type == ResidencePermit && p.NIF != "" },
		"residence card with NIF":         func(p Person) bool { return signsIn(p) && p.Documents[0].Type == ResidenceCard && p.NIF != "" },
		"R1.03 fifteen years old": func(p Person) bool {
			return age(p, demoDay) == 15 && age(p, demoDay.AddDate(0, 0, 1)) == 15 && p.Key == KeyNone
		},
		"R1.03 turns sixteen tomorrow": func(p Person) bool {
			return age(p, demoDay) == 15 && age(p, demoDay.AddDate(0, 0, 1)) == 16 && p.Key == KeyNone
		},
		"R1.04 accompanying measure":                 func(p Person) bool { return p.Accompanied && p.Key == KeyNone },
		"R1.25 expired within grace signs in":        func(p Person) bool { return signsIn(p) && p.NIC != "" && daysSinceExpiry(p) == 10 },
		"R1.25 citizen expired beyond grace":         func(p Person) bool { return p.Key == KeyExpired && p.NIC != "" && daysSinceExpiry(p) > 30 },
		"R1.26 foreign document expired":             func(p Person) bool { return p.Key == KeyExpired && p.NIC == "" && daysSinceExpiry(p) > 0 },
		"R1.33 deceased":                             func(p Person) bool { return p.Key == KeyEnded && !p.Deceased.IsZero() },
		"R3.23 blocked for good":                     func(p Person) bool { return p.Key == KeyBlocked },
		"e-mail only":                                func(p Person) bool { return signsIn(p) && p.Phone == "" && p.Email != "" },
		"counter operator":                           func(p Person) bool { return signsIn(p) && p.Operator() },
		"a foreigner to register with a passport":    func(p Person) bool { return p.Register && p.Key == KeyNone && p.Documents[0].Type == Passport },
		"a resident to register with a permit":       func(p Person) bool { return p.Register && p.Key == KeyNone && p.Documents[0].Type == ResidencePermit },
		"R2.10 a citizen to register lacks a number": func(p Person) bool { return p.Register && p.NIC != "" && p.NSNS == "" && age(p, demoDay) > 16 },
	}
	for name, holds := range promises {
		t.Run(name, func(t *testing.T) {
			for _, p := range list {
				if holds(p) {
					return
				}
			}
			t.Error("nobody shows this")
		})
	}
}

func TestPeople_who_sign_in_come_first_with_two_passport_holders(t *testing.T) {
	passportsWithPhone, ended := 0, false
	for _, p := range load(t) {
		if !p.SignsIn() {
			ended = true
			continue
		}
		if ended {
			t.Errorf("%s can sign in but comes after somebody who cannot", p.ID)
		}
		if p.Documents[0].Type == Passport && p.Phone != "" {
			passportsWithPhone++
		}
	}
	if passportsWithPhone < 2 {
		t.Errorf("%d passport holders with a phone sign in, want two", passportsWithPhone)
	}
}

// The product computes these digits in its own package; the demo does it again, by the published
// rules, so that a shared mistake would have to be made twice.
func TestPeople_numbers_pass_their_check_digits(t *testing.T) {
	for _, p := range load(t) {
		t.Run(p.ID, func(t *testing.T) {
			if p.NIC != "" && (len(p.NIC) != 8 || !strings.HasPrefix(p.NIC, "994")) {
				t.Errorf("NIC %s is not eight digits of the 994 block", p.NIC)
			}
			if p.NIF != "" && (!mod11(p.NIF) || !strings.HasPrefix(p.NIF, "399")) {
				t.Errorf("NIF %s", p.NIF)
			}
			if p.NISS != "" && (!nissHolds(p.NISS) || !strings.HasPrefix(p.NISS, "1999")) {
				t.Errorf("NISS %s", p.NISS)
			}
			if p.NSNS != "" && (len(p.NSNS) != 9 || !strings.HasPrefix(p.NSNS, "999")) {
				t.Errorf("health-service number %s", p.NSNS)
			}
			for _, d := range p.Documents {
				switch d.Type {
				case CitizenCard:
					if !strings.HasPrefix(d.Number, p.NIC) || p.NIC == "" || !mod11(d.Number[:9]) || !citizenCardHolds(d.Number) {
						t.Errorf("citizen card %s", d.Number)
					}
				case IdentityCard:
					if !strings.HasPrefix(d.Number, p.NIC) || p.NIC == "" {
						t.Errorf("identity card %s does not begin with the NIC", d.Number)
					}
				default:
					if p.NIC != "" || len(d.Number) > 9 || d.Number[0] != 'Z' {
						t.Errorf("foreign document %s of the Z series", d.Number)
					}
				}
			}
		})
	}
}

func TestPeople_contacts_belong_to_nobody(t *testing.T) {
	fiction := []string{"+3519299", "+120255501", "+4670174"}
	for _, p := range load(t) {
		if p.Email != "" && !strings.HasSuffix(p.Email, "@example.org") && !strings.HasSuffix(p.Email, "@example.test") {
			t.Errorf("%s: e-mail %s is outside the reserved domains (RFC 2606)", p.ID, p.Email)
		}
		if p.Phone == "" {
			continue
		}
		n, err := phonenumbers.Parse(p.Phone, "")
		if err != nil || !phonenumbers.IsValidNumber(n) || phonenumbers.Format(n, phonenumbers.E164) != p.Phone {
			t.Errorf("%s: phone %s is not a valid number in E.164: %v", p.ID, p.Phone, err)
			continue
		}
		if strings.HasPrefix(p.Phone, "+351") {
			if carrier, _ := phonenumbers.GetCarrierForNumber(n, "en"); carrier != "" {
				t.Errorf("%s: phone %s lies in a block of %s", p.ID, p.Phone, carrier)
			}
		}
		inRange := false
		for _, f := range fiction {
			inRange = inRange || strings.HasPrefix(p.Phone, f)
		}
		if !inRange {
			t.Errorf("%s: phone %s is outside the ranges of README.md", p.ID, p.Phone)
		}
	}
}

func TestR3_11_PINs_pass_the_quality_rules(t *testing.T) {
	for _, p := range load(t) {
		if p.PIN == "" {
			continue
		}
		if len(p.PIN) < 6 || len(p.PIN) > 8 || strings.Trim(p.PIN, "0123456789") != "" {
			t.Errorf("%s: PIN is not 6 to 8 digits", p.ID)
		}
		for i := 2; i < len(p.PIN); i++ {
			a, b := int(p.PIN[i-1])-int(p.PIN[i-2]), int(p.PIN[i])-int(p.PIN[i-1])
			if a == b && (a == 0 || a == 1 || a == -1) {
				t.Errorf("%s: PIN has a run", p.ID)
			}
		}
		forbidden := []string{p.Phone, p.NIC, p.NIF, p.BirthDate.Format("02012006"), p.BirthDate.Format("20060102"), p.BirthDate.Format("060102"), p.BirthDate.Format("020106")}
		for _, text := range forbidden {
			for i := 0; i+3 <= len(p.PIN); i++ {
				// Three shared digits with a number are chance; four make a fragment.
				if i+4 <= len(p.PIN) && strings.Contains(text, p.PIN[i:i+4]) {
					t.Errorf("%s: PIN shares %s with %s", p.ID, p.PIN[i:i+4], text)
				}
			}
		}
	}
}

func TestPublish_gives_the_contract_of_the_testers_door(t *testing.T) {
	out, err := json.Marshal(Publish(load(t)))
	if err != nil {
		t.Fatal(err)
	}
	var entries []map[string]any
	if err := json.Unmarshal(out, &entries); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		for _, member := range []string{"id", "name", "phone", "email", "pin", "documents", "describes"} {
			if _, there := e[member]; !there {
				t.Errorf("%v: member %q is missing", e["id"], member)
			}
		}
	}
	if first := entries[0]; first["name"] != "Beatriz Amélia Conceição Sequeira" {
		t.Errorf("first name is %v", first["name"])
	}
}

func TestParse_reports_every_problem_at_once(t *testing.T) {
	_, err := parse([]byte(`
- {id: a, given_names: A, surnames: B, describes: {en: x, pt: x}, badge: {en: x, pt: x}, nationality: PRT, birth_date: never, documents: [{type: card, country: PT, number: "1", expires: "+1y"}], lang: xx, key: active}
- {id: a, given_names: A, surnames: B, describes: {en: x, pt: x}, badge: {en: x, pt: x}, nationality: PRT, birth_date: "+1d", documents: [{type: passport, country: PRT, number: "1", expires: "+1y"}], lang: pt, key: none, pin: "1"}
`), demoDay)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"birth_date", "document type", "alpha-3", "lang", "no PIN", "id a is also", "PIN but no key"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not reported in: %v", want, err)
		}
	}
	if _, err := parse([]byte("- {id: a, surprise: 1}"), demoDay); err == nil {
		t.Error("an unknown field is accepted")
	}
}

func TestDay_steps_are_taken_in_order(t *testing.T) {
	for text, want := range map[string]string{
		"1987-04-12": "1987-04-12", "+3y": "2029-11-23", "-10d": "2026-11-13", "+1d-16y": "2010-11-24", "+2m": "2027-01-23",
	} {
		if d, err := parseDay(text, demoDay); err != nil || d.Format(time.DateOnly) != want {
			t.Errorf("%s = %v, %v; want %s", text, d, err, want)
		}
	}
	t.Run("R1.03 turning sixteen on 29 February", func(t *testing.T) {
		if d, _ := parseDay("+1d-16y", time.Date(2028, 2, 28, 0, 0, 0, 0, time.UTC)); d.Format(time.DateOnly) != "2012-02-29" {
			t.Errorf("got %v", d)
		}
	})
}

func FuzzParseDay(f *testing.F) {
	for _, s := range []string{"", "+3y", "-10d", "+1d-16y", "2031-05-09", "+", "++1d", "+99999999y", "3y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := parseDay(s, demoDay); err == nil && (d.Hour() != 0 || d.Location() != time.UTC) {
			t.Errorf("%q gives %v, not midnight UTC", s, d)
		}
	})
}

func age(p Person, on time.Time) int {
	years := on.Year() - p.BirthDate.Year()
	if on.Month() < p.BirthDate.Month() || on.Month() == p.BirthDate.Month() && on.Day() < p.BirthDate.Day() {
		years--
	}
	return years
}

func daysSinceExpiry(p Person) int {
	if p.Documents[0].Lifetime {
		return -1
	}
	return int(demoDay.Truncate(24*time.Hour).Sub(p.Documents[0].Expires) / (24 * time.Hour))
}

// mod11 holds for NIF and for civil identification number plus its digit: weights 9 to 2.
func mod11(s string) bool {
	if len(s) != 9 {
		return false
	}
	sum := 0
	for i := range 8 {
		sum += int(s[i]-'0') * (9 - i)
	}
	want := (11 - sum%11) % 11
	if want == 10 {
		want = 0
	}
	return int(s[8]-'0') == want
}

func nissHolds(s string) bool {
	if len(s) != 11 {
		return false
	}
	sum := 0
	for i, w := range []int{29, 23, 19, 17, 13, 11, 7, 5, 3, 2} {
		sum += int(s[i]-'0') * w
	}
	return int(s[10]-'0') == 9-sum%10
}

func citizenCardHolds(s string) bool {
	if len(s) != 12 {
		return false
	}
	sum := 0
	for i := range 12 {
		v := int(s[i] - '0')
		if s[i] >= 'A' {
			v = int(s[i]-'A') + 10
		}
		if i%2 == 0 {
			if v *= 2; v > 9 {
				v -= 9
			}
		}
		sum += v
	}
	return sum%10 == 0
}
