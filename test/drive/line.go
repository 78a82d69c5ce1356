package drive

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Lines keeps connections to servers. net/http's transport does too, with two goroutines each and a wake-up per exchange; this one answers in the
// caller's own goroutine. The zero value is ready, and safe for concurrent use.
type Lines struct {
	// TLS is for https addresses; nil trusts the system's authorities.
	TLS *tls.Config
	// Patience bounds one exchange, 30 seconds when zero.
	Patience time.Duration

	mu   sync.Mutex
	free map[string][]*line
}

type line struct {
	conn net.Conn
	in   *bufio.Reader
	out  *bufio.Writer
}

// Do sends a request and reads the whole answer. The body of the response is replaced by what is returned.
func (l *Lines) Do(ctx context.Context, r *http.Request) (*http.Response, []byte, error) {
	where := r.URL.Scheme + "://" + r.URL.Host
	c, err := l.take(ctx, where, r.URL)
	if err != nil {
		return nil, nil, err
	}
	patience := l.Patience
	if patience == 0 {
		patience = 30 * time.Second
	}
	// Ending ctx does not cut an exchange short: its deadline does, and that costs no goroutine.
	end := time.Now().Add(patience)
	if d, ok := ctx.Deadline(); ok && d.Before(end) {
		end = d
	}
	_ = c.conn.SetDeadline(end)
	response, body, err := c.exchange(r)
	if err != nil {
		c.conn.Close()
		return nil, nil, fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, err)
	}
	if response.Close {
		c.conn.Close()
		return response, body, nil
	}
	l.give(where, c)
	return response, body, nil
}

func (c *line) exchange(r *http.Request) (*http.Response, []byte, error) {
	if err := r.Write(c.out); err != nil {
		return nil, nil, err
	}
	if err := c.out.Flush(); err != nil {
		return nil, nil, err
	}
	response, err := http.ReadResponse(c.in, r)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if n := response.ContentLength; n > 0 && n < 1<<20 {
		body := make([]byte, n)
		_, err = io.ReadFull(response.Body, body)
		return response, body, err
	}
	body, err := io.ReadAll(response.Body)
	return response, body, err
}

func (l *Lines) take(ctx context.Context, where string, u *url.URL) (*line, error) {
	l.mu.Lock()
	if idle := l.free[where]; len(idle) > 0 {
		c := idle[len(idle)-1]
		l.free[where] = idle[:len(idle)-1]
		l.mu.Unlock()
		return c, nil
	}
	l.mu.Unlock()
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "https" {
		settings := new(tls.Config)
		if l.TLS != nil {
			settings = l.TLS.Clone()
		}
		settings.ServerName = u.Hostname()
		conn = tls.Client(conn, settings)
	}
	return &line{conn, bufio.NewReaderSize(conn, 16<<10), bufio.NewWriterSize(conn, 4<<10)}, nil
}

func (l *Lines) give(where string, c *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free == nil {
		l.free = map[string][]*line{}
	}
	l.free[where] = append(l.free[where], c)
}

// Drop closes idle connections: after a server was killed they lead nowhere.
func (l *Lines) Drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, idle := range l.free {
		for _, c := range idle {
			c.conn.Close()
		}
	}
	l.free = nil
}
