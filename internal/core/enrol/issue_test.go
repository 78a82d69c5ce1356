package enrol_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/service"
)

func TestR2_06_the_desk_journey(t *testing.T) {
	c := newCounter(t)
	for name, one := range map[string]struct {
		evidence enrol.Evidence
		phone    string
		numbers  enrol.Numbers
		group    consent.Holder
	}{
		"a citizen":         {c.citizenCard(), "+351929941207", enrol.Numbers{}, consent.PortugueseCard},
		"a passport holder": {passport(), "+351929943618", enrol.Numbers{}, consent.PassportHolder},
		"a permit holder":   {c.permit(), "+447700900123", enrol.Numbers{NIF: "399412840"}, consent.PermitHolder},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := c.issue(one.evidence, one.phone, one.numbers)
			key, person := c.key(got.Registered)
			if key.State != credential.PendingPIN || string(person.Phone) != one.phone || consent.HolderOf(person) != one.group {
				t.Fatalf("key %q, phone %q, group %q", key.State, person.Phone, consent.HolderOf(person))
			}
			sent := c.messages()
			if len(sent) != 1 || sent[0].Kind != message.KeyCreated || sent[0].To != one.phone {
				t.Fatalf("R5.05 told %+v", sent)
			}
		})
	}
	if n := c.audited(audit.KeyIssued); n != 3 {
		t.Fatalf("%d keys on record, want 3", n)
	}
}

func TestR2_09_the_temporary_pin(t *testing.T) {
	t.Run("is the system's, random and of policy", func(t *testing.T) {
		c := newCounter(t)
		seen := map[string]bool{}
		at := c.atNumbers(passport(), "+351929943618")
		for range 50 {
			pin := c.enrol.Hasher.NewTemporaryPIN(at.Person)
			if seen[pin.Reveal()] || len(pin.Reveal()) != 8 || c.enrol.Policy.CheckNew(pin, at.Person) != nil {
				t.Fatalf("PIN of %d digits, seen before: %v", len(pin.Reveal()), seen[pin.Reveal()])
			}
			seen[pin.Reveal()] = true
		}
	})
	t.Run("is printed nowhere", func(t *testing.T) {
		c := newCounter(t)
		got, pin := c.issue(passport(), "+351929943618", enrol.Numbers{})
		for _, s := range []string{fmt.Sprintf("%v", pin), fmt.Sprintf("%#v", pin), fmt.Sprintf("%+v", got)} {
			if strings.Contains(s, pin.Reveal()) {
				t.Fatal("the PIN can be printed")
			}
		}
	})
	t.Run("opens nothing but choosing one's own", func(t *testing.T) {
		c := newCounter(t)
		got, pin := c.issue(passport(), "+351929943618", enrol.Numbers{})
		at, _ := c.firstSignIn("+351929943618", pin)
		if next := at.Next(c.clock()); next != login.StepChoosePIN || at.Session != "" {
			t.Fatalf("after the code comes %q, session %q", next, at.Session)
		}
		if done, err := c.enrol.FirstSignInDone(t.Context(), got); err != nil || done {
			t.Fatalf("R2.11 done %v, %v", done, err)
		}
	})
	for _, one := range []struct {
		name string
		wait time.Duration
		want login.Step
	}{
		{"works for 24 hours", 24*time.Hour - time.Second, login.StepChoosePIN},
		{"is void at 24 hours", 24 * time.Hour, login.StepStop},
	} {
		t.Run(one.name, func(t *testing.T) {
			c := newCounter(t)
			_, pin := c.issue(passport(), "+351929943618", enrol.Numbers{})
			c.set(c.clock().Add(one.wait))
			at, _ := c.firstSignIn("+351929943618", pin)
			if got := at.Next(c.clock()); got != one.want {
				t.Fatalf("waits for %q, want %q", got, one.want)
			}
			if one.want == login.StepStop && at.Stop.Code != fault.TemporaryPINExpired {
				t.Fatalf("stopped for %s", at.Stop.Code)
			}
		})
	}
	t.Run("is issued once: sending the form again finds the step passed", func(t *testing.T) {
		c := newCounter(t)
		at := c.atNumbers(passport(), "+351929943618")
		c.mustIssue(at, enrol.Numbers{})
		if _, pin, err := c.enrol.Issue(t.Context(), at.ID, clerk, enrol.Numbers{}); !fault.Is(err, fault.StepPassed) || pin.Reveal() != "" {
			t.Fatalf("got %v", err)
		}
	})
}

func TestR2_09_a_lost_slip_is_made_anew(t *testing.T) {
	c := newCounter(t)
	got, first := c.issue(passport(), "+351929943618", enrol.Numbers{})
	c.set(c.clock().Add(time.Hour))
	again, second, err := c.enrol.Reissue(t.Context(), got.ID, clerk)
	if err != nil {
		t.Fatal(err)
	}
	if second.Equal(first) || !again.PINUntil.Equal(c.clock().Add(24*time.Hour)) || c.audited(audit.KeyIssued) != 2 {
		t.Fatalf("until %v, %d on record", again.PINUntil, c.audited(audit.KeyIssued))
	}
	if at, _ := c.firstSignIn("+351929943618", first); at.PINRight {
		t.Fatal("the lost PIN still works")
	}
	c.choose("+351929943618", second, "861374")
	t.Run("not once the resident has chosen a PIN", func(t *testing.T) {
		if _, _, err := c.enrol.Reissue(t.Context(), got.ID, clerk); !fault.Is(err, fault.StepPassed) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("not by another operator", func(t *testing.T) {
		if _, _, err := c.enrol.Reissue(t.Context(), got.ID, "another"); !fault.Is(err, fault.CaseUnknown) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("not before there is one", func(t *testing.T) {
		if _, _, err := c.enrol.Reissue(t.Context(), c.open(), clerk); !fault.Is(err, fault.StepPassed) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestR2_11_the_journey_ends_with_the_first_sign_in(t *testing.T) {
	c := newCounter(t)
	got, pin := c.issue(passport(), "+351929943618", enrol.Numbers{})
	opened := c.choose("+351929943618", pin, "861374")
	if opened.Cookie == "" {
		t.Fatal("choosing a PIN opened no session")
	}
	done, err := c.enrol.FirstSignInDone(t.Context(), got)
	if err != nil || !done || c.status(got.Registered) != credential.StatusActive {
		t.Fatalf("done %v, status %q, %v", done, c.status(got.Registered), err)
	}
}

func TestR1_11_who_needs_a_tax_number(t *testing.T) {
	c := newCounter(t)
	for _, one := range []struct {
		name string
		at   enrol.Case
		n    enrol.Numbers
		want []string
	}{
		{"a permit cannot do without", c.atNumbers(c.permit(), "+447700900123"), enrol.Numbers{}, []string{"nif CH-1403"}},
		{"a permit with a wrong one", c.atNumbers(c.permit(), "+447700900124"), enrol.Numbers{NIF: "399412841"}, []string{"nif CH-1404"}},
		{"a passport can", c.atNumbers(passport(), "+351929943618"), enrol.Numbers{}, nil},
		{"wrong ones are all pointed at", c.atNumbers(passport(), "+351929943618"), enrol.Numbers{NIF: "1", NISS: "2", NSNS: "3"},
			[]string{"nif CH-1404", "niss CH-1404", "nsns CH-1404"}},
	} {
		t.Run(one.name, func(t *testing.T) {
			_, problems := c.enrol.CheckNumbers(one.at, one.n)
			if one.want == nil && len(problems) == 0 {
				return
			}
			wantProblems(t, problems, one.want...)
		})
	}
	t.Run("what the registry gave cannot be typed over", func(t *testing.T) {
		p, problems := c.enrol.CheckNumbers(c.atNumbers(c.citizenCard(), "+351929941207"), enrol.Numbers{NIF: "399412840"})
		if len(problems) > 0 || p.NIF != "399410139" {
			t.Fatalf("NIF %q, %v", p.NIF, problems)
		}
	})
}

func TestR2_10_PAIN_11_the_desk_names_the_services_that_will_not_know_the_person(t *testing.T) {
	c := newCounter(t)
	register := func(id string, level service.Level, asks ...service.Ask) service.Service {
		return service.Service{Settings: service.Settings{ID: id, Name: service.Text{"pt": id}, MinLevel: level, Attributes: asks}}
	}
	must := func(n consent.Name) service.Ask { return service.Ask{Name: n, Required: true} }
	all := []service.Service{
		register("bank", service.LevelPhone, must(consent.FullName), service.Ask{Name: consent.NIF}),
		register("health", service.LevelPhone, must(consent.NSNS), must(consent.NIF)),
		register("library", service.LevelEmail, must(consent.NIC)),
		register("tax", service.LevelPhone, must(consent.NIF)),
		{FirstParty: true, Settings: service.Settings{ID: "chave-key"}},
	}
	names := func(unserved []enrol.Unserved) []string {
		var out []string
		for _, u := range unserved {
			out = append(out, fmt.Sprintf("%s %v", u.Service.ID, u.Missing))
		}
		return out
	}
	foreign := c.atNumbers(passport(), "+351929943618").Person
	for _, one := range []struct {
		name string
		give func()
		want []string
	}{
		{"none of the numbers", func() {}, []string{"health [nsns nif]", "library [nic]", "tax [nif]"}},
		{"the tax number", func() { foreign.NIF = "399412840" }, []string{"health [nsns]", "library [nic]"}},
		{"both", func() { foreign.NSNS = "999430217" }, []string{"library [nic]"}},
	} {
		t.Run("a passport holder with "+one.name, func(t *testing.T) {
			one.give()
			if got := names(c.enrol.Unserved(foreign, all)); !slices.Equal(got, one.want) {
				t.Fatalf("got %q, want %q", got, one.want)
			}
		})
	}
	t.Run("a citizen with everything", func(t *testing.T) {
		if got := c.enrol.Unserved(c.atNumbers(c.citizenCard(), "+351929941207").Person, all); len(got) != 0 {
			t.Fatalf("got %q", names(got))
		}
	})
	t.Run("a key without a phone is not enough for a level 3 service", func(t *testing.T) {
		p := c.atNumbers(c.citizenCard(), "+351929941207").Person
		p.Phone = ""
		for _, u := range c.enrol.Unserved(p, all) {
			if !u.NeedsPhone || u.Service.ID == "library" {
				t.Errorf("%s: %+v", u.Service.ID, u)
			}
		}
	})
}
