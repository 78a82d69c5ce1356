package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"chave/internal/core/fault"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrRace is what a test injects to stand for "could not serialize access" or "database is busy": the transaction
// is undone and run again.
var ErrRace = errors.New("serialization failure")

// faultOf makes a fault of a driver's error. It is the only place that knows drivers' codes. The cause is kept for
// the log; drivers' texts may quote values, so they reach nobody else.
func faultOf(err error) error {
	var already *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &already):
		return err
	case errors.Is(err, sql.ErrNoRows):
		return fault.New(fault.RowNotFound).Because(err)
	case isDuplicate(err):
		return fault.New(fault.RowConflict).Because(err)
	case isRace(err), isLost(err), isSick(err),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.StoreUnavailable).Because(err)
	}
	return fault.New(fault.InternalError).Because(err)
}

// isRace: undone by the database in favour of another transaction; running again may work.
func isRace(err error) bool {
	if errors.Is(err, ErrRace) {
		return true
	}
	switch pgCode(err) {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return true
	}
	switch liteCode(err) & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return true
	}
	return false
}

// isDuplicate: a unique index refused the row, or a row it refers to is not there.
func isDuplicate(err error) bool {
	switch pgCode(err) {
	case "23505", "23503": // unique_violation, foreign_key_violation
		return true
	}
	switch liteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
		sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return true
	}
	return false
}

// isLost: the connection is gone, or could not be had.
func isLost(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // the caller's patience, not the network's
	}
	var connecting *pgconn.ConnectError
	var network net.Error
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.As(err, &connecting) || errors.As(err, &network) {
		return true
	}
	code := pgCode(err)
	// 08: connection exception; 57P: the server is going down or not up yet.
	return strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P")
}

// isSick: the database answers, and cannot work: disk full, out of memory or connections, unreadable file.
func isSick(err error) bool {
	code := pgCode(err)
	if strings.HasPrefix(code, "53") || strings.HasPrefix(code, "58") {
		return true
	}
	switch liteCode(err) & 0xff {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM,
		sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}

func pgCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func liteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}
