package signin

import "chave/internal/page/ui"

// SignOut asks whether to end the session, when nothing in a service's request proves that the person wants it: otherwise any site could sign people out.
type SignOut struct {
	ui.Form
	Fields  []ui.Hidden // posted back as they came
	Service ui.Service  // who asked; may be empty
}

// Page implements ui.View.
func (v SignOut) Page() ui.Page {
	return ui.Page{Name: "signin/signout", Title: "signin.signout.title", Layout: ui.Task, Service: &v.Service, Asking: "signin.signout.from", Problems: v.Problems, Focus: true}
}
