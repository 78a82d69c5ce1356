package oidc

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"chave/internal/core/fault"
)

const (
	maxQuery      = 16 << 10 // bytes of a request in an address
	maxBody       = 64 << 10 // bytes of a form
	maxParameters = 100
)

// form is the parameters of a request. One without a value counts as not sent (RFC 6749 §3.1).
type form struct {
	values   map[string]string
	repeated []string
}

func (f form) get(name string) string { return f.values[name] }

func (f form) has(name string) bool { return f.values[name] != "" }

// once refuses parameters that came twice (RFC 6749 §3.1): proxies, we and the client could each read another of the two.
func (f form) once() error {
	if len(f.repeated) > 0 {
		return refuse(invalidRequest, "%s is repeated", f.repeated[0])
	}
	return nil
}

// readForm understands a query string or form body. Bytes that are not UTF-8 are refused except in state, which is only ever echoed.
func readForm(raw string) (form, error) {
	f := form{values: map[string]string{}}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return f, refuse(invalidRequest, "the parameters are not form-encoded")
	}
	if len(values) > maxParameters {
		return f, refuse(invalidRequest, "more than %d parameters", maxParameters).with(fault.RequestTooLarge)
	}
	for name, all := range values {
		if len(all) > 1 {
			f.repeated = append(f.repeated, printable(name))
			continue
		}
		if name != "state" && !utf8.ValidString(all[0]) {
			return f, refuse(invalidRequest, "%s is not UTF-8", printable(name))
		}
		if all[0] != "" {
			f.values[name] = all[0]
		}
	}
	slices.Sort(f.repeated)
	return f, nil
}

// readQuery reads the parameters of an address.
func readQuery(r *http.Request) (form, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return form{}, refuse(invalidRequest, "the address is longer than %d bytes", maxQuery).with(fault.RequestTooLarge)
	}
	return readForm(r.URL.RawQuery)
}

// readBody reads the parameters of a form body.
func readBody(w http.ResponseWriter, r *http.Request) (form, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return form{}, refuse(invalidRequest, "the body must be application/x-www-form-urlencoded")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		e := refuse(invalidRequest, "the body is longer than %d bytes or was cut off", maxBody).with(fault.RequestTooLarge)
		e.status = http.StatusRequestEntityTooLarge
		return form{}, e
	}
	return readForm(string(text))
}

// readDirect reads a request that a service sends by itself. Nothing of it may stand in the address, where secrets and tokens end in logs (B8).
func readDirect(w http.ResponseWriter, r *http.Request) (form, error) {
	if r.URL.RawQuery != "" {
		return form{}, refuse(invalidRequest, "send parameters in the body, not in the address")
	}
	in, err := readBody(w, r)
	if err != nil {
		return in, err
	}
	return in, in.once()
}

// printable shortens what a stranger sent before it is repeated to anybody.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 60)]
}

// list splits a space-separated parameter, each word once.
func list(s string) []string {
	var words []string
	for _, word := range strings.Fields(s) {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}
