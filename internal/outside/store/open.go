package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"chave/internal/core/fault"
)

// DB is an open database. Its methods may be called from any goroutine.
type DB struct {
	driver string
	pool   *sql.DB // PostgreSQL: everything; SQLite: the file, for migrations and for opening lanes
	engine engine
	vault  Vault
	now    func() time.Time
	log    *slog.Logger
	inject Inject
	opened sync.Map // service id → openedService: registrations are read at each step and hardly ever change

	closing sync.Once
	closed  error
}

// engine is what differs between SQLite and PostgreSQL: how a transaction comes to be and ends.
type engine interface {
	// write runs fn once in one transaction and answers after the commit.
	write(ctx context.Context, fn func(*Tx) error) error
	// read runs fn once on one moment of the database, in a transaction that cannot write.
	read(ctx context.Context, fn func(*Tx) error) error
	close() error
}

// Open connects, checks the durability settings once, and starts what the engine needs. It does not migrate: see
// DB.Migrate. The caller closes the DB.
func Open(ctx context.Context, c Config) (*DB, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("store settings: %w", err)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	db := &DB{driver: c.Driver, vault: c.Vault, now: c.Now, log: c.Logger, inject: c.Inject}
	var err error
	switch c.Driver {
	case SQLite:
		err = db.openSQLite(c)
	case Postgres:
		err = db.openPostgres(c)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s database: %w", c.Driver, err)
	}
	if err := db.pool.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("open %s database: %w", c.Driver, errors.Join(faultOf(err), db.Close()))
	}
	return db, nil
}

// Driver is SQLite or Postgres.
func (db *DB) Driver() string { return db.driver }

// Ping tells whether the database answers, for readiness checks.
func (db *DB) Ping(ctx context.Context) error {
	return db.View(ctx, func(tx *Tx) error {
		var one int64
		return tx.queryRow(`SELECT 1`).Scan(&one)
	})
}

// Close waits for running transactions and closes all connections.
func (db *DB) Close() error {
	db.closing.Do(func() {
		if db.engine != nil {
			db.closed = db.engine.close()
		}
		if err := db.pool.Close(); db.closed == nil {
			db.closed = err
		}
	})
	return db.closed
}

// errClosed is said to whoever still waits when the database is closed.
func errClosed() error {
	return fault.New(fault.StoreUnavailable).Because(errors.New("the database is closed"))
}

// moment is the transaction's time: UTC, in the precision that columns keep, so that what is compared in memory and
// what is read back are equal.
func (db *DB) moment() time.Time { return db.now().UTC().Truncate(time.Microsecond) }

func (db *DB) fail(step Step, statement string) error {
	if db.inject == nil {
		return nil
	}
	return db.inject(step, statement)
}
