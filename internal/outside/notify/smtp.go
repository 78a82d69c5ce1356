package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// TLSPolicy says how the way to the mail server is protected.
type TLSPolicy string

// The ways.
const (
	STARTTLS TLSPolicy = "starttls" // required, never given up for a server that does not offer it; the default
	Implicit TLSPolicy = "implicit" // TLS from the first byte, usually port 465
	NoTLS    TLSPolicy = "none"     // a server on this very machine only
)

// MailerConfig describes the mail server that takes our messages.
type MailerConfig struct {
	Host string
	Port int // 587 for starttls, 465 for implicit, 25 for none, when 0

	TLS    TLSPolicy
	CAFile string // PEM with the authorities to trust instead of the system's

	Username     string // empty for no login
	PasswordFile string

	From string // "Chave <key@example.org>"

	// Timeout bounds each stage (connecting, handing over); 8 seconds when zero, so that a try ends within the outbox's lease.
	Timeout time.Duration

	Now func() time.Time
}

// Mailer sends plain-text e-mail, one connection a message. It is safe for concurrent use.
type Mailer struct {
	host     string
	from     string
	domain   string // of our Message-IDs
	password string // kept so that it is never printed with options
	options  []mail.Option
	now      func() time.Time
}

// NewMailer checks a configuration and reads its files. It reports every problem at once and connects to nothing.
func NewMailer(c MailerConfig) (*Mailer, error) {
	m := &Mailer{host: c.Host, from: c.From, now: c.Now}
	var problems []error
	note := func(text string) { problems = append(problems, errors.New(text)) }
	if c.Host == "" {
		note("host is missing")
	}
	if c.Now == nil {
		note("Now is missing")
	}
	if from, err := netmail.ParseAddress(c.From); err != nil {
		note("from is not an e-mail address")
	} else {
		m.domain = from.Address[strings.LastIndexByte(from.Address, '@')+1:]
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = 8 * time.Second
	}
	settings, err := trust(c.Host, c.CAFile)
	if err != nil {
		problems = append(problems, err)
	}
	port := c.Port
	m.options = []mail.Option{mail.WithTLSConfig(settings), mail.WithTimeout(timeout), mail.WithoutNoop()}
	switch c.TLS {
	case STARTTLS, "":
		m.options = append(m.options, mail.WithTLSPolicy(mail.TLSMandatory))
		port = orPort(port, 587)
	case Implicit:
		m.options = append(m.options, mail.WithSSL())
		port = orPort(port, 465)
	case NoTLS:
		if !loopback(c.Host) {
			note("TLS may be left out only towards a loopback address: the text holds codes")
		}
		if c.Username != "" {
			note("a login without TLS would show the password")
		}
		m.options = append(m.options, mail.WithTLSPolicy(mail.NoTLS))
		port = orPort(port, 25)
	default:
		note(`TLS is "starttls", "implicit" or "none"`)
	}
	m.options = append(m.options, mail.WithPort(port))
	if c.Username != "" {
		password, err := readSecret(c.PasswordFile)
		if err != nil {
			problems = append(problems, err)
		}
		m.password = password
		m.options = append(m.options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.Username), mail.WithPassword(password))
	}
	if len(problems) == 0 {
		if _, err := mail.NewClient(m.host, m.options...); err != nil {
			note("host, port or timeout cannot be used")
		}
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("mailer: %w", errors.Join(problems...))
	}
	return m, nil
}

// Format prints [redacted] for every verb: the mailer holds a password.
func (*Mailer) Format(s fmt.State, _ rune) { io.WriteString(s, "notify.Mailer [redacted]") }

// Send hands one message to the mail server.
func (m *Mailer) Send(ctx context.Context, d Delivery) error {
	msg, err := m.compose(d)
	if err != nil {
		return &Error{Channel: d.Channel, Reason: "the address or subject cannot be used", Permanent: true}
	}
	client, err := mail.NewClient(m.host, m.options...)
	if err != nil {
		return &Error{Channel: d.Channel, Reason: "settings cannot be used"}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() {
		return nil // once the server has said yes, a lost goodbye must not send the message again
	}
	var refused *mail.SendError
	if !errors.As(err, &refused) {
		// Before any part of the message left. A login refused is temporary too: an operator mends it, and the message waits.
		why := reason(ctx, err)
		if why == connectionLost {
			why = "no session with the server: connection, TLS or login refused"
		}
		return &Error{Channel: d.Channel, Reason: why}
	}
	e := &Error{Channel: d.Channel, Reason: "not taken now", Status: refused.ErrorCode()}
	switch {
	case e.Status >= 500:
		// RFC 5321 §4.2.1: the same request will be refused again.
		e.Reason, e.Permanent = "refused", true
	case e.Status == 0:
		e.Reason = reason(ctx, err)
		e.Unknown = refused.Reason == mail.ErrSMTPDataClose // all of it had been sent when the answer failed to come
	}
	return e
}

func (m *Mailer) compose(d Delivery) (*mail.Msg, error) {
	if strings.ContainsAny(d.Subject+d.To+d.ID, "\r\n") {
		return nil, errors.New("a line end in a header")
	}
	msg := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8), mail.WithNoDefaultUserAgent())
	if err := errors.Join(msg.From(m.from), msg.To(d.To)); err != nil {
		return nil, err
	}
	msg.Subject(d.Subject)
	msg.SetDateWithValue(m.now())
	msg.SetMessageIDWithValue(d.ID + "@" + m.domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 §5: no out-of-office answers
	msg.SetBodyString(mail.TypeTextPlain, d.Text)
	return msg, nil
}

func orPort(port, fallback int) int {
	if port == 0 {
		return fallback
	}
	return port
}
