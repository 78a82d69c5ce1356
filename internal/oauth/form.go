package oauth

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
	maxForm       = 64 << 10 // bytes of a body
	maxParameters = 100
)

// Form is the parameters of a request. One without a value counts as not sent (RFC 6749 §3.1).
type Form struct {
	values   map[string]string
	repeated []string
}

// Get gives a parameter; empty when it was not sent, or more than once.
func (f Form) Get(name string) string { return f.values[name] }

// Has tells whether a parameter came once, with a value.
func (f Form) Has(name string) bool { return f.values[name] != "" }

// Once refuses parameters that came twice (RFC 6749 §3.1): proxies, we and the client could each read another of the two.
func (f Form) Once() error {
	if len(f.repeated) > 0 {
		return Refuse(InvalidRequest, "%s is repeated", f.repeated[0])
	}
	return nil
}

// NoAddress is the fault of a request whose parameter names no address that an answer may go to (B1, A13): it stays on a page of ours.
func (f Form) NoAddress(parameter string) error {
	if slices.Contains(f.repeated, parameter) || !f.Has(parameter) {
		return fault.New(fault.RequestMalformed).On(parameter)
	}
	return fault.New(fault.ReturnNotRegistered).On(parameter)
}

// Parse understands a query string or form body. Bytes that are not UTF-8 are refused except in state, which is only ever echoed.
func Parse(raw string) (Form, error) {
	f := Form{values: map[string]string{}}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return f, Refuse(InvalidRequest, "the parameters are not form-encoded")
	}
	if len(values) > maxParameters {
		return f, Refuse(InvalidRequest, "more than %d parameters", maxParameters).With(fault.RequestTooLarge)
	}
	for name, all := range values {
		if len(all) > 1 {
			f.repeated = append(f.repeated, Printable(name))
			continue
		}
		if name != "state" && !utf8.ValidString(all[0]) {
			return f, Refuse(InvalidRequest, "%s is not UTF-8", Printable(name))
		}
		if all[0] != "" {
			f.values[name] = all[0]
		}
	}
	slices.Sort(f.repeated)
	return f, nil
}

// Query reads the parameters of an address, at most 16 KiB of them.
func Query(r *http.Request) (Form, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return Form{}, Refuse(InvalidRequest, "the address is longer than %d bytes, push the request instead", maxQuery).With(fault.RequestTooLarge)
	}
	return Parse(r.URL.RawQuery)
}

// Body reads the parameters of a form body, at most 64 KiB of them.
func Body(w http.ResponseWriter, r *http.Request) (Form, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return Form{}, Refuse(InvalidRequest, "the body must be application/x-www-form-urlencoded")
	}
	text, err := ReadAll(w, r, maxForm)
	if err != nil {
		return Form{}, err
	}
	return Parse(string(text))
}

// Direct reads a form that a service sends by itself. Nothing of it may stand in the address, where secrets and tokens end in logs (B8), and nothing may be repeated.
func Direct(w http.ResponseWriter, r *http.Request) (Form, error) {
	if r.URL.RawQuery != "" {
		return Form{}, Refuse(InvalidRequest, "send parameters in the body, not in the address")
	}
	in, err := Body(w, r)
	if err != nil {
		return in, err
	}
	return in, in.Once()
}

// ReadAll reads a body of at most limit bytes. One that says it is longer is refused with 413 before a byte of it is read.
func ReadAll(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	tooLarge := Refuse(InvalidRequest, "the body is longer than %d bytes or was cut off", limit).With(fault.RequestTooLarge).At(http.StatusRequestEntityTooLarge)
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, tooLarge
	}
	return text, nil
}

// Printable shortens what a stranger sent before it is repeated to anybody: at most 60 characters of ASCII.
func Printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), 60)]
}
