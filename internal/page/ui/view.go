package ui

import (
	"net/url"
	"strings"
	"time"

	"chave/internal/core/fault"
)

// View is the data of one page. Each page package declares one struct per page; the handler fills it and calls Render.
type View interface {
	// Page says which template shows the view and what stands around it.
	Page() Page
}

// Layout chooses what stands around a page's content.
type Layout string

// The layouts.
const (
	Portal  Layout = "portal"  // public pages: navigation, wide
	Task    Layout = "task"    // one column, one thing to do: sign-in and its endings
	Key     Layout = "key"     // the person's own area, with its side list
	Counter Layout = "counter" // the operator's area
)

// Page is what the layout needs to know about a view.
type Page struct {
	Name      string // the template, such as "signin/pin"
	Title     string // text key of the only h1
	TitleArgs []any  // name, value pairs of the title
	Layout    Layout
	Small     bool   // in a small window that a service opened (cmd-authentication.md §1.2.1): nothing around the task
	Section   string // the navigation entry that the page belongs to
	Service   *Service
	Asking    string // text key of the words above the service's name; empty means "you are signing in to"
	Account   *Account
	Problems  []Problem
	Labels    map[string]string // text key of each field's label, for problems that name their field ({{.Label}})
	Leads     []string          // further addresses that a form's answer may lead to; only their origins are used
	Scripts   []string          // assets that this page loads beside the common script, as modules
	Reads     bool              // its script may fetch from this site and run a worker, which no other page's may
	Focus     bool              // move the reader to the heading (a step that replaced another page) or to the problems
}

// Form is what every form of ours carries: where it posts, which step it answers, and what was wrong with the last try.
type Form struct {
	Action   string // local path; empty posts to the page's own address
	Step     string // hidden `step` field; a late answer to a passed step is recognised by it
	Problems []Problem
}

// Problem is one thing to put right. Its sentences are the texts `fault.CODE.what` and `fault.CODE.do`.
type Problem struct {
	Field string // form field name; empty when it concerns the whole form
	Code  string // "CH-1203"
	Args  []any  // name, value pairs; a time.Time is written in the reader's language
}

// Problems finds what to tell the person in an error: every fault inside it, joined ones too. Anything else becomes the
// internal fault, whose text gives nothing away. Nil gives none.
func Problems(err error) []Problem {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var all []Problem
		for _, e := range many.Unwrap() {
			all = append(all, Problems(e)...)
		}
		return all
	}
	f := fault.Of(err)
	return []Problem{{Field: f.Field, Code: string(f.Code), Args: f.Args}}
}

// Service is who asks. Its name stands at the top of every step, so that nobody signs in to something else by mistake.
type Service struct {
	Name     string
	Category string // icon: tax, social_security, health, hospital, bank, education, justice, work, town, key, counter; else a plain door
	Return   string // where the browser goes at the end; only its origin is used, to let the form's answer lead there
	Home     string // the service's own first page, for links after everything has ended; may be empty
}

// Account is who is signed in to one of our own areas.
type Account struct {
	Name    string // as written in the document
	SignOut string // local path that ends the session by POST
}

// Document is an identity document as a person reads it.
type Document struct {
	Type    string // citizen_card, identity_card, passport, residence_permit, residence_card
	Country string // issuing country, ISO 3166-1 alpha-3
	Number  string
	Expires time.Time // zero: lifetime
}

// formTarget turns a return address into a source of the CSP form-action list: an origin, or the scheme of a native
// app. Chromium applies form-action to the whole redirect chain after a POST, so the consent answer could not reach the service
// without it. Anything that does not parse yields nothing.
func formTarget(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || strings.ContainsAny(u.Host+u.Scheme, " ;,'\"*") {
		return ""
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return u.Scheme + ":"
	}
	if u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
