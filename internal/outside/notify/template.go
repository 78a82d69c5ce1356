package notify

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"text/template"
)

// field is one templated part of a request, with the way to escape what is put in.
type field struct {
	name     string
	template *template.Template // nil for an empty field
	escape   func(string) string
}

// values are what a template knows, already escaped.
type values struct {
	To, ToDigits, Text, Subject, Channel, ID string
	Secret                                   map[string]string
}

func newField(name, text string, escape func(string) string) (field, error) {
	f := field{name: name, escape: escape}
	if text == "" {
		return f, nil
	}
	t, err := template.New(name).Option("missingkey=error").Parse(text)
	if err != nil {
		return f, fmt.Errorf("%s: %w", name, err) // quotes the settings, not a message
	}
	f.template = t
	return f, nil
}

// fill renders the field. Its error does not hold what was put in.
func (f field) fill(d Delivery, secrets map[string]string) (string, error) {
	if f.template == nil {
		return "", nil
	}
	v := values{
		To:       f.escape(d.To),
		ToDigits: f.escape(strings.TrimPrefix(d.To, "+")),
		Text:     f.escape(d.Text),
		Subject:  f.escape(d.Subject),
		Channel:  f.escape(string(d.Channel)),
		ID:       f.escape(d.ID),
		Secret:   make(map[string]string, len(secrets)),
	}
	for name, secret := range secrets {
		v.Secret[name] = f.escape(secret)
	}
	var b strings.Builder
	if err := f.template.Execute(&b, v); err != nil {
		return "", fmt.Errorf("%s: the template asks for something it cannot have", f.name)
	}
	return b.String(), nil
}

// escapes are the ways to put a value into a body of each content type.
var escapes = map[string]func(string) string{
	"application/json":                  escapeJSON,
	"application/x-www-form-urlencoded": url.QueryEscape,
	"application/xml":                   escapeXML,
	"text/plain":                        strings.Clone,
}

// escapeJSON is for use between quotes that the template writes.
func escapeJSON(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic("notify: a string cannot fail to marshal: " + err.Error())
	}
	return string(b[1 : len(b)-1])
}

func escapeXML(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer does not fail
	return b.String()
}

// wellFormed checks the example's body.
func wellFormed(contentType string, body io.Reader) error {
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	switch contentType {
	case "application/json":
		if !json.Valid(b) {
			return errors.New("body is not JSON once it is filled in; values stand between quotes")
		}
	case "application/xml":
		for d := xml.NewDecoder(bytes.NewReader(b)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return errors.New("body is not XML once it is filled in")
			}
		}
	}
	return nil
}

// readSecret reads a file that holds one secret.
func readSecret(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("secret file: %w", err)
	}
	secret := strings.TrimSpace(string(b))
	if secret == "" {
		return "", fmt.Errorf("secret file %s is empty", path)
	}
	return secret, nil
}
