package store

import (
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
)

var _ audit.LogTx = (*Tx)(nil)

// InsertAudit keeps an event that has no place in the log yet. One statement: it is part of every decision.
func (tx *Tx) InsertAudit(e audit.Event) error {
	e.At = instant(micros(e.At))
	c, err := e.Commit(rand.Reader)
	if err != nil {
		return err
	}
	sealed, err := tx.sealBytes("audit_events.sealed", e.ID, append(c.Salt, c.Payload...))
	if err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO audit_events (id, at, kind, commitment, sealed) VALUES ($1, $2, $3, $4, $5)`,
		e.ID, micros(e.At), string(e.Kind), c.Commitment, sealed)
	return err
}

// AuditLog reads the log's size and latest head.
func (tx *Tx) AuditLog() (audit.Log, error) {
	var log audit.Log
	if err := tx.queryRow(`SELECT size FROM audit_log WHERE name = 'audit'`).Scan(&log.Size); err != nil {
		return log, err
	}
	err := tx.queryRow(`SELECT note FROM audit_heads ORDER BY size DESC LIMIT 1`).Scan(&log.Head)
	if fault.Is(err, fault.RowNotFound) {
		err = nil
	}
	return log, err
}

// UnsealedAudit lists what waits for its place, by its partial index.
func (tx *Tx) UnsealedAudit(limit int) ([]audit.Row, error) {
	var rows []audit.Row
	err := tx.query(func(scan func(...any) error) error {
		var (
			r  audit.Row
			at int64
		)
		if err := scan(&r.ID, &at, &r.Kind, &r.Commitment); err != nil {
			return err
		}
		r.At = instant(at)
		rows = append(rows, r)
		return nil
	}, `SELECT id, at, kind, commitment FROM audit_events WHERE seq IS NULL ORDER BY at, id LIMIT $1`, limit)
	return rows, err
}

// UnsealedTail counts what waits.
func (tx *Tx) UnsealedTail() (audit.Tail, error) {
	var (
		t      audit.Tail
		oldest int64
	)
	err := tx.queryRow(`SELECT COUNT(*), COALESCE(MIN(at), 0) FROM audit_events WHERE seq IS NULL`).Scan(&t.Count, &oldest)
	t.Oldest = instant(oldest)
	return t, err
}

// AppendAudit extends the log. The size is won first: on PostgreSQL a second sealer then waits, and sees that it lost.
func (tx *Tx) AppendAudit(size int64, ids []string, tiles []audit.Tile, head audit.StoredHead) error {
	if err := tx.must(`UPDATE audit_log SET size = $1 WHERE name = 'audit' AND size = $2`, size+int64(len(ids)), size); err != nil {
		return err
	}
	places := make([][]any, len(ids))
	for i, id := range ids {
		places[i] = []any{id, size + int64(i)}
	}
	err := inChunks(places, func(chunk []any, n int) error {
		placed, err := tx.exec(`UPDATE audit_events SET seq = v.column2 FROM (VALUES `+
			tuples("(CAST($ AS TEXT), CAST($ AS BIGINT))", n)+`) AS v WHERE audit_events.id = v.column1 AND audit_events.seq IS NULL`, chunk...)
		if err == nil && placed != int64(n) {
			return fault.New(fault.RowConflict)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range tiles {
		_, err := tx.exec(`INSERT INTO audit_tiles (level, n, data) VALUES ($1, $2, $3) ON CONFLICT (level, n) DO UPDATE SET data = excluded.data`,
			t.Level, t.N, t.Data)
		if err != nil {
			return err
		}
	}
	_, err = tx.exec(`INSERT INTO audit_heads (size, note) VALUES ($1, $2)`, head.Size, head.Note)
	return err
}

// AuditRows reads a stretch of the log.
func (tx *Tx) AuditRows(from, to int64) ([]audit.Row, error) {
	return tx.auditRows(`SELECT id, at, kind, commitment, sealed, seq FROM audit_events WHERE seq >= $1 AND seq < $2 ORDER BY seq, id`, from, to)
}

// StrayAudit finds rows with a place that the log does not have.
func (tx *Tx) StrayAudit(size int64, limit int) ([]audit.Row, error) {
	return tx.auditRows(`SELECT id, at, kind, commitment, sealed, seq FROM audit_events WHERE seq < 0 OR seq >= $1 ORDER BY seq LIMIT $2`, size, limit)
}

func (tx *Tx) auditRows(text string, args ...any) ([]audit.Row, error) {
	var rows []audit.Row
	err := tx.query(func(scan func(...any) error) error {
		var (
			r      audit.Row
			at     int64
			sealed []byte
		)
		if err := scan(&r.ID, &at, &r.Kind, &r.Commitment, &sealed, &r.Seq); err != nil {
			return err
		}
		r.At = instant(at)
		if sealed != nil {
			tx.openAudit(&r, sealed)
		}
		rows = append(rows, r)
		return nil
	}, text, args...)
	return rows, err
}

// openAudit notes a payload that does not open, instead of failing: Verify is there to find and name it.
func (tx *Tx) openAudit(r *audit.Row, sealed []byte) {
	plain, err := tx.unsealBytes("audit_events.sealed", r.ID, sealed)
	switch {
	case err != nil:
		r.Unreadable = err
	case len(plain) < audit.SaltSize:
		r.Unreadable = errors.New("too short for its salt")
	default:
		r.Salt, r.Payload = plain[:audit.SaltSize], plain[audit.SaltSize:]
	}
}

// AuditTiles reads a stretch of one level of the tree.
func (tx *Tx) AuditTiles(level int, from, to int64) ([]audit.Tile, error) {
	var tiles []audit.Tile
	err := tx.query(func(scan func(...any) error) error {
		t := audit.Tile{Level: level}
		err := scan(&t.N, &t.Data)
		tiles = append(tiles, t)
		return err
	}, `SELECT n, data FROM audit_tiles WHERE level = $1 AND n >= $2 AND n < $3 ORDER BY n`, level, from, to)
	return tiles, err
}

// StrayTiles finds tiles that a log of this size cannot have: on level k there is one for each 256^(k+1) events begun,
// and none before the first hash of that level.
func (tx *Tx) StrayTiles(size int64, limit int) ([]audit.Tile, error) {
	args := make([]any, 0, 9)
	for level := range 8 {
		args = append(args, (size>>(8*level)+255)/256)
	}
	var tiles []audit.Tile
	err := tx.query(func(scan func(...any) error) error {
		var t audit.Tile
		err := scan(&t.Level, &t.N)
		tiles = append(tiles, t)
		return err
	}, `SELECT level, n FROM audit_tiles WHERE n < 0 OR level < 0 OR level > 7
		OR (level = 0 AND n >= $1) OR (level = 1 AND n >= $2) OR (level = 2 AND n >= $3) OR (level = 3 AND n >= $4)
		OR (level = 4 AND n >= $5) OR (level = 5 AND n >= $6) OR (level = 6 AND n >= $7) OR (level = 7 AND n >= $8)
		ORDER BY level, n LIMIT $9`, append(args, limit)...)
	return tiles, err
}

// AuditHeads reads signed heads by size.
func (tx *Tx) AuditHeads(after int64, limit int) ([]audit.StoredHead, error) {
	var heads []audit.StoredHead
	err := tx.query(func(scan func(...any) error) error {
		var h audit.StoredHead
		err := scan(&h.Size, &h.Note)
		heads = append(heads, h)
		return err
	}, `SELECT size, note FROM audit_heads WHERE size > $1 ORDER BY size LIMIT $2`, after, limit)
	return heads, err
}

// EraseAudit walks on from where it stopped last, so that neither an index on time nor a scan is needed.
func (tx *Tx) EraseAudit(uses bool, before time.Time, limit int) (bool, error) {
	position, move := `SELECT keys_erased FROM audit_log WHERE name = 'audit'`, `UPDATE audit_log SET keys_erased = $1 WHERE name = 'audit' AND keys_erased = $2`
	if uses {
		position, move = `SELECT uses_erased FROM audit_log WHERE name = 'audit'`, `UPDATE audit_log SET uses_erased = $1 WHERE name = 'audit' AND uses_erased = $2`
	}
	var from int64
	if err := tx.queryRow(position).Scan(&from); err != nil {
		return false, err
	}
	to := from
	var due [][]any
	err := tx.query(func(scan func(...any) error) error {
		var (
			id   string
			at   int64
			kind audit.Kind
			seq  int64
		)
		if err := scan(&id, &at, &kind, &seq); err != nil {
			return err
		}
		if at >= micros(before) {
			return errEnough
		}
		if kind.Use() == uses {
			due = append(due, []any{id})
		}
		to = seq + 1
		return nil
	}, `SELECT id, at, kind, seq FROM audit_events WHERE seq >= $1 ORDER BY seq LIMIT $2`, from, limit)
	if err != nil && !errors.Is(err, errEnough) {
		return false, err
	}
	if to == from {
		return false, nil
	}
	if err := tx.must(move, to, from); err != nil {
		return false, err
	}
	err = inChunks(due, func(chunk []any, n int) error {
		_, err := tx.exec(`UPDATE audit_events SET sealed = NULL WHERE id IN (`+tuples("$", n)+`)`, chunk...)
		return err
	})
	return err == nil && to-from >= int64(limit), err
}

// HeadKeys lists the keys of heads. One that does not open comes without its verifier, for Verify to report.
func (tx *Tx) HeadKeys() ([]audit.HeadKey, error) {
	type row struct {
		serial int64
		sealed []byte
	}
	var rows []row
	err := tx.query(func(scan func(...any) error) error {
		var r row
		err := scan(&r.serial, &r.sealed)
		rows = append(rows, r)
		return err
	}, `SELECT number, sealed FROM audit_keys ORDER BY number`)
	if err != nil {
		return nil, err
	}
	keys := make([]audit.HeadKey, len(rows))
	for i, r := range rows {
		if err := tx.unseal("audit_keys.sealed", strconv.FormatInt(r.serial, 10), r.sealed, &keys[i]); err != nil {
			keys[i] = audit.HeadKey{}
		}
		keys[i].Serial = r.serial
	}
	return keys, nil
}

// InsertHeadKey adds a key.
func (tx *Tx) InsertHeadKey(k audit.HeadKey) error {
	sealed, err := tx.seal("audit_keys.sealed", strconv.FormatInt(k.Serial, 10), k)
	if err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO audit_keys (number, sealed) VALUES ($1, $2)`, k.Serial, sealed)
	return err
}

// inChunks calls run with the arguments of 64 rows at a time, then of the rest in powers of two, so that few texts are
// prepared and few round trips made.
func inChunks(rows [][]any, run func(args []any, n int) error) error {
	for size := 64; size > 0; size /= 2 {
		for ; len(rows) >= size; rows = rows[size:] {
			var args []any
			for _, r := range rows[:size] {
				args = append(args, r...)
			}
			if err := run(args, size); err != nil {
				return err
			}
		}
	}
	return nil
}

// tuples repeats a form n times with its $ numbered: ($ , $) becomes ($1, $2), ($3, $4) …
func tuples(form string, n int) string {
	var b strings.Builder
	next := 1
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		for _, r := range form {
			b.WriteRune(r)
			if r == '$' {
				b.WriteString(strconv.Itoa(next))
				next++
			}
		}
	}
	return b.String()
}
