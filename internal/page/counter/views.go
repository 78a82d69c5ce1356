// Package counter owns the operator's pages: registering a resident step by step, from the document to the first sign-in.
//
// The view structs hold plain data; who may have a key is core/enrol's decision. Form fields never carry the names of the sign-in steps,
// so that a reader's or a test's filling-in cannot mix them up: the issuing country is `issuer`, desk codes are `phone_code` and
// `email_code`. The temporary PIN is shown on one page, once, and is kept nowhere here.
package counter

import (
	"embed"
	"time"

	"chave/internal/core/enrol"
	"chave/internal/page/ui"
)

//go:embed *.html
var files embed.FS

// Pages lists the views and their templates for ui.New.
func Pages() ui.Set {
	return ui.Set{Name: "counter", Files: files, Views: []ui.View{
		Home{}, NotOperator{}, Type{}, Document{}, Registry{}, Attest{}, Contacts{}, Numbers{}, Refused{}, TemporaryPIN{}, FirstSignIn{}, Held{},
	}}
}

// Case is what stands around every step of one registration.
type Case struct {
	ui.Form
	Account ui.Account
	Path    string // local path of the case, for the list and the way back
	Name    string // who is being registered, once known
}

func (c Case) page(name, title string) ui.Page {
	return ui.Page{
		Name: name, Title: title, Layout: ui.Counter, Account: &c.Account, Problems: renamed(c.Problems), Focus: true, Labels: labels(),
	}
}

// renamed gives the document's country the name its field has here.
func renamed(problems []ui.Problem) []ui.Problem {
	var all []ui.Problem
	for _, p := range problems {
		if p.Field == "country" {
			p.Field = "issuer"
		}
		all = append(all, p)
	}
	return all
}

// labels are the text keys of the fields, so that a list of problems can say which one each concerns.
func labels() map[string]string {
	all := map[string]string{}
	for _, field := range []string{
		"type", "issuer", "number", "expires", "given_names", "surnames", "birth_date", "nationality", "zone",
		"phone", "email", "phone_code", "email_code", "nif", "niss", "nsns",
	} {
		all[field] = "counter.field." + field
	}
	return all
}

// Home is the operator's first page: begin, or go on with one of today's cases.
type Home struct {
	Account ui.Account
	Action  string // POST opens a case
	Cases   []Line // newest first
}

// Line is one of today's cases.
type Line struct {
	Path     string
	Name     string // empty before the document step
	Document string // type; empty before it is known
	At       time.Time
	State    string // document, attest, contacts, numbers, issued, done, refused
}

// Tag is the icon kind of the state.
func (l Line) Tag() string {
	switch l.State {
	case "done":
		return "ok"
	case "refused":
		return "warning"
	case "issued":
		return "clock"
	default:
		return "info"
	}
}

// Page implements ui.View.
func (v Home) Page() ui.Page {
	return ui.Page{Name: "counter/home", Title: "counter.home.title", Layout: ui.Counter, Account: &v.Account}
}

// NotOperator tells someone signed in that this area is not theirs.
type NotOperator struct {
	Account ui.Account
	Code    string // CH-1113
}

// Page implements ui.View.
func (v NotOperator) Page() ui.Page {
	return ui.Page{Name: "counter/not-operator", Title: "counter.not_operator.title", Layout: ui.Counter, Account: &v.Account}
}

// Type asks which document the person brought. Field: `type`.
type Type struct {
	Case
	Chosen string
}

// Page implements ui.View.
func (v Type) Page() ui.Page { return v.page("counter/type", "counter.type.title") }

// Types lists the founding documents in their order (R1.08).
func (Type) Types() []string {
	return []string{"citizen_card", "identity_card", "passport", "residence_permit", "residence_card"}
}

// Document is the form of what the document says, and its machine-readable zone. Fields: `type` (hidden), `number`, `issuer`, `expires`,
// `lifetime`, `given_names`, `surnames`, `birth_date`, `nationality`, `zone`; dates are YYYY-MM-DD, countries alpha-3.
type Document struct {
	Case
	Type        string
	Number      string
	Issuer      string
	Expires     string
	Lifetime    bool
	GivenNames  string
	Surnames    string
	BirthDate   string
	Nationality string
	Zone        string
	Back        string // local path to choose another type
}

// Page implements ui.View.
func (v Document) Page() ui.Page { return v.page("counter/document", "counter.document.title") }

// Registry says what the civil registry answered. Outcome is found, not_covered, not_found, differs or unavailable.
type Registry struct {
	Case
	Outcome     string
	Document    ui.Document
	BirthDate   time.Time
	Nationality string // alpha-3
	Next        string // local path onwards (found, not_covered)
	Retry       string // local path back to the form (differs, not_found, unavailable)
	Code        string // fault code, when there is one
}

// Page implements ui.View.
func (v Registry) Page() ui.Page {
	outcome := v.Outcome
	if outcome == "" {
		outcome = "unavailable"
	}
	return v.page("counter/registry", "counter.registry."+outcome+".title")
}

// Tag is the icon kind of the answer.
func (v Registry) Tag() string {
	switch v.Outcome {
	case "found":
		return "ok"
	case "not_covered":
		return "info"
	case "unavailable":
		return "clock"
	default:
		return "warning"
	}
}

// Attest is the operator's word on a passport that no registry here knows (R2.07). Each item is a checkbox of its own name, value `yes`.
type Attest struct {
	Case
	Document ui.Document
	Checked  []string
}

// Page implements ui.View.
func (v Attest) Page() ui.Page { return v.page("counter/attest", "counter.attest.title") }

// Items lists what must be checked, each with whether it was ticked last time.
func (v Attest) Items() []ui.Option {
	var all []ui.Option
	for _, name := range enrol.Attestations() {
		o := ui.Option{Value: name}
		for _, c := range v.Checked {
			o.Chosen = o.Chosen || c == name
		}
		all = append(all, o)
	}
	return all
}
