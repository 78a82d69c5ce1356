package counter

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/page/door"
	"chave/internal/page/ui"
)

// Handler serves the counter: behind its door, and then only to who has the operator's role. All fields but Signature are required.
//
//	GET  /counter                     today's cases
//	POST /counter/cases               opens one
//	GET  /counter/cases/{id}          the step it waits for; ?type= shows the form for that document, ?form=1 the form again after a refusal
//	POST /counter/cases/{id}          answers a step, named by the hidden field `step`: type, document, back, attest, contacts, numbers, mend, reissue
//	GET  /counter/cases/{id}/answer   what the registry said
//
// The temporary PIN stands in one answer, to the POST that made it, and nowhere else: no row, no address, no second look (R2.09).
type Handler struct {
	Site     *ui.Site
	Enrol    *enrol.Service
	Door     *door.Door                                       // Path /counter/enter/, Home /counter
	Services func(context.Context) ([]service.Service, error) // all registrations, for the warnings of R2.10
	SignIn   string                                           // the whole address of /key, as the resident will type it
	Now      func() time.Time
	// Signature is the whole address of /key/signature, offered at the end: whoever wants to sign chooses the PIN in their own hands. Empty where nobody can sign.
	Signature string
}

const home = "/counter"

// Mount lists the routes.
func (h *Handler) Mount(mux *http.ServeMux) {
	h.Door.Mount(mux, nil, h.Site.Fail)
	mux.HandleFunc("GET /counter", h.operator(h.list))
	mux.HandleFunc("POST /counter/cases", h.operator(h.open))
	mux.HandleFunc("GET /counter/cases", toHome)
	mux.HandleFunc("GET /counter/cases/{id}", h.operator(h.show))
	mux.HandleFunc("POST /counter/cases/{id}", h.operator(h.take))
	mux.HandleFunc("GET /counter/cases/{id}/answer", h.operator(h.registry))
}

func toHome(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, home, http.StatusSeeOther) }

// desk is one request of an operator.
type desk struct {
	w   http.ResponseWriter
	r   *http.Request
	who door.Inside
}

func (d desk) ctx() context.Context { return d.r.Context() }
func (d desk) id() string           { return d.r.PathValue("id") }
func (d desk) me() citizen.ID       { return d.who.Person.ID }
func (d desk) account() ui.Account {
	return ui.Account{Name: d.who.Person.FullName(), SignOut: "/signout"}
}

func casePath(id string) string { return "/counter/cases/" + url.PathEscape(id) }

// operator answers who is through the door and has the role at this moment; an error becomes a page here and nowhere else.
func (h *Handler) operator(next func(desk) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d := desk{w: w, r: r}
		if err := h.admit(&d, next); err != nil {
			h.Site.Fail(w, r, err)
		}
	}
}

func (h *Handler) admit(d *desk, next func(desk) error) error {
	var err error
	if d.who, err = h.Door.Who(d.r); fault.Is(err, fault.SessionNeeded) {
		return h.Door.Begin(d.w, d.r, login.SignIn)
	}
	if err != nil {
		return err
	}
	may, err := h.Enrol.HasRole(d.ctx(), d.me(), enrol.Operator)
	if err != nil {
		return err
	}
	if !may {
		h.Site.Render(d.w, d.r, http.StatusForbidden, NotOperator{Account: d.account(), Code: string(fault.RoleNeeded)})
		return nil
	}
	return next(*d)
}

func (h *Handler) list(d desk) error {
	now := h.Now()
	all, err := h.Enrol.Cases(d.ctx(), d.me(), citizen.DateOf(now, h.Enrol.Rules.Zone).AddDays(-1).End(h.Enrol.Rules.Zone))
	if err != nil {
		return err
	}
	v := Home{Account: d.account(), Action: "/counter/cases"}
	for _, c := range all {
		line := Line{Path: casePath(c.ID), Name: c.Person.FullName(), Document: string(c.Evidence.Type), At: c.CreatedAt, State: string(c.State)}
		switch {
		case c.State == enrol.Issued:
			done, err := h.Enrol.FirstSignInDone(d.ctx(), c)
			if err != nil {
				return err
			}
			if done {
				line.State = "done"
			}
		case c.State != enrol.Refused && !now.Before(c.ExpiresAt): // left half done, and nothing came of it
			continue
		}
		v.Cases = append(v.Cases, line)
	}
	h.Site.Render(d.w, d.r, http.StatusOK, v)
	return nil
}

func (h *Handler) open(d desk) error {
	if _, err := ui.Fields(d.w, d.r); err != nil {
		return err
	}
	c, err := h.Enrol.Open(d.ctx(), d.me())
	if err != nil {
		return err
	}
	http.Redirect(d.w, d.r, casePath(c.ID), http.StatusSeeOther)
	return nil
}

func (h *Handler) show(d desk) error {
	c, err := h.Enrol.Load(d.ctx(), d.id(), d.me())
	if err != nil {
		return err
	}
	return h.page(d, c, http.StatusOK, nil, nil)
}

// registry says what the civil registry answered, so that the operator compares the person with it before going on (R2.07).
func (h *Handler) registry(d desk) error {
	c, err := h.Enrol.Load(d.ctx(), d.id(), d.me())
	if err != nil {
		return err
	}
	if c.State != enrol.AtContacts && c.State != enrol.AtAttest {
		return again(d)
	}
	v := Registry{
		Case: h.around(d, c, "registry", nil), Outcome: string(c.Registry), Document: document(c), Nationality: string(c.Person.Nationality),
		BirthDate: day(c.Person.BirthDate), Next: casePath(c.ID),
	}
	h.Site.Render(d.w, d.r, http.StatusOK, v)
	return nil
}

// again shows where the case stands now: the answer to a step that has passed, and the end of every step that succeeds.
func again(d desk) error {
	http.Redirect(d.w, d.r, casePath(d.id()), http.StatusSeeOther)
	return nil
}

// take answers a step. What was wrong with it is shown at its fields, with everything that was typed.
func (h *Handler) take(d desk) error {
	form, err := ui.Fields(d.w, d.r, "attest")
	if err != nil {
		return err
	}
	act, known := h.acts()[form.Get("step")]
	if !known {
		return fault.New(fault.RequestMalformed).On("step")
	}
	err = act(d, form)
	switch {
	case err == nil:
		return nil
	case fault.Is(err, fault.StepPassed), fault.Is(err, fault.RowConflict): // back button, second tab, double submit
		return again(d)
	case aboutForm(err):
		c, lost := h.Enrol.Load(d.ctx(), d.id(), d.me())
		if lost != nil {
			return lost
		}
		return h.page(d, c, ui.Status(fault.Of(err).Kind()), form, err)
	}
	return err
}

// aboutForm tells whether the operator can put it right, or try again, on the same page.
func aboutForm(err error) bool {
	var problems enrol.Problems
	if errors.As(err, &problems) {
		return true
	}
	f := fault.Of(err)
	return f.Field != "" || f.Code == fault.RegistryUnavailable || f.Code == fault.AlreadyHasKey
}

func (h *Handler) acts() map[string]func(desk, url.Values) error {
	return map[string]func(desk, url.Values) error{
		"type": h.takeType, "document": h.takeDocument, "back": h.takeBack, "attest": h.takeAttest, "contacts": h.takeContacts,
		"numbers": h.takeNumbers, "mend": h.takeMend, "reissue": h.takeReissue,
	}
}
