// Package qr owns the phone's pages of a sign-in by QR code: giving the number that another screen shows, seeing who asks for what, and the end.
//
// In between stand the ordinary steps of a sign-in, which page/signin owns. The package knows no wire: it says in Requests what it needs of one. It never reads a picture
// itself and never tells a service anything.
package qr

import (
	"embed"
	"time"

	"chave/internal/page/ui"
)

//go:embed *.html
var files embed.FS

// Pages lists the views and their templates for ui.New.
func Pages() ui.Set {
	return ui.Set{Name: "qr", Files: files, Views: []ui.View{Give{}, Asked{}, Done{}}}
}

// Give asks for the number: typed, pasted, or in a photograph.
type Give struct {
	ui.Form
	Number string // as typed last time
}

// Page implements ui.View.
func (v Give) Page() ui.Page {
	return ui.Page{Name: "qr/give", Title: "qr.give.title", Layout: ui.Task, Problems: v.Problems, Focus: len(v.Problems) > 0}
}

// Asked shows who asks for what on the other screen, before anything is typed that matters.
type Asked struct {
	ui.Form
	Service ui.Service
	Says    string // the service's own words for this request; empty hides them
	Begins  string // first characters of the number, to compare with the other screen
	Until   time.Time
	Wanted  []Wanted
	Purpose string // why, if the service declared it
}

// Wanted is an attribute that the service asks for.
type Wanted struct {
	Name     string // of the attribute catalogue
	Optional bool
}

// Page implements ui.View.
func (v Asked) Page() ui.Page {
	return ui.Page{
		Name: "qr/asked", Title: "qr.asked.title", TitleArgs: []any{"Service", v.Service.Name}, Layout: ui.Task, Service: &v.Service, Asking: "qr.asking", Focus: true,
	}
}

// Ending names how the phone's part ended. Its texts are `qr.done.ENDING.title` and `.text`.
type Ending string

// The endings.
const (
	Accepted Ending = "accepted"
	Refused  Ending = "refused"
	Before   Ending = "before" // this page was opened again: it has ended already
)

// Endings lists them all.
func Endings() []Ending { return []Ending{Accepted, Refused, Before} }

// Done says that the other screen goes on by itself.
type Done struct {
	Service ui.Service
	Ending  Ending
}

// Page implements ui.View.
func (v Done) Page() ui.Page {
	ending := v.Ending
	if ending == "" {
		ending = Before
	}
	return ui.Page{
		Name: "qr/done", Title: "qr.done." + string(ending) + ".title", TitleArgs: []any{"Service", v.Service.Name}, Layout: ui.Task, Service: &v.Service, Asking: "qr.asking", Focus: true,
	}
}

// Sign is the icon that goes with the ending.
func (v Done) Sign() string {
	if v.Ending == Refused {
		return "info"
	}
	return "ok"
}
