// Package sign owns the pages on which a person signs: documents of their own in the portal, and what a service asked to be signed and handed over.
//
// Every step is a form on stored state, as in page/signin: the folder of core/draft and the operation of core/signing say which step is true, so any node serves any step
// and refresh, back and two tabs are safe. The package never keeps a PIN or code, never holds a key, and never shows a document to anybody but its owner.
package sign

import (
	"embed"
	"io/fs"
	"time"

	"chave/internal/page/ui"
)

//go:embed *.html
var files embed.FS

//go:embed assets/*.mjs assets/*.js
var assets embed.FS

// Pages lists the views and their templates for ui.New.
func Pages() ui.Set {
	return ui.Set{
		Name: "sign", Files: files, Assets: fs.FS(assets),
		Views: []ui.View{Start{}, Place{}, PIN{}, Code{}, Finish{}, Done{}, Over{}, Inactive{}, Stranger{}},
	}
}

// Task is what every page of one signing carries.
type Task struct {
	ui.Form
	Account ui.Account
	Service ui.Service // who asks, on a hand-over; empty in the portal
	At, Of  int        // which step; 0 hides it
	Leads   []string   // addresses that the form's answer may lead to, on a hand-over
	Test    bool       // the certificate is not qualified, and every page that shows a signature says so (T8)
}

func (t Task) page(name, title string) ui.Page {
	p := ui.Page{Name: name, Title: title, Layout: ui.Task, Problems: t.Problems, Focus: true, Service: &t.Service, Asking: "sign.asking", Leads: t.Leads, Labels: labels}
	if t.Account.Name != "" {
		p.Account = &t.Account
	}
	return p
}

var labels = map[string]string{
	"documents": "sign.start.documents", "page": "sign.place.page", "corner": "sign.place.corner", "sign_pin": "sign.pin.label", "code": "signin.code.label",
}

// Document is one document as a person recognises it.
type Document struct {
	Name  string
	Size  string // "1,2 MB", in the reader's language
	Pages int    // 0 hides it
	Path  string // where it is downloaded; empty where we do not have it
	Mark  string // last digits of the digest that the key signs, on a hand-over
	Level string // of what was signed
}

// Start takes documents (`documents`, several).
type Start struct {
	Task
	Files  int    // at most so many
	Size   string // of one, at most
	Open   []Open // begun within the hour
	Closed string // why this person cannot sign now: inactive, suspended, blocked; empty when they can
}

// Open is a folder that can be gone on with.
type Open struct {
	Path   string
	Names  []string
	At     time.Time
	Signed bool
}

// Page implements ui.View.
func (v Start) Page() ui.Page { return v.page("sign/start", "sign.start.title") }

// Place shows the documents and asks where the stamp goes: `stamp` (visible, none), `page` (empty: the last), `corner`, or `place_x` and `place_y` as shares of the page.
type Place struct {
	Task
	Documents  []Document
	Refused    []Refused
	Stamp      string
	PageNumber string
	Corner     string
	X, Y       string
	Lines      []string // what the stamp will say
}

// Refused is a file that was not taken, and why.
type Refused struct {
	Name    string
	Problem ui.Problem
}

// Page implements ui.View. Its script draws the pages, for which it fetches the documents and runs a worker.
func (v Place) Page() ui.Page {
	p := v.page("sign/place", "sign.place.title")
	p.Scripts, p.Reads = []string{"sign.js"}, true
	return p
}

// Corners are the choices of a place without script.
func (v Place) Corners(f *ui.Frame) []ui.Option {
	var all []ui.Option
	for _, c := range []string{"bottom_right", "bottom_left", "top_right", "top_left"} {
		all = append(all, ui.Option{Value: c, Label: f.T("sign.place.corner." + c), Chosen: c == v.Corner})
	}
	return all
}

// PIN asks for the signature PIN (`sign_pin`): once for all documents listed, and for nothing else (R4.04).
type PIN struct {
	Task
	Documents []Document
	Holder    string // whose certificate
	Where     string // in words: none, or where the stamp stands; empty on a hand-over
	Number    int    // the page, where Where names it
	Back      bool
}

// Page implements ui.View.
func (v PIN) Page() ui.Page { return v.page("sign/pin", "sign.pin.title") }

// Code asks for the code of the message, which names the documents to compare (R3.19).
type Code struct {
	Task
	Documents []Document
	Channel   string
	To        string
	Until     time.Time
	Again     bool // another can be asked for
	SentAnew  bool
}

// Page implements ui.View.
func (v Code) Page() ui.Page { return v.page("sign/code", "sign.code.title") }

// Finish says that everything is signed and the files are still to be put together.
type Finish struct {
	Task
}

// Page implements ui.View.
func (v Finish) Page() ui.Page { return v.page("sign/finish", "sign.finish.title") }

// Done gives the signed documents out.
type Done struct {
	Task
	Documents []Document
	Until     time.Time // kept until
	Lower     bool      // some did not reach the level that was wanted: the time could not be certified
}

// Page implements ui.View.
func (v Done) Page() ui.Page { return v.page("sign/done", "sign.done.title") }

// Over says that nothing was signed, why, and how to go on.
type Over struct {
	Task
	Reason    ui.Problem
	Documents []Document
	Retry     bool // the documents are still here
}

// Page implements ui.View.
func (v Over) Page() ui.Page { return v.page("sign/over", "sign.over.title") }

// Inactive tells who was asked to sign on a hand-over that they cannot: inactive, suspended, blocked.
type Inactive struct {
	Task
	Why string
}

// Page implements ui.View.
func (v Inactive) Page() ui.Page { return v.page("sign/inactive", "sign.inactive.title") }

// Stranger tells that the service asked for another person's signature than whoever is signed in here.
type Stranger struct {
	Task
}

// Page implements ui.View.
func (v Stranger) Page() ui.Page { return v.page("sign/stranger", "sign.stranger.title") }
