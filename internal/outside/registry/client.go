package registry

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"chave/internal/core/enrol"
	"chave/internal/core/fault"
)

const (
	answerLimit    = 64 << 10 // bytes; an answer has about one thousand
	defaultTimeout = 5 * time.Second
)

// Config says where the registry is.
type Config struct {
	// URL is the registry's base address, without /lookup: https, or http to a loopback address.
	URL string

	// SecretFile holds the secret that both sides know; white space around it is dropped.
	SecretFile string

	// CAFile holds, as PEM, the authorities to trust instead of the system's. Optional.
	CAFile string

	// Timeout ends a lookup; 5 seconds when zero. A person is standing at the desk meanwhile.
	Timeout time.Duration

	// Now is the clock that answers are held against.
	Now func() time.Time
}

// Client asks one registry. It is safe for concurrent use.
type Client struct {
	url     string
	secret  string
	timeout time.Duration
	now     func() time.Time
	http    *http.Client
}

// The compiler checks what core asks for.
var _ enrol.Registry = (*Client)(nil)

// New checks a configuration and reads its files, and reports every problem at once. It asks the registry nothing.
func New(c Config) (*Client, error) {
	client := &Client{timeout: c.Timeout, now: c.Now}
	var problems []error
	base, err := url.Parse(c.URL)
	switch {
	case err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		problems = append(problems, errors.New("url is not a plain base address"))
	case base.Scheme != "https" && (base.Scheme != "http" || !loopback(base.Hostname())):
		problems = append(problems, errors.New("url must be https, or http to a loopback address: it carries personal data"))
	default:
		client.url = base.JoinPath("lookup").String()
	}
	if secret, err := os.ReadFile(c.SecretFile); err != nil {
		problems = append(problems, fmt.Errorf("secret file: %w", err))
	} else if client.secret = strings.TrimSpace(string(secret)); client.secret == "" || strings.ContainsAny(client.secret, "\r\n") {
		problems = append(problems, fmt.Errorf("secret file %s does not hold one line", c.SecretFile))
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		settings.RootCAs = x509.NewCertPool()
		if pem, err := os.ReadFile(c.CAFile); err != nil {
			problems = append(problems, fmt.Errorf("CA file: %w", err))
		} else if !settings.RootCAs.AppendCertsFromPEM(pem) {
			problems = append(problems, fmt.Errorf("CA file %s holds no certificate", c.CAFile))
		}
	}
	if c.Timeout < 0 {
		problems = append(problems, errors.New("timeout is negative"))
	}
	if c.Now == nil {
		problems = append(problems, errors.New("Now is missing"))
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("registry: %w", errors.Join(problems...))
	}
	if client.timeout == 0 {
		client.timeout = defaultTimeout
	}
	client.http = &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: settings, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10},
		// A redirect would carry the question elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client, nil
}

// Format prints [redacted] for every verb: the client holds a secret.
func (*Client) Format(s fmt.State, _ rune) { io.WriteString(s, "registry.Client [redacted]") }

// Lookup asks about one document. Every error is fault.RegistryUnavailable; its cause says in our own words what went wrong.
func (c *Client) Lookup(ctx context.Context, q enrol.Query) (enrol.Answer, error) {
	answer, err := c.ask(ctx, q)
	if err != nil {
		return enrol.Answer{}, fault.New(fault.RegistryUnavailable).Because(err)
	}
	return answer, nil
}

func (c *Client) ask(ctx context.Context, q enrol.Query) (enrol.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	question, err := json.Marshal(query{string(q.Type), string(q.Country), q.Number, q.BirthDate.String()})
	if err != nil {
		return enrol.Answer{}, errors.New("the question cannot be written")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(question))
	if err != nil {
		return enrol.Answer{}, errors.New("the address cannot be used")
	}
	r.Header.Set("Authorization", "Bearer "+c.secret)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "chave")
	response, err := c.http.Do(r)
	if err != nil {
		return enrol.Answer{}, reason(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return enrol.Answer{}, fmt.Errorf("the registry answered with status %d", response.StatusCode)
	}
	if kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return enrol.Answer{}, errors.New("the registry answered with something that is not JSON")
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, answerLimit+1))
	if err != nil {
		return enrol.Answer{}, reason(ctx, err)
	}
	if len(body) > answerLimit {
		return enrol.Answer{}, errors.New("the answer is too long")
	}
	return read(body, q, c.now())
}

// reason puts a network failure into words of ours.
func reason(ctx context.Context, err error) error {
	var network net.Error
	var dial *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case ctx.Err() != nil, errors.As(err, &network) && network.Timeout():
		return errors.New("the registry did not answer in time")
	case errors.As(err, &dial) && dial.Op == "dial":
		return errors.New("cannot connect to the registry")
	}
	return errors.New("the connection to the registry was lost")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
