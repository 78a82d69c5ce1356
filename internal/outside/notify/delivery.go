package notify

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"chave/internal/core/message"
	"chave/internal/text"
)

// Delivery is one message ready to go.
type Delivery struct {
	Channel message.Channel
	To      string // E.164 phone or e-mail address
	Subject string // e-mail only
	Text    string
	ID      string // the same each time it is tried
}

// Format prints the ID and hides the rest, for every verb.
func (d Delivery) Format(s fmt.State, _ rune) { io.WriteString(s, "delivery "+d.ID+" [redacted]") }

// LogValue shows channel and ID only.
func (d Delivery) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", d.ID), slog.String("channel", string(d.Channel)))
}

// Error tells why a delivery failed, in words of ours only.
type Error struct {
	Channel   message.Channel
	Reason    string // "timed out", "cannot connect", "refused" …
	Status    int    // HTTP status or SMTP code, 0 when there was none
	Permanent bool   // trying again cannot help

	// Unknown tells that the message had been handed over when the reply was lost: it may have been delivered.
	Unknown bool
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s not delivered: %s", e.Channel, e.Reason)
	if e.Status != 0 {
		fmt.Fprintf(&b, " (%d)", e.Status)
	}
	if e.Unknown {
		b.WriteString(", may have arrived all the same")
	}
	return b.String()
}

// Unwrap makes permanent failures known to the outbox.
func (e *Error) Unwrap() error {
	if e.Permanent {
		return message.ErrPermanent
	}
	return nil
}

// Carrier takes a delivery to its person. Errors are of type [*Error].
type Carrier interface {
	Send(ctx context.Context, d Delivery) error
}

// Texts writes a message in a language; *text.Catalogue does.
type Texts interface {
	Message(lang text.Lang, kind string, sms bool, data map[string]string, at, notAfter time.Time) (subject, body string)
}

// Sender delivers what the outbox holds.
type Sender struct {
	Texts Texts
	SMS   Carrier // nil when this installation sends none
	Email Carrier // nil when this installation sends none
}

// Send implements core's message.Sender.
func (s Sender) Send(ctx context.Context, m message.Message) error {
	var carrier Carrier
	switch m.Channel {
	case message.SMS:
		carrier = s.SMS
	case message.EmailRoute:
		carrier = s.Email
	}
	if carrier == nil {
		return &Error{Channel: m.Channel, Reason: "no such carrier is configured", Permanent: true}
	}
	lang := text.Lang(m.Lang)
	if !lang.Known() {
		lang = text.Langs()[0]
	}
	subject, body := s.Texts.Message(lang, string(m.Kind), m.Channel == message.SMS, m.Data, m.At, m.NotAfter)
	return carrier.Send(ctx, Delivery{Channel: m.Channel, To: m.To, Subject: subject, Text: body, ID: m.ID})
}
