//go:build torture

package torture

import (
	"context"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/outside/store"
	"chave/test/population"
	"chave/test/rig"
)

func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil && n > 0 {
		return n
	}
	return otherwise
}

func TestKill9_loses_nothing_that_was_acknowledged_and_accepts_no_code_twice(t *testing.T) {
	kills, seed := number("CHAVE_KILLS", 5), number("CHAVE_SEED", int(time.Now().UnixNano()%1_000_000))
	t.Logf("CHAVE_SEED=%d", seed)
	dir := t.TempDir()
	binary, err := rig.Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, driver := range drivers {
		t.Run(driver, func(t *testing.T) {
			run(t, settle(t, binary, driver), kills, uint64(seed), func(int) bool { return false })
		})
	}
	t.Run("the server and PostgreSQL under it in turn", func(t *testing.T) {
		// The server outlives its database here: it must say no while that is down, and go on when it is back.
		run(t, settle(t, binary, store.Postgres), max(2, kills/5), uint64(seed)+1, func(i int) bool { return i%2 == 0 })
	})
}

// run works, kills and looks, over and over; beneath tells whether the i-th kill hits the database instead of the server.
func run(t *testing.T, c *country, kills int, seed uint64, beneath func(int) bool) {
	l := &ledger{sent: make(chan struct{}), look: map[*holder]bool{}}
	for n := operators; n < operators+residents; n++ {
		r := population.Of(n, c.options)
		l.idle = append(l.idle, &holder{Resident: r, pin: r.PIN, agreed: map[string]bool{}})
	}
	dice := rand.New(rand.NewPCG(seed, seed))
	began := time.Now()
	for i := range kills {
		if kill(t, c, l, dice, beneath(i)); t.Failed() {
			t.Fatalf("after kill %d", i+1)
		}
	}
	everybody(t, c, l)
	if err := c.Stop(); err != nil {
		t.Errorf("the server did not end in good order: %v", err)
	}
	l.total.audited = audit(t, c)
	s := l.total
	t.Logf("%d kills in %s: %d sign-ins, %d registrations, %d PIN changes and %d new consents acknowledged, all there", s.kills,
		time.Since(began).Round(time.Second), s.signIns, s.registrations, s.changes, s.consents)
	t.Logf("%d PINs were sent and never answered: %d had been set, %d had not, none half", s.doubts, s.became, s.doubts-s.became)
	t.Logf("tried again after the restart, and refused: %d accepted one-time codes (%d more never answered), %d redeemed authorization codes (%d more never answered)",
		s.codes, s.codesInDoubt, s.grants, s.grantsInDoubt)
	t.Logf("likewise %d requests over SAML (%d more never answered), and %d of their answers that had been given", s.posts, s.postsInDoubt, s.answers)
	t.Logf("%d signatures acknowledged, each verified and on record once; %d codes for one were sent and never answered: %d gave it when they were sent again, the others are over",
		s.signatures, s.signaturesInDoubt, s.late)
	t.Logf("%d requests for signatures were refused because of processes that kills had left waiting", s.held)
	t.Logf("audit log: %d events verified; limits raised: codes_per_address, codes_per_person %d, requests_per_address", s.audited, codesPerPerson)
}

// kill lets people work, ends server or database at a random moment, brings it back and looks at everything that was acknowledged since the last time.
func kill(t *testing.T, c *country, l *ledger, dice *rand.Rand, database bool) {
	t.Helper()
	l.killed.Store(false)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var work sync.WaitGroup
	begin := func(fn func(*worker) error) {
		w := &worker{c: c, l: l, r: rand.New(rand.NewPCG(dice.Uint64(), dice.Uint64()))}
		work.Go(func() {
			if err := fn(w); err != nil {
				t.Errorf("before the kill: %v", err)
			}
		})
	}
	for range 5 {
		begin(func(w *worker) error { return w.work(ctx) })
	}
	for n := range operators {
		clerk := population.Of(n, c.options)
		begin(func(w *worker) error { return w.desk(ctx, &holder{Resident: clerk, pin: clerk.PIN}) })
	}
	for _, s := range c.signatories {
		begin(func(w *worker) error { return w.signs(ctx, s) })
	}
	// The moment is what is random. Two of three kills fall within milliseconds of a form that decides something: long enough for the request to be read,
	// committed or answered, or not.
	time.Sleep(400*time.Millisecond + time.Duration(dice.Int64N(int64(1200*time.Millisecond))))
	if dice.IntN(3) > 0 {
		select {
		case <-l.sent:
			time.Sleep(time.Duration(dice.Int64N(int64(12 * time.Millisecond))))
		case <-time.After(time.Second):
		}
	}
	l.killed.Store(true)
	if database {
		c.Postgres.Kill()
	} else {
		c.Kill()
	}
	stop()
	work.Wait()
	c.Service.Lines.Drop()
	if database {
		if err := c.Postgres.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := c.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
	} else if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.total.kills++
	lookAtAll(t, c, l)
	audit(t, c)
}

func lookAtAll(t *testing.T, c *country, l *ledger) {
	t.Helper()
	w := &worker{c: c, l: l}
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	defer stop()
	look, codes, grants, posts := l.since()
	if err := each(codes, func(one usedCode) error { return w.replayCode(ctx, one) }); err != nil {
		t.Error(err)
	}
	if err := each(grants, func(one usedGrant) error { return w.replayGrant(ctx, one) }); err != nil {
		t.Error(err)
	}
	if err := each(posts, func(one *usedPost) error { return w.replayPost(ctx, one) }); err != nil {
		t.Error(err)
	}
	lookAtSignatures(ctx, t, w)
	for _, one := range posts {
		count(one.taken, &l.total.posts, &l.total.postsInDoubt)
		if one.answered {
			l.total.answers++
		}
	}
	for _, one := range codes {
		count(one.answer, &l.total.codes, &l.total.codesInDoubt)
	}
	for _, one := range grants {
		count(one.answer, &l.total.grants, &l.total.grantsInDoubt)
	}
	if err := each(look, func(h *holder) error { return w.look(ctx, h) }); err != nil {
		t.Error(err)
	}
	l.note(func(l *ledger) { l.codes, l.grants = nil, nil }) // those of looking
}

// lookAtSignatures asks for everything again that was asked since the last kill.
func lookAtSignatures(ctx context.Context, t *testing.T, w *worker) {
	t.Helper()
	var all []*usedProcess
	w.l.note(func(l *ledger) {
		all = l.processes[l.replayed:]
		l.replayed = len(l.processes)
	})
	for _, one := range all {
		if one.signature == nil {
			w.l.total.signaturesInDoubt++
			defer func() {
				if one.signature != nil {
					w.l.total.late++
				}
			}()
		}
	}
	if err := each(all, func(one *usedProcess) error { return w.replayProcess(ctx, one) }); err != nil {
		t.Error(err)
	}
}

func count(yes bool, sure, doubt *int) {
	if yes {
		*sure++
	} else {
		*doubt++
	}
}

// everybody looks once more at all who live here, not only at those of the last kill, and at all signatures.
func everybody(t *testing.T, c *country, l *ledger) {
	t.Helper()
	l.note(func(l *ledger) {
		for _, h := range l.idle {
			if h.temporary || h.rounds > 0 || len(h.agreed) > 0 {
				l.look[h] = true
			}
		}
	})
	lookAtAll(t, c, l)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	if err := c.onRecord(ctx, l.processes); err != nil {
		t.Error(err)
	}
}

var sealed = regexp.MustCompile(`events (\d+)`)

// audit runs `chave audit verify` on the living database and gives the number of events.
func audit(t *testing.T, c *country) int {
	t.Helper()
	said, err := c.Chave(t.Context(), "audit", "verify", "--config", c.Config())
	if err != nil || !strings.Contains(said, "the record verifies") {
		t.Errorf("the audit log does not verify: %v\n%s", err, said)
	}
	if m := sealed.FindStringSubmatch(said); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}
