//go:build pkcs11

package keystore_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/outside/keystore"
	"chave/internal/outside/keystore/keystoretest"

	"github.com/miekg/pkcs11"
)

// life is a store with one of everything in it.
type life struct {
	store   keystore.Store
	mac     []byte
	sealed  []byte
	locked  []byte
	signer  crypto.Signer
	decrypt func([]byte) ([]byte, bool)
	block   []byte // "1234"
}

var (
	digest = sha256.Sum256([]byte("document"))
	unlock = signing.NewUnlock(bytes.Repeat([]byte{1}, 32))
)

func live(t *testing.T, config keystore.PKCS11Config) life {
	t.Helper()
	l := life{store: openToken(t, config)}
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	l.mac = l.store.MAC("pin", []byte("1234"))
	l.sealed, err = l.store.Seal("name", nil, []byte("Marta Exemplo"))
	try(err)
	pooled, _, err := l.store.NewPersonalKey("P-256")
	try(err)
	l.locked, err = l.store.LockPersonalKey(pooled, nil, unlock)
	try(err)
	key, _, err := l.store.NewSigningKey("ES256")
	try(err)
	l.signer, err = l.store.Signer(key)
	try(err)
	field, public, err := l.store.NewDecryptionKey()
	try(err)
	l.decrypt, err = l.store.Decrypter(field)
	try(err)
	l.block, err = rsa.EncryptPKCS1v15(rand.Reader, public.(*rsa.PublicKey), []byte("1234")) //nolint:staticcheck // what CMD's clients do
	try(err)
	return l
}

// uses are all that a running system does; each returns an error, or what is wrong with the answer.
func (l life) uses() map[string]func() error {
	wrong := errors.New("a wrong answer")
	return map[string]func() error{
		"keyed hash": func() error {
			mac, err := l.store.MACWith(l.store.CurrentKey(), "pin", []byte("1234"))
			if err == nil && !bytes.Equal(mac, l.mac) {
				return wrong
			}
			return err
		},
		"seal": func() error {
			_, err := l.store.Seal("name", nil, []byte("x"))
			return err
		},
		"open": func() error {
			plain, err := l.store.Open("name", nil, l.sealed)
			if err == nil && string(plain) != "Marta Exemplo" {
				return wrong
			}
			return err
		},
		"sign for a person": func() error {
			return l.store.OpenPersonalKey(l.locked, nil, unlock, func(k signing.PersonalSigner) error {
				signature, err := k.Sign(nil, digest[:], crypto.SHA256)
				if err == nil && !ecdsa.VerifyASN1(k.Public().(*ecdsa.PublicKey), digest[:], signature) {
					return wrong
				}
				return err
			})
		},
		"sign for the installation": func() error {
			signature, err := l.signer.Sign(rand.Reader, digest[:], crypto.SHA256)
			if err == nil && !ecdsa.VerifyASN1(l.signer.Public().(*ecdsa.PublicKey), digest[:], signature) {
				return wrong
			}
			return err
		},
		"make a key": func() error {
			_, _, err := l.store.NewPersonalKey("P-256")
			return err
		},
	}
}

func (l life) works(t *testing.T) {
	t.Helper()
	for name, use := range l.uses() {
		if err := use(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if plain, ok := l.decrypt(l.block); !ok || string(plain) != "1234" {
		t.Errorf("a field reads %q, %v", plain, ok)
	}
}

func TestPKCS11_a_device_that_lost_its_power_is_found_again(t *testing.T) {
	config := token(t, 1)
	l := live(t, config)
	for name, use := range l.uses() {
		t.Run("before: "+name, func(t *testing.T) {
			keystoretest.StopModule(config.Module)
			if err := use(); err != nil {
				t.Error(err)
			}
		})
	}
	keystoretest.StopModule(config.Module)
	l.works(t)
	t.Run("in the middle of a loan", func(t *testing.T) {
		err := l.store.OpenPersonalKey(l.locked, nil, unlock, func(k signing.PersonalSigner) error {
			keystoretest.StopModule(config.Module)
			signature, err := k.Sign(nil, digest[:], crypto.SHA256)
			if err == nil && !ecdsa.VerifyASN1(k.Public().(*ecdsa.PublicKey), digest[:], signature) {
				t.Error("a wrong signature")
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestPKCS11_while_the_token_is_away_everything_fails_and_then_works_again(t *testing.T) {
	config := token(t, 1)
	now := time.Unix(0, 0)
	config.Now = func() time.Time { return now }
	l := live(t, config)

	tokens := filepath.Join(filepath.Dir(config.PINFile), "tokens")
	if err := os.Rename(tokens, tokens+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(tokens, 0o700); err != nil {
		t.Fatal(err)
	}
	keystoretest.StopModule(config.Module)
	for name, use := range l.uses() {
		var f *fault.Error
		if err := use(); !errors.As(err, &f) || f.Kind() != fault.Unavailable {
			t.Errorf("%s: got %v, want a fault of kind unavailable", name, err)
		}
	}
	if mac := l.store.MAC("pin", []byte("1234")); mac != nil {
		t.Error("a keyed hash out of nothing")
	}
	if plain, ok := l.decrypt(l.block); ok || plain != nil {
		t.Errorf("a field reads %q", plain)
	}
	t.Run("a wrong PIN is not mistaken for a device that is away, nor the other way round", func(t *testing.T) {
		err := l.store.OpenPersonalKey(l.locked, nil, unlock, func(signing.PersonalSigner) error { return nil })
		if err == nil || errors.Is(err, signing.ErrWrongSecret) {
			t.Errorf("got %v", err)
		}
	})

	if err := os.Remove(tokens); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tokens+".away", tokens); err != nil {
		t.Fatal(err)
	}
	if err := l.uses()["seal"](); err == nil {
		t.Error("asked again at once: callers would queue behind a device's time-outs")
	}
	now = now.Add(2 * time.Second)
	l.works(t)
}

func TestPKCS11_a_refused_PIN_is_not_tried_until_the_token_locks(t *testing.T) {
	config := token(t, 1)
	now := time.Unix(0, 0)
	config.Now = func() time.Time { return now }
	l := live(t, config)
	pin, err := os.ReadFile(config.PINFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []string{"00000000\n", string(pin)} {
		if err := os.WriteFile(config.PINFile, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		keystoretest.StopModule(config.Module)
		now = now.Add(time.Minute)
		if err := l.uses()["seal"](); err == nil {
			t.Errorf("sealed, with %q in the file: the PIN was tried again", content)
		}
	}
	l.store = openToken(t, config) // somebody looked after it and started the process anew
	if err := l.uses()["open"](); err != nil {
		t.Error(err)
	}
}

func TestPKCS11_another_token_of_the_same_name_is_refused(t *testing.T) {
	first := token(t, 1)
	l := live(t, first)
	token(t, 1) // same label, same PIN, other keys; the module looks there from now on
	if err := l.uses()["seal"](); err == nil {
		t.Error("sealed under the keys of another token")
	}
}

// Sessions that end under many callers at once cost errors at worst, never a wrong answer.
func TestPKCS11_sessions_that_end_under_load(t *testing.T) {
	config := token(t, 1)
	config.Sessions = 3
	l := live(t, config)
	module := pkcs11.New(config.Module)
	slots, err := module.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for name, use := range l.uses() {
		wg.Go(func() {
			for range 20 {
				var f *fault.Error
				if err := use(); err != nil && (!errors.As(err, &f) || f.Kind() != fault.Unavailable) && !errors.Is(err, keystore.ErrReturned) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 10 {
			for _, slot := range slots {
				_ = module.CloseAllSessions(slot)
			}
		}
	})
	wg.Wait()
	l.works(t)
}
