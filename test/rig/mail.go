package rig

import (
	"context"
	"io"
	"net"
	"net/mail"
	"strings"

	"chave/test/drive"

	"github.com/emersion/go-smtp"
)

// serveMail takes e-mail on loopback and puts it in the sink, undecoded: codes and names of tests are looked for in it, nobody reads it.
func serveMail(ctx context.Context, sink *drive.Sink) (port int, stop func(), err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &letter{sink: sink}, nil }))
	server.Domain = "localhost"
	go func() { _ = server.Serve(l) }()
	return l.Addr().(*net.TCPAddr).Port, func() { _ = server.Close() }, nil
}

type letter struct {
	sink *drive.Sink
	to   []string
}

func (l *letter) Mail(string, *smtp.MailOptions) error { l.to = nil; return nil }

func (l *letter) Rcpt(to string, _ *smtp.RcptOptions) error {
	l.to = append(l.to, to)
	return nil
}

func (l *letter) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(m.Body)
	if err != nil {
		return err
	}
	id := strings.Trim(m.Header.Get("Message-Id"), "<> ")
	for _, to := range l.to {
		l.sink.Put(drive.Message{ID: id + to, To: to, Text: string(body)})
	}
	return nil
}

func (l *letter) Reset()        { l.to = nil }
func (l *letter) Logout() error { return nil }
