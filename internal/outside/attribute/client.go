package attribute

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
	"slices"
	"strings"
	"syscall"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
)

const (
	answerLimit   = 256 << 10 // bytes
	defaultAtOnce = 16
	longest       = time.Minute // a question never takes longer, also when whoever asks sets no limit
)

// Config says where one source is and what it may be told of people.
type Config struct {
	// URL is the source's base address, without /attributes: https, or http to a loopback address.
	URL string

	// SecretFile holds the secret that both sides know; white space around it is dropped.
	SecretFile string

	// CAFile holds, as PEM, the authorities to trust instead of the system's. Optional.
	CAFile string

	// Sends lists what the source knows people by: nic, nif, niss, nsns, and birth_date beside at least one of those. Nothing else about a person leaves.
	Sends []string

	// AtOnce is how many questions may be under way; further ones count as late at once, so that a silent source holds up no more than these. 16 when zero.
	AtOnce int
}

// Client asks one source. It is safe for concurrent use.
type Client struct {
	url    string
	secret string
	sends  []string
	slots  chan struct{}
	http   *http.Client
}

// The compiler checks what core asks for.
var _ consent.Provider = (*Client)(nil)

// New checks a configuration and reads its files, and reports every problem at once. It asks the source nothing.
func New(c Config) (*Client, error) {
	client := &Client{sends: c.Sends}
	var problems []error
	base, err := url.Parse(c.URL)
	switch {
	case err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "":
		problems = append(problems, errors.New("url is not a plain base address"))
	case base.Scheme != "https" && (base.Scheme != "http" || !loopback(base.Hostname())):
		problems = append(problems, errors.New("url must be https, or http to a loopback address: it carries personal data"))
	default:
		client.url = base.JoinPath("attributes").String()
	}
	if secret, err := os.ReadFile(c.SecretFile); err != nil {
		problems = append(problems, fmt.Errorf("secret file: %w", err))
	} else if client.secret = strings.TrimSpace(string(secret)); client.secret == "" || strings.ContainsAny(client.secret, "\r\n") {
		problems = append(problems, fmt.Errorf("secret file %s does not hold one line", c.SecretFile))
	}
	problems = append(problems, checkSends(c.Sends)...)
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		settings.RootCAs = x509.NewCertPool()
		if pem, err := os.ReadFile(c.CAFile); err != nil {
			problems = append(problems, fmt.Errorf("CA file: %w", err))
		} else if !settings.RootCAs.AppendCertsFromPEM(pem) {
			problems = append(problems, fmt.Errorf("CA file %s holds no certificate", c.CAFile))
		}
	}
	switch {
	case c.AtOnce < 0:
		problems = append(problems, errors.New("at_once is negative"))
	case c.AtOnce == 0:
		c.AtOnce = defaultAtOnce
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("attribute source: %w", errors.Join(problems...))
	}
	client.slots = make(chan struct{}, c.AtOnce)
	client.http = &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: settings, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10},
		// A redirect would carry the question elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return client, nil
}

const sendsBirthDate = "birth_date"

func checkSends(sends []string) (problems []error) {
	numbers := 0
	for _, what := range sends {
		switch what {
		case "nic", "nif", "niss", "nsns":
			numbers++
		case sendsBirthDate:
		default:
			problems = append(problems, fmt.Errorf("sends: %q is none of nic, nif, niss, nsns, birth_date", what))
		}
	}
	if numbers == 0 {
		problems = append(problems, errors.New("sends: name at least one number that the source knows people by"))
	}
	return problems
}

// Format prints [redacted] for every verb: the client holds a secret.
func (*Client) Format(s fmt.State, _ rune) { io.WriteString(s, "attribute.Client [redacted]") }

// errBusy is a context.DeadlineExceeded to whoever asks: the question would have been late.
var errBusy = fmt.Errorf("too many questions are under way: %w", context.DeadlineExceeded)

// Fetch asks the source once. Somebody of whom Chave knows none of its numbers is not asked about.
func (c *Client) Fetch(ctx context.Context, q consent.Query) (map[consent.Name]consent.Value, error) {
	question := c.question(q)
	if len(question.Identifiers) == 0 || len(q.Names) == 0 {
		return nil, nil
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	default:
		return nil, errBusy
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	body, err := json.Marshal(question)
	if err != nil {
		return nil, errors.New("the question cannot be written")
	}
	text, err := c.post(ctx, body)
	if errors.Is(err, errRefused) {
		text, err = c.post(ctx, body)
	}
	if err != nil {
		return nil, err
	}
	return read(text, q)
}

// question is what the source is told, see doc.go.
type question struct {
	Number      string            `json:"number"`
	Service     string            `json:"service"`
	Identifiers map[string]string `json:"identifiers"`
	BirthDate   string            `json:"birth_date,omitempty"`
	Attributes  []consent.Name    `json:"attributes"`
	Params      map[string]string `json:"params"`
}

func (c *Client) question(q consent.Query) question {
	p := q.Subject.Person
	out := question{Number: q.Number, Service: q.Service, Identifiers: map[string]string{}, Attributes: q.Names, Params: q.Params}
	if out.Params == nil {
		out.Params = map[string]string{}
	}
	for kind, number := range map[citizen.IdentifierKind]string{
		citizen.ByNIC: p.NIC, citizen.ByNIF: p.NIF, citizen.ByNISS: p.NISS, citizen.ByNSNS: p.NSNS,
	} {
		if number != "" && slices.Contains(c.sends, string(kind)) {
			out.Identifiers[string(kind)] = number
		}
	}
	if slices.Contains(c.sends, sendsBirthDate) {
		out.BirthDate = p.BirthDate.String()
	}
	return out
}

func (c *Client) post(ctx context.Context, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address cannot be used")
	}
	r.Header.Set("Authorization", "Bearer "+c.secret)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "chave")
	response, err := c.http.Do(r)
	if err != nil {
		return nil, reason(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the source answered with status %d", response.StatusCode)
	}
	if kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, errors.New("the source answered with something that is not JSON")
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, answerLimit+1))
	if err != nil {
		return nil, reason(ctx, err)
	}
	if len(text) > answerLimit {
		return nil, errors.New("the answer is too long")
	}
	return text, nil
}

var errRefused = errors.New("the source refused the connection")

// reason puts a network failure into words of ours: an address in it could be somebody's.
func reason(ctx context.Context, err error) error {
	var network net.Error
	var dial *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case ctx.Err() != nil, errors.As(err, &network) && network.Timeout():
		return context.DeadlineExceeded
	case errors.Is(err, syscall.ECONNREFUSED):
		return errRefused
	case errors.As(err, &dial) && dial.Op == "dial":
		return errors.New("cannot connect to the source")
	}
	return errors.New("the connection to the source was lost")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
