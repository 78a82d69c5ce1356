package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	cryptorand "crypto/rand"
)

const logName = "id.example/audit"

// auditor is a database with a sealer over a real keystore and a clock that tests move.
type auditor struct {
	db     *store.DB
	now    time.Time
	keys   *keystore.Soft
	sealer *audit.Sealer
	heads  []string // as published
	events int
}

func newAuditor(t *testing.T, open func(...storetest.Option) *store.DB, options ...storetest.Option) *auditor {
	t.Helper()
	a := &auditor{now: storetest.Epoch()}
	keys, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{7}, 32)}})
	if err != nil {
		t.Fatal(err)
	}
	a.keys = keys
	a.db = open(append(options, storetest.WithNow(func() time.Time { return a.now }))...)
	a.sealer = a.another()
	a.sealer.Published = func(_ context.Context, head string) { a.heads = append(a.heads, head) }
	return a
}

// another is a sealer as a second node would run it.
func (a *auditor) another() *audit.Sealer {
	return &audit.Sealer{
		Do: store.In[audit.LogTx](a.db), View: store.InView[audit.LogTx](a.db), Keys: a.keys, Origin: logName,
		Now: func() time.Time { return a.now }, Rand: cryptorand.Reader, Log: slog.New(slog.DiscardHandler),
	}
}

func (a *auditor) record(t *testing.T, n int, kind audit.Kind) {
	t.Helper()
	err := a.db.Do(context.Background(), func(tx *store.Tx) error {
		for i := range n {
			e := audit.Event{
				ID: fmt.Sprintf("event-%06d", a.events+i), At: a.now.Add(time.Duration(i) * time.Millisecond), Kind: kind,
				Person: "person-1", Service: "hospital", Data: map[string]string{"level": "3"},
			}
			if err := tx.InsertAudit(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	a.events += n
}

func (a *auditor) seal(t *testing.T) int {
	t.Helper()
	n, err := a.sealer.Drain(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (a *auditor) verify(t *testing.T, more ...func(*audit.Check)) audit.Report {
	t.Helper()
	c := audit.Check{View: store.InView[audit.LogTx](a.db), Origin: logName, Now: func() time.Time { return a.now }}
	for _, m := range more {
		m(&c)
	}
	report, err := audit.Verify(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func wholeOrFail(t *testing.T, r audit.Report) {
	t.Helper()
	if !r.OK() {
		var b strings.Builder
		r.Problems = r.Problems[:min(len(r.Problems), 8)]
		_ = r.Write(&b)
		t.Fatalf("log is not whole: %s", b.String())
	}
}

func TestA19_every_decision_gets_its_place_in_a_verifiable_log(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		a := newAuditor(t, open)
		wholeOrFail(t, a.verify(t))
		a.sealer.Batch = 100
		a.record(t, 250, audit.LoginFinished)
		if r := a.verify(t); !r.OK() || r.Unsealed != 250 || r.OldestWaits != 0 {
			t.Fatalf("before sealing: %+v", r)
		}
		if n := a.seal(t); n != 251 { // and the event of the first head key
			t.Fatalf("sealed %d", n)
		}
		a.now = a.now.Add(time.Minute)
		a.record(t, 2000, audit.KeyIssued)
		a.sealer.Batch = 0
		a.seal(t)
		a.record(t, 3, audit.PINRefused)
		a.now = a.now.Add(time.Second)
		r := a.verify(t, func(c *audit.Check) { c.Elsewhere = a.heads; c.Keep = audit.Keep{}.Defaults() })
		wholeOrFail(t, r)
		if r.Rows != 2251 || r.Size != 2251 || r.Heads != int64(len(a.heads)) || r.Tiles != 9+1 || r.Unsealed != 3 || r.OldestWaits != time.Second {
			t.Errorf("%+v with %d heads published", r, len(a.heads))
		}
		if a.seal(t) != 3 || a.seal(t) != 0 {
			t.Error("the tail was not sealed once")
		}
	})
}

// A transaction that began early and committed late has an early time. It must not be passed over.
func TestSealer_does_not_miss_an_event_that_was_committed_late(t *testing.T) {
	a := newAuditor(t, func(o ...storetest.Option) *store.DB { return storetest.SQLite(t, o...) })
	a.record(t, 5, audit.LoginFinished)
	a.seal(t)
	a.now = a.now.Add(-time.Hour)
	a.record(t, 1, audit.LoginFinished)
	a.now = a.now.Add(time.Hour)
	if n := a.seal(t); n != 1 {
		t.Errorf("sealed %d", n)
	}
	wholeOrFail(t, a.verify(t))
}

func TestSealer_two_at_once_build_one_log(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		a := newAuditor(t, open)
		a.sealer.Published = nil
		var all sync.WaitGroup
		for i, s := range []*audit.Sealer{a.sealer, a.another(), a.another()} {
			s.Batch = 20 + i
			all.Go(func() {
				for range 30 {
					if _, err := s.Drain(context.Background()); err != nil && !fault.IsKind(err, fault.Unavailable) {
						t.Error(err)
						return
					}
				}
			})
		}
		for range 40 {
			a.record(t, 10, audit.LoginFinished)
		}
		all.Wait()
		a.seal(t)
		r := a.verify(t)
		wholeOrFail(t, r)
		if r.Unsealed != 0 || r.Rows < 401 {
			t.Errorf("%+v", r)
		}
	})
}

func TestSealer_survives_a_failure_at_every_step(t *testing.T) {
	drivers := map[string]func(*testing.T, ...storetest.Option) *store.DB{
		"sqlite":   func(t *testing.T, o ...storetest.Option) *store.DB { return storetest.SQLite(t, o...) },
		"postgres": func(t *testing.T, o ...storetest.Option) *store.DB { return storetest.Postgres(t, o...) },
	}
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			plan := &nth{}
			a := newAuditor(t, func(o ...storetest.Option) *store.DB { return driver(t, o...) }, storetest.WithInject(plan.inject))
			a.record(t, 10, audit.LoginFinished)
			a.seal(t)
			failures := 0
			for step, ended := range map[store.Step]bool{store.StepBegin: false, store.StepStatement: false, store.StepCommit: false, store.StepCommitted: true} {
				for at := 1; ; at++ {
					a.record(t, 70, audit.LoginFinished)
					plan.set(step, at)
					n, err := a.sealer.Pass(context.Background())
					missed := plan.clear()
					wholeOrFail(t, a.verify(t))
					if missed { // the pass has fewer such steps
						if err != nil || n != 70 {
							t.Fatalf("%s %d: sealed %d, %v", step, at, n, err)
						}
						break
					}
					failures++
					if err == nil {
						t.Errorf("%s %d: no error", step, at)
					}
					if left := a.verify(t).Unsealed; (left == 0) != ended {
						t.Errorf("%s %d: %d left unsealed", step, at, left)
					}
					a.seal(t)
				}
			}
			if failures < 9 { // begin, commit, its answer, and size, two chunks, two tiles, head
				t.Errorf("only %d failures were tried", failures)
			}
			if r := a.verify(t); r.Rows != r.Size || r.Unsealed != 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// nth fails one visit to a step.
type nth struct {
	mu   sync.Mutex
	step store.Step
	left int
}

func (n *nth) set(step store.Step, at int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.step, n.left = step, at
}

func (n *nth) clear() (missed bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	missed = n.left > 0
	n.step, n.left = "", 0
	return missed
}

func (n *nth) inject(step store.Step, _ string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if step != n.step || n.left == 0 {
		return nil
	}
	if n.left--; n.left == 0 {
		return errors.New("the disk is gone")
	}
	return nil
}

func TestSealer_signs_nothing_on_top_of_a_damaged_log(t *testing.T) {
	for name, statement := range map[string]string{
		"a hash at the border changed": `UPDATE audit_tiles SET data = (SELECT data FROM audit_tiles WHERE level = 0 AND n = 0) WHERE level = 1`,
		"the border cut":               `DELETE FROM audit_tiles WHERE level = 0 AND n = 2`,
		"the size put back":            `UPDATE audit_log SET size = 512`,
		"the last head gone":           `DELETE FROM audit_heads WHERE size = (SELECT MAX(size) FROM audit_heads)`,
		"heads gone":                   `DELETE FROM audit_heads`,
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuditor(t, func(o ...storetest.Option) *store.DB { return storetest.SQLite(t, o...) })
			a.record(t, 599, audit.KeyIssued)
			a.seal(t)
			err := a.db.Do(context.Background(), func(tx *store.Tx) error {
				n, err := tx.Exec(statement)
				if n == 0 {
					t.Error("nothing changed")
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			a.record(t, 1, audit.KeyIssued)
			heads := len(a.heads)
			if n, err := a.sealer.Drain(context.Background()); !errors.Is(err, audit.ErrDamaged) || n != 0 || len(a.heads) != heads {
				t.Errorf("sealed %d, %v", n, err)
			}
			if r := a.verify(t); r.Unsealed != 1 {
				t.Errorf("%d unsealed", r.Unsealed)
			}
		})
	}
}

func TestSealer_keys_rotate_and_old_heads_still_verify(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		a := newAuditor(t, open)
		for range 3 {
			a.record(t, 10, audit.KeyIssued)
			a.seal(t)
			if err := a.sealer.Rotate(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		a.seal(t)
		r := a.verify(t)
		wholeOrFail(t, r)
		if r.Rows != 30+4 || r.Heads < 4 { // each key is an event
			t.Errorf("%+v", r)
		}
		if strings.SplitN(a.heads[0], "\n\n", 2)[1][:30] == strings.SplitN(a.heads[len(a.heads)-1], "\n\n", 2)[1][:30] {
			t.Error("signed by the same key")
		}
	})
}

func TestSealer_goes_on_when_the_service_has_moved(t *testing.T) {
	a := newAuditor(t, func(o ...storetest.Option) *store.DB { return storetest.SQLite(t, o...) })
	a.record(t, 10, audit.KeyIssued)
	a.seal(t)
	moved := a.another()
	moved.Origin = "elsewhere.example/audit"
	a.record(t, 10, audit.KeyIssued)
	if n, err := moved.Drain(context.Background()); err != nil || n != 10 {
		t.Fatal(n, err)
	}
	if err := moved.Rotate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n, err := moved.Drain(context.Background()); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	r := a.verify(t, func(c *audit.Check) { c.Origin = "elsewhere.example/audit" })
	wholeOrFail(t, r)
	if !strings.HasPrefix(r.Head, logName+"\n") {
		t.Errorf("the log's name is now in %q", r.Head)
	}
}

func TestR0_05_the_audit_table_does_not_say_who_or_where(t *testing.T) {
	a := newAuditor(t, func(o ...storetest.Option) *store.DB { return storetest.SQLite(t, o...) })
	a.record(t, 3, audit.LoginFinished)
	a.seal(t)
	err := a.db.View(context.Background(), func(tx *store.Tx) error {
		return tx.Query(func(scan func(...any) error) error {
			var id, kind string
			var commitment, sealed []byte
			if err := scan(&id, &kind, &commitment, &sealed); err != nil {
				return err
			}
			for _, secret := range []string{"person-1", "hospital"} {
				if strings.Contains(id+kind+string(commitment)+string(sealed), secret) {
					t.Errorf("%s can be read", secret)
				}
			}
			return nil
		}, `SELECT id, kind, commitment, sealed FROM audit_events`)
	})
	if err != nil {
		t.Fatal(err)
	}
}
