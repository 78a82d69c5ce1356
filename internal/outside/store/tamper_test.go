package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"chave/internal/core/audit"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"golang.org/x/mod/sumdb/tlog"
)

// tampering is what somebody with the database and without the keystore may try.
type tampering struct {
	name   string
	change []string
	caught audit.Trouble
	row    string // the report names it
}

func tamperings() []tampering {
	const one = `WHERE id = 'event-000300'`
	return []tampering{
		{"a row's time", []string{`UPDATE audit_events SET at = at + 1 ` + one}, audit.RowChanged, "event-000300"},
		{"a row's kind", []string{`UPDATE audit_events SET kind = 'login.refused' ` + one}, audit.RowChanged, "event-000300"},
		{"a row's id", []string{`UPDATE audit_events SET id = 'somebody' ` + one}, audit.RowChanged, "somebody"},
		{"a row's commitment", []string{`UPDATE audit_events SET commitment = (SELECT commitment FROM audit_events WHERE id = 'event-000299') ` + one}, audit.RowChanged, "event-000300"},
		{"a row's payload", []string{`UPDATE audit_events SET sealed = (SELECT sealed FROM audit_events WHERE id = 'event-000299') ` + one}, audit.PayloadChanged, "event-000300"},
		{"a payload erased too early", []string{`UPDATE audit_events SET sealed = NULL ` + one}, audit.PayloadEarly, "event-000300"},
		{"a row taken out", []string{`DELETE FROM audit_events ` + one}, audit.RowGone, ""},
		{"a row taken out and its place closed", []string{`DELETE FROM audit_events WHERE seq = 300`, `UPDATE audit_events SET seq = 300 WHERE seq = (SELECT MAX(seq) FROM audit_events)`}, audit.RowGone, ""},
		{"a row unsealed", []string{`UPDATE audit_events SET seq = NULL ` + one}, audit.RowGone, ""},
		{"two rows exchanged", []string{`UPDATE audit_events SET seq = 9999 WHERE seq = 10`, `UPDATE audit_events SET seq = 10 WHERE seq = 11`, `UPDATE audit_events SET seq = 11 WHERE seq = 9999`}, audit.RowChanged, ""},
		{"a row put outside the log", []string{`UPDATE audit_events SET seq = 100000 ` + one}, audit.RowStray, "event-000300"},
		{"a row put before the log", []string{`UPDATE audit_events SET seq = -1 ` + one}, audit.RowStray, "event-000300"},
		{"a place given twice", []string{`DROP INDEX audit_events_seq`, `UPDATE audit_events SET seq = 300 WHERE seq = 299`}, audit.RowTwice, ""},
		{"a leaf's hash", []string{`UPDATE audit_tiles SET data = (SELECT data FROM audit_tiles WHERE level = 0 AND n = 0) WHERE level = 0 AND n = 1`}, audit.RowChanged, ""},
		{"a hash above", []string{`UPDATE audit_tiles SET data = (SELECT data FROM audit_tiles WHERE level = 0 AND n = 2) WHERE level = 1 AND n = 0`}, audit.HashChanged, ""},
		{"a tile taken out", []string{`DELETE FROM audit_tiles WHERE level = 0 AND n = 1`}, audit.HashGone, ""},
		{"a tile above taken out", []string{`DELETE FROM audit_tiles WHERE level = 1`}, audit.HashGone, ""},
		{"a tile too many", []string{`INSERT INTO audit_tiles (level, n, data) SELECT 0, 77, data FROM audit_tiles WHERE level = 0 AND n = 0`}, audit.HashStray, ""},
		{"a level too many", []string{`INSERT INTO audit_tiles (level, n, data) SELECT 2, 0, data FROM audit_tiles WHERE level = 0 AND n = 0`}, audit.HashStray, ""},
		{"the last tile made full", []string{`UPDATE audit_tiles SET data = (SELECT data FROM audit_tiles WHERE level = 0 AND n = 0) WHERE level = 0 AND n = (SELECT MAX(n) FROM audit_tiles WHERE level = 0)`}, audit.HashChanged, ""},
		{"a head's size", []string{`UPDATE audit_heads SET size = size - 1 WHERE size = 200`}, audit.HeadUnsigned, ""},
		{"a head's text", []string{`UPDATE audit_heads SET note = (SELECT note FROM audit_heads WHERE size = 400) WHERE size = 200`}, audit.HeadUnsigned, ""},
		{"a head's signature", []string{`UPDATE audit_heads SET note = REPLACE(note, '— ' || 'id.example', '— ' || 'ie.example') WHERE size = 200`}, audit.HeadUnsigned, ""},
		{"a head taken out", []string{`DELETE FROM audit_heads WHERE size = 200`}, audit.HeadGone, ""},
		{"the first head taken out", []string{`DELETE FROM audit_heads WHERE size = 100`}, audit.HeadGone, ""},
		{"the last head taken out", []string{`DELETE FROM audit_heads WHERE size = (SELECT MAX(size) FROM audit_heads)`}, audit.SizeChanged, ""},
		{"all heads taken out", []string{`DELETE FROM audit_heads`}, audit.SizeChanged, ""},
		{"a head too many", []string{`INSERT INTO audit_heads (size, note) SELECT 150, note FROM audit_heads WHERE size = 100`}, audit.HeadUnsigned, ""},
		{"a head beyond", []string{`INSERT INTO audit_heads (size, note) SELECT 15000, note FROM audit_heads WHERE size = 100`}, audit.HeadBeyond, ""},
		{"a head below", []string{`INSERT INTO audit_heads (size, note) SELECT -3, note FROM audit_heads WHERE size = 100`}, audit.HeadBeyond, ""},
		{"the log's size lowered", []string{`UPDATE audit_log SET size = 500`}, audit.RowStray, ""},
		{"the log's size raised", []string{`UPDATE audit_log SET size = size + 1`}, audit.RowGone, ""},
		{"the log's size raised without end", []string{`UPDATE audit_log SET size = 4000000000000000000`}, audit.GaveUp, ""},
		{"the key", []string{`UPDATE audit_keys SET sealed = (SELECT sealed FROM audit_events WHERE id = 'event-000001')`}, audit.KeyUnreadable, ""},
		{"the key's number", []string{`UPDATE audit_keys SET number = 2`}, audit.KeyUnreadable, ""},
		{"the key taken out", []string{`DELETE FROM audit_keys`}, audit.HeadUnsigned, ""},
	}
}

func TestVerify_names_every_change_made_without_the_keystore(t *testing.T) {
	for _, c := range tamperings() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := newAuditor(t, func(o ...storetest.Option) *store.DB { return storetest.SQLite(t, o...) })
			a.sealer.Batch = 100
			a.record(t, 699, audit.KeyIssued)
			a.seal(t)
			keep := func(c *audit.Check) { c.Keep = audit.Keep{}.Defaults() }
			wholeOrFail(t, a.verify(t, keep))
			err := a.db.Do(context.Background(), func(tx *store.Tx) error {
				for _, statement := range c.change {
					if n, err := tx.Exec(statement); err != nil || n == 0 && !strings.HasPrefix(statement, "DROP") {
						return fmt.Errorf("%s: %d rows, %w", statement, n, err)
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			r := a.verify(t, keep)
			found := slices.ContainsFunc(r.Problems, func(p audit.Problem) bool { return p.What == c.caught && (c.row == "" || p.Row == c.row) })
			if c.caught == audit.GaveUp {
				found = !r.OK() && r.Found < 200_000
			}
			if !found {
				var b strings.Builder
				_ = r.Write(&b)
				t.Errorf("not caught as %s %s:\n%.2000s", c.caught, c.row, b.String())
			}
		})
	}
}

// Without the signing key, making row and tree agree again only moves the contradiction to the signed heads.
func TestVerify_catches_a_row_changed_together_with_its_leaf(t *testing.T) {
	a := newAuditor(t, func(o ...storetest.Option) *store.DB { return storetest.SQLite(t, o...) })
	a.sealer.Batch = 50
	a.record(t, 199, audit.KeyIssued)
	a.seal(t)
	err := a.db.Do(context.Background(), func(tx *store.Tx) error {
		rows, err := tx.AuditRows(120, 121)
		if err != nil {
			return err
		}
		tile, err := tx.AuditTiles(0, 0, 1)
		if err != nil {
			return err
		}
		forged := tlog.RecordHash(audit.LeafData(rows[0].ID, rows[0].At, audit.KeyRevoked, rows[0].Commitment))
		copy(tile[0].Data[120*tlog.HashSize:], forged[:])
		if _, err := tx.Exec(`UPDATE audit_events SET kind = $1, sealed = NULL WHERE seq = 120`, string(audit.KeyRevoked)); err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE audit_tiles SET data = $1 WHERE level = 0 AND n = 0`, tile[0].Data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r := a.verify(t)
	want := []int64{150, 200, 200} // the heads at 50 and 100 still hold; the last one is also the log's
	var got []int64
	for _, p := range r.Problems {
		got = append(got, p.Seq)
	}
	if !slices.Equal(got, want) || r.Problems[0].What != audit.HeadOtherTree || !strings.Contains(r.Problems[0].Detail, "between 100 and 149") {
		t.Errorf("%+v", r.Problems)
	}
}

// Who puts the whole database back to an earlier day leaves a log that is whole. Only a head kept elsewhere shows it.
func TestVerify_compares_with_heads_kept_elsewhere(t *testing.T) {
	open := func(o ...storetest.Option) *store.DB { return storetest.SQLite(t, o...) }
	vault := storetest.NewVault()
	a, old := newAuditor(t, open, storetest.WithVault(vault)), newAuditor(t, open, storetest.WithVault(vault))
	for _, one := range []*auditor{a, old} {
		one.record(t, 20, audit.KeyIssued)
		one.seal(t)
	}
	a.record(t, 20, audit.KeyIssued)
	a.seal(t)
	key := verifierOf(t, a)
	for name, c := range map[string]struct {
		heads []string
		want  audit.Trouble
	}{
		"the log is behind":     {a.heads[len(a.heads)-1:], audit.HeadBeyond},
		"the log is another":    {a.heads[:1], audit.HeadOtherTree},
		"the head is no head":   {[]string{"something"}, audit.HeadUnsigned},
		"the head is its own":   {old.heads, ""},
		"no head is given here": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := old.verify(t, func(check *audit.Check) { check.Elsewhere, check.Verifiers = c.heads, []string{key} })
			if c.want == "" {
				wholeOrFail(t, r)
			} else if len(r.Problems) != 1 || r.Problems[0].What != c.want {
				t.Errorf("%+v", r.Problems)
			}
		})
	}
}

func verifierOf(t *testing.T, a *auditor) (key string) {
	t.Helper()
	err := a.db.View(context.Background(), func(tx *store.Tx) error {
		keys, err := tx.HeadKeys()
		if err == nil {
			key = keys[len(keys)-1].Verifier
		}
		return err
	})
	if err != nil || key == "" {
		t.Fatal("no head key", err)
	}
	return key
}
