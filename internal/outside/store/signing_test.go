package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

var leafDER, rootDER = []byte{0x30, 3, 2, 1, 7}, []byte{0x30, 3, 2, 1, 9}

func personalKey(id string, now time.Time) signing.Key {
	return signing.Key{
		ID: id, Person: "person-1", Alg: signing.RSA3072, State: signing.KeyActive, Locked: []byte("the locked key"), Serial: "00ff" + id,
		Chain: [][]byte{leafDER, rootDER, rootDER}, PIN: credential.StoredPIN{Hash: []byte("hash"), Salt: []byte("salt"), KeyID: "k", Time: 1, MemKB: 64},
		Terms: "2026-1", CreatedAt: now, NotAfter: now.Add(time.Hour), ChangedAt: now,
	}
}

func operation(id string, now time.Time) signing.Operation {
	return signing.Operation{
		ID: id, Wire: "scmd", Application: "bank", Person: "person-1", KeyID: "k1", State: signing.Waiting, CreatedAt: now, ExpiresAt: now.Add(time.Minute), DueAt: now.Add(time.Minute),
		Content: signing.Content{Purpose: signing.Sign, Documents: []signing.Document{{Name: "Contrato.pdf", Digest: []byte("digest")}}, Unlock: []byte("sealed")},
	}
}

func TestSigning_rows_come_back_as_they_were_written(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		register(t, db, resident(1))
		now := storetest.Epoch()
		want := personalKey("k1", now)
		op := operation("o1", now)
		do(t, db, func(tx *store.Tx) error { return errors.Join(tx.InsertPersonalKey(want), tx.InsertOperation(op)) })
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.SigningKeyOf("person-1")
			if err != nil || !bytes.Equal(got.Locked, want.Locked) || len(got.Chain) != 3 || !bytes.Equal(got.Chain[1], rootDER) || got.PIN.KeyID != "k" || got.Terms != want.Terms ||
				!got.NotAfter.Equal(want.NotAfter) || got.Version != 1 {
				t.Errorf("%+v, %v", got, err)
			}
			if _, err := tx.SigningKeyOf("nobody"); !fault.Is(err, fault.RowNotFound) {
				t.Errorf("nobody's: %v", err)
			}
			kept, err := tx.Operation("o1")
			if err != nil || kept.Documents[0].Name != "Contrato.pdf" || !kept.ExpiresAt.Equal(op.ExpiresAt) || !bytes.Equal(kept.Unlock, op.Unlock) {
				t.Errorf("%+v, %v", kept, err)
			}
			if _, err := tx.OperationByPermit(nil); !fault.Is(err, fault.RowNotFound) {
				t.Errorf("no permit finds %v", err)
			}
			return nil
		})
		op.Version, op.State, op.Handle = 1, signing.Confirmed, []byte("handle")
		want.Version, want.WrongPINs, want.BlockedAt = 1, 3, now
		do(t, db, func(tx *store.Tx) error { return errors.Join(tx.UpdateOperation(op), tx.UpdatePersonalKey(want)) })
		view(t, db, func(tx *store.Tx) error {
			if got, err := tx.OperationByPermit([]byte("handle")); err != nil || got.ID != "o1" || got.Version != 2 {
				t.Errorf("%+v, %v", got, err)
			}
			if got, err := tx.PersonalKey("k1"); err != nil || got.WrongPINs != 3 || !got.BlockedAt.Equal(now) {
				t.Errorf("%+v, %v", got, err)
			}
			if n, err := tx.CountWaiting("person-1", "bank", now); n != 0 || err != nil {
				t.Errorf("a confirmed one waits: %d, %v", n, err)
			}
			if all, err := tx.WaitingOf("person-1"); len(all) != 1 || err != nil {
				t.Errorf("%d wait, %v", len(all), err)
			}
			if all, err := tx.DueOperations(now.Add(time.Minute), 10); len(all) != 1 || err != nil {
				t.Errorf("%d are due, %v", len(all), err)
			}
			if all, err := tx.ExpiredPersonalKeys(now.Add(time.Hour), 10); len(all) != 1 || err != nil {
				t.Errorf("%d are expired, %v", len(all), err)
			}
			return nil
		})
		for _, stale := range []func(tx *store.Tx) error{
			func(tx *store.Tx) error { return tx.UpdateOperation(op) },
			func(tx *store.Tx) error { return tx.UpdatePersonalKey(want) },
		} {
			if err := db.Do(context.Background(), stale); !fault.Is(err, fault.RowConflict) {
				t.Errorf("an old version replaces a new one: %v", err)
			}
		}
	})
}

func TestCMD_5_3_one_living_signing_key_per_person(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		register(t, db, resident(1))
		now := storetest.Epoch()
		do(t, db, func(tx *store.Tx) error { return tx.InsertPersonalKey(personalKey("k1", now)) })
		err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.InsertPersonalKey(personalKey("k2", now)) })
		if !fault.Is(err, fault.RowConflict) {
			t.Errorf("a second one: %v", err)
		}
		do(t, db, func(tx *store.Tx) error {
			ended := personalKey("k1", now)
			ended.Version, ended.State, ended.Locked = 1, signing.KeyEnded, nil
			return errors.Join(tx.UpdatePersonalKey(ended), tx.InsertPersonalKey(personalKey("k2", now)))
		})
		err = db.Do(context.Background(), func(tx *store.Tx) error {
			back := personalKey("k1", now)
			back.Version = 2
			return tx.UpdatePersonalKey(back)
		})
		if !fault.Is(err, fault.RowConflict) {
			t.Errorf("T7 an ended key came back: %v", err)
		}
		view(t, db, func(tx *store.Tx) error {
			keys, err := tx.PersonalKeys("person-1")
			if err != nil || len(keys) != 2 {
				t.Errorf("%d keys, %v", len(keys), err)
			}
			return nil
		})
	})
}

func TestPool_each_key_is_taken_once(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		const n = 6
		do(t, db, func(tx *store.Tx) error {
			for i := range n {
				if err := tx.InsertPooled(signing.Pooled{ID: string(rune('a' + i)), Alg: signing.P256, Sealed: []byte("s"), Public: []byte("p"), MadeAt: storetest.Epoch()}); err != nil {
					return err
				}
			}
			return tx.InsertPooled(signing.Pooled{ID: "rsa", Alg: signing.RSA3072, Sealed: []byte("s"), Public: []byte("p"), MadeAt: storetest.Epoch()})
		})
		var mu sync.Mutex
		got := map[string]int{}
		var all sync.WaitGroup
		for range n + 2 {
			all.Go(func() {
				var p signing.Pooled
				err := db.Do(context.Background(), func(tx *store.Tx) (err error) {
					p, err = tx.TakePooled(signing.P256)
					return err
				})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					got[p.ID]++
				} else if !fault.Is(err, fault.RowNotFound) && !fault.Is(err, fault.RowConflict) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for id, times := range got {
			if times != 1 || id == "rsa" {
				t.Errorf("%s was taken %d times", id, times)
			}
		}
		view(t, db, func(tx *store.Tx) error {
			left, err := tx.CountPooled(signing.P256)
			if left+len(got) != n {
				t.Errorf("%d taken, %d left of %d", len(got), left, n)
			}
			return err
		})
	})
}

func TestE11_a_writer_without_the_keystore_signs_nothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		now := storetest.Epoch()
		for name, c := range map[string]struct {
			change string
			use    func(tx *store.Tx) error
		}{
			"lift a block":                 {`UPDATE personal_keys SET blocked_at = 0`, key},
			"lift a suspension":            {`UPDATE personal_keys SET state = 'suspended'`, key},
			"prolong a certificate":        {`UPDATE personal_keys SET not_after = not_after + 1`, key},
			"put another certificate":      {`UPDATE personal_keys SET serial = 'ff'`, key},
			"sign again":                   {`UPDATE operations SET state = 'confirmed'`, anOperation},
			"sign for another service":     {`UPDATE operations SET application = 'evil'`, anOperation},
			"sign with another key":        {`UPDATE operations SET key_id = 'k9'`, anOperation},
			"sign later":                   {`UPDATE operations SET expires_at = expires_at + 1`, anOperation},
			"sign with a permit of theirs": {`UPDATE operations SET handle = sealed`, anOperation},
			"forge the history":            {`UPDATE signatures SET application = 'evil'`, history},
		} {
			db := open()
			register(t, db, resident(1))
			blocked := personalKey("k1", now)
			blocked.BlockedAt = now
			spent := operation("o1", now)
			spent.State = signing.Spent
			do(t, db, func(tx *store.Tx) error {
				return errors.Join(tx.InsertPersonalKey(blocked), tx.InsertOperation(spent),
					tx.InsertSignature(signing.Entry{ID: "o1", Person: "person-1", Application: "bank", At: now, NotAfter: now, Count: 1}))
			})
			do(t, db, func(tx *store.Tx) error { _, err := tx.Exec(c.change); return err })
			if err := db.View(context.Background(), c.use); !fault.IsKind(err, fault.Internal) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func key(tx *store.Tx) error         { _, err := tx.SigningKeyOf("person-1"); return err }
func anOperation(tx *store.Tx) error { _, err := tx.Operation("o1"); return err }
func history(tx *store.Tx) error {
	_, err := tx.Signatures("person-1", time.Time{}, 9)
	return err
}

func TestE11_nothing_of_what_was_signed_is_readable_in_the_files(t *testing.T) {
	c := storetest.Config(t, store.SQLite)
	db, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	register(t, db, resident(1))
	now := storetest.Epoch()
	k := personalKey("k1", now)
	k.Chain = [][]byte{append([]byte{0x30, 20}, []byte("Aurélia Bandeirinha.")...)[:22]}
	do(t, db, func(tx *store.Tx) error {
		return errors.Join(tx.InsertPersonalKey(k), tx.InsertOperation(operation("o1", now)),
			tx.InsertSignature(signing.Entry{ID: "o1", Person: "person-1", At: now, NotAfter: now, Names: []string{"Contrato.pdf"}, Count: 1}))
	})
	view(t, db, func(tx *store.Tx) error {
		all, err := tx.Signatures("person-1", time.Time{}, 9)
		if err != nil || len(all) != 1 || strings.Join(all[0].Names, "") != "Contrato.pdf" {
			t.Errorf("%+v, %v", all, err)
		}
		return nil
	})
	files, _ := filepath.Glob(c.DSN + "*")
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, known := range []string{"Contrato", "Bandeirinha", "the locked key"} {
			if bytes.Contains(content, []byte(known)) {
				t.Errorf("%s: %q can be read", filepath.Base(name), known)
			}
		}
	}
}
