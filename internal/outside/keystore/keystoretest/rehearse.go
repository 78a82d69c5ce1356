package keystoretest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"testing"

	"chave/internal/core/signing"
	"chave/internal/outside/keystore"
)

// RehearseRotation is a rotation as an operator does it, in three acts: a system lives under one generation; a second is made and everything of the first still works while people's keys move
// as they are used; then the first is taken away. open opens the store with the generations that exist in an act, add makes the next one, by the means an operator has.
func RehearseRotation(t *testing.T, add func(t *testing.T), open func(t *testing.T, generations ...int) Store) {
	digest := sha256.Sum256([]byte("document"))

	add(t)
	first := open(t, 1)
	pin := first.MAC("pin", []byte("1234"))
	column := must(t)(first.Seal("column", []byte("row 1"), []byte("Marta Exemplo")))
	moving, staying := makePersonal(t, first, "RSA-3072"), makePersonal(t, first, "P-256")
	token, tokenKey, err := first.NewSigningKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	fields := makeField(t, first)

	add(t)
	both := open(t, 1, 2)
	if both.CurrentKey() == first.CurrentKey() || len(both.KeyIDs()) != 2 {
		t.Fatalf("key ids %q after the rotation", both.KeyIDs())
	}
	t.Run("what was stored before is read after", func(t *testing.T) {
		if got := must(t)(both.MACWith(first.CurrentKey(), "pin", []byte("1234"))); !bytes.Equal(got, pin) {
			t.Error("a PIN is no longer right")
		}
		if got := must(t)(both.Open("column", []byte("row 1"), column)); string(got) != "Marta Exemplo" {
			t.Errorf("a column reads %q", got)
		}
		signs(t, both, moving.locked, secret(1), moving.public)
		signs(t, both, staying.locked, secret(1), staying.public)
		signer, err := both.Signer(token)
		if err != nil {
			t.Fatal(err)
		}
		verify(t, tokenKey, crypto.SHA256, digest[:], must(t)(signer.Sign(rand.Reader, digest[:], crypto.SHA256)))
		block, err := rsa.EncryptPKCS1v15(rand.Reader, fields.public, []byte("1234")) //nolint:staticcheck // what CMD's clients do
		if err != nil {
			t.Fatal(err)
		}
		decrypt, err := both.Decrypter(fields.sealed)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := decrypt(block); !ok || string(got) != "1234" {
			t.Errorf("a field reads %q", got)
		}
	})
	t.Run("processes that have not heard of it go on", func(t *testing.T) {
		signs(t, first, staying.locked, secret(1), staying.public)
		if got := must(t)(both.Open("column", nil, must(t)(first.Seal("column", nil, []byte("late"))))); string(got) != "late" {
			t.Errorf("reads %q", got)
		}
	})
	moved := must(t)(both.RelockPersonalKey(moving.locked, holder, secret(1), secret(1)))
	fromPool := must(t)(both.LockPersonalKey(staying.pooled, holder, secret(1)))
	column = must(t)(both.Seal("column", []byte("row 1"), must(t)(both.Open("column", []byte("row 1"), column))))

	second := open(t, 2)
	t.Run("what was moved needs the first no more", func(t *testing.T) {
		signs(t, second, moved, secret(1), moving.public)
		signs(t, second, fromPool, secret(1), staying.public)
		if got := must(t)(second.Open("column", []byte("row 1"), column)); string(got) != "Marta Exemplo" {
			t.Errorf("a column reads %q", got)
		}
	})
	t.Run("what was not moved says why it cannot be read", func(t *testing.T) {
		err := second.OpenPersonalKey(staying.locked, holder, secret(1), func(signing.PersonalSigner) error { return nil })
		unknown(t, err)
		_, err = second.MACWith(first.CurrentKey(), "pin")
		unknown(t, err)
		_, err = second.Signer(token)
		unknown(t, err)
	})
}

// unknown expects the error that tells an operator to bring an older generation back.
func unknown(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, keystore.ErrUnknownKey) {
		t.Errorf("got %v, want ErrUnknownKey", err)
	}
}
