package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"chave/internal/core/fault"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// statementBudget bounds one transaction on PostgreSQL, so that a lost network cannot hold a caller for ever.
const statementBudget = 30 * time.Second

// ErrNotDurable says that a connection would answer before its commits are on the disk.
var ErrNotDurable = errors.New("the database would answer before commits are durable")

// pg is PostgreSQL and what speaks like it: each function has its own connection and transaction.
type pg struct {
	db   *DB
	shut atomic.Bool
}

func (db *DB) openPostgres(c Config) error {
	settings, err := pgx.ParseConfig(c.DSN)
	if err != nil {
		return errors.New("the connection text cannot be read") // the driver's own text would quote the password
	}
	if settings.RuntimeParams["synchronous_commit"] == "" {
		settings.RuntimeParams["synchronous_commit"] = "on"
	}
	if settings.RuntimeParams["application_name"] == "" {
		settings.RuntimeParams["application_name"] = "chave"
	}
	if settings.RuntimeParams["idle_in_transaction_session_timeout"] == "" {
		// A node cut off in the middle of a transaction must not hold its rows for ever: milliseconds.
		settings.RuntimeParams["idle_in_transaction_session_timeout"] = "60000"
	}
	db.pool = stdlib.OpenDB(*settings, stdlib.OptionAfterConnect(checkPostgres))
	connections := c.Connections
	if connections <= 0 {
		connections = 24
	}
	db.pool.SetMaxOpenConns(connections)
	db.pool.SetMaxIdleConns(connections)
	db.pool.SetConnMaxIdleTime(5 * time.Minute)
	db.engine = &pg{db: db}
	return nil
}

// checkPostgres refuses a connection that could lose an answered commit. on and remote_apply wait for the local disk
// at least; full_page_writes is only reported, since some file systems make it needless.
func checkPostgres(ctx context.Context, conn *pgx.Conn) error {
	var commit, fsync string
	err := conn.QueryRow(ctx, `SELECT current_setting('synchronous_commit'), COALESCE(current_setting('fsync', true), 'on')`).Scan(&commit, &fsync)
	if err != nil {
		return fmt.Errorf("read durability settings: %w", err)
	}
	if commit != "on" && commit != "remote_apply" {
		return fmt.Errorf("%w: synchronous_commit is %s", ErrNotDurable, commit)
	}
	if fsync != "on" {
		return fmt.Errorf("%w: fsync is %s", ErrNotDurable, fsync)
	}
	return nil
}

func (e *pg) write(ctx context.Context, fn func(*Tx) error) error {
	return e.run(ctx, fn, true, nil)
}

func (e *pg) read(ctx context.Context, fn func(*Tx) error) error {
	return e.run(ctx, fn, false, &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead})
}

func (e *pg) run(ctx context.Context, fn func(*Tx) error, writes bool, options *sql.TxOptions) error {
	conn, err := e.db.pool.Conn(ctx)
	if err != nil {
		if e.shut.Load() {
			return errClosed()
		}
		return undone(err, false)
	}
	defer conn.Close()
	if writes {
		if err := e.db.fail(StepBegin, ""); err != nil {
			return undone(err, false)
		}
	}
	// A caller who goes away must not leave it unknown whether the commit happened.
	steady, cancel := context.WithTimeout(context.WithoutCancel(ctx), statementBudget)
	defer cancel()
	inner, err := conn.BeginTx(steady, options)
	if err != nil {
		return undone(err, false)
	}
	defer func() { _ = inner.Rollback() }() // after a commit this does nothing
	tx := &Tx{ctx: steady, on: pgSession{inner}, db: e.db, now: e.db.moment(), writes: writes}
	if !writes {
		tx.ctx = reading{steady, ctx}
	}
	if err := call(fn, tx); err != nil {
		if tx.raced && fault.Is(err, fault.RowConflict) {
			return &undoneError{conflict: true, cause: err}
		}
		return undone(err, false)
	}
	if !writes {
		return nil
	}
	if err := e.db.fail(StepCommit, ""); err != nil {
		return e.unsure(err)
	}
	if err := inner.Commit(); err != nil {
		return e.unsure(err)
	}
	if err := e.db.fail(StepCommitted, ""); err != nil {
		return e.unsure(err)
	}
	return nil
}

// unsure is a commit without a good answer: run again only if the server said that it refused it.
func (e *pg) unsure(err error) error {
	if isRace(err) {
		return undone(err, true)
	}
	if isDuplicate(err) { // a deferred constraint: refused for certain
		return faultOf(err)
	}
	return fault.New(fault.StoreUnavailable).Because(fmt.Errorf("commit: %w", err))
}

func (e *pg) close() error {
	e.shut.Store(true)
	return nil
}

// pgSession needs no cache of its own: the driver prepares each text once per connection.
type pgSession struct{ tx *sql.Tx }

func (s pgSession) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	return s.tx.ExecContext(ctx, text, args...)
}

func (s pgSession) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	return s.tx.QueryContext(ctx, text, args...)
}
