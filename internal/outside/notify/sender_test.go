package notify_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"chave/internal/core/message"
	"chave/internal/outside/notify"
	"chave/internal/text"
)

// The compiler checks what the outbox asks for.
var _ message.Sender = notify.Sender{}

type recorder struct{ got []notify.Delivery }

func (r *recorder) Send(_ context.Context, d notify.Delivery) error {
	r.got = append(r.got, d)
	return nil
}

func TestSender_writes_in_the_person_s_language_and_picks_the_carrier(t *testing.T) {
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	sms, email := new(recorder), new(recorder)
	s := notify.Sender{Texts: texts, SMS: sms, Email: email}
	m := message.Message{ID: "m1", Kind: message.LoginCode, Lang: "pt", Channel: message.SMS, To: "+351929900001",
		Data: map[string]string{"code": "482913", "service": "Finanças"}, At: noon, NotAfter: noon.Add(5 * time.Minute)}
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	m.Channel, m.To, m.Lang = message.EmailRoute, "marta@example.org", "en"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	m.Lang = "xx" // an unknown language is no reason to lose a code
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if len(sms.got) != 1 || len(email.got) != 2 {
		t.Fatalf("%d SMS, %d e-mails", len(sms.got), len(email.got))
	}
	for _, d := range append(sms.got, email.got...) {
		if !strings.Contains(d.Text, "482913") || !strings.Contains(d.Text, "Finanças") || d.ID != "m1" {
			t.Error("R3.20 the message lacks its code, service or ID")
		}
	}
	if sms.got[0].Subject != "" || email.got[0].Subject == "" || sms.got[0].Text == email.got[0].Text {
		t.Error("an SMS has no subject, an e-mail has one")
	}
	t.Run("without a carrier", func(t *testing.T) {
		err := notify.Sender{Texts: texts, SMS: sms}.Send(t.Context(), m)
		if !errors.Is(err, message.ErrPermanent) {
			t.Errorf("got %v", err)
		}
	})
}
