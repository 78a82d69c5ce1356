package keystore_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"chave/internal/outside/keystore"
	"chave/internal/outside/keystore/keystoretest"
)

// The bare operations are what everything above the keystore is measured against.

func BenchmarkBareRSA3072(b *testing.B) {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkBare(b, key)
}

func BenchmarkBareP256(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkBare(b, key)
}

func benchmarkBare(b *testing.B, key crypto.Signer) {
	digest := sha256.Sum256(nil)
	for b.Loop() {
		if _, err := key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPersonalRSA3072(b *testing.B) { keystoretest.BenchmarkPersonal(b, soft(b), "RSA-3072") }
func BenchmarkPersonalP256(b *testing.B)    { keystoretest.BenchmarkPersonal(b, soft(b), "P-256") }

// BenchmarkField shows what one encrypted field costs, and that a wrong one costs the same.
func BenchmarkField(b *testing.B) { keystoretest.BenchmarkField(b, soft(b)) }

func soft(b *testing.B) keystore.Store {
	s, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{1}, 32)}})
	if err != nil {
		b.Fatal(err)
	}
	return s
}
