package notify_test

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"mime"
	"net"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"chave/internal/core/message"
	"chave/internal/outside/notify"
)

var letter = notify.Delivery{Channel: message.EmailRoute, To: "marta@example.org", Subject: "O código para Água & Luz", Text: "O código é\n\n    482913\n\nChave", ID: "m8"}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// postOffice is a mail server that records what it takes.
type postOffice struct {
	mu       sync.Mutex
	mails    []string
	rcpt     func(string) error
	cutAfter bool // end the connection once a message is taken, without a word
	password string
	host     string
	port     int
	ca       []byte
}

func (p *postOffice) taken() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mails
}

func (p *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{p: p, conn: c, loggedIn: p.password == ""}, nil
}

type session struct {
	p        *postOffice
	conn     *smtp.Conn
	loggedIn bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.loggedIn = user == "chave" && password == s.p.password; !s.loggedIn {
			return errors.New("482913 wrong")
		}
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	if !s.loggedIn {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.p.rcpt != nil {
		return s.p.rcpt(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.p.mu.Lock()
	s.p.mails = append(s.p.mails, string(b))
	cut := s.p.cutAfter
	s.p.mu.Unlock()
	if cut {
		s.conn.Conn().Close()
	}
	return nil
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

// open starts the server; with TLS it has a certificate for example.com and 127.0.0.1 that nobody but ca trusts.
func (p *postOffice) open(t *testing.T, encrypted, implicit bool) {
	t.Helper()
	server := smtp.NewServer(p)
	server.Domain, server.AllowInsecureAuth = "localhost", true
	server.ErrorLog = discard{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if encrypted {
		lender := httptest.NewTLSServer(nil)
		lender.Close()
		server.TLSConfig = &tls.Config{Certificates: lender.TLS.Certificates}
		p.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: lender.Certificate().Raw})
		if implicit {
			listener = tls.NewListener(listener, server.TLSConfig)
		}
	}
	address := listener.Addr().(*net.TCPAddr)
	p.host, p.port = "127.0.0.1", address.Port
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func (p *postOffice) config(t *testing.T, policy notify.TLSPolicy) notify.MailerConfig {
	c := notify.MailerConfig{Host: p.host, Port: p.port, TLS: policy, From: "Chave <key@example.org>", Now: func() time.Time { return noon }, Timeout: 5 * time.Second}
	if p.ca != nil {
		c.CAFile = secretFile(t, string(p.ca))
	}
	if p.password != "" {
		c.Username, c.PasswordFile = "chave", secretFile(t, p.password+"\n")
	}
	return c
}

func newMailer(t *testing.T, c notify.MailerConfig) *notify.Mailer {
	t.Helper()
	m, err := notify.NewMailer(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMailer_writes_a_plain_message(t *testing.T) {
	for _, c := range []struct {
		name                string
		encrypted, implicit bool
		policy              notify.TLSPolicy
		password            string
	}{
		{"loopback without TLS", false, false, notify.NoTLS, ""},
		{"STARTTLS with login", true, false, notify.STARTTLS, "hunter2"},
		{"implicit TLS with login", true, true, notify.Implicit, "hunter2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &postOffice{password: c.password}
			p.open(t, c.encrypted, c.implicit)
			if err := newMailer(t, p.config(t, c.policy)).Send(t.Context(), letter); err != nil {
				t.Fatal(err)
			}
			got, err := netmail.ReadMessage(strings.NewReader(p.taken()[0]))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
			if err != nil || subject != letter.Subject {
				t.Errorf("subject %q, %v", subject, err)
			}
			for name, want := range map[string]string{"Message-ID": "<m8@example.org>", "Auto-Submitted": "auto-generated",
				"To": "<marta@example.org>", "From": `"Chave" <key@example.org>`, "Date": "Mon, 23 Nov 2026 12:00:00 +0000"} {
				if got.Header.Get(name) != want {
					t.Errorf("%s is %q, want %q", name, got.Header.Get(name), want)
				}
			}
			body, _ := io.ReadAll(got.Body)
			if !bytes.Contains(body, []byte("482913")) || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") {
				t.Errorf("%s: %s", got.Header.Get("Content-Type"), body)
			}
		})
	}
}

func TestMailer_never_falls_back_to_an_open_line(t *testing.T) {
	for name, set := range map[string]func(*postOffice, *notify.MailerConfig){
		"server offers no TLS":            func(*postOffice, *notify.MailerConfig) {},
		"certificate of nobody we trust":  func(p *postOffice, c *notify.MailerConfig) { c.CAFile = "" },
		"certificate of another name":     func(p *postOffice, c *notify.MailerConfig) { c.Host = "localhost" },
		"the wrong password ends nothing": func(p *postOffice, c *notify.MailerConfig) { p.password = "changed" },
	} {
		t.Run(name, func(t *testing.T) {
			p := &postOffice{}
			if strings.Contains(name, "password") {
				p.password = "hunter2"
			}
			p.open(t, !strings.Contains(name, "no TLS"), false)
			c := p.config(t, notify.STARTTLS)
			set(p, &c)
			err := newMailer(t, c).Send(t.Context(), letter)
			var e *notify.Error
			if !errors.As(err, &e) || e.Permanent || e.Unknown {
				t.Errorf("got %v", err)
			}
			if len(p.taken()) != 0 {
				t.Error("the message went out")
			}
			noContent(t, err)
		})
	}
}

func TestMailer_tells_what_is_worth_trying_again(t *testing.T) {
	for _, c := range []struct {
		name      string
		answer    *smtp.SMTPError
		permanent bool
	}{
		{"no such mailbox", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "marta@example.org 482913"}, true},
		{"greylisted", &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "marta@example.org later"}, false},
		{"mailbox full", &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "full"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &postOffice{rcpt: func(string) error { return c.answer }}
			p.open(t, false, false)
			err := newMailer(t, p.config(t, notify.NoTLS)).Send(t.Context(), letter)
			var e *notify.Error
			if !errors.As(err, &e) || e.Permanent != c.permanent || e.Status != c.answer.Code || errors.Is(err, message.ErrPermanent) != c.permanent {
				t.Errorf("got %v", err)
			}
			noContent(t, err)
		})
	}
	for name, d := range map[string]notify.Delivery{
		"not an address":            {Channel: message.EmailRoute, To: "marta", Subject: "x", ID: "m"},
		"a line end in the subject": {Channel: message.EmailRoute, To: letter.To, Subject: "x\r\nBcc: eve@example.org", ID: "m"},
		"a line end in the address": {Channel: message.EmailRoute, To: "marta@example.org\r\nRCPT TO:<eve@example.org>", Subject: "x", ID: "m"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &postOffice{}
			p.open(t, false, false)
			err := newMailer(t, p.config(t, notify.NoTLS)).Send(t.Context(), d)
			if !errors.Is(err, message.ErrPermanent) || len(p.taken()) != 0 {
				t.Errorf("got %v, %d mails", err, len(p.taken()))
			}
			noContent(t, err)
		})
	}
}

func TestMailer_twins(t *testing.T) {
	for _, twin := range []struct {
		name    string
		down    bool
		unknown bool
		copies  int
	}{
		{"reply lost after delivery", false, true, 2},
		{"never reached the server", true, false, 1},
	} {
		t.Run(twin.name, func(t *testing.T) {
			p := &postOffice{cutAfter: true}
			p.open(t, false, false)
			c := p.config(t, notify.NoTLS)
			first := c
			if twin.down {
				first.Port = 1 // nobody listens there
			}
			err := newMailer(t, first).Send(t.Context(), letter)
			var e *notify.Error
			if !errors.As(err, &e) || e.Permanent || e.Unknown != twin.unknown {
				t.Fatalf("got %v", err)
			}
			noContent(t, err)
			p.mu.Lock()
			p.cutAfter = false
			p.mu.Unlock()
			if err := newMailer(t, c).Send(t.Context(), letter); err != nil {
				t.Fatal(err)
			}
			if len(p.taken()) != twin.copies {
				t.Errorf("%d copies", len(p.taken()))
			}
			for _, mail := range p.taken() {
				if !strings.Contains(mail, "<m8@example.org>") {
					t.Error("a copy without the Message-ID that lets it be dropped")
				}
			}
		})
	}
}

func TestNewMailer_refuses(t *testing.T) {
	good := notify.MailerConfig{Host: "mail.example.org", From: "key@example.org", Now: time.Now}
	if _, err := notify.NewMailer(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*notify.MailerConfig){
		"no host":                     func(c *notify.MailerConfig) { c.Host = "" },
		"no clock":                    func(c *notify.MailerConfig) { c.Now = nil },
		"no sender":                   func(c *notify.MailerConfig) { c.From = "" },
		"an open line across a net":   func(c *notify.MailerConfig) { c.TLS = notify.NoTLS },
		"a password on an open line":  func(c *notify.MailerConfig) { c.Host, c.TLS, c.Username = "127.0.0.1", notify.NoTLS, "chave" },
		"an unknown policy":           func(c *notify.MailerConfig) { c.TLS = "opportunistic" },
		"a login without password":    func(c *notify.MailerConfig) { c.Username = "chave" },
		"an authority file not there": func(c *notify.MailerConfig) { c.CAFile = "/nowhere/ca.pem" },
		"an authority file of text":   func(c *notify.MailerConfig) { c.CAFile = secretFile(t, "no certificate") },
		"a port beyond ports":         func(c *notify.MailerConfig) { c.Port = 70000 },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			if _, err := notify.NewMailer(c); err == nil {
				t.Error("accepted")
			}
		})
	}
}
