// Package keystoretest says, as tests, what every keystore back end must do. A back end's own test calls [Run].
package keystoretest

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"chave/internal/outside/keystore"
)

// Store is what is checked.
type Store = keystore.Store

// Factory opens a store whose roots are the given generations, the last one current. Equal numbers are equal roots,
// within one test.
type Factory func(t *testing.T, generations ...int) Store

// Run checks a back end.
func Run(t *testing.T, open Factory) {
	t.Run("keyed hashes", func(t *testing.T) { keyedHashes(t, open) })
	t.Run("sealed values", func(t *testing.T) { sealedValues(t, open) })
	t.Run("rotation", func(t *testing.T) { rotation(t, open) })
	t.Run("signing keys", func(t *testing.T) { signingKeys(t, open) })
	t.Run("personal keys", func(t *testing.T) { personalKeys(t, open) })
	t.Run("personal keys refuse", func(t *testing.T) { personalKeysRefuse(t, open) })
	t.Run("personal keys outlive a rotation", func(t *testing.T) { personalKeysRotate(t, open) })
	t.Run("decryption keys", func(t *testing.T) { decryptionKeys(t, open) })
	t.Run("wrong padding is not told", func(t *testing.T) { implicitRejection(t, open) })
	t.Run("many at once", func(t *testing.T) { manyAtOnce(t, open) })
	t.Run("nothing prints a key", func(t *testing.T) { printsNothing(t, open) })
}

func keyedHashes(t *testing.T, open Factory) {
	s := open(t, 1)
	first := s.MAC("pin", []byte("12"), []byte("3"))
	if len(first) != sha256.Size {
		t.Fatalf("a hash has %d bytes, want %d", len(first), sha256.Size)
	}
	if !bytes.Equal(first, s.MAC("pin", []byte("12"), []byte("3"))) {
		t.Error("the same input gave two hashes")
	}
	if !bytes.Equal(first, open(t, 1).MAC("pin", []byte("12"), []byte("3"))) {
		t.Error("another process with the same root gave another hash")
	}
	for name, other := range map[string][]byte{
		"another label":            s.MAC("code", []byte("12"), []byte("3")),
		"a boundary moved":         s.MAC("pin", []byte("1"), []byte("23")),
		"parts joined":             s.MAC("pin", []byte("123")),
		"an empty part more":       s.MAC("pin", []byte("12"), []byte("3"), nil),
		"another root":             open(t, 2).MAC("pin", []byte("12"), []byte("3")),
		"no parts":                 s.MAC("pin"),
		"label and part exchanged": s.MAC("12", []byte("pin"), []byte("3")),
	} {
		if bytes.Equal(first, other) {
			t.Errorf("%s: same hash", name)
		}
	}
}

func sealedValues(t *testing.T, open Factory) {
	s := open(t, 1)
	for _, plain := range [][]byte{nil, []byte("x"), []byte("Marta Exemplo"), bytes.Repeat([]byte("long "), 10_000)} {
		sealed := must(t)(s.Seal("name", []byte("row 7"), plain))
		if len(plain) > 3 && bytes.Contains(sealed, plain) {
			t.Fatal("plain text in the sealed value")
		}
		if got := must(t)(open(t, 1).Open("name", []byte("row 7"), sealed)); !bytes.Equal(got, plain) {
			t.Fatalf("opened %d bytes, sealed %d", len(got), len(plain))
		}
	}
	plain := []byte("Marta Exemplo")
	sealed := must(t)(s.Seal("name", []byte("row 7"), plain))
	if bytes.Equal(sealed, must(t)(s.Seal("name", []byte("row 7"), plain))) {
		t.Error("sealing twice gave the same bytes: equal rows would show")
	}
	refused := func(name string, s Store, label, context string, sealed []byte) {
		t.Helper()
		if got, err := s.Open(label, []byte(context), sealed); err == nil {
			t.Errorf("%s: opened as %q", name, got)
		}
	}
	refused("moved to another row", s, "name", "row 8", sealed)
	refused("opened for another purpose", s, "phone", "row 7", sealed)
	refused("another root", open(t, 2), "name", "row 7", sealed)
	refused("cut", s, "name", "row 7", sealed[:len(sealed)-1])
	refused("empty", s, "name", "row 7", nil)
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		refused(fmt.Sprintf("byte %d changed", i), s, "name", "row 7", changed)
	}
}

func rotation(t *testing.T, open Factory) {
	before, after, later := open(t, 1), open(t, 1, 2), open(t, 2)
	if before.CurrentKey() == "" || before.CurrentKey() == after.CurrentKey() {
		t.Fatalf("current key ids %q before and %q after", before.CurrentKey(), after.CurrentKey())
	}
	if !slices.Equal(after.KeyIDs(), []string{after.CurrentKey(), before.CurrentKey()}) {
		t.Errorf("key ids %q", after.KeyIDs())
	}
	old := before.MAC("pin", []byte("1"))
	if got := must(t)(after.MACWith(before.CurrentKey(), "pin", []byte("1"))); !bytes.Equal(got, old) {
		t.Error("a hash of the older root is not found again")
	}
	if !bytes.Equal(after.MAC("pin", []byte("1")), must(t)(after.MACWith(after.CurrentKey(), "pin", []byte("1")))) {
		t.Error("MAC is not MACWith under the current root")
	}
	if _, err := later.MACWith(before.CurrentKey(), "pin", []byte("1")); err == nil {
		t.Error("a root that was removed still hashes")
	}
	sealed := must(t)(before.Seal("name", nil, []byte("kept")))
	if got := must(t)(after.Open("name", nil, sealed)); string(got) != "kept" {
		t.Errorf("opened %q", got)
	}
	if id := sealedUnder(t, after, sealed); id != before.CurrentKey() {
		t.Errorf("sealed under %q, want %q", id, before.CurrentKey())
	}
	if id := sealedUnder(t, after, must(t)(after.Seal("name", nil, []byte("new")))); id != after.CurrentKey() {
		t.Errorf("new values are sealed under %q", id)
	}
	if _, err := later.Open("name", nil, sealed); err == nil {
		t.Error("opened without its root")
	}
}

func signingKeys(t *testing.T, open Factory) {
	s := open(t, 1)
	digest := sha256.Sum256([]byte("message"))
	for _, alg := range []string{"ES256", "RS256", "EdDSA", "RSA-2048", "P-256", "P-384"} {
		t.Run(alg, func(t *testing.T) {
			sealed, public, err := s.NewSigningKey(alg)
			if err != nil {
				t.Fatal(err)
			}
			signer, err := open(t, 1, 2).Signer(sealed) // after a rotation, in another process
			if err != nil {
				t.Fatal(err)
			}
			var good bool
			switch pub := public.(type) {
			case *ecdsa.PublicKey:
				sig := must(t)(signer.Sign(rand.Reader, digest[:], crypto.SHA256))
				curve := map[string]string{"ES256": "P-256"}[alg]
				good = pub.Params().Name == cmp.Or(curve, alg) && pub.Equal(signer.Public()) && ecdsa.VerifyASN1(pub, digest[:], sig)
			case *rsa.PublicKey:
				sig := must(t)(signer.Sign(rand.Reader, digest[:], crypto.SHA256))
				bits := map[string]int{"RS256": 3072, "RSA-2048": 2048}[alg]
				good = pub.Equal(signer.Public()) && pub.N.BitLen() == bits &&
					rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], sig) == nil
			case ed25519.PublicKey:
				sig := must(t)(signer.Sign(rand.Reader, []byte("message"), crypto.Hash(0)))
				good = alg == "EdDSA" && pub.Equal(signer.Public()) && ed25519.Verify(pub, []byte("message"), sig)
			}
			if !good {
				t.Errorf("a %T does not verify what %s signed", public, alg)
			}
			if _, err := open(t, 2).Signer(sealed); err == nil {
				t.Error("another keystore opened the key")
			}
		})
	}
	if _, _, err := s.NewSigningKey("none"); err == nil {
		t.Error(`made a key for "none"`)
	}
	if _, err := s.Signer(must(t)(s.Seal("name", nil, []byte("not a key")))); err == nil {
		t.Error("a sealed column passed for a key")
	}
}

func manyAtOnce(t *testing.T, open Factory) {
	s := open(t, 1)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				label := fmt.Sprintf("label %d", (i+j)%5)
				sealed, err := s.Seal(label, nil, []byte(label))
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := s.Open(label, nil, sealed); err != nil || string(got) != label {
					t.Errorf("opened %q, %v", got, err)
				}
				s.MAC(label, sealed)
			}
		})
	}
	wg.Wait()
}

func printsNothing(t *testing.T, open Factory) {
	s := open(t, 1)
	sealed, _, err := s.NewSigningKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := s.Signer(sealed)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{s, signer} {
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("opened", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("opened", "v", v)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			printed := fmt.Sprintf(verb, v)
			if !strings.Contains(printed, "[redacted]") || len(printed) > 80 {
				t.Errorf("%s of %T prints %d characters without redaction", verb, v, len(printed))
			}
		}
		if strings.Count(log.String(), "[redacted]") != 2 || len(log.String()) > 400 {
			t.Errorf("log of %T: %d characters", v, len(log.String()))
		}
	}
}

func sealedUnder(t *testing.T, s Store, sealed []byte) string {
	t.Helper()
	id, err := s.SealedUnder(sealed)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// must returns a function that ends the test on an error.
func must(t *testing.T) func([]byte, error) []byte {
	return func(v []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
