package drive

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"time"
)

// Person is what somebody knows when they sign in.
type Person struct {
	Identifier string
	Country    string // alpha-3, for a document number
	PIN        string
	NewPIN     string // for the step that asks for one
	Contact    string // phone or e-mail that the code goes to
}

// Answer is what the person says on the share page.
type Answer string

// The two answers; they are the values of the page's buttons.
const (
	Allow Answer = "allow"
	Deny  Answer = "deny"
)

// Walk is one way through the pages.
type Walk struct {
	Browser *Browser
	Inbox   Inbox
	Person  Person
	Answer  Answer // Allow when empty
	// Stop tells the address at which the walk is over, usually the service's callback.
	Stop func(*url.URL) bool
	// Took hears how long each step made the person wait: from pressing the button until the next page, or the service, is reached. May be nil.
	Took func(step string, d time.Duration)
	// Before sees each form before it is posted and may change it; After sees that its answer has arrived. May be nil.
	Before func(step string, at *url.URL, form url.Values)
	After  func(step string, answer Page)
}

// Stuck is a page that the walk cannot go on from.
type Stuck struct {
	Step   string // the last step that was answered
	Status int
	Path   string
	Code   string // the page's CH- code, when it shows one
	Page   []byte
}

func (e *Stuck) Error() string {
	return fmt.Sprintf("stuck after %s: %s answered %d %s", e.Step, e.Path, e.Status, e.Code)
}

// maxSteps is more than any sign-in has.
const maxSteps = 12

// From begins at an address, such as a service's authorization request, and walks until Stop. It returns where it stopped.
func (w *Walk) From(ctx context.Context, start *url.URL) (*url.URL, error) {
	began := time.Now()
	page, err := w.Browser.Get(ctx, start)
	if err != nil {
		return nil, err
	}
	if page, err = w.Browser.Follow(ctx, page, w.Stop); err != nil {
		return nil, err
	}
	w.took("authorize", began)
	return w.On(ctx, page, "authorize")
}

// On goes on from a page.
func (w *Walk) On(ctx context.Context, page Page, last string) (*url.URL, error) {
	for range maxSteps {
		if page.Next != nil {
			return page.Next, nil
		}
		if w.Stop != nil && w.Stop(page.URL) {
			return page.URL, nil
		}
		step, form, err := w.step(page)
		if err != nil {
			return nil, err
		}
		if step == "" || step == last && page.Status >= 400 {
			return nil, &Stuck{Step: last, Status: page.Status, Path: page.URL.Path, Code: codeOf(page.Body), Page: page.Body}
		}
		values, err := w.fill(ctx, step, form)
		if err != nil {
			return nil, err
		}
		if w.Before != nil {
			w.Before(step, form.Action, values)
		}
		began := time.Now()
		if page, err = w.Browser.Post(ctx, form.Action, values); err != nil {
			return nil, fmt.Errorf("%s: %w", step, err)
		}
		if w.After != nil {
			w.After(step, page)
		}
		if page, err = w.Browser.Follow(ctx, page, w.Stop); err != nil {
			return nil, fmt.Errorf("after %s: %w", step, err)
		}
		w.took(step, began)
		last = step
	}
	return nil, &Stuck{Step: last, Status: page.Status, Path: page.URL.Path, Code: codeOf(page.Body), Page: page.Body}
}

// names are the fields that tell a step, as the contract fixes them, with what each step is called in reports.
var names = []struct{ field, step string }{
	{"identifier", "identifier"}, {"pin", "pin"}, {"new_pin", "new_pin"}, {"code", "code"}, {"decision", "consent"},
}

// step finds the form of the page that has one of the fixed names.
func (w *Walk) step(page Page) (string, Form, error) {
	all, err := Forms(page)
	if err != nil {
		return "", Form{}, err
	}
	for _, f := range all {
		for _, n := range names {
			if f.Has(n.field) {
				return n.step, f, nil
			}
		}
	}
	return "", Form{}, nil
}

func (w *Walk) fill(ctx context.Context, step string, f Form) (url.Values, error) {
	p := w.Person
	switch step {
	case "identifier":
		return f.With(map[string]string{"identifier": p.Identifier, "country": p.Country}, f.first()), nil
	case "pin":
		return f.With(map[string]string{"pin": p.PIN}, f.first()), nil
	case "new_pin":
		return f.With(map[string]string{"new_pin": p.NewPIN, "new_pin_again": p.NewPIN}, f.first()), nil
	case "code":
		code, err := w.Inbox.Code(ctx, p.Contact)
		if err != nil {
			return nil, fmt.Errorf("code for the sign-in: %w", err)
		}
		return f.With(map[string]string{"code": code}, f.first()), nil
	}
	answer := w.Answer
	if answer == "" {
		answer = Allow
	}
	return f.With(nil, Button{"decision", string(answer)}), nil
}

// first is the button that goes forward.
func (f Form) first() Button {
	if len(f.Buttons) == 0 {
		return Button{}
	}
	return f.Buttons[0]
}

func (w *Walk) took(step string, began time.Time) {
	if w.Took != nil {
		w.Took(step, time.Since(began))
	}
}

// codeOf finds the first stable code that a page shows, for reports.
func codeOf(body []byte) string {
	if i := bytes.Index(body, []byte("CH-")); i >= 0 && i+7 <= len(body) {
		return string(body[i : i+7])
	}
	return ""
}
