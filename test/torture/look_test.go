//go:build torture

package torture

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"chave/test/drive"
)

// look signs one holder in and compares what the server knows with what it said before it was killed.
func (w *worker) look(ctx context.Context, h *holder) error {
	// A PIN that was replaced is tried first: it must be refused, and one wrong PIN costs nothing. Likewise the old one when the new is in doubt.
	tries := []string{h.pin}
	switch {
	case h.doubt != "" && !h.temporary:
		tries = []string{h.pin, h.doubt}
	case h.before != "":
		tries = []string{h.before, h.pin}
	}
	b := w.browser()
	walk := w.walk(h, b, func(u *url.URL) bool { return u.Path == "/key" })
	var steps []string
	asked := 0
	before := walk.Before
	walk.Before = func(step string, at *url.URL, form url.Values) {
		if before(step, at, form); step == "pin" {
			form.Set("pin", tries[min(asked, len(tries)-1)])
			asked++
		}
		steps = append(steps, step)
	}
	if h.temporary {
		return w.lookTemporary(ctx, h, walk)
	}
	if _, err := walk.From(ctx, w.address("/key")); err != nil {
		return fmt.Errorf("the PIN that was acknowledged opens nothing: %w", err)
	}
	second := len(steps) > 2 && steps[1] == "pin" && steps[2] == "pin"
	switch {
	case h.doubt != "":
		if second {
			h.pin = h.doubt
			w.l.note(func(l *ledger) { l.total.became++ })
		}
		w.l.note(func(l *ledger) { l.total.doubts++ })
	case h.before != "" && !second:
		return errors.New("the PIN that was replaced still works")
	}
	h.doubt, h.before = "", ""
	return w.lookConsents(ctx, h, b)
}

// lookTemporary tries the PIN that the counter printed. Whether a first PIN in doubt was set shows by which of the two is accepted.
func (w *worker) lookTemporary(ctx context.Context, h *holder, walk *drive.Walk) error {
	doubt := h.doubt
	h.rounds++
	walk.Person.NewPIN = h.OtherPIN(h.rounds*1000 + h.BirthDate.Day)
	if doubt != "" {
		walk.Before = w.doubtful(walk.Before, h.pin, doubt)
	}
	w.chosen(walk, h, walk.Person.NewPIN)
	if _, err := walk.From(ctx, w.address("/key")); err != nil {
		return fmt.Errorf("the temporary PIN that the counter printed opens nothing: %w", err)
	}
	if h.temporary { // no new one was asked for: the one in doubt had been set
		h.pin, h.temporary = doubt, false
		w.l.note(func(l *ledger) { l.total.became++ })
	}
	if doubt != "" {
		w.l.note(func(l *ledger) { l.total.doubts++ })
	}
	h.doubt, h.before = "", ""
	return nil
}

// doubtful types one PIN first and the other when it is refused.
func (w *worker) doubtful(before func(string, *url.URL, url.Values), first, second string) func(string, *url.URL, url.Values) {
	asked := 0
	return func(step string, at *url.URL, form url.Values) {
		if before(step, at, form); step == "pin" {
			form.Set("pin", []string{first, second}[min(asked, 1)])
			asked++
		}
	}
}

// lookConsents reads the list in the holder's own area.
func (w *worker) lookConsents(ctx context.Context, h *holder, b *drive.Browser) error {
	if len(h.agreed) == 0 {
		return nil
	}
	page, err := b.Get(ctx, w.address("/key/consents"))
	if err != nil {
		return err
	}
	forms, err := drive.Forms(page)
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, f := range forms {
		listed[f.Values.Get("service")] = true
	}
	for id := range h.agreed {
		if !listed[id] {
			return fmt.Errorf("the consent for %s that was acknowledged is gone (%d are listed)", id, len(listed))
		}
	}
	return nil
}

// replayCode posts a code again with the cookies of then. A session that opens means that it was accepted a second time.
func (w *worker) replayCode(ctx context.Context, c usedCode) error {
	host := c.at.Hostname()
	accepted := 0
	if c.answer {
		accepted = 1
	}
	for range 2 {
		b := c.browser.Copy()
		if _, err := b.Post(ctx, c.at, c.form); err != nil {
			return err
		}
		if session(b, host) != session(c.browser, host) {
			accepted++
		}
	}
	if accepted > 1 {
		return errors.New("a one-time code was accepted twice")
	}
	return nil
}

// replayGrant redeems an authorization code again.
func (w *worker) replayGrant(ctx context.Context, g usedGrant) error {
	accepted := 0
	if g.answer {
		accepted = 1
	}
	for range 2 {
		_, err := g.service.Redeem(ctx, g.flow, g.code)
		var refused *drive.Refused
		switch {
		case err == nil:
			accepted++
		case !errors.As(err, &refused) || refused.Code != "invalid_grant":
			return err
		}
	}
	if accepted > 1 {
		return errors.New("an authorization code was accepted twice")
	}
	return nil
}

// each runs check over all, a few at once, and gives up to five errors.
func each[T any](all []T, check func(T) error) error {
	var (
		mu    sync.Mutex
		wrong []error
		hands sync.WaitGroup
		next  = make(chan T)
	)
	for range 6 {
		hands.Go(func() {
			for one := range next {
				if err := check(one); err != nil {
					mu.Lock()
					wrong = append(wrong, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, one := range all {
		next <- one
	}
	close(next)
	hands.Wait()
	return errors.Join(wrong[:min(len(wrong), 5)]...)
}
