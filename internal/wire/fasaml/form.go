package fasaml

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"chave/internal/core/fault"
)

// Limits on what is read before anybody is believed.
const (
	maxMessage = 256 << 10 // octets of XML (§1.4.4, row 1)
	maxBody    = 768 << 10 // octets of the form: the message in base64, broken into lines that are percent-encoded
	maxState   = 1000      // characters of RelayState (§1.2, question 5.35)
	maxFields  = 32
)

// form is what a service's page posted.
type form struct {
	message  string
	state    string
	hasState bool
	modal    bool // the page is a small window (§1.2.1)
}

// readForm reads the body. Only the two fields of the binding are looked at, and neither may come twice: a filter in front of us and we could each read another of them.
func readForm(w http.ResponseWriter, r *http.Request) (form, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return form{}, unreadable("not form-encoded")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return form{}, here(http.StatusBadRequest, fault.RequestTooLarge, errors.New("the body is too long or was cut off"))
	}
	f := form{modal: modal(r.URL.RawQuery)}
	hasMessage := false
	for n, rest := 0, string(body); rest != ""; n++ {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		name, value, _ := strings.Cut(pair, "=")
		if name, err = url.QueryUnescape(name); err != nil || n == maxFields {
			return form{}, unreadable("fields")
		}
		into, seen := &f.message, &hasMessage
		switch name {
		case "SAMLRequest":
		case "RelayState":
			into, seen = &f.state, &f.hasState
		default:
			continue
		}
		if *seen {
			return form{}, unreadable("a field came twice")
		}
		if *into, err = url.QueryUnescape(value); err != nil {
			return form{}, unreadable("percent-encoding")
		}
		*seen = true
	}
	switch {
	case f.message == "":
		return form{}, unreadable("no SAMLRequest")
	case utf8.RuneCountInString(f.state) > maxState:
		return form{}, here(http.StatusBadRequest, fault.RequestTooLarge, errors.New("RelayState is longer than 1000 characters"))
	case !utf8.ValidString(f.state) || strings.ContainsRune(f.state, 0):
		// A page cannot carry such bytes back, and another value than the one sent is worse than none.
		return form{}, unreadable("RelayState is not text")
	}
	return f, nil
}

// modal reads the only parameter of the address, in the letter case that somebody typed it in.
func modal(query string) bool {
	for _, pair := range strings.Split(query, "&") {
		if strings.EqualFold(pair, "modal=true") {
			return true
		}
	}
	return false
}

// unreadable is the answer to what no service of CMD sends (§1.4.4, rows 1 and 2). The words are for the log.
func unreadable(why string) error {
	return here(http.StatusBadRequest, fault.MessageUnreadable, errors.New(why))
}
