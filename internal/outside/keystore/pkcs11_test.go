//go:build pkcs11

package keystore_test

import (
	"slices"
	"testing"

	"chave/internal/outside/keystore"
	"chave/internal/outside/keystore/keystoretest"
)

// token makes one with the given number of generations.
func token(t testing.TB, generations int) keystore.PKCS11Config {
	t.Helper()
	config := keystoretest.SoftHSM(t)
	for want := 1; want <= generations; want++ {
		add := keystore.RotatePKCS11
		if want == 1 {
			add = keystore.InitPKCS11
		}
		if got, err := add(config); err != nil || got != want {
			t.Fatalf("made generation %d, %v, want %d", got, err, want)
		}
	}
	return config
}

func openToken(t testing.TB, config keystore.PKCS11Config) keystore.Store {
	t.Helper()
	s, err := keystore.OpenPKCS11(config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPKCS11_conformance(t *testing.T) {
	config := token(t, 2)
	keystoretest.Run(t, func(t *testing.T, generations ...int) keystoretest.Store {
		config := config
		config.Generations = slices.Clone(generations)
		return openToken(t, config)
	})
}
