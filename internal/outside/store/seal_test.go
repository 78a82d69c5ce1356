package store_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"chave/internal/core/citizen"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

func TestE11_sealed_values_open_only_in_their_own_row(t *testing.T) {
	db := storetest.SQLite(t)
	type name struct{ Given string }
	err := db.Do(context.Background(), func(tx *store.Tx) error {
		sealed, err := tx.Seal("people.sealed", "person-1", name{"Aurélia"})
		if err != nil {
			return err
		}
		if bytes.Contains(sealed, []byte("Aur")) {
			t.Error("readable")
		}
		again, _ := tx.Seal("people.sealed", "person-1", name{"Aurélia"})
		if bytes.Equal(sealed, again) {
			t.Error("equal values look equal")
		}
		var back name
		if err := tx.Unseal("people.sealed", "person-1", sealed, &back); err != nil || back.Given != "Aurélia" {
			t.Errorf("got %v, %v", back, err)
		}
		for what, err := range map[string]error{
			"another row":    tx.Unseal("people.sealed", "person-2", sealed, &back),
			"another column": tx.Unseal("outbox.sealed", "person-1", sealed, &back),
			"changed bit":    tx.Unseal("people.sealed", "person-1", append([]byte{sealed[0] ^ 1}, sealed[1:]...), &back),
			"empty":          tx.Unseal("people.sealed", "person-1", nil, &back),
		} {
			if err == nil {
				t.Errorf("%s: opened", what)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestE11_index_needs_the_keystore_and_the_kind(t *testing.T) {
	index := func(db *store.DB, kind, value string) (found []byte) {
		if err := db.View(context.Background(), func(tx *store.Tx) error {
			found = tx.Index(citizen.Identifier{Kind: citizen.IdentifierKind(kind), Value: value})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return found
	}
	vault := storetest.NewVault()
	one, two := storetest.SQLite(t, storetest.WithVault(vault)), storetest.SQLite(t, storetest.WithVault(vault))
	if !bytes.Equal(index(one, "phone", "+351910000001"), index(two, "phone", "+351910000001")) {
		t.Error("nodes with one keystore do not find the same rows")
	}
	if bytes.Equal(index(one, "phone", "123"), index(one, "nif", "123")) {
		t.Error("kinds are not apart")
	}
	if bytes.Equal(index(one, "phone", "123"), index(storetest.SQLite(t), "phone", "123")) {
		t.Error("another keystore finds it too")
	}
}

type brokenVault struct{ *storetest.Vault }

func (brokenVault) Seal(string, []byte, []byte) ([]byte, error) {
	return nil, errors.New("the module does not answer")
}

func TestE11_nothing_is_stored_in_clear_when_sealing_fails(t *testing.T) {
	db := storetest.SQLite(t, storetest.WithVault(brokenVault{storetest.NewVault()}))
	err := db.Do(context.Background(), func(tx *store.Tx) error {
		_, err := tx.Seal("people.sealed", "p", "x")
		return err
	})
	if err == nil {
		t.Error("no error")
	}
}
