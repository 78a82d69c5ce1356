// Package check owns the page on which anybody has a signature checked (R4.15): a file comes in, a report in plain words goes out, and nothing of either is kept.
//
// What is true of a signature is format/ades' to find out; this package only says it. It has no session, stores nothing, and logs no name of a file.
package check

import (
	"embed"
	"time"

	"chave/internal/page/ui"
)

//go:embed *.html
var files embed.FS

// Pages lists the views and their templates for ui.New.
func Pages() ui.Set {
	return ui.Set{Name: "check", Files: files, Views: []ui.View{Ask{}, Report{}}}
}

// Ask takes the signed file (`documents`) and, for a signature that came apart from it, the file it is for (`original`).
type Ask struct {
	ui.Form
	Size string // of a file, at most
}

// Page implements ui.View.
func (v Ask) Page() ui.Page {
	return ui.Page{
		Name: "check/ask", Title: "check.title", Layout: ui.Portal, Section: "check", Problems: v.Problems,
		Labels: map[string]string{"documents": "check.file", "original": "check.original"},
	}
}

// Report is what was found. The verdicts are valid, invalid, unknown.
type Report struct {
	File       string
	At         time.Time // when it was checked
	Verdict    string
	Reasons    []Reason
	Signatures []Signature
	Stamps     []Stamp // of the whole document
	Test       bool    // what is made here is not qualified (T8)
}

// Page implements ui.View.
func (v Report) Page() ui.Page {
	verdict := v.Verdict
	if verdict == "" {
		verdict = "unknown"
	}
	title := "check.verdict." + verdict
	if len(v.Signatures) == 0 {
		title = "check.verdict.none"
	}
	return ui.Page{Name: "check/report", Title: title, Layout: ui.Portal, Section: "check", Focus: true}
}

// Tag is the icon kind of the verdict.
func (v Report) Tag() string { return tag(v.Verdict) }

// Reason is a text key and its values.
type Reason struct {
	Key  string // the text is check.reason.KEY
	Args []any
}

// Signature is one signature in words to come.
type Signature struct {
	Number   int
	Verdict  string
	Reasons  []Reason
	Notes    []Reason
	Intact   bool
	Signer   Party
	Claimed  time.Time
	Proven   time.Time
	Level    string
	Page     int
	Reason   string // the signer's words
	Location string
	Covers   bool     // nothing was added behind it
	Changes  []Change // what was
	Chain    []Party
	Status   []Status
	Stamps   []Stamp
	Hash     string
	Field    string
}

// Tag is the icon kind of the verdict.
func (v Signature) Tag() string { return tag(v.Verdict) }

// Party is who a certificate names.
type Party struct {
	Name, Country, Number, Organization, Issuer, Serial string
	From, Until                                         time.Time
}

// Change is something that was done to the document after a signature: the text is check.change.KIND.
type Change struct {
	Kind    string
	Field   string
	Allowed bool
}

// Status is what was found on one certificate: good, revoked, suspended, unknown, not_needed.
type Status struct {
	Name, Status, Source string
	At, Revoked          time.Time
}

// Stamp is a certified time.
type Stamp struct {
	Verdict   string
	Reasons   []Reason
	At        time.Time
	Authority string
}

// Tag is the icon kind of the verdict.
func (v Stamp) Tag() string { return tag(v.Verdict) }

func tag(verdict string) string {
	switch verdict {
	case "valid":
		return "ok"
	case "invalid":
		return "danger"
	}
	return "warning"
}
