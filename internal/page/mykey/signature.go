package mykey

import (
	"time"

	"chave/internal/page/ui"
)

// Signature is the holder's signature: its state, certificate and history, and the way to every act on it.
type Signature struct {
	Own
	State       string // off, active, suspended, blocked, expired
	Done        string // what has just been done: on, pin, new, off, notme, resumed; empty hides the notice
	Certificate *Certificate
	Signed      []Signed // newest first
	Test        bool     // certificates here are not qualified (T8)
}

// Certificate is what the holder sees of it.
type Certificate struct {
	Holder, Issuer, Serial string
	From, Until            time.Time
}

// Signed is one signing.
type Signed struct {
	Service  string // who asked
	Category string
	Here     bool // on our own page
	Names    []string
	More     int // documents beyond those named
	At       time.Time
}

// Page implements ui.View.
func (v Signature) Page() ui.Page {
	return v.page("key/signature", "key.signature.title", "signature")
}

// Off tells whether there is no key that signs or could again.
func (v Signature) Off() bool { return v.State == "off" || v.State == "expired" }

// Manage tells whether PIN and key can be changed.
func (v Signature) Manage() bool { return v.State == "active" || v.State == "suspended" }

// Tag is the icon kind of the state.
func (v Signature) Tag() string {
	switch v.State {
	case "active":
		return "ok"
	case "suspended", "expired":
		return "warning"
	case "blocked":
		return "lock"
	}
	return "info"
}

// SwitchOn asks for a signature PIN (`new_sign_pin`, `new_sign_pin_again`) and the terms (`sign_terms`). Again makes a new key in place of one whose PIN is lost.
type SwitchOn struct {
	Own
	Action   string
	Again    bool
	Min, Max int
	Terms    string // version of what is shown
	Test     bool
}

// Page implements ui.View.
func (v SwitchOn) Page() ui.Page {
	title := "key.signature.on.title"
	if v.Again {
		title = "key.signature.new.title"
	}
	return labelled(v.page("key/signature_on", title, "signature"))
}

// SignPIN changes the signature PIN: `sign_pin`, `new_sign_pin`, `new_sign_pin_again`.
type SignPIN struct {
	Own
	Action   string
	Min, Max int
}

// Page implements ui.View.
func (v SignPIN) Page() ui.Page {
	return labelled(v.page("key/signature_pin", "key.signature.pin.title", "signature"))
}

// Sure asks once more: off or resume.
type Sure struct {
	Own
	Action string
	What   string
}

// Page implements ui.View.
func (v Sure) Page() ui.Page {
	what := v.What
	if what == "" {
		what = "off"
	}
	return v.page("key/signature_sure", "key.signature."+what+".title", "signature")
}

func labelled(p ui.Page) ui.Page {
	p.Labels = map[string]string{
		"new_sign_pin": "key.signature.field.new", "new_sign_pin_again": "key.signature.field.new.again", "sign_pin": "key.signature.field.old",
		"sign_terms": "key.signature.terms",
	}
	return p
}
