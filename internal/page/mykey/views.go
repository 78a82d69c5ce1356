// Package mykey owns the pages of a person's own key: its state, what it opened, what was shared, and changing or cancelling it.
//
// Only the holder sees them (R5.04). The view structs hold plain data; which acts are possible and what a state means was decided by core. Changing
// the PIN and cancelling start a sign-in of their own, whose steps are page/signin's.
package mykey

import (
	"embed"
	"time"

	"chave/internal/page/ui"
)

//go:embed *.html
var files embed.FS

// Pages lists the views and their templates for ui.New.
func Pages() ui.Set {
	return ui.Set{Name: "mykey", Files: files, Views: []ui.View{Overview{}, History{}, Consents{}, ChangePIN{}, Cancel{}, Done{}, Sessions{}, Signature{}, SwitchOn{}, SignPIN{}, Sure{}}}
}

// Own is what every page of the area needs.
type Own struct {
	Account  ui.Account
	Problems []ui.Problem
	Signs    bool // the list names the signature's page
}

func (o Own) page(name, title, section string) ui.Page {
	return ui.Page{Name: name, Title: title, Layout: ui.Key, Section: section, Account: &o.Account, Problems: o.Problems}
}

// Overview is the first page: how the key is, until when, and where its messages go.
type Overview struct {
	Own
	State        string // pending_pin, active, grace, suspended, blocked, ended
	Document     ui.Document
	KeyEnds      time.Time // last day on which the key works
	Phone, Email string    // as the holder may see them: mask all but the last digits; empty when there is none
	NIF          string    // sector numbers, masked; empty when the key does not hold one
	NISS, NSNS   string
	LastVisit    time.Time // the sign-in before this one; zero hides it
	LastService  string
	Notices      []Notice
}

// Notice is something to tell above everything else. Its text is key.notice.KEY.
type Notice struct {
	Kind string // ok, info, warning, danger
	Key  string // ends_soon, no_nif, no_niss, no_nsns, no_phone, consent_withdrawn, pin_changed
	Args []any  // name, value pairs; a time.Time named Day is written as a date
}

// Page implements ui.View.
func (v Overview) Page() ui.Page { return v.page("key/overview", "key.overview.title", "overview") }

// Tag is the icon kind of the state: its word says the same.
func (v Overview) Tag() string {
	switch v.State {
	case "active":
		return "ok"
	case "grace", "suspended":
		return "warning"
	case "blocked", "ended":
		return "lock"
	default:
		return "info"
	}
}

// Consents lists what is shared with whom.
type Consents struct {
	Own
	Action   string // where withdrawing posts (`service`)
	Consents []Consent
	Withdrew string // name of the service whose consent has just been withdrawn; empty hides the notice
}

// Consent is one standing agreement with a service.
type Consent struct {
	Service  string // id, for the form
	Name     string
	Category string
	At       time.Time
	Shared   []string // attribute names
	Refused  []string // optional ones that were unticked
}

// Page implements ui.View.
func (v Consents) Page() ui.Page { return v.page("key/consents", "key.consents.title", "consents") }

// ChangePIN explains what comes and starts it.
type ChangePIN struct {
	Own
	Action string // POST begins the sign-in that ends in choosing a PIN
}

// Page implements ui.View.
func (v ChangePIN) Page() ui.Page { return v.page("key/pin", "key.pin.title", "pin") }

// Cancel explains what cancelling means and starts it; the last question is page/signin's.
type Cancel struct {
	Own
	Action string
}

// Page implements ui.View.
func (v Cancel) Page() ui.Page { return v.page("key/cancel", "key.cancel.title", "cancel") }

// Done is the good end of an act: pin_changed or key_cancelled. After key_cancelled nobody is signed in.
type Done struct {
	What string
}

// Page implements ui.View.
func (v Done) Page() ui.Page {
	what := v.What
	if what == "" {
		what = "pin_changed"
	}
	return ui.Page{Name: "key/done", Title: "key.done." + what + ".title", Layout: ui.Task, Focus: true}
}
