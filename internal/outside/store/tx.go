package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"chave/internal/core/fault"
)

// Tx is one transaction. It implements the Tx interface of every core package. It is valid only inside the function
// it was given to, and is not safe for use by several goroutines.
type Tx struct {
	ctx    context.Context
	on     session
	db     *DB
	now    time.Time
	writes bool
	inside bool  // rows are being read
	raced  bool  // a compare-and-set found the row changed
	broken error // the first failed statement; from then on nothing more is sent
}

// session is one connection inside a transaction.
type session interface {
	exec(ctx context.Context, text string, args []any) (sql.Result, error)
	query(ctx context.Context, text string, args []any) (*sql.Rows, error)
}

// Now is the time of this transaction, UTC and in whole microseconds, the same for all its rows.
func (tx *Tx) Now() time.Time { return tx.now }

// exec runs a statement and tells how many rows it changed.
func (tx *Tx) exec(text string, args ...any) (int64, error) {
	if err := tx.ready(text); err != nil {
		return 0, err
	}
	result, err := tx.on.exec(tx.ctx, text, args)
	if err != nil {
		return 0, tx.breaks(err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, tx.breaks(err)
	}
	return n, nil
}

// cas runs a statement that may change one row, and tells whether it did. More than one is a mistake in the
// statement, and undoes the transaction.
func (tx *Tx) cas(text string, args ...any) (bool, error) {
	n, err := tx.exec(text, args...)
	if err != nil {
		return false, err
	}
	if n > 1 {
		return false, tx.breaks(fmt.Errorf("a compare-and-set changed %d rows", n))
	}
	return n == 1, nil
}

// must is cas for a row that the caller knows to be there: another number of rows is fault.RowConflict, because
// somebody changed it in between.
func (tx *Tx) must(text string, args ...any) error {
	won, err := tx.cas(text, args...)
	if err == nil && !won {
		return tx.lost()
	}
	return err
}

// lost says that a row was changed by somebody else. When that happened since this transaction read it, running again
// reads the new state and gives the right answer; Do tries that once or twice before the caller hears of it.
func (tx *Tx) lost() error {
	tx.raced = true
	return fault.New(fault.RowConflict)
}

// query calls each for every row. The rows are read to the end or to each's first error. each cannot send another
// statement: PostgreSQL has one conversation per connection, and what works only on SQLite is refused on both.
func (tx *Tx) query(each func(scan func(...any) error) error, text string, args ...any) error {
	if err := tx.ready(text); err != nil {
		return err
	}
	rows, err := tx.on.query(tx.ctx, text, args)
	if err != nil {
		return tx.breaks(err)
	}
	defer rows.Close()
	tx.inside = true
	defer func() { tx.inside = false }()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return tx.breaks(err)
	}
	return nil
}

// queryRow reads the first row; Scan on what it gives says fault.RowNotFound when there is none.
func (tx *Tx) queryRow(text string, args ...any) row { return row{tx, text, args} }

type row struct {
	tx   *Tx
	text string
	args []any
}

// Scan runs the query and reads its first row.
func (r row) Scan(into ...any) error {
	found := false
	err := r.tx.query(func(scan func(...any) error) error {
		found = true
		if err := scan(into...); err != nil {
			return r.tx.breaks(err)
		}
		return errEnough
	}, r.text, r.args...)
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	if !found {
		return fault.New(fault.RowNotFound)
	}
	return nil
}

var errEnough = errors.New("enough rows")

func (tx *Tx) ready(text string) error {
	if tx.broken != nil {
		return faultOf(tx.broken)
	}
	if tx.inside {
		return tx.breaks(errors.New("a statement was sent while rows were being read"))
	}
	if err := tx.ctx.Err(); err != nil {
		return tx.breaks(err)
	}
	if !tx.writes {
		return nil
	}
	if err := tx.db.fail(StepStatement, text); err != nil {
		return tx.breaks(err)
	}
	return nil
}

// breaks remembers the first failure. PostgreSQL refuses everything after it anyway; on SQLite, where a statement
// can fail alone, the same rule keeps a function from going on with half of what it meant to write.
func (tx *Tx) breaks(err error) error {
	if tx.broken == nil {
		tx.broken = err
	}
	return faultOf(err)
}

// micros is how columns keep time. The zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant undoes micros.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
