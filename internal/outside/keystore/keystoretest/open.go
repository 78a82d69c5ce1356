//go:build !pkcs11

package keystoretest

import (
	"crypto/rand"
	"testing"

	"chave/internal/outside/keystore"
)

// Open opens a throw-away keystore for a suite that is about something else: in memory, or with the build tag pkcs11 in a new token of SoftHSM2, so that one suite speaks for both back
// ends. A test has one at a time.
func Open(t testing.TB) keystore.Store {
	t.Helper()
	root := make([]byte, 32)
	rand.Read(root)
	s, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: root}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
