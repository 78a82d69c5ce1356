// Package cookie owns the cookies of Chave that carry a proof: their names, flags and shape.
//
//	chave_browser   which browser this is; long-lived, made at the first sign-in, worth nothing alone
//	chave_session   the single sign-on session; goes when the browser closes, and is a new value after every sign-in
//	chave_compat    the same for what was opened through CMD's wires
//
// Over HTTPS the names begin with __Host-, so that browsers take these cookies from our own host only and never from a neighbouring subdomain.
//
// Pages and wires read and write them only through a Jar, so that no handler can forget a flag. The package never looks anything up
// and knows nothing of what a value stands for. The language cookie holds no proof and belongs to page/ui.
package cookie

import (
	"io"
	"net/http"
	"time"

	"chave/internal/core/random"
)

// The names carry the product's, because ports of one host share a cookie jar.
const (
	BrowserName = "chave_browser"
	SessionName = "chave_session"
	CompatName  = "chave_compat"
)

// browserLife is the longest that browsers keep a cookie (RFC 6265bis §5.5).
const browserLife = 400 * 24 * time.Hour

// Jar reads and writes the cookies. The zero value is for plain HTTP, which only the demo on loopback speaks.
type Jar struct {
	// Secure keeps the cookies off plain HTTP.
	Secure bool
	// Compat is for the session of CMD's wires, which is another one (blueprint §4.9). See In.
	Compat bool
}

// In is the jar for sessions of a realm: "compat" keeps them in a cookie of their own, so that what a compat wire opened is never even sent as a modern session.
func (j Jar) In(realm string) Jar {
	j.Compat = realm == "compat"
	return j
}

func (j Jar) sessionName() string {
	if j.Compat {
		return CompatName
	}
	return SessionName
}

// Browser is the browser's id, or empty when it has none or sent something that we never made.
func (j Jar) Browser(r *http.Request) string { return value(r, j.full(BrowserName)) }

// EnsureBrowser is Browser, made and set when it is missing. It also renews its life, so that a browser in use is never forgotten.
func (j Jar) EnsureBrowser(w http.ResponseWriter, r *http.Request, source io.Reader) string {
	id := j.Browser(r)
	if id == "" {
		id = random.Handle(source)
	}
	c := j.made(BrowserName, id)
	c.MaxAge = int(browserLife.Seconds())
	http.SetCookie(w, c)
	return id
}

// Session is the session's value, or empty when there is none or it cannot be ours.
func (j Jar) Session(r *http.Request) string { return value(r, j.full(j.sessionName())) }

// SetSession hands the browser a session. It has no life of its own: the server knows when it ends, the browser drops it when it closes.
func (j Jar) SetSession(w http.ResponseWriter, session string) {
	http.SetCookie(w, j.made(j.sessionName(), session))
}

// ClearSession takes the session away.
func (j Jar) ClearSession(w http.ResponseWriter) {
	c := j.made(j.sessionName(), "")
	c.MaxAge = -1
	http.SetCookie(w, c)
}

// made sets SameSite=Lax and not Strict: a person comes here from a service by a top-level navigation, and must be known then. A form posted by
// another site still carries nothing. Only the compat session goes with requests from services' pages, because CMD's probe is one (cmd-authentication.md §1.5.3);
// browsers take that over HTTPS alone.
func (j Jar) made(name, content string) *http.Cookie {
	site := http.SameSiteLaxMode
	if name == CompatName && j.Secure {
		site = http.SameSiteNoneMode
	}
	return &http.Cookie{Name: j.full(name), Value: content, Path: "/", HttpOnly: true, Secure: j.Secure, SameSite: site}
}

// full is a cookie's name on the wire (RFC 6265bis §4.1.3.2).
func (j Jar) full(name string) string {
	if j.Secure {
		return "__Host-" + name
	}
	return name
}

// value gives what random.Handle could have made. Of two cookies with one name, which a neighbouring port or subdomain can cause, the first well-formed one
// counts; it proves nothing until the store finds its digest.
func value(r *http.Request, name string) string {
	for _, c := range r.CookiesNamed(name) {
		if wellFormed(c.Value) {
			return c.Value
		}
	}
	return ""
}

func wellFormed(s string) bool {
	if len(s) != 52 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if (s[i] < 'a' || s[i] > 'z') && (s[i] < '2' || s[i] > '7') {
			return false
		}
	}
	return true
}
