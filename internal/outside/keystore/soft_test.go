package keystore_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chave/internal/core/credential"
	"chave/internal/outside/keystore"
	"chave/internal/outside/keystore/keystoretest"
)

func TestConformance(t *testing.T) {
	keystoretest.Run(t, func(t *testing.T, generations ...int) keystoretest.Store {
		var c keystore.Config
		for i, g := range generations {
			root := keystore.Root{Bytes: bytes.Repeat([]byte{byte(g)}, 32)}
			if i == len(generations)-1 {
				c.Root = root
			} else {
				c.Older = append(c.Older, root)
			}
		}
		return open(t, c)
	})
}

func open(t *testing.T, c keystore.Config) *keystore.Soft {
	t.Helper()
	s, err := keystore.OpenSoft(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The derivation must never change: rows made by an older version would become unreadable. The vectors were computed
// apart from this package, with Python's hmac and the two formulas of RFC 5869.
func TestDerivation_is_frozen(t *testing.T) {
	const (
		keyID = "5c61e9f5"
		mac   = "9913d0f1f3d2b56d790bebdba8d721d19444e16cbf917d7c41602ec785721d41"
	)
	s := open(t, keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{7}, 32)}})
	if got := s.CurrentKey(); got != keyID {
		t.Errorf("key id %s, want %s", got, keyID)
	}
	if got := hex.EncodeToString(s.MAC("pin", []byte("12"), []byte("3"))); got != mac {
		t.Errorf("MAC %s, want %s", got, mac)
	}
}

func TestRootKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "root.key")
	if err := keystore.CreateRootKey(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("created with mode %04o", info.Mode().Perm())
	}
	s := open(t, keystore.Config{Root: keystore.Root{File: path}})

	t.Run("an existing root is never replaced", func(t *testing.T) {
		before, _ := os.ReadFile(path)
		if err := keystore.CreateRootKey(path); !errors.Is(err, os.ErrExist) {
			t.Errorf("got %v", err)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
			t.Error("the file changed")
		}
		if again := open(t, keystore.Config{Root: keystore.Root{File: path}}); again.CurrentKey() != s.CurrentKey() {
			t.Error("another root was read")
		}
	})
	t.Run("two new roots differ", func(t *testing.T) {
		other := filepath.Join(t.TempDir(), "root.key")
		if err := keystore.CreateRootKey(other); err != nil {
			t.Fatal(err)
		}
		if open(t, keystore.Config{Root: keystore.Root{File: other}}).CurrentKey() == s.CurrentKey() {
			t.Error("same root")
		}
	})
	t.Run("a file others can read is refused", func(t *testing.T) {
		for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o660, 0o644} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{File: path}}); err == nil {
				t.Errorf("mode %04o was accepted", mode)
			}
		}
	})
	t.Run("a folder that does not exist is not made", func(t *testing.T) {
		if err := keystore.CreateRootKey(filepath.Join(t.TempDir(), "missing", "root.key")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
}

func TestOpenSoft_refuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := keystore.Root{Bytes: bytes.Repeat([]byte{1}, 32)}
	digits := strings.Repeat("ab", 32)
	for name, c := range map[string]keystore.Config{
		"no root":                   {},
		"two sources":               {Root: keystore.Root{Bytes: good.Bytes, File: "x"}},
		"31 bytes":                  {Root: keystore.Root{Bytes: good.Bytes[:31]}},
		"33 bytes":                  {Root: keystore.Root{Bytes: bytes.Repeat([]byte{1}, 33)}},
		"missing file":              {Root: keystore.Root{File: filepath.Join(dir, "nothing")}},
		"a folder":                  {Root: keystore.Root{File: dir}},
		"empty file":                {Root: keystore.Root{File: file("empty", "")}},
		"file without its mark":     {Root: keystore.Root{File: file("bare", digits+"\n")}},
		"file one digit short":      {Root: keystore.Root{File: file("short", "chave-root-key-1 "+digits[1:]+"\n")}},
		"file with more after it":   {Root: keystore.Root{File: file("long", "chave-root-key-1 "+digits+"\nabcd")}},
		"file with a wrong digit":   {Root: keystore.Root{File: file("digit", "chave-root-key-1 x"+digits[1:]+"\n")}},
		"short passphrase":          {Root: keystore.Root{Passphrase: keystore.Secret("fifteen letters"), Salt: "https://key.example"}},
		"passphrase without salt":   {Root: keystore.Root{Passphrase: keystore.Secret("correct horse battery staple")}},
		"the same root twice":       {Root: good, Older: []keystore.Root{good}},
		"older root that is absent": {Root: good, Older: []keystore.Root{{}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keystore.OpenSoft(c)
			if err == nil {
				t.Fatal("opened")
			}
			if strings.Contains(err.Error(), "abab") {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
	t.Run("reports every problem at once", func(t *testing.T) {
		_, err := keystore.OpenSoft(keystore.Config{Older: []keystore.Root{{}, {}}})
		if got := strings.Count(fmt.Sprint(err), "exactly one of"); got != 3 {
			t.Errorf("%d problems named, want 3: %v", got, err)
		}
	})
}

func TestPassphrase_makes_the_same_root_again(t *testing.T) {
	root := func(pass, salt string) keystore.Root {
		return keystore.Root{Passphrase: keystore.Secret(pass), Salt: salt}
	}
	first := open(t, keystore.Config{Root: root("correct horse battery staple", "https://key.example")}).CurrentKey()
	if again := open(t, keystore.Config{Root: root("correct horse battery staple", "https://key.example")}).CurrentKey(); again != first {
		t.Error("another root")
	}
	if other := open(t, keystore.Config{Root: root("correct horse battery staple", "https://other.example")}).CurrentKey(); other == first {
		t.Error("the salt makes no difference")
	}
}

func TestErrors_tell_a_missing_root_from_a_changed_value(t *testing.T) {
	one := open(t, keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{1}, 32)}})
	two := open(t, keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{2}, 32)}})
	sealed, err := one.Seal("name", nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.Open("name", nil, sealed); !errors.Is(err, keystore.ErrUnknownKey) {
		t.Errorf("got %v", err)
	}
	if _, err := one.Open("name", []byte("elsewhere"), sealed); !errors.Is(err, keystore.ErrTampered) {
		t.Errorf("got %v", err)
	}
	if _, err := two.MACWith(one.CurrentKey(), "name"); !errors.Is(err, keystore.ErrUnknownKey) {
		t.Errorf("got %v", err)
	}
}

func TestSeal_fails_when_randomness_does(t *testing.T) {
	s := open(t, keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{1}, 32)}, Rand: strings.NewReader("short")})
	if sealed, err := s.Seal("name", nil, []byte("x")); err == nil || sealed != nil {
		t.Errorf("sealed %x, %v", sealed, err)
	}
}

func TestSettings_do_not_print_the_root(t *testing.T) {
	c := keystore.Config{Root: keystore.Root{Bytes: []byte("0123456789abcdef0123456789abcdef"), Passphrase: []byte("correct horse battery staple")}}
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	printed := string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%d"} {
		printed += fmt.Sprintf(verb, c)
	}
	for _, part := range []string{"horse", "0123456789", "3031323334", "48 49 50"} {
		if strings.Contains(printed, part) {
			t.Errorf("%q is in %s", part, printed)
		}
	}
}

func TestLabels_built_from_data_do_not_fill_memory(t *testing.T) {
	s := open(t, keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{1}, 32)}})
	for i := range 2000 {
		label := fmt.Sprint("person ", i)
		if !bytes.Equal(s.MAC(label), s.MAC(label)) {
			t.Fatal("a label past the limit gives another key")
		}
	}
}

func FuzzOpen(f *testing.F) {
	s, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{1}, 32)}})
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := s.Seal("name", nil, []byte("x"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add(sealed[:len(sealed)-1])
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := s.Open("other label", nil, b); err == nil {
			t.Errorf("opened %x as %x", b, got)
		}
	})
}

func BenchmarkMAC(b *testing.B) {
	s, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{1}, 32)}})
	if err != nil {
		b.Fatal(err)
	}
	part := []byte("+351 900000000")
	b.ReportAllocs()
	for b.Loop() {
		s.MAC("index/phone", part)
	}
}

func BenchmarkSealOpen(b *testing.B) {
	s, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{1}, 32)}})
	if err != nil {
		b.Fatal(err)
	}
	plain, context := bytes.Repeat([]byte("x"), 100), []byte("citizen.name 7")
	b.ReportAllocs()
	for b.Loop() {
		sealed, err := s.Seal("column", context, plain)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Open("column", context, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

// The interfaces that core declares; the compiler checks them here, before anything is wired.
var _ credential.Vault = (*keystore.Soft)(nil)
