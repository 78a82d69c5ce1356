package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/outside/notify"
	"chave/internal/text"
)

// senderOf opens the ways out for messages. What is not configured cannot be sent; Check has made sure that there is one.
func senderOf(texts *text.Catalogue, c Config) (notify.Sender, error) {
	sender := notify.Sender{Texts: texts}
	var problems []error
	if s := c.Settings.SMS; s.URL != "" {
		gateway, err := notify.NewGateway(notify.GatewayConfig{
			Method: s.Method, URL: s.URL, Headers: s.Headers, ContentType: s.ContentType, Body: s.Body, SecretFiles: s.SecretFiles, Timeout: s.Timeout,
		})
		if err != nil {
			problems = append(problems, fmt.Errorf("sms: %w", err))
		} else {
			sender.SMS = gateway
		}
	}
	if e := c.Settings.Email; e.Host != "" {
		mailer, err := notify.NewMailer(notify.MailerConfig{
			Host: e.Host, Port: e.Port, TLS: notify.TLSPolicy(e.TLS), CAFile: e.CAFile, Username: e.User, PasswordFile: e.PasswordFile,
			From: e.From, Timeout: e.Timeout, Now: c.Now,
		})
		if err != nil {
			problems = append(problems, fmt.Errorf("email: %w", err))
		} else {
			sender.Email = mailer
		}
	}
	return sender, errors.Join(problems...)
}

// noRegistry answers for an installation without one: nobody can be registered on its word.
type noRegistry struct{}

func (noRegistry) Lookup(context.Context, enrol.Query) (enrol.Answer, error) {
	return enrol.Answer{}, fault.New(fault.RegistryUnavailable)
}

func secretFile(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	return strings.TrimSpace(string(data)), err
}
