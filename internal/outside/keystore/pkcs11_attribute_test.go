//go:build pkcs11

package keystore_test

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"testing"

	"chave/internal/core/signing"
	"chave/internal/outside/keystore"

	"github.com/miekg/pkcs11"
)

// witness looks into the token from beside the store, with the same rights: what it cannot read, nobody in this process can.
type witness struct {
	t       *testing.T
	module  *pkcs11.Ctx
	session pkcs11.SessionHandle
}

func watch(t *testing.T, config keystore.PKCS11Config) witness {
	t.Helper()
	w := witness{t: t, module: pkcs11.New(config.Module)}
	slots, err := w.module.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range slots {
		if info, err := w.module.GetTokenInfo(slot); err == nil && info.Label == config.Token {
			if w.session, err = w.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION); err != nil {
				t.Fatal(err)
			}
			return w
		}
	}
	t.Fatal("the token is not there")
	return w
}

// keys lists the objects of a class.
func (w witness) keys(class uint) []pkcs11.ObjectHandle {
	w.t.Helper()
	if err := w.module.FindObjectsInit(w.session, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class)}); err != nil {
		w.t.Fatal(err)
	}
	found, _, err := w.module.FindObjects(w.session, 100)
	if err := errors.Join(err, w.module.FindObjectsFinal(w.session)); err != nil {
		w.t.Fatal(err)
	}
	return found
}

func (w witness) read(key pkcs11.ObjectHandle, attribute uint) ([]byte, error) {
	values, err := w.module.GetAttributeValue(w.session, key, []*pkcs11.Attribute{pkcs11.NewAttribute(attribute, nil)})
	if err != nil {
		return nil, err
	}
	return values[0].Value, nil
}

func (w witness) text(key pkcs11.ObjectHandle, attribute uint) string {
	w.t.Helper()
	value, err := w.read(key, attribute)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(value)
}

func (w witness) is(key pkcs11.ObjectHandle, attribute uint) bool {
	w.t.Helper()
	return bytes.Equal([]byte(w.text(key, attribute)), []byte{1})
}

// stays checks that a key is sensitive, cannot be extracted, and that reading and wrapping it are refused in fact.
func (w witness) stays(name string, key pkcs11.ObjectHandle, values ...uint) {
	w.t.Helper()
	if !w.is(key, pkcs11.CKA_SENSITIVE) || w.is(key, pkcs11.CKA_EXTRACTABLE) || !w.is(key, pkcs11.CKA_PRIVATE) {
		w.t.Errorf("%s is not sensitive, or extractable, or public", name)
	}
	for _, v := range values {
		if value, err := w.read(key, v); err == nil && len(value) > 0 {
			w.t.Errorf("%s: %d secret bytes were read", name, len(value))
		}
	}
	for _, by := range w.keys(pkcs11.CKO_SECRET_KEY) {
		for _, mechanism := range []uint{pkcs11.CKM_AES_KEY_WRAP, pkcs11.CKM_AES_KEY_WRAP_PAD} {
			if out, err := w.module.WrapKey(w.session, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, by, key); err == nil {
				w.t.Errorf("%s left the token in %d bytes", name, len(out))
			}
		}
	}
}

func TestT4_root_and_wrapping_keys_never_leave_the_token(t *testing.T) {
	config := token(t, 2)
	openToken(t, config)
	w := watch(t, config)
	want := map[string]string{}
	for g := 1; g <= 2; g++ {
		want[fmt.Sprint("chave mac ", g)] = "sign verify"
		want[fmt.Sprint("chave seal ", g)] = "encrypt decrypt"
		want[fmt.Sprint("chave wrap ", g)] = "wrap unwrap"
	}
	found := w.keys(pkcs11.CKO_SECRET_KEY)
	if len(found) != len(want) {
		t.Errorf("%d secret keys, want %d", len(found), len(want))
	}
	for _, key := range found {
		name := w.text(key, pkcs11.CKA_LABEL)
		may := ""
		for _, use := range []struct {
			name      string
			attribute uint
		}{
			{" sign", pkcs11.CKA_SIGN}, {" verify", pkcs11.CKA_VERIFY}, {" encrypt", pkcs11.CKA_ENCRYPT},
			{" decrypt", pkcs11.CKA_DECRYPT}, {" wrap", pkcs11.CKA_WRAP}, {" unwrap", pkcs11.CKA_UNWRAP}, {" derive", pkcs11.CKA_DERIVE},
		} {
			if w.is(key, use.attribute) {
				may += use.name
			}
		}
		if may != " "+want[name] {
			t.Errorf("%s may%s, want %s", name, may, want[name])
		}
		if !w.is(key, pkcs11.CKA_TOKEN) || !w.is(key, pkcs11.CKA_ALWAYS_SENSITIVE) || !w.is(key, pkcs11.CKA_NEVER_EXTRACTABLE) || !w.is(key, pkcs11.CKA_LOCAL) {
			t.Errorf("%s was not made in the token, or could once leave it", name)
		}
		w.stays(name, key, pkcs11.CKA_VALUE)
	}
}

func TestT4_a_personal_key_is_in_the_token_only_while_it_is_lent_and_cannot_leave(t *testing.T) {
	config := token(t, 1)
	s := openToken(t, config)
	w := watch(t, config)
	for _, alg := range []string{"RSA-3072", "P-256"} {
		pooled, _, err := s.NewPersonalKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		locked, err := s.LockPersonalKey(pooled, nil, unlock)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(w.keys(pkcs11.CKO_PRIVATE_KEY)); n != 0 {
			t.Errorf("%s: %d private keys are left over from making one", alg, n)
		}
		err = s.OpenPersonalKey(locked, nil, unlock, func(k signing.PersonalSigner) error {
			found := w.keys(pkcs11.CKO_PRIVATE_KEY)
			if len(found) != 1 {
				t.Fatalf("%s: %d private keys while one is lent", alg, len(found))
			}
			if w.is(found[0], pkcs11.CKA_TOKEN) {
				t.Errorf("%s: it would stay in the token", alg)
			}
			for _, attribute := range []uint{pkcs11.CKA_DECRYPT, pkcs11.CKA_UNWRAP} {
				if w.is(found[0], attribute) {
					t.Errorf("%s: it may do more than sign", alg)
				}
			}
			if alg == "P-256" {
				w.stays(alg, found[0], pkcs11.CKA_VALUE)
			} else {
				w.stays(alg, found[0], pkcs11.CKA_PRIVATE_EXPONENT, pkcs11.CKA_PRIME_1, pkcs11.CKA_PRIME_2, pkcs11.CKA_EXPONENT_1, pkcs11.CKA_EXPONENT_2, pkcs11.CKA_COEFFICIENT)
			}
			_, err := k.Sign(nil, digest[:], crypto.SHA256)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(w.keys(pkcs11.CKO_PRIVATE_KEY)); n != 0 {
			t.Errorf("%s: %d private keys are left after the loan", alg, n)
		}
	}
}

func TestT4_keys_of_authorities_cannot_leave_the_token_while_they_sign(t *testing.T) {
	config := token(t, 1)
	l := live(t, config)
	l.works(t)
	w := watch(t, config)
	found := w.keys(pkcs11.CKO_PRIVATE_KEY)
	if len(found) != 2 { // one signs, one decrypts
		t.Errorf("%d private keys, want 2", len(found))
	}
	for i, key := range found {
		w.stays(fmt.Sprint("key ", i), key)
	}
	l.works(t)
	if again := w.keys(pkcs11.CKO_PRIVATE_KEY); len(again) != len(found) {
		t.Errorf("%d private keys after more work: they pile up", len(again))
	}
}
