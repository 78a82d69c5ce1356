package credential_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"chave/internal/core/credential"
)

// keys stands in for the keystore: one key, known by name.
type keys struct{ secret string }

func (k keys) CurrentKey() string { return "k1" }

func (k keys) MACWith(kid, label string, parts ...[]byte) ([]byte, error) {
	m := hmac.New(sha256.New, []byte(k.secret+kid+label))
	for _, p := range parts {
		fmt.Fprintf(m, "%d:", len(p))
		m.Write(p)
	}
	return m.Sum(nil), nil
}

func hasher(secret string) credential.Hasher {
	return credential.Hasher{Vault: keys{secret}, Rand: rand.Reader, Policy: credential.Policy{Argon2MemKB: 64}.Defaults()}
}

func TestR3_12_N10_a_stored_PIN_is_salted_slow_and_keyed(t *testing.T) {
	pin, err := credential.ParsePIN("861374")
	if err != nil {
		t.Fatal(err)
	}
	h := hasher("one keystore")
	first, err := h.Hash(pin, "somebody")
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.Hash(pin, "somebody")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first.Hash, second.Hash) {
		t.Error("the same PIN twice gives the same hash: there is no salt")
	}
	for _, one := range []struct {
		name string
		h    credential.Hasher
		who  string
		want bool
	}{
		{"the right keystore and person", h, "somebody", true},
		{"another person's row", h, "somebody else", false},
		{"a thief without the keystore", hasher("a guess"), "somebody", false},
	} {
		t.Run(one.name, func(t *testing.T) {
			got, err := one.h.Matches(first, pin, "somebody")
			if one.who != "somebody" {
				got, err = one.h.Matches(first, pin, "somebody else")
			}
			if err != nil || got != one.want {
				t.Fatalf("matches: %v, %v", got, err)
			}
		})
	}
	t.Run("nobody's PIN never matches", func(t *testing.T) {
		if got, err := h.Matches(credential.StoredPIN{}, pin, ""); got || err != nil {
			t.Fatalf("%v, %v", got, err)
		}
	})
}

func TestR3_12_A19_secrets_print_redacted(t *testing.T) {
	pin, err := credential.ParsePIN("861374")
	if err != nil {
		t.Fatal(err)
	}
	code, err := credential.ParseCode("550 137")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "pin", pin, "code", code)
	for _, printed := range []string{fmt.Sprint(pin, code), fmt.Sprintf("%v %+v %#v %s", pin, pin, pin, pin), fmt.Sprintf("%#v %q", code, code), log.String()} {
		if strings.Contains(printed, "861374") || strings.Contains(printed, "550137") || !strings.Contains(printed, "[redacted]") {
			t.Errorf("printed %q", printed)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"123456", "123 456", "12345", "", "１２３４５６", "123456\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, err := credential.ParseCode(s)
		if err != nil {
			return
		}
		if d := code.Reveal(); len(d) != 6 || strings.Trim(d, "0123456789") != "" {
			t.Fatalf("%q became %q", s, d)
		}
	})
}
