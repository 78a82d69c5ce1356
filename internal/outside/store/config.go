package store

import (
	"errors"
	"log/slog"
	"time"
)

// The engines Open knows.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Config says which database to open and with what. Driver, DSN, Vault and Now must be set.
type Config struct {
	// Driver is SQLite or Postgres.
	Driver string
	// DSN is, for SQLite, the path of the database file, optionally followed by ?_pragma=… parameters that are
	// added after ours; for PostgreSQL, a URL or key=value text as libpq reads it. A DSN that weakens durability
	// is refused by Open, not corrected.
	DSN string
	// Vault seals personal columns and makes the keys of lookup columns.
	Vault Vault
	// Now is the clock. It is read once per transaction.
	Now func() time.Time
	// Logger hears of retries and of what could not be told to a caller; nil means silence. It never gets values.
	Logger *slog.Logger
	// Connections bounds open connections: readers on SQLite (one more writes), all of them on PostgreSQL. 0 means
	// 8 on SQLite and 24 on PostgreSQL.
	Connections int
	// Inject makes steps fail in tests; nil in every real process.
	Inject Inject
}

// Step is a moment of a transaction at which a test can make the database fail.
type Step string

// The steps, in the order a transaction meets them.
const (
	StepBegin     Step = "begin"
	StepStatement Step = "statement" // before the statement is sent
	StepCommit    Step = "commit"    // instead of the commit: it was not kept
	StepCommitted Step = "committed" // after the commit: it was kept, the reply was lost
)

// Inject is asked at each step of each write transaction; an error it returns takes the place of the database's own.
// statement is the SQL text at StepStatement, else empty. It may be called from several goroutines.
type Inject func(step Step, statement string) error

// Vault is what the store asks of the keystore. A label separates uses: what was made under one label is worthless
// under another. The keystore's implementation keeps the keys outside the database.
type Vault interface {
	// MAC is a keyed hash over the parts, unambiguous in their borders, 32 bytes long.
	MAC(label string, parts ...[]byte) []byte
	// Seal encrypts and authenticates plain, bound to context.
	Seal(label string, context, plain []byte) ([]byte, error)
	// Open undoes Seal, and fails if label, context or a single bit is not the same.
	Open(label string, context, sealed []byte) ([]byte, error)
}

func (c Config) check() error {
	var problems []error
	if c.Driver != SQLite && c.Driver != Postgres {
		problems = append(problems, errors.New("driver must be sqlite or postgres"))
	}
	if c.DSN == "" {
		problems = append(problems, errors.New("a database path or connection text is needed"))
	}
	if c.Vault == nil {
		problems = append(problems, errors.New("a vault is needed: personal columns are never stored in clear"))
	}
	if c.Now == nil {
		problems = append(problems, errors.New("a clock is needed"))
	}
	return errors.Join(problems...)
}
