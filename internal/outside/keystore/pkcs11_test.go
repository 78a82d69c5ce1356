//go:build pkcs11

package keystore_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chave/internal/outside/keystore"
	"chave/internal/outside/keystore/keystoretest"
)

// token makes one with the given number of generations.
func token(t testing.TB, generations int) keystore.PKCS11Config {
	t.Helper()
	config := keystoretest.SoftHSM(t)
	for want := 1; want <= generations; want++ {
		addGeneration(t, config, want)
	}
	return config
}

func addGeneration(t testing.TB, config keystore.PKCS11Config, want int) {
	t.Helper()
	add := keystore.RotatePKCS11
	if want == 1 {
		add = keystore.InitPKCS11
	}
	if got, err := add(config); err != nil || got != want {
		t.Fatalf("made generation %d, %v, want %d", got, err, want)
	}
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

func TestPKCS11_rotation_rehearsed(t *testing.T) {
	config, made := token(t, 0), 0
	keystoretest.RehearseRotation(t, func(t *testing.T) {
		made++
		addGeneration(t, config, made)
	}, func(t *testing.T, generations ...int) keystoretest.Store {
		config := config
		config.Generations = slices.Clone(generations)
		return openToken(t, config)
	})
	t.Run("without naming any, the highest is current", func(t *testing.T) {
		named := config
		named.Generations = []int{1, 2}
		if got, want := openToken(t, config).KeyIDs(), openToken(t, named).KeyIDs(); !slices.Equal(got, want) {
			t.Errorf("key ids %q, want %q", got, want)
		}
	})
}

func TestPKCS11_generations_are_made_on_purpose_only(t *testing.T) {
	config := token(t, 0)
	if _, err := keystore.OpenPKCS11(config); err == nil || !strings.Contains(err.Error(), "init-pkcs11") {
		t.Errorf("a token without keys: %v", err)
	}
	if _, err := keystore.RotatePKCS11(config); err == nil {
		t.Error("rotated nothing")
	}
	addGeneration(t, config, 1)
	if _, err := keystore.InitPKCS11(config); err == nil {
		t.Error("made a first generation twice")
	}
	addGeneration(t, config, 2)
}

func TestPKCS11_settings_are_refused(t *testing.T) {
	good := token(t, 1)
	dir := t.TempDir()
	file := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, change := range map[string]func(*keystore.PKCS11Config){
		"no module":              func(c *keystore.PKCS11Config) { c.Module = "" },
		"a module that is none":  func(c *keystore.PKCS11Config) { c.Module = file("module.so", "nothing", 0o700) },
		"no token":               func(c *keystore.PKCS11Config) { c.Token = "" },
		"another token":          func(c *keystore.PKCS11Config) { c.Token = "chave" },
		"no PIN file":            func(c *keystore.PKCS11Config) { c.PINFile = "" },
		"missing PIN file":       func(c *keystore.PKCS11Config) { c.PINFile = filepath.Join(dir, "nothing") },
		"empty PIN file":         func(c *keystore.PKCS11Config) { c.PINFile = file("empty", "\n", 0o600) },
		"PIN file of two lines":  func(c *keystore.PKCS11Config) { c.PINFile = file("two", "83629471\n83629471\n", 0o600) },
		"PIN file others read":   func(c *keystore.PKCS11Config) { c.PINFile = file("open", "83629471\n", 0o644) },
		"wrong PIN":              func(c *keystore.PKCS11Config) { c.PINFile = file("wrong", "83629470\n", 0o600) },
		"a generation too many":  func(c *keystore.PKCS11Config) { c.Generations = []int{1, 2} },
		"a generation twice":     func(c *keystore.PKCS11Config) { c.Generations = []int{1, 1} },
		"generation zero":        func(c *keystore.PKCS11Config) { c.Generations = []int{0} },
		"fewer than no sessions": func(c *keystore.PKCS11Config) { c.Sessions = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			// A wrong PIN would go unnoticed while somebody in this process is logged in.
			keystoretest.StopModule(good.Module)
			c := good
			change(&c)
			_, err := keystore.OpenPKCS11(c)
			if err == nil {
				t.Fatal("opened")
			}
			if strings.Contains(err.Error(), "8362947") {
				t.Errorf("the error shows the PIN: %v", err)
			}
		})
	}
	openToken(t, good)
}

func BenchmarkPKCS11_personal_RSA3072(b *testing.B) {
	keystoretest.BenchmarkPersonal(b, openToken(b, token(b, 1)), "RSA-3072")
}

func BenchmarkPKCS11_personal_P256(b *testing.B) {
	keystoretest.BenchmarkPersonal(b, openToken(b, token(b, 1)), "P-256")
}

func BenchmarkPKCS11_field(b *testing.B) { keystoretest.BenchmarkField(b, openToken(b, token(b, 1))) }

func BenchmarkPKCS11_values(b *testing.B) { keystoretest.BenchmarkValues(b, openToken(b, token(b, 1))) }
