package keystore_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"testing"

	"chave/internal/core/signing"
	"chave/internal/outside/keystore"
)

// Locked keys must open for as long as certificates last. This one was made once; that it opens by the formulas of the documentation was checked apart from this package, with
// Python's hmac and cryptography.
func TestLockedKeys_are_frozen(t *testing.T) {
	const (
		locked = "015c61e9f58c296ea65d1fb68d6ea2a4b44e78aee25704351d4ef421ba5daac70f967b2ac7c07067f3ecd65c017749cd165a5bb5557f253c008ad4dccf" +
			"ad61269b0465fb410c181937467b0b92a951458464e0cfec666708616d947d2c3686cbec8b200f36813fffd6aaafd8df2884083ee84bfe06633b3924917ecc232f84" +
			"b42ffa7f18323512bfa5e537e8a4b0dfd47cb0d997191c32a7811ba7778f7c721b554729197cbf415cfd7342a504669aeec143c6501654758003e71379f283950fe8" +
			"a02593496f2960ca91e836"
		public = "3059301306072a8648ce3d020106082a8648ce3d0301070342000456095eb79edc3ab5d08f9be7896ca09239ce250f55b20a3ed07bc9c736b7ebf6723296" +
			"b96235a01efca8129edf93f038fe5c1ef3e1c8dc24dd80c5292cd4f34c"
	)
	spki, err := hex.DecodeString(public)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := hex.DecodeString(locked)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{7}, 32)}})
	err = s.OpenPersonalKey(blob, []byte("key 1 of person 1"), signing.NewUnlock(bytes.Repeat([]byte{1}, 32)), func(k signing.PersonalSigner) error {
		digest := sha256.Sum256(nil)
		signature, err := k.Sign(nil, digest[:], crypto.SHA256)
		if err == nil && !ecdsa.VerifyASN1(key.(*ecdsa.PublicKey), digest[:], signature) {
			t.Error("another key")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func FuzzOpenPersonalKey(f *testing.F) {
	s, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{1}, 32)}})
	if err != nil {
		f.Fatal(err)
	}
	pooled, _, err := s.NewPersonalKey("P-256")
	if err != nil {
		f.Fatal(err)
	}
	secret := signing.NewUnlock(bytes.Repeat([]byte{1}, 32))
	locked, err := s.LockPersonalKey(pooled, nil, secret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pooled)
	f.Add(locked[:len(locked)-1])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if bytes.Equal(b, locked) {
			return
		}
		if s.OpenPersonalKey(b, nil, secret, func(signing.PersonalSigner) error { return nil }) == nil {
			t.Errorf("opened %x", b)
		}
	})
}
