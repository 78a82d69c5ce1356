package store_test

import (
	"bytes"
	"context"
	"testing"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

func TestKeystore_rotation_locks_nobody_out_and_lets_nobody_in_twice(t *testing.T) {
	old, fresh := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	vault := func(roots ...[]byte) *keystore.Soft {
		c := keystore.Config{Root: keystore.Root{Bytes: bytes.Clone(roots[0])}}
		for _, r := range roots[1:] {
			c.Older = append(c.Older, keystore.Root{Bytes: bytes.Clone(r)})
		}
		v, err := keystore.OpenSoft(c)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	c := storetest.Config(t, store.SQLite, storetest.WithVault(vault(old)))
	open := func() *store.DB {
		db, err := store.Open(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Migrate(context.Background()); err != nil {
			t.Fatal(err)
		}
		return db
	}
	before := open()
	register(t, before, resident(1))
	do(t, before, func(tx *store.Tx) error { return tx.InsertKey(keyOf(resident(1))) })
	before.Close()

	c.Vault = vault(fresh, old)
	db := open()
	found := func(phone citizen.Phone) int {
		var who []citizen.ID
		view(t, db, func(tx *store.Tx) (err error) {
			who, err = tx.PeopleWith(citizen.Identifier{Kind: citizen.ByPhone, Value: string(phone)})
			return err
		})
		return len(who)
	}
	if found(resident(1).Phone) != 1 {
		t.Error("cannot be found after the rotation")
	}
	second := resident(2)
	second.Phone = resident(1).Phone
	err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.InsertPerson(second) })
	if !fault.Is(err, fault.RowConflict) || fault.Of(err).Field != "phone" {
		t.Errorf("R1.21 one phone for two: %v", err)
	}
	p := resident(1)
	p.Version = 1
	do(t, db, func(tx *store.Tx) error {
		if _, err := tx.Key(p.ID); err != nil {
			return err
		}
		return tx.UpdatePerson(p)
	})
	if found(p.Phone) != 1 {
		t.Error("cannot be found after an update")
	}
	db.Close()
	c.Vault = vault(fresh)
	db = open()
	if found(p.Phone) != 1 {
		t.Error("an update does not move the index to the new key")
	}
}
