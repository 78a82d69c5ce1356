// Package portal owns the public pages: what the key is, who may have one and how, the services it opens, and help.
//
// Nothing here depends on who reads: no session, no person, no cookie but the language. The view structs are filled by the handler from
// registrations that anybody may see.
package portal

import (
	"embed"

	"chave/internal/core/fault"
	"chave/internal/page/ui"
)

//go:embed *.html
var files embed.FS

// Pages lists the views and their templates for ui.New.
func Pages() ui.Set {
	return ui.Set{Name: "portal", Files: files, Views: []ui.View{Home{}, Services{}, Help{}}}
}

// Service is one entry of the catalogue, in the reader's language.
type Service struct {
	Name        string
	Description string
	Category    string   // icon, as in ui.Service
	URL         string   // its front page
	ByEmail     bool     // a key without a phone is enough (level 2)
	Asks        []Ask    // what it may ask for
	Forgets     []string // groups of residents that it cannot serve: portuguese_card, brazilian_card, passport, residence_permit, residence_card
}

// Ask is an attribute that a service may ask for.
type Ask struct {
	Name     string // of the attribute catalogue
	Optional bool
}

// Home is the first page.
type Home struct {
	Services []Service // a handful; the catalogue has them all
	MinAge   int       // completed years; zero hides the sentence
	Counter  string    // local path for people who work at a counter; empty hides it
	Sign     bool      // leads to signing and checking
}

// Page implements ui.View.
func (Home) Page() ui.Page {
	return ui.Page{Name: "portal/home", Title: "portal.home.title", Layout: ui.Portal, Section: "home"}
}

// Services is the catalogue.
type Services struct {
	Services []Service
}

// Page implements ui.View.
func (Services) Page() ui.Page {
	return ui.Page{Name: "portal/services", Title: "portal.services.title", Layout: ui.Portal, Section: "services"}
}

// Help answers the usual questions and explains every code; `/help#CH-1203` leads to one.
type Help struct {
	MinAge int // completed years; zero hides the sentence
}

// Page implements ui.View.
func (Help) Page() ui.Page {
	return ui.Page{Name: "portal/help", Title: "portal.help.title", Layout: ui.Portal, Section: "help"}
}

// Chapter is the codes of one subject.
type Chapter struct {
	Subject string // its text is portal.help.codes.SUBJECT
	Codes   []string
}

// Chapters groups the whole catalogue of faults by the two digits that name their subject.
func (Help) Chapters() []Chapter {
	var all []Chapter
	for _, c := range fault.Codes() {
		code := string(c)
		subject := code[:5] // "CH-12"
		if len(all) == 0 || all[len(all)-1].Subject != subject {
			all = append(all, Chapter{Subject: subject})
		}
		last := &all[len(all)-1]
		last.Codes = append(last.Codes, code)
	}
	return all
}

// Questions are the subjects of the help page; their texts are portal.help.NAME.title and .text, and their anchors the names.
func (Help) Questions() []string {
	return []string{"pin", "phone", "blocked", "code", "foreigners", "expired", "passport", "email", "share", "fraud", "cancel", "without"}
}
