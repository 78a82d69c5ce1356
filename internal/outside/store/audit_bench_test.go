package store_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"

	"chave/internal/core/audit"
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	cryptorand "crypto/rand"
)

// What one decision's record costs in all: its insertion, its place in the log, and being verified.
func BenchmarkAudit(b *testing.B) {
	keys, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{7}, 32)}})
	if err != nil {
		b.Fatal(err)
	}
	prepare := func(b *testing.B) (*store.DB, *audit.Sealer, func(n int)) {
		db := storetest.SQLite(b, storetest.WithVault(keys))
		s := &audit.Sealer{
			Do: store.In[audit.LogTx](db), View: store.InView[audit.LogTx](db), Keys: keys, Origin: logName,
			Now: storetest.Epoch, Rand: cryptorand.Reader, Log: slog.New(slog.DiscardHandler),
		}
		made := 0
		return db, s, func(n int) {
			for left := n; left > 0; left -= 500 {
				err := db.Do(context.Background(), func(tx *store.Tx) error {
					for range min(left, 500) {
						made++
						e := audit.Event{ID: fmt.Sprintf("event-%020d", made), At: tx.Now(), Kind: audit.LoginFinished, Person: "person-1", Service: "bank"}
						if err := tx.InsertAudit(e); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("insert", func(b *testing.B) {
		_, _, insert := prepare(b)
		b.ResetTimer()
		insert(b.N)
	})
	b.Run("seal", func(b *testing.B) {
		_, s, insert := prepare(b)
		insert(b.N)
		b.ResetTimer()
		if n, err := s.Drain(context.Background()); err != nil || n < b.N {
			b.Fatal(n, err)
		}
	})
	b.Run("verify", func(b *testing.B) {
		db, s, insert := prepare(b)
		insert(b.N)
		if _, err := s.Drain(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.ResetTimer()
		b.ReportAllocs()
		r, err := audit.Verify(context.Background(), audit.Check{View: store.InView[audit.LogTx](db), Origin: logName, Now: storetest.Epoch})
		if err != nil || !r.OK() {
			b.Fatal(r, err)
		}
	})
}
