// Package country starts `chave demo` as a process of its own and talks to its tester's door, the way docs/testing-your-service.md lets any integrator
// do. Journeys and interoperability tests share it.
//
// It owns the process and nothing inside it: it never imports the product.
package country

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Country is a running demonstration.
type Country struct {
	Portal   string    `json:"portal"`
	Issuer   string    `json:"issuer"`
	Tester   string    `json:"tester"`
	Services []Address `json:"services"`

	// CA is the demonstration's own authority in PEM; empty without --tls.
	CA string `json:"-"`
	// Client trusts CA and stays on this machine.
	Client *http.Client `json:"-"`

	cmd  *exec.Cmd
	said bytes.Buffer
	gone chan struct{}
}

// Address is where a service answers.
type Address struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Person is somebody who lives there, as the door describes them.
type Person struct {
	ID, Name, Describes string
	Phone, Email, PIN   *string
	SignPIN             *string `json:"sign_pin"`
	Documents           []struct{ Type, Country, Number string }
}

// Client is a service's registration, secret included.
type Client struct {
	Name         string   `json:"name"`
	ID           string   `json:"client_id"`
	Secret       string   `json:"client_secret"`
	RedirectURIs []string `json:"redirect_uris"`
	URL          string   `json:"url"`
}

// Message is one that somebody received.
type Message struct {
	ID, To, Channel, Text, Code string
	At                          time.Time
}

// Build compiles the command into dir and returns the program's path.
func Build(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "chave")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "chave/cmd/chave")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build chave: %w\n%s", err, out)
	}
	return program, nil
}

// Start runs the program as `demo` on free ports and waits until everything answers. dir is for the ready file.
func Start(ctx context.Context, program, dir string, flags ...string) (*Country, error) {
	c := &Country{gone: make(chan struct{})}
	ready := filepath.Join(dir, "ready.json")
	_ = os.Remove(ready) // of an earlier start in the same folder
	args := append([]string{"demo", "--port", "0", "--tester-port", "0", "--services-port", "0", "--ready-file", ready}, flags...)
	c.cmd = exec.Command(program, args...)
	c.cmd.Stdout, c.cmd.Stderr = &c.said, &c.said
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = c.cmd.Wait(); close(c.gone) }()
	if err := c.await(ctx, ready); err != nil {
		c.Stop()
		return nil, err
	}
	if err := c.trust(ctx); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Country) await(ctx context.Context, ready string) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		text, err := os.ReadFile(ready)
		if err == nil {
			return json.Unmarshal(text, c)
		}
		select {
		case <-tick.C:
		case <-c.gone:
			return fmt.Errorf("the demonstration ended at its start: %s", c.said.String())
		case <-ctx.Done():
			return errors.New("the demonstration is not ready after a minute")
		}
	}
}

// trust learns the authority from the door, over a connection that nobody could check yet: this is loopback.
func (c *Country) trust(ctx context.Context) error {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer transport.CloseIdleConnections()
	c.Client = &http.Client{Transport: transport, Timeout: 30 * time.Second}
	var certs struct {
		CA *string `json:"tls_ca"`
	}
	if err := c.call(ctx, http.MethodGet, "/certs", nil, &certs); err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if certs.CA != nil {
		c.CA = *certs.CA
		if !pool.AppendCertsFromPEM([]byte(c.CA)) {
			return errors.New("/certs: tls_ca is not PEM")
		}
	}
	c.Client = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	return nil
}

// Stop ends it, as Ctrl-C would, and waits.
func (c *Country) Stop() {
	_ = c.cmd.Process.Signal(os.Interrupt)
	select {
	case <-c.gone:
	case <-time.After(10 * time.Second):
		_ = c.cmd.Process.Kill()
		<-c.gone
	}
}

// Said is what the process has printed; read it once Stop has returned.
func (c *Country) Said() string { return c.said.String() }

// People lists who lives there.
func (c *Country) People(ctx context.Context) (all []Person, err error) {
	return all, c.call(ctx, http.MethodGet, "/people", nil, &all)
}

// Person finds one by id.
func (c *Country) Person(ctx context.Context, id string) (Person, error) {
	all, err := c.People(ctx)
	for _, p := range all {
		if p.ID == id {
			return p, err
		}
	}
	return Person{}, errors.Join(err, fmt.Errorf("nobody is called %q", id))
}

// Clients lists the services' registrations.
func (c *Country) Clients(ctx context.Context) (all []Client, err error) {
	return all, c.call(ctx, http.MethodGet, "/services", nil, &all)
}

// Inbox is what somebody received, newest first.
func (c *Country) Inbox(ctx context.Context, to string) (all []Message, err error) {
	return all, c.call(ctx, http.MethodGet, "/inbox?to="+url.QueryEscape(to), nil, &all)
}

// Code is that of the newest message that has one.
func (c *Country) Code(ctx context.Context, to string) (string, error) {
	all, err := c.Inbox(ctx, to)
	for _, m := range all {
		if m.Code != "" {
			return m.Code, nil
		}
	}
	return "", errors.Join(err, fmt.Errorf("no code for %s among %d messages", to, len(all)))
}

// Advance moves the clock of Chave and of the five services.
func (c *Country) Advance(ctx context.Context, by time.Duration) error {
	return c.call(ctx, http.MethodPost, "/clock", map[string]string{"advance": by.String()}, nil)
}

// Reset starts over, with nobody signed in and nothing on the phones.
func (c *Country) Reset(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/reset", struct{}{}, nil)
}

func (c *Country) call(ctx context.Context, method, path string, body, into any) error {
	var payload io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.Tester+path, payload)
	if err != nil {
		return err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.Client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s answered %d: %s", method, path, answer.StatusCode, text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}
