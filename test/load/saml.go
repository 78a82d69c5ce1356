package main

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chave/internal/core/service"
	"chave/internal/format/xmldsig"
	"chave/test/drive"
	"chave/test/population"
)

type samlCommand struct {
	setup
	pace
	Rate   float64 `default:"100" help:"Sign-ins begun each second, whether or not earlier ones have ended; 0 lets --workers go as fast as they can."`
	Wire   string  `enum:"fa,saml" default:"fa" help:"fa is Portugal's profile, saml the standard's."`
	Beside bool    `default:"true" negatable:"" help:"Measure OpenID Connect at the same rate beside it."`
}

// samlSteps: "authorize" is the post of the request up to the first page, "answer" the page that posts the signed response.
func samlSteps() []string {
	return []string{"authorize", "identifier", "pin", "sms", "code", "consent", "answer", "whole sign-in"}
}

// samlSample is how many answers come to one whose signature is checked too: the driver's processor time is the server's.
const samlSample = 100

func (c *samlCommand) Run(ctx context.Context) error {
	now := time.Now()
	key, certificate, err := drive.NewSAMLKey("load.example", now)
	if err != nil {
		return err
	}
	client := &drive.SAML{Issuer: "https://load.example/saml", ACS: "http://127.0.0.1:9/acs", Level: 3, Key: key}
	name := "SAML"
	if c.Wire == "fa" {
		client.Attributes, name = compatNames(), "Portugal's SAML"
	}
	registration := compatService("load-saml")
	registration.SAML = &service.SAML{Wire: service.Wire(c.Wire), Issuer: client.Issuer, ACS: []string{client.ACS}, Certificates: []string{certificate}}
	b, err := c.open(ctx, registration)
	if err != nil {
		return err
	}
	defer b.close()
	path := "/fa/Default.aspx"
	if c.Wire != "fa" {
		path = "/saml/sso"
	}
	client.Destination = b.Settings.Issuer + path
	m := &samlMeasure{bench: b, client: client}
	if m.keys, err = m.published(ctx, c.Wire); err != nil {
		return err
	}
	b.describe()
	c.describe(c.Rate)
	fmt.Printf("%-18s posted to %s, RSA-2048 with SHA-256, each with its own id, made by the driver just before each run; answers signed with %s\n", "requests", path, kindOf(m.keys[0]))
	fmt.Printf("%-18s every answer is read (address, request, status, name); the signature of one in %d is verified\n", "answers", samlSample)
	err = c.compare(ctx, b, c.Rate, c.Beside, wire{name, samlSteps(), m.signIn, m.sign})
	fmt.Printf("%-18s %d signatures verified\n", "answers", m.verified.Load())
	return err
}

// samlMeasure is the service under measurement.
type samlMeasure struct {
	*bench
	client         *drive.SAML
	keys           []crypto.PublicKey // the server signs with one of them
	seen, verified atomic.Int64

	mu    sync.Mutex
	ready []drive.SAMLRequest
}

// sign makes requests ahead, on both cores, so that the driver does not sign while the server is measured. They are good for five minutes.
func (m *samlMeasure) sign(n int) error {
	fresh := make([]drive.SAMLRequest, n+n/20)
	var work sync.WaitGroup
	var failed atomic.Pointer[error]
	for half := range 2 {
		work.Go(func() {
			for i := half; i < len(fresh); i += 2 {
				var err error
				if fresh[i], err = m.client.Ask(time.Now()); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	work.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ready = fresh
	return nil
}

func (m *samlMeasure) ask() (drive.SAMLRequest, error) {
	m.mu.Lock()
	if last := len(m.ready) - 1; last >= 0 {
		defer m.mu.Unlock()
		one := m.ready[last]
		m.ready = m.ready[:last]
		return one, nil
	}
	m.mu.Unlock()
	return m.client.Ask(time.Now())
}

func (m *samlMeasure) signIn(ctx context.Context, n int, s *samples) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	who := population.Of(n, m.options)
	ask, err := m.ask()
	if err != nil {
		return err
	}
	w := m.walk(who, s, func(u *url.URL) bool {
		return strings.HasPrefix(u.Path, "/fa/resume/") || strings.HasPrefix(u.Path, "/saml/resume/")
	})
	began := time.Now()
	page, err := m.client.Begin(ctx, w.Browser, ask)
	if err != nil {
		return err
	}
	s.took("authorize", time.Since(began))
	last, err := w.On(ctx, page, "authorize")
	if err != nil {
		return err
	}
	asked := time.Now()
	if page, err = w.Browser.Get(ctx, last); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	s.took("answer", time.Since(asked))
	doc, err := m.client.Answer(page, ask)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	s.took("whole sign-in", time.Since(began))
	if !names(doc, who) {
		return errors.New("the answer names somebody else")
	}
	if m.seen.Add(1)%samlSample == 0 {
		return m.verify(doc)
	}
	return nil
}

// names tells whether the full name stands in an answer. Portugal's profile writes names in capitals.
func names(doc []byte, who population.Resident) bool {
	full := html.EscapeString(who.FullName())
	return bytes.Contains(doc, []byte(full)) || bytes.Contains(doc, []byte(strings.ToUpper(full)))
}

// verify checks one signature. The standard's profile has two, of which our own strict reader, made for what has one, takes the assertion's.
func (m *samlMeasure) verify(doc []byte) error {
	if at, end := bytes.Index(doc, []byte("<saml:Assertion ")), bytes.Index(doc, []byte("</saml:Assertion>")); at >= 0 && end > at {
		doc = doc[at : end+len("</saml:Assertion>")]
	}
	root, err := xmldsig.Parse(doc, xmldsig.DefaultLimits())
	if err != nil {
		return err
	}
	if _, err := xmldsig.Verify(root, m.keys, xmldsig.Policy{}); err != nil {
		return err
	}
	m.verified.Add(1)
	return nil
}

// published reads the keys that the server signs with from its metadata.
func (m *samlMeasure) published(ctx context.Context, wire string) ([]crypto.PublicKey, error) {
	u, err := url.Parse(m.Settings.Issuer + "/" + wire + "/metadata")
	if err != nil {
		return nil, err
	}
	page, err := (&drive.Browser{Lines: m.Service.Lines}).Get(ctx, u)
	if err != nil || page.Status != 200 {
		return nil, fmt.Errorf("metadata: %d, %w", page.Status, err)
	}
	var keys []crypto.PublicKey
	for d := xml.NewDecoder(bytes.NewReader(page.Body)); ; {
		t, err := d.Token()
		if err != nil {
			break
		}
		start, ok := t.(xml.StartElement)
		if !ok || start.Name.Local != "X509Certificate" {
			continue
		}
		var text string
		if err := d.DecodeElement(&text, &start); err != nil {
			return nil, err
		}
		key, err := keyIn(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("metadata names no certificate")
	}
	return keys, nil
}

func keyIn(text string) (crypto.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, err
	}
	return publicKey(der)
}
