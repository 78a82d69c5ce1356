package keystoretest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"

	"chave/internal/core/signing"
)

// BenchmarkPersonal measures one signature of a person's: open, sign, forget; and the opening alone.
func BenchmarkPersonal(b *testing.B, s Store, alg string) {
	pooled, _, err := s.NewPersonalKey(alg)
	if err != nil {
		b.Fatal(err)
	}
	locked, err := s.LockPersonalKey(pooled, holder, secret(1))
	if err != nil {
		b.Fatal(err)
	}
	digest := sha256.Sum256(nil)
	for name, fn := range map[string]func(signing.PersonalSigner) error{
		"open": func(signing.PersonalSigner) error { return nil },
		"open and sign": func(k signing.PersonalSigner) error {
			_, err := k.Sign(rand.Reader, digest[:], crypto.SHA256)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := s.OpenPersonalKey(locked, holder, secret(1), fn); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkField measures right and wrong blocks side by side.
func BenchmarkField(b *testing.B, s Store) {
	sealed, public, err := s.NewDecryptionKey()
	if err != nil {
		b.Fatal(err)
	}
	decrypt, err := s.Decrypter(sealed)
	if err != nil {
		b.Fatal(err)
	}
	right, err := rsa.EncryptPKCS1v15(rand.Reader, public.(*rsa.PublicKey), []byte("1234")) //nolint:staticcheck // what CMD's clients do
	if err != nil {
		b.Fatal(err)
	}
	for name, block := range map[string][]byte{"right": right, "wrong": bytes.Repeat([]byte{1}, 256)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				decrypt(block)
			}
		})
	}
}

// BenchmarkValues measures what every row and every sign-in asks for.
func BenchmarkValues(b *testing.B, s Store) {
	plain, context := bytes.Repeat([]byte("x"), 100), []byte("row 7")
	b.Run("MAC", func(b *testing.B) {
		for b.Loop() {
			s.MAC("index/phone", context)
		}
	})
	b.Run("seal and open", func(b *testing.B) {
		for b.Loop() {
			sealed, err := s.Seal("column", context, plain)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.Open("column", context, sealed); err != nil {
				b.Fatal(err)
			}
		}
	})
}
