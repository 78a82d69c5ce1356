package keystoretest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"chave/internal/core/signing"
)

var holder = []byte("key 1 of person 1")

// secret stands for what core/signing makes of a PIN.
func secret(n byte) signing.Unlock { return signing.NewUnlock(bytes.Repeat([]byte{n}, 32)) }

// made is a pooled key and what it became.
type made struct {
	pooled, locked []byte
	public         crypto.PublicKey
}

func makePersonal(t *testing.T, s Store, alg string) made {
	t.Helper()
	pooled, spki, err := s.NewPersonalKey(alg)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		t.Fatal(err)
	}
	return made{pooled, must(t)(s.LockPersonalKey(pooled, holder, secret(1))), public}
}

// signs opens a key, signs with it and checks the signature.
func signs(t *testing.T, s Store, locked []byte, unlock signing.Unlock, public crypto.PublicKey) {
	t.Helper()
	digest := sha256.Sum256([]byte("document"))
	var signature []byte
	err := s.OpenPersonalKey(locked, holder, unlock, func(k signing.PersonalSigner) (err error) {
		if !public.(interface{ Equal(crypto.PublicKey) bool }).Equal(k.Public()) {
			return errors.New("another public key")
		}
		signature, err = k.Sign(nil, digest[:], crypto.SHA256)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	verify(t, public, crypto.SHA256, digest[:], signature)
}

func verify(t *testing.T, public crypto.PublicKey, hash crypto.Hash, digest, signature []byte) {
	t.Helper()
	var good bool
	switch pub := public.(type) {
	case *rsa.PublicKey:
		good = rsa.VerifyPKCS1v15(pub, hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		good = ecdsa.VerifyASN1(pub, digest, signature)
	}
	if !good {
		t.Errorf("a %T does not verify a signature of %d bytes", public, len(signature))
	}
}

func personalKeys(t *testing.T, open Factory) {
	s := open(t, 1)
	for _, alg := range []string{"RSA-3072", "P-256"} {
		t.Run(alg, func(t *testing.T) {
			key := makePersonal(t, s, alg)
			switch pub := key.public.(type) {
			case *rsa.PublicKey:
				if alg != "RSA-3072" || pub.N.BitLen() != 3072 || pub.E != 65537 {
					t.Errorf("made RSA with %d bits and exponent %d", pub.N.BitLen(), pub.E)
				}
			case *ecdsa.PublicKey:
				if alg != "P-256" || pub.Params().BitSize != 256 {
					t.Errorf("made %s", pub.Params().Name)
				}
			}
			signs(t, s, key.locked, secret(1), key.public)
			t.Run("opens in another process", func(t *testing.T) { signs(t, open(t, 1), key.locked, secret(1), key.public) })
			t.Run("SHA-384 and SHA-512", func(t *testing.T) {
				err := s.OpenPersonalKey(key.locked, holder, secret(1), func(k signing.PersonalSigner) error {
					d384, d512 := sha512.Sum384(nil), sha512.Sum512(nil)
					for hash, digest := range map[crypto.Hash][]byte{crypto.SHA384: d384[:], crypto.SHA512: d512[:]} {
						verify(t, key.public, hash, digest, must(t)(k.Sign(nil, digest, hash)))
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
			t.Run("a changed PIN opens it and the old one does not", func(t *testing.T) {
				again := must(t)(s.RelockPersonalKey(key.locked, holder, secret(1), secret(2)))
				signs(t, s, again, secret(2), key.public)
				wrong(t, s, again, holder, secret(1))
				signs(t, s, key.locked, secret(1), key.public) // whoever relocks replaces the row
				if _, err := s.RelockPersonalKey(key.locked, holder, secret(3), secret(2)); !errors.Is(err, signing.ErrWrongSecret) {
					t.Errorf("relocking with a wrong secret: %v", err)
				}
			})
			t.Run("several at once, in one loan", func(t *testing.T) {
				err := s.OpenPersonalKey(key.locked, holder, secret(1), func(k signing.PersonalSigner) error {
					var wg sync.WaitGroup
					for i := range 8 {
						wg.Go(func() {
							digest := sha256.Sum256([]byte{byte(i)})
							signature, err := k.Sign(nil, digest[:], crypto.SHA256)
							if err != nil {
								t.Error(err)
								return
							}
							verify(t, key.public, crypto.SHA256, digest[:], signature)
						})
					}
					wg.Wait()
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
	if _, _, err := s.NewPersonalKey("RSA-1024"); err == nil {
		t.Error("made a weak key")
	}
}

func personalKeysRefuse(t *testing.T, open Factory) {
	s := open(t, 1)
	key := makePersonal(t, s, "P-256")
	t.Run("T2 another secret or another holder", func(t *testing.T) {
		wrong(t, s, key.locked, holder, secret(2))
		wrong(t, s, key.locked, []byte("key 1 of person 2"), secret(1))
		wrong(t, s, key.locked, nil, secret(1))
	})
	t.Run("a secret that nobody derived", func(t *testing.T) {
		for _, short := range [][]byte{nil, []byte("1234")} {
			if locked, err := s.LockPersonalKey(key.pooled, holder, signing.NewUnlock(short)); err == nil {
				t.Errorf("locked %d bytes with a secret of %d", len(locked), len(short))
			}
			never(t, s, key.locked, holder, signing.NewUnlock(short))
		}
	})
	t.Run("any changed byte", func(t *testing.T) {
		for i := range key.locked {
			changed := bytes.Clone(key.locked)
			changed[i] ^= 1
			never(t, s, changed, holder, secret(1))
		}
		never(t, s, key.locked[:len(key.locked)-1], holder, secret(1))
		never(t, s, nil, holder, secret(1))
	})
	t.Run("a keystore of other roots", func(t *testing.T) { never(t, open(t, 2), key.locked, holder, secret(1)) })
	t.Run("keys of the installation and people's keys are not each other", func(t *testing.T) {
		installation, _, err := s.NewSigningKey("ES256")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.LockPersonalKey(installation, holder, secret(1)); err == nil {
			t.Error("a person was given a key of the installation")
		}
		if _, err := s.LockPersonalKey(key.locked, holder, secret(1)); err == nil {
			t.Error("a locked key was locked again without its secret")
		}
		for name, sealed := range map[string][]byte{"pooled": key.pooled, "locked": key.locked} {
			if _, err := s.Signer(sealed); err == nil {
				t.Errorf("a %s personal key signs without a loan", name)
			}
			if _, err := s.Decrypter(sealed); err == nil {
				t.Errorf("a %s personal key decrypts", name)
			}
		}
		never(t, s, key.pooled, holder, secret(1))
	})
	t.Run("other hashes and lengths", func(t *testing.T) {
		err := s.OpenPersonalKey(key.locked, holder, secret(1), func(k signing.PersonalSigner) error {
			for _, c := range []struct {
				length int
				opts   crypto.SignerOpts
			}{{20, crypto.SHA1}, {31, crypto.SHA256}, {32, crypto.SHA384}, {32, crypto.Hash(0)}, {0, crypto.SHA256}, {32, &rsa.PSSOptions{Hash: crypto.SHA256}}} {
				if _, err := k.Sign(nil, make([]byte, c.length), c.opts); err == nil {
					t.Errorf("signed %d bytes as %v", c.length, c.opts)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("a signer that was kept", func(t *testing.T) {
		var kept signing.PersonalSigner
		refusal := errors.New("no")
		err := s.OpenPersonalKey(key.locked, holder, secret(1), func(k signing.PersonalSigner) error {
			kept = k
			for _, verb := range []string{"%v", "%+v", "%#v", "%d"} {
				if printed := fmt.Sprintf(verb, k); !strings.Contains(printed, "[redacted]") || len(printed) > 80 {
					t.Errorf("%s prints %d characters", verb, len(printed))
				}
			}
			return refusal
		})
		if !errors.Is(err, refusal) {
			t.Errorf("the function's own error became %v", err)
		}
		if _, err := kept.Sign(nil, make([]byte, 32), crypto.SHA256); err == nil {
			t.Error("it still signs")
		}
	})
	t.Run("a function that panics gives the key back too", func(t *testing.T) {
		var kept signing.PersonalSigner
		func() {
			defer func() { _ = recover() }()
			_ = s.OpenPersonalKey(key.locked, holder, secret(1), func(k signing.PersonalSigner) error {
				kept = k
				panic("on purpose")
			})
		}()
		if _, err := kept.Sign(nil, make([]byte, 32), crypto.SHA256); err == nil {
			t.Error("it still signs")
		}
	})
}

func personalKeysRotate(t *testing.T, open Factory) {
	before, after, later := open(t, 1), open(t, 1, 2), open(t, 2)
	key := makePersonal(t, before, "P-256")
	if id := sealedUnder(t, after, key.locked); id != before.CurrentKey() {
		t.Errorf("a locked key names %q, want %q", id, before.CurrentKey())
	}
	signs(t, after, key.locked, secret(1), key.public)
	never(t, later, key.locked, holder, secret(1))

	moved := must(t)(after.RelockPersonalKey(key.locked, holder, secret(1), secret(1)))
	if id := sealedUnder(t, after, moved); id != after.CurrentKey() {
		t.Errorf("a relocked key names %q, want %q", id, after.CurrentKey())
	}
	signs(t, later, moved, secret(1), key.public)

	fromPool := must(t)(after.LockPersonalKey(key.pooled, holder, secret(1)))
	signs(t, later, fromPool, secret(1), key.public)
}

// wrong expects the one error that counts a try.
func wrong(t *testing.T, s Store, locked, context []byte, unlock signing.Unlock) {
	t.Helper()
	if err := lend(t, s, locked, context, unlock); !errors.Is(err, signing.ErrWrongSecret) {
		t.Errorf("got %v, want ErrWrongSecret", err)
	}
}

// never expects any error.
func never(t *testing.T, s Store, locked, context []byte, unlock signing.Unlock) {
	t.Helper()
	if lend(t, s, locked, context, unlock) == nil {
		t.Error("opened")
	}
}

func lend(t *testing.T, s Store, locked, context []byte, unlock signing.Unlock) error {
	t.Helper()
	return s.OpenPersonalKey(locked, context, unlock, func(signing.PersonalSigner) error {
		t.Error("lent the key")
		return nil
	})
}
