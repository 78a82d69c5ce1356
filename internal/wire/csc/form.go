package csc

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
	maxQuery      = 16 << 10 // bytes of a request in an address; longer ones are pushed
	maxForm       = 64 << 10
	maxParameters = 100
	maxState      = 4 << 10
)

// form is the parameters of an OAuth request. One without a value counts as not sent (RFC 6749 §3.1).
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

func readQuery(r *http.Request) (form, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return form{}, refuse(invalidRequest, "the address is longer than %d bytes, push the request instead", maxQuery).with(fault.RequestTooLarge)
	}
	return readForm(r.URL.RawQuery)
}

// readDirect reads a form that a service sends by itself. Nothing of it may stand in the address, where secrets and tokens end in logs (B8).
func readDirect(w http.ResponseWriter, r *http.Request) (form, error) {
	if r.URL.RawQuery != "" {
		return form{}, refuse(invalidRequest, "send parameters in the body, not in the address")
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return form{}, refuse(invalidRequest, "the body must be application/x-www-form-urlencoded")
	}
	text, err := readAll(w, r, maxForm)
	if err != nil {
		return form{}, err
	}
	in, err := readForm(string(text))
	if err != nil {
		return in, err
	}
	return in, in.once()
}

// readAll reads a body of at most limit bytes. One that says it is longer is refused before a byte of it is read.
func readAll(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	tooLarge := refuse(invalidRequest, "the body is longer than %d bytes or was cut off", limit).with(fault.RequestTooLarge).at(http.StatusRequestEntityTooLarge)
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, tooLarge
	}
	return text, nil
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

// locale is the first of BCP 47 tags that our pages speak; empty when none is.
func locale(tags string) string {
	for _, tag := range strings.FieldsFunc(tags, func(r rune) bool { return r == ' ' || r == ',' }) {
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if primary == "pt" || primary == "en" {
			return primary
		}
	}
	return ""
}
