package phone

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// mailLimit bounds one e-mail, in bytes.
const mailLimit = 256 << 10

// ServeSMTP takes e-mail on a loopback listener until Close. It needs no login and offers no TLS:
// nothing but the demonstration itself sends to it.
func (s *Server) ServeSMTP(l net.Listener) error {
	if err := s.smtp.Serve(l); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("mail server: %w", err)
	}
	return nil
}

func newMailServer(inbox *Inbox) *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{inbox: inbox}, nil }))
	server.Domain = "localhost"
	server.MaxMessageBytes = mailLimit
	server.MaxRecipients = 10
	server.ReadTimeout = 30 * time.Second
	server.WriteTimeout = 30 * time.Second
	return server
}

// mailSession is one connection of Chave's mail client.
type mailSession struct {
	inbox *Inbox
	to    []string
}

// Mail begins a message; any sender will do.
func (m *mailSession) Mail(string, *smtp.MailOptions) error { m.to = nil; return nil }

// Rcpt notes a recipient.
func (m *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !strings.Contains(to, "@") || len(to) > 254 {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 3}, Message: "not an address"}
	}
	m.to = append(m.to, to)
	return nil
}

// Data stores the message for each recipient. It is in the inbox before the client hears "250".
func (m *mailSession) Data(r io.Reader) error {
	id, text, err := parseMail(r)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "the message cannot be read"}
	}
	for _, to := range m.to {
		m.inbox.Put(id, to, Email, text)
	}
	return nil
}

// Reset forgets a message half begun.
func (m *mailSession) Reset() { m.to = nil }

// Logout ends the connection.
func (m *mailSession) Logout() error { return nil }

// parseMail reads an e-mail as a person sees it: subject, blank line, the plain text. id is its
// Message-ID, which stays the same when a message is sent again.
func parseMail(r io.Reader) (id, text string, err error) {
	data, err := io.ReadAll(io.LimitReader(r, mailLimit+1))
	if err != nil {
		return "", "", fmt.Errorf("read e-mail: %w", err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return "", "", fmt.Errorf("parse e-mail: %w", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		subject = m.Header.Get("Subject")
	}
	body, err := plainText(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body, 3)
	if err != nil {
		return "", "", err
	}
	id = strings.Trim(m.Header.Get("Message-Id"), "<> ")
	if id == "" {
		return "", "", errors.New("the e-mail has no Message-ID")
	}
	body = strings.TrimSpace(strings.ReplaceAll(body, "\r\n", "\n"))
	return id, strings.ToValidUTF8(strings.TrimSpace(subject+"\n\n"+body), "\ufffd"), nil
}

// plainText finds the first text/plain part, at most depth levels down, and undoes its encoding.
func plainText(contentType, encoding string, body io.Reader, depth int) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind = "text/plain" // RFC 2045 §5.2: what is not said is plain text
	}
	if strings.HasPrefix(kind, "multipart/") && depth > 0 {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			// The raw part: NextPart would undo quoted-printable and hide that it did.
			part, err := parts.NextRawPart()
			if err != nil {
				return "", fmt.Errorf("no text part: %w", err)
			}
			if text, err := plainText(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part, depth-1); err == nil {
				return text, nil
			}
		}
	}
	if kind != "text/plain" {
		return "", fmt.Errorf("%s is not plain text", kind)
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(io.LimitReader(body, mailLimit))
	if err != nil {
		return "", fmt.Errorf("decode text: %w", err)
	}
	return string(text), nil
}
