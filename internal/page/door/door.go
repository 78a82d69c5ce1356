// Package door owns how Chave's own pages have somebody sign in: they begin a login like any wire, as a first-party service with which nothing is shared.
//
// My key and the counter each have a Door. It never decides who may do what behind it: roles are the page's to check, steps are core/login's.
package door

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"chave/internal/cookie"
	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
)

// Door is one entrance. All fields are required.
type Door struct {
	Login    *login.Service
	Jar      cookie.Jar
	Rand     io.Reader
	Now      func() time.Time
	Service  service.Service // FirstParty
	MinLevel service.Level
	Fresh    time.Duration // a session whose PIN and code are older must sign in again (A11); zero for no limit
	Path     string        // resume path prefix, such as /key/enter/
	Home     string        // where to go once inside, such as /key
	Lang     func(*http.Request) string
}

// Inside is who came through the door.
type Inside struct {
	Person  citizen.Person
	Session login.Session
}

// Who tells who is inside: the browser's session, if it is strong and fresh enough. Otherwise fault.SessionNeeded: begin a sign-in.
func (d *Door) Who(r *http.Request) (Inside, error) {
	session, person, err := d.Login.SessionOf(r.Context(), d.Jar.Session(r))
	if err != nil {
		return Inside{}, err
	}
	if session.Level < d.MinLevel || (d.Fresh > 0 && d.Now().Sub(session.AuthAt) > d.Fresh) {
		return Inside{}, fault.New(fault.SessionNeeded)
	}
	return Inside{person, session}, nil
}

// Prove is Who as a proof, for what core does only for a fresh sign-in: the same session, the same fault.
func (d *Door) Prove(r *http.Request) (login.Verified, error) {
	return d.Login.Prove(r.Context(), d.request(r, login.SignIn))
}

func (d *Door) request(r *http.Request, purpose login.Purpose) login.Request {
	req := login.Request{
		Wire: login.FirstParty, Purpose: purpose, Service: d.Service, MinLevel: d.MinLevel, Lang: d.Lang(r),
		Resume:  func(id string) string { return d.Path + url.PathEscape(id) },
		Session: d.Jar.Session(r),
	}
	if d.Fresh > 0 {
		req.MaxAge = &d.Fresh
	}
	return req
}

// Begin starts a transaction and sends the browser to its first step.
func (d *Door) Begin(w http.ResponseWriter, r *http.Request, purpose login.Purpose) error {
	req := d.request(r, purpose)
	req.Browser = d.Jar.EnsureBrowser(w, r, d.Rand)
	t, err := d.Login.Begin(r.Context(), req)
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/signin/"+url.PathEscape(t.ID), http.StatusSeeOther)
	return nil
}

// Mount serves the resume path; done is told what was achieved and where the browser is sent next may be changed by it.
func (d *Door) Mount(mux *http.ServeMux, done func(ctx context.Context, out login.Outcome) (next string), fail func(http.ResponseWriter, *http.Request, error)) {
	mux.HandleFunc("GET "+d.Path+"{id}", func(w http.ResponseWriter, r *http.Request) {
		d.Return(w, r, done, fail)
	})
}

// Return is what Mount serves, for a door whose path is made for one request: `{id}` of the route is the sign-in's.
func (d *Door) Return(w http.ResponseWriter, r *http.Request, done func(ctx context.Context, out login.Outcome) (next string), fail func(http.ResponseWriter, *http.Request, error)) {
	out, err := d.Login.Finish(r.Context(), r.PathValue("id"), d.Jar.Browser(r), login.FirstParty, nil)
	if fault.Is(err, fault.StepPassed) || fault.Is(err, fault.LoginAlreadyFinished) { // refreshed or bookmarked: the area itself knows what to show
		http.Redirect(w, r, d.Home, http.StatusSeeOther)
		return
	}
	if err != nil {
		fail(w, r, err)
		return
	}
	next := "/"
	if out.Refusal == "" {
		next = d.Home
	}
	if done != nil {
		if path := done(r.Context(), out); path != "" {
			next = path
		}
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

// To is the same door leading to another page behind it. path is where a sign-in for it resumes and home that page; both are of this site.
func (d *Door) To(path, home string) *Door {
	other := *d
	other.Path, other.Home = path, home
	return &other
}
