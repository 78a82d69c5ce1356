package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
)

// lane is one SQLite connection with its prepared statements: a text is compiled once for as long as the connection
// lives. It is used by one goroutine at a time.
type lane struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

func newLane(ctx context.Context, from *sql.DB) (*lane, error) {
	conn, err := from.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &lane{conn: conn, prepared: map[string]*sql.Stmt{}}, nil
}

func (l *lane) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if s, ok := l.prepared[text]; ok {
		return s, nil
	}
	s, err := l.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	l.prepared[text] = s
	return s, nil
}

func (l *lane) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	s, err := l.statement(ctx, text) //nolint:sqlclosecheck // kept for the connection's life, closed with it
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (l *lane) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	s, err := l.statement(ctx, text) //nolint:sqlclosecheck // kept for the connection's life, closed with it
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// run sends one of the engine's own statements, BEGIN and its kin.
func (l *lane) run(ctx context.Context, text string) error {
	_, err := l.exec(ctx, text, nil)
	return err
}

func (l *lane) close() {
	for _, s := range l.prepared {
		s.Close()
	}
	l.conn.Close()
}

// discard closes the connection itself instead of giving it back to the pool: what state it is in is not known.
func (l *lane) discard() {
	for _, s := range l.prepared {
		s.Close()
	}
	_ = l.conn.Raw(func(any) error { return driver.ErrBadConn })
	l.conn.Close()
}
