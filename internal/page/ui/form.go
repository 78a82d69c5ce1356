package ui

import (
	"errors"
	"net/http"
	"net/url"
	"unicode/utf8"

	"chave/internal/core/fault"
)

// FormLimit is the largest form body a page of ours can need, in bytes: a machine-readable zone and a dozen fields.
const FormLimit = 64 << 10

// Fields reads a posted form strictly: right type, small, UTF-8, and each field once unless it is named in many. What a browser
// never sends is refused with one stable code, so that no later check has to think of it.
func Fields(w http.ResponseWriter, r *http.Request, many ...string) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, FormLimit)
	if err := r.ParseForm(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, fault.New(fault.RequestTooLarge).Because(err)
		}
		return nil, fault.New(fault.RequestMalformed).Because(err)
	}
	for name, values := range r.PostForm {
		if len(values) > 1 && !contains(many, name) {
			return nil, fault.New(fault.RequestMalformed).On(name)
		}
		for _, v := range values {
			if !utf8.ValidString(v) {
				return nil, fault.New(fault.RequestMalformed).On(name)
			}
		}
	}
	return r.PostForm, nil
}

func contains(all []string, one string) bool {
	for _, s := range all {
		if s == one {
			return true
		}
	}
	return false
}
