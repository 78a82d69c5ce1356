package ui

import (
	"context"
	"errors"
	"net/http"

	"chave/internal/core/fault"
)

// ErrorPage is any refusal as a page of its own: what happened, what to do, the stable code.
type ErrorPage struct {
	Problem Problem
	Again   string // local path to try again; empty hides the button
	Service *Service
}

// Page implements View.
func (v ErrorPage) Page() Page {
	return Page{Name: "ui/error", Title: "fault." + v.Problem.Code + ".what", TitleArgs: v.Problem.Args, Layout: Task, Service: v.Service}
}

// Post is a form that hands the browser to another site by POST, for protocols that answer so.
type Post struct {
	Action string // the other site's address
	Fields []Hidden
	Name   string // the other site's name, for the button that people without script press
}

// Hidden is one field of such a form, in order.
type Hidden struct{ Name, Value string }

// Page implements View.
func (v Post) Page() Page {
	return Page{Name: "ui/post", Title: "ui.post.title", Layout: Task}
}

func ownViews() []View { return []View{ErrorPage{}, Post{}} }

// AutoPost sends the form. With script it goes on by itself; without, the person presses its one button.
func (s *Site) AutoPost(w http.ResponseWriter, r *http.Request, p Post) {
	s.render(w, r, http.StatusOK, p, p.Page(), []string{p.Action})
}

// Fail shows any error as a page, with the status its kind has. The cause is not shown; logging it is the caller's,
// except that an internal one is logged here because nobody expected it.
func (s *Site) Fail(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	if f.Kind() == fault.Internal && !errors.Is(err, context.Canceled) {
		s.log.ErrorContext(r.Context(), "page answered an internal fault", "err", err)
	}
	problem := Problem{Code: string(f.Code), Args: f.Args}
	s.Render(w, r, Status(f.Kind()), ErrorPage{Problem: problem})
}

// NotFound is the page for an address that does not exist.
func (s *Site) NotFound(w http.ResponseWriter, r *http.Request) {
	s.Fail(w, r, fault.New(fault.PageNotFound))
}

// Status is the HTTP status of a page that shows a fault of the kind (RFC 9110 §15).
func Status(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Denied:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Exhausted:
		return http.StatusTooManyRequests
	case fault.Expired:
		return http.StatusGone
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}
