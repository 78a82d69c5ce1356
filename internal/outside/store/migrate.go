package store

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Migrations are numbered files that only go forward. Each is marked NO TRANSACTION and written so that it can be
// run again after it was interrupted (CREATE … IF NOT EXISTS): distributed engines refuse several changes of schema
// in one transaction. A change that cannot be repeated, such as ADD COLUMN, goes alone into a file without that mark.
//
//go:embed schema/*.sql
var schemaFiles embed.FS

const versionTable = "schema_version"

// ErrSchemaNewer says that a newer Chave has migrated this database. Old code must not write to it.
var ErrSchemaNewer = errors.New("the database schema is newer than this program")

// Migrate brings the schema up to what this program knows. Several processes may call it at once; it may be called
// again after it failed or was killed. It never removes anything.
func (db *DB) Migrate(ctx context.Context) error {
	var err error
	for range 5 {
		if err = db.migrateOnce(ctx); err == nil || ctx.Err() != nil || errors.Is(err, ErrSchemaNewer) {
			break
		}
		if db.driver != SQLite {
			break
		}
		// SQLite has no lock between two migrating processes; every file can be run again, so the loser does that.
		if pauseErr := pause(ctx, 6); pauseErr != nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

func (db *DB) migrateOnce(ctx context.Context) error {
	p, err := db.provider()
	if err != nil {
		return err
	}
	if err := db.checkSchema(ctx, p); err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

// SchemaVersion is the number of the last migration this database has had, and of the last one this program knows.
// 0 is an empty database.
func (db *DB) SchemaVersion(ctx context.Context) (current, known int64, err error) {
	p, err := db.provider()
	if err != nil {
		return 0, 0, err
	}
	return db.versions(ctx, p)
}

func (db *DB) versions(ctx context.Context, p *goose.Provider) (current, known int64, err error) {
	for _, s := range p.ListSources() {
		known = max(known, s.Version)
	}
	var there int64
	look := `SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1`
	if db.driver == Postgres {
		look = `SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1`
	}
	if err := db.pool.QueryRowContext(ctx, look, versionTable).Scan(&there); err != nil || there == 0 {
		return 0, known, err
	}
	var last sql.NullInt64
	err = db.pool.QueryRowContext(ctx, `SELECT MAX(version_id) FROM `+versionTable).Scan(&last)
	return last.Int64, known, err
}

// CheckSchema refuses to serve on a database that a newer program has migrated, or that lacks migrations of this one.
func (db *DB) CheckSchema(ctx context.Context) error {
	p, err := db.provider()
	if err != nil {
		return err
	}
	if err := db.checkSchema(ctx, p); err != nil {
		return err
	}
	current, known, err := db.versions(ctx, p)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	lacks := current < known
	if !lacks { // numbers are given by subject: one in between may be new
		if lacks, err = p.HasPending(ctx); err != nil {
			return fmt.Errorf("read schema version: %w", err)
		}
	}
	if lacks {
		return fmt.Errorf("the database schema is %d and lacks changes up to %d: migrate first", current, known)
	}
	return nil
}

func (db *DB) checkSchema(ctx context.Context, p *goose.Provider) error {
	current, known, err := db.versions(ctx, p)
	if err != nil {
		return err
	}
	if current > known {
		return fmt.Errorf("%w: it is %d, we know %d", ErrSchemaNewer, current, known)
	}
	return nil
}

func (db *DB) provider() (*goose.Provider, error) {
	files, err := fs.Sub(schemaFiles, "schema")
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{
		goose.WithTableName(versionTable),
		goose.WithDisableGlobalRegistry(true),
		goose.WithAllowOutofOrder(true),
		goose.WithLogger(goose.NopLogger()),
	}
	dialect := goose.DialectSQLite3
	if db.driver == Postgres {
		dialect = goose.DialectPostgres
		// A lock that is a row works on every engine that speaks PostgreSQL; its lease ends if the holder dies.
		locker, err := lock.NewPostgresTableLocker(
			lock.WithTableName("schema_lock"),
			lock.WithTableLeaseDuration(15*time.Second),
			lock.WithTableHeartbeatInterval(3*time.Second),
			lock.WithTableLockTimeout(200*time.Millisecond, 300),
		)
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithLocker(locker))
	}
	return goose.NewProvider(dialect, db.pool, rendered{files, tokens(db.driver)}, options...)
}

// tokens are the few words in which the engines' DDL differs.
func tokens(driver string) *strings.Replacer {
	if driver == Postgres {
		return strings.NewReplacer("{{bytes}}", "BYTEA", "{{int64}}", "BIGINT", "{{bool}}", "BOOLEAN", "{{strict}}", "", "{{keyed}}", "",
			"{{empty}}", "''")
	}
	return strings.NewReplacer("{{bytes}}", "BLOB", "{{int64}}", "INTEGER", "{{bool}}", "INTEGER", "{{strict}}", "STRICT",
		"{{keyed}}", "STRICT, WITHOUT ROWID", "{{empty}}", "x''")
}

// rendered shows the migration files with their tokens replaced.
type rendered struct {
	files  fs.FS
	tokens *strings.Replacer
}

// Open reads a file as this engine must see it.
func (r rendered) Open(name string) (fs.File, error) {
	f, err := r.files.Open(name)
	if err != nil || !strings.HasSuffix(name, ".sql") {
		return f, err
	}
	defer func() { _ = f.Close() }() // read only
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text = []byte(r.tokens.Replace(string(text)))
	return &renderedFile{bytes.NewReader(text), sized{info, int64(len(text))}}, nil
}

type renderedFile struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *renderedFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *renderedFile) Close() error               { return nil }

type sized struct {
	fs.FileInfo
	size int64
}

func (s sized) Size() int64 { return s.size }
