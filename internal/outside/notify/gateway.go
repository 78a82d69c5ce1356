package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// GatewayConfig describes a provider's HTTP interface. URL, Headers and Body are templates (Go's text/template) that know
//
//	{{.To}}          the phone in E.164, or the e-mail address
//	{{.ToDigits}}    the phone without its plus sign
//	{{.Text}}        what to say
//	{{.Subject}}     of an e-mail
//	{{.Channel}}     "sms" or "email"
//	{{.ID}}          the same each time a message is tried: give it to the provider if it can drop repeats
//	{{.Secret.x}}    the content of the file SecretFiles names x
//
// Values are escaped for where they stand: in URL for a query, in Body for the ContentType. A JSON body therefore writes
// the quotes itself: {"to": "{{.To}}", "text": "{{.Text}}"}.
type GatewayConfig struct {
	// Method is the HTTP method; POST when empty.
	Method string

	// URL is where to send. It is https, or http to a loopback address.
	URL string

	// Headers are sent with each message, such as "Authorization": "Bearer {{.Secret.token}}".
	Headers map[string]string

	// ContentType is "application/json" (when empty), "application/x-www-form-urlencoded", "application/xml" or "text/plain".
	ContentType string

	// Body is sent with each message; empty for none.
	Body string

	// SecretFiles gives names to files with secrets; white space around their content is dropped.
	SecretFiles map[string]string

	// CAFile holds, as PEM, the authorities to trust instead of the system's. Optional.
	CAFile string

	// SuccessStatus lists the statuses that mean "taken"; all 2xx when empty.
	SuccessStatus []int

	// PermanentStatus lists the statuses that mean "never try this again", such as a number that does not exist; 400, 404, 410,
	// 413 and 422 when empty. Every other failure is temporary, a refused password too: an operator mends that.
	PermanentStatus []int

	// Timeout ends one try; 10 seconds when zero. It must be less than the outbox's lease.
	Timeout time.Duration
}

// Gateway sends messages through a provider's HTTP interface. It is safe for concurrent use.
type Gateway struct {
	method, contentType string
	url, body           field
	headers             map[string]field
	secrets             map[string]string
	success, permanent  []int
	timeout             time.Duration
	client              *http.Client
}

// NewGateway checks a configuration, reads its secrets, and tries its templates on an example, so that a slip is found at
// start and not by a person who waits for a code. It reports every problem at once.
func NewGateway(c GatewayConfig) (*Gateway, error) {
	g := &Gateway{
		method:      or(c.Method, http.MethodPost),
		contentType: or(c.ContentType, "application/json"),
		headers:     make(map[string]field),
		secrets:     make(map[string]string),
		success:     c.SuccessStatus,
		permanent:   c.PermanentStatus,
		timeout:     c.Timeout,
	}
	if g.timeout == 0 {
		g.timeout = 10 * time.Second
	}
	if len(g.permanent) == 0 {
		g.permanent = []int{400, 404, 410, 413, 422}
	}
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	settings, err := trust("", c.CAFile)
	note(err)
	g.client = &http.Client{
		Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: settings, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for name, path := range c.SecretFiles {
		secret, err := readSecret(path)
		g.secrets[name] = secret
		note(err)
	}
	g.url, err = newField("url", c.URL, url.QueryEscape)
	note(err)
	escape, known := escapes[g.contentType]
	if !known {
		note(fmt.Errorf("content type %q is not one of those we can escape for", g.contentType))
		escape = strings.Clone
	}
	g.body, err = newField("body", c.Body, escape)
	note(err)
	for name, value := range c.Headers {
		g.headers[name], err = newField("header "+name, value, strings.Clone)
		note(err)
	}
	if g.timeout < 0 {
		note(errors.New("timeout is negative"))
	}
	if len(problems) == 0 {
		note(g.tryExample())
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("gateway: %w", errors.Join(problems...))
	}
	return g, nil
}

// tryExample renders a message whose characters need every kind of escaping.
func (g *Gateway) tryExample() error {
	r, err := g.request(context.Background(), Delivery{To: "+351929900000", Subject: `"quoted" & <marked>`, Text: "line\n\"two\" \\ & <three>", ID: "example"})
	if err != nil {
		return err
	}
	if host := r.URL.Hostname(); r.URL.Scheme != "https" && (r.URL.Scheme != "http" || !loopback(host)) {
		return errors.New("url must be https, or http to a loopback address: the text holds codes")
	}
	if g.body.template == nil {
		return nil
	}
	return wellFormed(g.contentType, r.Body)
}

// Format prints [redacted] for every verb: the gateway holds secrets.
func (*Gateway) Format(s fmt.State, _ rune) { io.WriteString(s, "notify.Gateway [redacted]") }

func (g *Gateway) request(ctx context.Context, d Delivery) (*http.Request, error) {
	address, err := g.url.fill(d, g.secrets)
	if err != nil {
		return nil, err
	}
	body, err := g.body.fill(d, g.secrets)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, g.method, address, strings.NewReader(body))
	if err != nil {
		return nil, errors.New("url or method cannot be used") // the cause would quote the address
	}
	if body != "" {
		r.Header.Set("Content-Type", g.contentType)
	}
	r.Header.Set("User-Agent", "chave")
	for name, f := range g.headers {
		value, err := f.fill(d, g.secrets)
		if err != nil {
			return nil, err
		}
		if strings.ContainsAny(value, "\r\n") {
			return nil, fmt.Errorf("header %s would hold a line end", name)
		}
		r.Header.Set(name, value)
	}
	return r, nil
}

// Send hands a message to the provider.
func (g *Gateway) Send(ctx context.Context, d Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	var handedOver atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) { handedOver.Store(info.Err == nil) },
	})
	r, err := g.request(ctx, d)
	if err != nil {
		return &Error{Channel: d.Channel, Reason: "the message does not fit the gateway's templates", Permanent: true}
	}
	answer, err := g.client.Do(r)
	if err != nil {
		return &Error{Channel: d.Channel, Reason: reason(ctx, err), Unknown: handedOver.Load()}
	}
	defer answer.Body.Close()
	// Read a little, so that the connection can serve again; what it says does not matter, only the status does.
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	switch {
	case slices.Contains(g.success, answer.StatusCode), len(g.success) == 0 && answer.StatusCode/100 == 2:
		return nil
	case slices.Contains(g.permanent, answer.StatusCode):
		return &Error{Channel: d.Channel, Reason: "refused", Status: answer.StatusCode, Permanent: true}
	}
	return &Error{Channel: d.Channel, Reason: "not taken now", Status: answer.StatusCode}
}

// reason puts a network failure into words of ours; the original text would quote addresses.
func reason(ctx context.Context, err error) string {
	var network net.Error
	var dial *net.OpError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return "stopped"
	case ctx.Err() != nil, errors.As(err, &network) && network.Timeout():
		return "timed out"
	case errors.As(err, &dial) && dial.Op == "dial":
		return "cannot connect"
	}
	return connectionLost
}

const connectionLost = "connection lost"

// trust returns TLS settings that trust the system's authorities, or those of a PEM file.
func trust(server, caFile string) (*tls.Config, error) {
	settings := &tls.Config{ServerName: server, MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return settings, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return settings, fmt.Errorf("CA file: %w", err)
	}
	settings.RootCAs = x509.NewCertPool()
	if !settings.RootCAs.AppendCertsFromPEM(pem) {
		return settings, fmt.Errorf("CA file %s holds no certificate", caFile)
	}
	return settings, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
