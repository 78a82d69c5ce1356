package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// sqlitePragmas go into the connection text, so that no connection can be without them. FULL makes every commit wait
// for the disk: with WAL, anything less can lose the last answers at a power cut.
const sqlitePragmas = "_pragma=busy_timeout(5000)" +
	"&_pragma=journal_mode(wal)" +
	"&_pragma=synchronous(full)" +
	"&_pragma=foreign_keys(1)" +
	"&_pragma=trusted_schema(0)" +
	"&_pragma=cache_size(-16384)" +
	"&_pragma=wal_autocheckpoint(4000)" + // 16 MiB of log between checkpoints: the same hot pages are copied back less often
	"&_pragma=temp_store(memory)" +
	"&_dqs=0" +
	"&_txlock=immediate"

// lite is SQLite: one writer that commits in groups, and a few readers that never wait for it.
type lite struct {
	db      *DB
	readers *sql.DB
	writer  *writer
	free    chan *lane // lanes of readers that are open and idle
	seats   chan struct{}
	shut    chan struct{}
}

func (db *DB) openSQLite(c Config) error {
	path, extra, _ := strings.Cut(strings.TrimPrefix(c.DSN, "file:"), "?")
	if path == "" || path == ":memory:" {
		return fmt.Errorf("a file is needed: memory keeps nothing")
	}
	if err := touch(path); err != nil {
		return err
	}
	dsn := "file:" + escape(path) + "?" + sqlitePragmas
	if extra != "" {
		dsn += "&" + extra
	}
	write, err := sqliteConnector(dsn)
	if err != nil {
		return err
	}
	read, err := sqliteConnector(dsn + "&_pragma=query_only(1)")
	if err != nil {
		return err
	}
	seats := c.Connections
	if seats <= 0 {
		seats = 8
	}
	db.pool = sql.OpenDB(write)
	e := &lite{db: db, readers: sql.OpenDB(read), free: make(chan *lane, seats), seats: make(chan struct{}, seats),
		shut: make(chan struct{})}
	e.writer = startWriter(db)
	db.engine = e
	return nil
}

// touch creates the file for its owner alone, before SQLite would do it for everybody's group, and makes its name
// survive a power cut. WAL and shared-memory files take the mode of the database.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if os.IsExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// escape keeps a path's own ?, # and % from being read as parts of a URI.
func escape(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}

func (e *lite) write(ctx context.Context, fn func(*Tx) error) error { return e.writer.do(ctx, fn) }

func (e *lite) read(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case e.seats <- struct{}{}:
		defer func() { <-e.seats }()
	case <-ctx.Done():
		return ctx.Err()
	case <-e.shut:
		return errClosed()
	}
	var l *lane
	select {
	case l = <-e.free:
	default:
		var err error
		if l, err = newLane(ctx, e.readers); err != nil {
			return undone(err, false)
		}
	}
	keep := false
	defer func() { // also when fn ends its goroutine, as a failing test does
		if keep {
			e.free <- l
		} else {
			l.close()
		}
	}()
	// A context that can end costs a goroutine for each statement; reads are short, and Tx looks at ctx between them.
	steady := context.WithoutCancel(ctx)
	if err := l.run(steady, "BEGIN DEFERRED"); err != nil {
		return undone(err, false)
	}
	err := call(fn, &Tx{ctx: reading{steady, ctx}, on: l, db: e.db, now: e.db.moment()})
	keep = l.run(steady, "ROLLBACK") == nil
	return undone(err, false)
}

// reading is a context whose end is seen by whoever asks Err, and which no statement watches.
type reading struct {
	context.Context
	caller context.Context
}

func (r reading) Err() error { return r.caller.Err() }

func (e *lite) close() error {
	close(e.shut)
	e.writer.close()
	for range cap(e.seats) {
		e.seats <- struct{}{}
	}
	for {
		select {
		case l := <-e.free:
			l.close()
		default:
			return e.readers.Close()
		}
	}
}

// sqliteConnector opens connections and looks whether the pragmas took effect. SQLite answers an unknown or
// impossible pragma with silence, so asking back is the only proof.
func sqliteConnector(dsn string) (driver.Connector, error) {
	base, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return checkedSQLite{base}, nil
}

type checkedSQLite struct{ driver.Connector }

// Connect opens one connection, or refuses it.
func (c checkedSQLite) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	for end := time.Now().Add(openPatience); isRace(err) && time.Now().Before(end) && ctx.Err() == nil; {
		time.Sleep(openPause)
		conn, err = c.Connector.Connect(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := checkSQLite(ctx, conn.(driver.QueryerContext)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// A connection turns the write-ahead log on, and SQLite does not let the busy timeout wait for another process that is just doing so: nodes that start
// together on a new file would fail by chance. In real time, for it is the disk that is waited for.
const (
	openPatience = 5 * time.Second
	openPause    = 10 * time.Millisecond
)

func checkSQLite(ctx context.Context, conn driver.QueryerContext) error {
	for _, want := range []struct {
		pragma string
		values string
	}{
		{"synchronous", "2 3"}, // FULL or EXTRA
		{"foreign_keys", "1"},
		{"journal_mode", "wal"},
	} {
		got, err := pragma(ctx, conn, want.pragma)
		if err != nil {
			return err
		}
		if !strings.Contains(" "+want.values+" ", " "+got+" ") {
			return fmt.Errorf("%w: PRAGMA %s is %s", ErrNotDurable, want.pragma, got)
		}
	}
	return nil
}

func pragma(ctx context.Context, conn driver.QueryerContext, name string) (string, error) {
	rows, err := conn.QueryContext(ctx, "PRAGMA "+name, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }() // a pragma is one row
	value := make([]driver.Value, len(rows.Columns()))
	if err := rows.Next(value); err != nil {
		if errors.Is(err, io.EOF) {
			return "", fmt.Errorf("%w: PRAGMA %s says nothing", ErrNotDurable, name)
		}
		return "", err
	}
	return strings.ToLower(fmt.Sprint(value[0])), nil
}
