// Package signin owns the pages of one sign-in: who, PIN, code, choosing a PIN, sharing, and every way it can end.
//
// The view structs hold plain data that a handler fills from what core/login decided; no rule about the next step, a wait or a block is here.
// Each step is one form whose first button goes forward; the way out is the second form (`cancel=1`), so that the pages can be driven
// by a test or a browser without script. It never talks to the store and never shows a PIN or a code.
package signin

import (
	"embed"
	"time"

	"chave/internal/core/fault"
	"chave/internal/page/ui"
)

//go:embed *.html
var files embed.FS

// Pages lists the views and their templates for ui.New.
func Pages() ui.Set {
	return ui.Set{Name: "signin", Files: files, Views: []ui.View{Who{}, PIN{}, Code{}, ChoosePIN{}, Consent{}, Confirm{}, SignOut{}, Stop{}}}
}

// Task is what stands around every step of one sign-in.
type Task struct {
	ui.Form
	Service ui.Service
	At, Of  int  // "step 2 of 3"; zero hides it
	Small   bool // the service shows this in a small window
	Back    bool // a way back to the step before is offered (posts `back=1`)
}

func (t Task) page(name, title string, args ...any) ui.Page {
	return ui.Page{Name: name, Title: title, TitleArgs: args, Layout: ui.Task, Small: t.Small, Service: &t.Service, Problems: t.told(), Focus: true}
}

// told says of a wrong code that concerns no field that the sign-in has begun again (R3.16); at a desk the same fault means something else.
func (t Task) told() []ui.Problem {
	all := append([]ui.Problem(nil), t.Problems...)
	for i, p := range all {
		if p.Code == string(fault.CodeWrong) && p.Field == "" {
			all[i].Args = append([]any{"Restart", true}, p.Args...)
		}
	}
	return all
}

// Who asks for the identifier: phone, e-mail, or document number with its country.
type Who struct {
	Task
	Identifier string   // as typed last time
	Country    string   // as chosen last time, alpha-3, or empty
	Wanted     []Wanted // what the service will ask for, told before any credential is (R5.10)
	Purpose    string   // why, if the service declared it
	Retention  string   // how long it keeps it, if declared
}

// Wanted is an attribute that the service will ask for.
type Wanted struct {
	Name     string // of the attribute catalogue
	Optional bool
}

// Page implements ui.View.
func (v Who) Page() ui.Page { return v.page("signin/who", "signin.who.title") }

// PIN asks for the PIN of the identifier given before. Known and unknown identifiers see the same page.
type PIN struct {
	Task
	Identifier string // as typed, so that a slip is seen; nothing of it comes from the store
	Country    string // alpha-3, when the identifier is a document number
}

// Page implements ui.View.
func (v PIN) Page() ui.Page { return v.page("signin/pin", "signin.pin.title") }

// Code asks for the one-time code that has just been sent.
type Code struct {
	Task
	Channel  string    // "sms" or "email"
	To       string    // masked, as core/login stores it: "••• ••• 678" or "m•••@example.org"
	Until    time.Time // when the code ends
	Again    bool      // another code may be asked for now (posts `again=1`)
	AgainAt  time.Time // when Again is false: from when; zero when no more is possible
	OtherWay string    // "email" or "sms" when the code can go there instead (posts `way=email`); empty when not
	Lowers   bool      // the other way reaches a lower level (R3.03), which this service accepts
	SentAnew bool      // this page follows a request for another code: say that the old one is void (R3.18)
}

// Page implements ui.View.
func (v Code) Page() ui.Page { return v.page("signin/code", "signin.code.title") }

// ChoosePIN asks for a new PIN twice: on first use of a temporary one (R2.09), or when the person changes it.
type ChoosePIN struct {
	Task
	First    bool // the temporary PIN was right and ends now
	Min, Max int  // digits
}

// Page implements ui.View.
func (v ChoosePIN) Page() ui.Page {
	if v.First {
		return v.page("signin/choose", "signin.choose.first")
	}
	return v.page("signin/choose", "signin.choose.title")
}

// Consent asks whether the listed attributes may go to the service. It is the only step with two answers.
type Consent struct {
	Task
	Person     string // who is signed in, when no credential was asked for in this sign-in (single sign-on); empty hides it
	Purpose    string
	Retention  string
	Attributes []Attribute
	Offline    bool // the service may look again while the person is away
	Signing    bool // the service asks for no attribute, but to see signature certificates, which hold name and number
}

// Page implements ui.View.
func (v Consent) Page() ui.Page {
	return v.page("signin/consent", "signin.consent.title", "Service", v.Service.Name)
}

// Attribute is one thing the service asks for, with what would be sent. Fill the one of Text, Day, Country and Document that fits.
type Attribute struct {
	Name     string // of the attribute catalogue: given_names, nif, document …
	Text     string
	Day      time.Time    // a date
	Country  string       // alpha-3
	Document *ui.Document // the triple and its end
	Optional bool
	Ticked   bool   // for an optional one: shared unless the person unticks it
	Source   string // the body that holds it and is asked once the person agrees (when Missing: that cannot be asked); empty when Chave holds it
	Missing  bool   // the key does not hold it; Optional tells what follows
	Never    bool   // when Missing: no key founded on this document can hold it, so a counter cannot help
	Reason   string // why the service wants this one, if it declared it; empty hides the line
}
