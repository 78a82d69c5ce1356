package enrol_test

import (
	"testing"
	"time"

	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/format/ptnumber"
)

func TestR1_24_R2_08_a_phone_of_any_country_is_proven_at_the_desk(t *testing.T) {
	for typed, want := range map[string]string{
		"+44 7700 900123":    "+447700900123",
		"0055 11 96123-4567": "+5511961234567",
		"+1 (202) 555-0147":  "+12025550147",
		"+33 6 39 98 00 01":  "+33639980001",
		"929 943 618":        "+351929943618",
	} {
		t.Run("R1.24 "+typed, func(t *testing.T) {
			c := newCounter(t)
			at := c.atNumbers(passport(), typed)
			if string(at.Person.Phone) != want || !at.PhoneProven {
				t.Fatalf("phone %q, proven %v", at.Person.Phone, at.PhoneProven)
			}
		})
	}
	c := newCounter(t)
	at := c.atContacts(passport())
	t.Run("what is no phone is pointed at", func(t *testing.T) {
		_, err := c.enrol.SendPhoneCode(t.Context(), at.ID, clerk, "12", "en")
		if f := fault.Of(err); f.Code != fault.FieldMalformed || f.Field != "phone" {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("R2.08 not without the code", func(t *testing.T) {
		if _, err := c.enrol.ContactsDone(t.Context(), at.ID, clerk); !fault.Is(err, fault.PhoneNotProven) {
			t.Fatalf("no code asked for: %v", err)
		}
		c.must(c.enrol.SendPhoneCode(t.Context(), at.ID, clerk, "+351929943618", "en"))
		if _, err := c.enrol.ContactsDone(t.Context(), at.ID, clerk); !fault.Is(err, fault.PhoneNotProven) {
			t.Fatalf("code sent, not typed: %v", err)
		}
		sent := c.messages()
		if len(sent) != 1 || sent[0].Kind != message.EnrolCode || sent[0].Channel != message.SMS || sent[0].To != "+351929943618" {
			t.Fatalf("sent %+v", sent)
		}
	})
	t.Run("R2.08 a code proves the number it went to, not the one typed after it", func(t *testing.T) {
		c.must(c.enrol.SendPhoneCode(t.Context(), at.ID, clerk, "+351929943618", "en"))
		first := c.code()
		c.must(c.enrol.SendPhoneCode(t.Context(), at.ID, clerk, "+351929943619", "en"))
		if _, err := c.enrol.ProvePhone(t.Context(), at.ID, clerk, first); !fault.Is(err, fault.CodeWrong) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestR2_12_N16_the_desk_code_lives_300_seconds_and_three_tries(t *testing.T) {
	c := newCounter(t)
	at := c.atContacts(passport())
	send := func() credential.Code {
		c.must(c.enrol.SendPhoneCode(t.Context(), at.ID, clerk, "+351929943618", "en"))
		return c.code()
	}
	code := send()
	c.set(c.clock().Add(300 * time.Second))
	if _, err := c.enrol.ProvePhone(t.Context(), at.ID, clerk, code); !fault.Is(err, fault.CodeExpired) {
		t.Fatalf("at 300 seconds: %v", err)
	}
	code = send()
	wrong, _ := credential.ParseCode("000000")
	if wrong == code {
		wrong, _ = credential.ParseCode("000001")
	}
	for range 3 {
		if _, err := c.enrol.ProvePhone(t.Context(), at.ID, clerk, wrong); !fault.Is(err, fault.CodeWrong) {
			t.Fatalf("got %v", err)
		}
	}
	if _, err := c.enrol.ProvePhone(t.Context(), at.ID, clerk, code); !fault.Is(err, fault.CodeExpired) {
		t.Fatalf("the right code after three wrong ones: %v", err)
	}
	code = send()
	c.set(c.clock().Add(299 * time.Second))
	if got := c.must(c.enrol.ProvePhone(t.Context(), at.ID, clerk, code)); !got.PhoneProven {
		t.Fatal("not proven at 299 seconds")
	}
}

func TestR1_23_an_email_is_optional_and_proven(t *testing.T) {
	c := newCounter(t)
	at := c.atContacts(passport())
	c.must(c.enrol.SendPhoneCode(t.Context(), at.ID, clerk, "+351929943618", "pt"))
	c.must(c.enrol.ProvePhone(t.Context(), at.ID, clerk, c.code()))
	c.must(c.enrol.SendEmailCode(t.Context(), at.ID, clerk, "Oksana@Example.ORG", "pt"))
	sent := c.messages()
	if len(sent) != 1 || sent[0].Kind != message.EmailCode || sent[0].To != "Oksana@example.org" || sent[0].Lang != "pt" {
		t.Fatalf("sent %+v", sent)
	}
	t.Run("R2.08 an unproven one is dropped", func(t *testing.T) {
		got := c.must(c.enrol.ContactsDone(t.Context(), at.ID, clerk))
		if got.Person.Email != "" || got.State != enrol.AtNumbers {
			t.Fatalf("e-mail %q at %q", got.Person.Email, got.State)
		}
	})
	t.Run("R1.12 a foreign key cannot do with an e-mail alone", func(t *testing.T) {
		c := newCounter(t)
		at := c.atContacts(passport())
		c.must(c.enrol.SendEmailCode(t.Context(), at.ID, clerk, "oksana@example.org", "en"))
		c.must(c.enrol.ProveEmail(t.Context(), at.ID, clerk, c.code()))
		if _, err := c.enrol.ContactsDone(t.Context(), at.ID, clerk); !fault.Is(err, fault.PhoneNotProven) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("a citizen's key can", func(t *testing.T) {
		c := newCounter(t)
		at := c.atContacts(c.citizenCard())
		c.must(c.enrol.SendEmailCode(t.Context(), at.ID, clerk, "beatriz@example.org", "en"))
		c.must(c.enrol.ProveEmail(t.Context(), at.ID, clerk, c.code()))
		c.wantState(c.must(c.enrol.ContactsDone(t.Context(), at.ID, clerk)), enrol.AtNumbers)
	})
}

func TestR1_21_one_key_per_person_and_one_person_per_phone(t *testing.T) {
	c := newCounter(t)
	card := c.citizenCard()
	c.issue(card, "+351929941207", enrol.Numbers{})
	t.Run("the same card again", func(t *testing.T) {
		got, err := c.document(card)
		wantRefused(t, got, err, fault.AlreadyHasKey)
	})
	t.Run("the same person with a renewed card is found by the NIC", func(t *testing.T) {
		renewed := card
		renewed.Number, renewed.Expires = ptnumber.MadeUpCitizenCard(410137, 1).String(), date(2036, 11, 23)
		renewed.Zone = ""
		c.registry.holds[renewed.Number] = c.known(renewed, "99410137", "399410139", "", "")
		got, err := c.document(renewed)
		wantRefused(t, got, err, fault.AlreadyHasKey)
	})
	t.Run("somebody else's phone", func(t *testing.T) {
		at := c.atContacts(passport())
		_, err := c.enrol.SendPhoneCode(t.Context(), at.ID, clerk, "929 941 207", "en")
		if f := fault.Of(err); f.Code != fault.PhoneTaken || f.Field != "phone" {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("somebody else's tax number", func(t *testing.T) {
		at := c.atNumbers(passport(), "+351929943618")
		_, _, err := c.enrol.Issue(t.Context(), at.ID, clerk, enrol.Numbers{NIF: "399410139"})
		if f := fault.Of(err); f.Code != fault.NumberTaken || f.Field != "nif" {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("two desks at once: one wins", func(t *testing.T) {
		c := newCounter(t)
		one, two := c.atNumbers(passport(), "+351929943618"), c.atNumbers(passport(), "+351929943619")
		c.mustIssue(one, enrol.Numbers{})
		if _, _, err := c.enrol.Issue(t.Context(), two.ID, clerk, enrol.Numbers{}); !fault.Is(err, fault.AlreadyHasKey) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("two desks at once with one phone: one wins", func(t *testing.T) {
		c := newCounter(t)
		one, two := c.atNumbers(passport(), "+351929943618"), c.atNumbers(c.citizenCard(), "+351929943618")
		c.mustIssue(one, enrol.Numbers{})
		if _, _, err := c.enrol.Issue(t.Context(), two.ID, clerk, enrol.Numbers{}); !fault.Is(err, fault.PhoneTaken) {
			t.Fatalf("got %v", err)
		}
		got, err := c.enrol.Load(t.Context(), two.ID, clerk)
		if err != nil || got.State != enrol.AtNumbers {
			t.Fatalf("the case was left at %q, %v", got.State, err)
		}
	})
}
