package scmd_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// raw speaks HTTP by hand, as clients do whose habits Go's own does not have.
func (r *rig) raw(lines ...string) *http.Response {
	r.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.server.URL, "http://"))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")); err != nil {
		r.t.Fatal(err)
	}
	from := bufio.NewReader(conn)
	resp, err := http.ReadResponse(from, nil)
	if err == nil && resp.StatusCode == http.StatusContinue {
		resp, err = http.ReadResponse(from, nil)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func TestS1_14_HTTP_as_gSOAP_and_NET_speak_it(t *testing.T) {
	r := newRig(t)
	w := wires()[1]
	body := envelope(w.sign, w.signRequest().inside)
	head := func(more ...string) []string {
		return append([]string{"POST " + ccmovelPath + " HTTP/1.1", "Host: chave.example", "Content-Type: text/xml; charset=utf-8", fmt.Sprintf("Content-Length: %d", len(body))}, more...)
	}
	const login = "Authorization: Basic cmVnaXN0cnk6YS1wYXNzd29yZC1vZi10aGUtcmVnaXN0cnk="
	t.Run("gSOAP closes after each call", func(t *testing.T) {
		resp := r.raw(append(head(login, "Connection: close", "User-Agent: gSOAP/2.8", ""), body)...)
		if text, err := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || !resp.Close || err != nil || int64(len(text)) != resp.ContentLength {
			t.Errorf("answered %d, close %v, %v", resp.StatusCode, resp.Close, err)
		}
	})
	t.Run(".NET waits to be told to go on", func(t *testing.T) {
		if resp := r.raw(append(head(login, "Expect: 100-continue", ""), body)...); resp.StatusCode != http.StatusOK {
			t.Errorf("answered %d", resp.StatusCode)
		}
	})
	t.Run(".NET sends no login before it was asked for one", func(t *testing.T) {
		// The older service has to see the body to know who calls without a login; the newer one asks at once.
		newer := r.raw(append([]string{"POST " + scmdPath + " HTTP/1.1", "Host: chave.example", "Content-Type: text/xml", "Content-Length: 900", "Expect: 100-continue", ""}, "")...)
		older := r.raw(append(head("Expect: 100-continue", ""), body)...)
		if older.StatusCode != http.StatusUnauthorized || older.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("answered %d", older.StatusCode)
		}
		if newer.StatusCode != http.StatusUnauthorized || newer.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("answered %d", newer.StatusCode)
		}
	})
}

// BenchmarkWire is what a signing call costs beside field decryption and signing: login, envelope, answer.
func BenchmarkWire(b *testing.B) {
	r := newRig(b)
	w := wires()[1]
	q := w.signRequest()
	for b.Loop() {
		if got := r.do(q); got.status != http.StatusOK {
			b.Fatal(got.raw)
		}
	}
}
