package storetest

import (
	"context"
	"crypto/rand"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"chave/internal/outside/store"
)

// Option changes the settings a test database is opened with.
type Option func(*store.Config)

// WithInject makes steps fail; see Faults.
func WithInject(inject store.Inject) Option {
	return func(c *store.Config) { c.Inject = inject }
}

// WithNow sets the clock. Without it, time stands still at Epoch.
func WithNow(now func() time.Time) Option {
	return func(c *store.Config) { c.Now = now }
}

// WithVault sets the vault. Without it, each database has a Vault of its own.
func WithVault(v store.Vault) Option {
	return func(c *store.Config) { c.Vault = v }
}

// Epoch is the time at which test databases stand still: a Monday noon in Lisbon, winter time.
func Epoch() time.Time { return time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC) }

// SQLite opens a database file in the test's folder and closes it when the test ends.
func SQLite(t testing.TB, options ...Option) *store.DB {
	t.Helper()
	return open(t, store.Config{Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "chave.db")}, options)
}

// Config gives the settings of a fresh database without opening it, for tests of opening and migrating.
func Config(t testing.TB, driver string, options ...Option) store.Config {
	t.Helper()
	c := store.Config{Driver: driver, DSN: filepath.Join(t.TempDir(), "chave.db")}
	if driver == store.Postgres {
		c.DSN = freshPostgres(t, empty)
	}
	return fill(c, options)
}

func fill(c store.Config, options []Option) store.Config {
	c.Now = Epoch
	for _, o := range options {
		o(&c)
	}
	if c.Vault == nil {
		c.Vault = NewVault()
	}
	return c
}

func open(t testing.TB, c store.Config, options []Option) *store.DB {
	t.Helper()
	c = fill(c, options)
	inject := c.Inject
	c.Inject = nil
	ready := make(chan struct{})
	if inject != nil { // faults begin when the schema is there
		c.Inject = func(step store.Step, statement string) error {
			select {
			case <-ready:
				return inject(step, statement)
			default:
				return nil
			}
		}
	}
	db, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatalf("open %s: %v", c.Driver, err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatalf("migrate %s: %v", c.Driver, err)
	}
	close(ready)
	return db
}

// Each runs a test on every engine: SQLite, PostgreSQL, and PostgreSQL under SERIALIZABLE, where transactions that
// READ COMMITTED lets pass are refused and must be run again.
func Each(t *testing.T, test func(t *testing.T, open func(...Option) *store.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, func(o ...Option) *store.DB { t.Helper(); return SQLite(t, o...) })
	})
	t.Run("postgres", func(t *testing.T) {
		test(t, func(o ...Option) *store.DB { t.Helper(); return Postgres(t, o...) })
	})
	t.Run("postgres serializable", func(t *testing.T) {
		test(t, func(o ...Option) *store.DB { t.Helper(); return Serializable(t, o...) })
	})
}

// Faults is an Inject that does what a test tells it, step by step.
type Faults struct {
	mu    sync.Mutex
	plans []plan
}

type plan struct {
	step  store.Step
	times int
	err   error
}

// Fail makes the next times visits to a step fail with err.
func (f *Faults) Fail(step store.Step, times int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans = append(f.plans, plan{step, times, err})
}

// Inject is what WithInject takes.
func (f *Faults) Inject(step store.Step, _ string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.plans {
		if p := &f.plans[i]; p.step == step && p.times > 0 {
			p.times--
			return p.err
		}
	}
	return nil
}

// Left tells how many planned failures have not happened.
func (f *Faults) Left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := 0
	for _, p := range f.plans {
		left += p.times
	}
	return left
}

// RandomKey draws a key for a Vault.
func randomKey() []byte {
	key := make([]byte, 32)
	rand.Read(key)
	return key
}
