package store

import (
	"database/sql"
	"time"
)

// What the engine's tests need and nobody else should have.

func (tx *Tx) Exec(text string, args ...any) (int64, error) { return tx.exec(text, args...) }

func (tx *Tx) CAS(text string, args ...any) (bool, error) { return tx.cas(text, args...) }

func (tx *Tx) Row(into []any, text string, args ...any) error {
	return tx.queryRow(text, args...).Scan(into...)
}

func (tx *Tx) Query(each func(scan func(...any) error) error, text string, args ...any) error {
	return tx.query(each, text, args...)
}

func (tx *Tx) Seal(column, id string, value any) ([]byte, error) { return tx.seal(column, id, value) }

func (tx *Tx) Unseal(column, id string, sealed []byte, into any) error {
	return tx.unseal(column, id, sealed, into)
}

func (db *DB) Pool() *sql.DB { return db.pool }

func SchemaText(driver string) map[string]string {
	files := map[string]string{}
	entries, _ := schemaFiles.ReadDir("schema")
	for _, e := range entries {
		raw, _ := schemaFiles.ReadFile("schema/" + e.Name())
		files[e.Name()] = tokens(driver).Replace(string(raw))
	}
	return files
}

// Patient lets a batch grow for as long as a slow test needs. Call it before the first Do.
func Patient(db *DB) { db.engine.(*lite).writer.patience = time.Minute }

// Queued tells how many functions wait for SQLite's writer.
func Queued(db *DB) int { return len(db.engine.(*lite).writer.queue) }
