//go:build torture

package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"

	"chave/test/drive"
)

// worker does acts until the kill.
type worker struct {
	c *country
	l *ledger
	r *rand.Rand
}

func (w *worker) browser() *drive.Browser {
	return &drive.Browser{Lines: w.c.Service.Lines, Language: "pt"}
}

func (w *worker) address(path string) *url.URL {
	u, err := url.Parse(w.c.Settings.Issuer + path)
	if err != nil {
		panic(err)
	}
	return u
}

// walk is a holder's way through the pages, with every accepted code kept to be tried again.
func (w *worker) walk(h *holder, b *drive.Browser, stop func(*url.URL) bool) *drive.Walk {
	who := string(h.Phone)
	w.c.Sink.Forget(who) // a code of a sign-in that a kill ended may have come late
	walk := &drive.Walk{Browser: b, Inbox: w.c.Sink, Stop: stop, Person: drive.Person{Identifier: who, PIN: h.pin, Contact: who}}
	var sent usedCode
	walk.Before = func(step string, at *url.URL, form url.Values) {
		if step == "code" || step == "new_pin" || step == "consent" {
			w.l.decisive()
		}
		if step == "code" {
			sent = usedCode{browser: b.Copy(), at: at, form: form}
			w.l.note(func(l *ledger) { l.codes = append(l.codes, sent) })
		}
	}
	host := w.address("/").Hostname()
	walk.After = func(step string, _ drive.Page) {
		if step == "code" && session(b, host) != session(sent.browser, host) {
			w.l.note(func(l *ledger) {
				for i := range l.codes {
					if l.codes[i].browser == sent.browser {
						l.codes[i].answer = true
					}
				}
			})
		}
	}
	return walk
}

// session is what a browser holds of sessions, of both realms.
func session(b *drive.Browser, host string) string {
	return b.Cookie(host, "chave_session") + " " + b.Cookie(host, "chave_compat")
}

// signIn is a whole sign-in to a service that the holder may not have met.
func (w *worker) signIn(ctx context.Context, h *holder) error {
	s := &w.c.services[w.r.IntN(len(w.c.services))]
	start, flow, err := s.Ask()
	if err != nil {
		return err
	}
	walk := w.walk(h, w.browser(), s.Back)
	after := walk.After
	walk.After = func(step string, answer drive.Page) {
		after(step, answer)
		if step == "consent" && answer.Status/100 == 3 {
			w.l.note(func(l *ledger) {
				if !h.agreed[s.ID] {
					h.agreed[s.ID] = true
					l.total.consents++
				}
			})
		}
	}
	back, err := walk.From(ctx, start)
	if err != nil {
		return err
	}
	code, err := s.Code(flow, back)
	if err != nil {
		return err
	}
	at := 0
	w.l.note(func(l *ledger) {
		at = len(l.grants)
		l.grants = append(l.grants, usedGrant{service: s, flow: flow, code: code})
	})
	if _, err := s.Redeem(ctx, flow, code); err != nil {
		return err
	}
	w.l.note(func(l *ledger) {
		l.grants[at].answer = true
		l.total.signIns++
	})
	return nil
}

// changePIN goes through the holder's own area.
func (w *worker) changePIN(ctx context.Context, h *holder) error {
	b := w.browser()
	atKey := func(u *url.URL) bool { return u.Path == "/key" }
	if _, err := w.walk(h, b, atKey).From(ctx, w.address("/key")); err != nil {
		return err
	}
	page, err := b.Post(ctx, w.address("/key/pin"), url.Values{})
	if err != nil {
		return err
	}
	changed := func(u *url.URL) bool { return u.Path == "/key/done/pin_changed" }
	if page, err = b.Follow(ctx, page, changed); err != nil {
		return err
	}
	h.rounds++
	fresh := h.OtherPIN(h.rounds*1000 + h.BirthDate.Day)
	walk := w.walk(h, b, changed)
	walk.Person.NewPIN = fresh
	w.chosen(walk, h, fresh)
	_, err = walk.On(ctx, page, "change")
	return err
}

// chosen notes what became of a new PIN: in doubt once it is sent, acknowledged once it is answered.
func (w *worker) chosen(walk *drive.Walk, h *holder, fresh string) {
	before, after := walk.Before, walk.After
	walk.Before = func(step string, at *url.URL, form url.Values) {
		before(step, at, form)
		if step == "new_pin" {
			h.doubt = fresh
		}
	}
	walk.After = func(step string, answer drive.Page) {
		after(step, answer)
		if step == "new_pin" && answer.Status/100 == 3 {
			if !h.temporary {
				h.before = h.pin
			}
			h.pin, h.doubt, h.temporary = fresh, "", false
			w.l.note(func(l *ledger) { l.total.changes++ })
		}
	}
}

// register is a whole registration at the counter, by an operator who is signed in.
func (w *worker) register(ctx context.Context, desk drive.Desk) error {
	i := 0
	w.l.note(func(l *ledger) { i, l.next = l.next, l.next+1 })
	r := w.c.newcomer(i)
	n := r.Newcomer()
	n.BeforeIssue = w.l.decisive
	pin, err := desk.Register(ctx, n)
	if err != nil {
		return err
	}
	w.l.note(func(l *ledger) { l.total.registrations++ })
	w.l.give(&holder{Resident: r, pin: pin, temporary: true, agreed: map[string]bool{}}, true)
	return nil
}

// operator signs in at the counter.
func (w *worker) operator(ctx context.Context, h *holder) (drive.Desk, error) {
	b := w.browser()
	home := w.address("/counter")
	_, err := w.walk(h, b, func(u *url.URL) bool { return u.Path == home.Path }).From(ctx, home)
	return drive.Desk{Browser: b, Inbox: w.c.Sink, Home: home}, err
}

// first is the first sign-in of somebody who was registered: it chooses a PIN.
func (w *worker) first(ctx context.Context, h *holder) error {
	h.rounds++
	walk := w.walk(h, w.browser(), func(u *url.URL) bool { return u.Path == "/key" })
	walk.Person.NewPIN = h.OtherPIN(h.rounds*1000 + h.BirthDate.Day)
	w.chosen(walk, h, walk.Person.NewPIN)
	_, err := walk.From(ctx, w.address("/key"))
	return err
}

// work does one act after another. An error after the kill is the kill's; one before it is a failure of the server.
func (w *worker) work(ctx context.Context) error {
	for ctx.Err() == nil {
		h := w.l.take()
		if h == nil {
			return errors.New("everybody is busy")
		}
		var err error
		switch {
		case h.temporary:
			err = w.first(ctx, h)
		case w.r.IntN(4) == 0:
			err = w.changePIN(ctx, h)
		case w.r.IntN(4) == 0:
			err = w.cross(ctx, h)
		default:
			err = w.signIn(ctx, h)
		}
		w.l.give(h, true)
		if err != nil {
			return w.mine(err, h)
		}
	}
	return nil
}

// desk registers one newcomer after another.
func (w *worker) desk(ctx context.Context, operator *holder) error {
	d, err := w.operator(ctx, operator)
	if err != nil {
		return w.mine(err, operator)
	}
	for ctx.Err() == nil {
		if err := w.register(ctx, d); err != nil {
			return w.mine(err, operator)
		}
	}
	return nil
}

func (w *worker) mine(err error, h *holder) error {
	if w.l.killed.Load() {
		return nil
	}
	return fmt.Errorf("resident with document %s: %w", h.Documents[0].Type, err)
}
