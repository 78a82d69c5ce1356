package keystoretest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

// field is a decryption key as a test uses it.
type field struct {
	sealed  []byte
	public  *rsa.PublicKey
	decrypt func([]byte) ([]byte, bool)
}

func makeField(t *testing.T, s Store) field {
	t.Helper()
	sealed, public, err := s.NewDecryptionKey()
	if err != nil {
		t.Fatal(err)
	}
	decrypt, err := s.Decrypter(sealed)
	if err != nil {
		t.Fatal(err)
	}
	return field{sealed, public.(*rsa.PublicKey), decrypt}
}

func decryptionKeys(t *testing.T, open Factory) {
	s := open(t, 1)
	f := makeField(t, s)
	if f.public.N.BitLen() != 2048 || f.public.E != 65537 {
		t.Errorf("made %d bits with exponent %d", f.public.N.BitLen(), f.public.E)
	}
	for _, text := range []string{"", "1", "1234", "+351 911234567", "a citizen's id of about thirty", string(bytes.Repeat([]byte("x"), 245))} {
		block, err := rsa.EncryptPKCS1v15(rand.Reader, f.public, []byte(text)) //nolint:staticcheck // what CMD's clients do
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.decrypt(block); !ok || string(got) != text {
			t.Errorf("%q came back as %q, %v", text, got, ok)
		}
		elsewhere, err := open(t, 1, 2).Decrypter(f.sealed) // after a rotation, in another process
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := elsewhere(block); !ok || string(got) != text {
			t.Errorf("elsewhere %q came back as %q, %v", text, got, ok)
		}
	}
	if _, err := open(t, 2).Decrypter(f.sealed); err == nil {
		t.Error("another keystore opened the key")
	}
	if _, err := s.Signer(f.sealed); err == nil {
		t.Error("a decryption key signs")
	}
	if _, err := s.LockPersonalKey(f.sealed, holder, secret(1)); err == nil {
		t.Error("a decryption key became a person's")
	}
	t.Run("certifies itself", func(t *testing.T) {
		der := must(t)(s.CertifyDecryptionKey(f.sealed, &x509.Certificate{
			SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "fields"},
			NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1e9, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}))
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if !f.public.Equal(certificate.PublicKey) {
			t.Error("for another key")
		}
		if err := certificate.CheckSignatureFrom(certificate); err != nil {
			t.Error(err)
		}
	})
}

// implicitRejection makes blocks by hand: whatever is wrong with them, an answer comes that looks like any other.
func implicitRejection(t *testing.T, open Factory) {
	s := open(t, 1)
	f := makeField(t, s)
	block := func(change func(em []byte)) []byte {
		em := bytes.Repeat([]byte{0xaa}, 256)
		em[0], em[1], em[251] = 0, 2, 0
		copy(em[252:], "1234")
		change(em)
		c := new(big.Int).Exp(new(big.Int).SetBytes(em), big.NewInt(int64(f.public.E)), f.public.N)
		return c.FillBytes(make([]byte, 256))
	}
	if got, ok := f.decrypt(block(func([]byte) {})); !ok || string(got) != "1234" {
		t.Fatalf("a good block gives %q, %v", got, ok)
	}
	// The shortest padding that is right: eight bytes.
	if got, ok := f.decrypt(block(func(em []byte) { em[10] = 0 })); !ok || len(got) != 245 {
		t.Fatalf("eight bytes of padding give %d bytes, %v", len(got), ok)
	}
	lengths := map[int]bool{}
	for name, change := range map[string]func(em []byte){
		"first byte":             func(em []byte) { em[0] = 1 },
		"block type 1":           func(em []byte) { em[1] = 1 },
		"block type 0":           func(em []byte) { em[1] = 0 },
		"no end of padding":      func(em []byte) { em[251] = 1; em[252] = 1 },
		"padding of seven":       func(em []byte) { em[9] = 0 },
		"padding of none":        func(em []byte) { em[2] = 0 },
		"all zero but the text":  func(em []byte) { clear(em[:252]) },
		"zero":                   func(em []byte) { clear(em) },
		"one":                    func(em []byte) { clear(em); em[255] = 1 },
		"right but for one byte": func(em []byte) { em[1] = 3 },
	} {
		c := block(change)
		first, ok := f.decrypt(c)
		if !ok {
			t.Errorf("%s: told apart", name)
		}
		if len(first) > 245 {
			t.Errorf("%s: %d bytes are more than a right block could hold", name, len(first))
		}
		if len(first) > 3 && bytes.Contains(first, []byte("1234")) {
			t.Errorf("%s: the text shows", name)
		}
		lengths[len(first)] = true
		again, err := open(t, 1).Decrypter(f.sealed)
		if err != nil {
			t.Fatal(err)
		}
		if second, ok := again(c); !ok || !bytes.Equal(first, second) {
			t.Errorf("%s: another answer the second time", name)
		}
	}
	if len(lengths) < 3 {
		t.Errorf("invented texts have only the lengths %v", lengths)
	}
	t.Run("only a wrong size is told", func(t *testing.T) {
		good := block(func([]byte) {})
		for _, c := range [][]byte{nil, good[:255], append(bytes.Clone(good), 0), make([]byte, 4096)} {
			if got, ok := f.decrypt(c); ok || got != nil {
				t.Errorf("%d bytes gave %d", len(c), len(got))
			}
		}
	})
	t.Run("numbers as large as the modulus", func(t *testing.T) {
		for _, c := range [][]byte{f.public.N.Bytes(), bytes.Repeat([]byte{0xff}, 256)} {
			if got, _ := f.decrypt(c); len(got) > 245 {
				t.Errorf("gave %d bytes", len(got))
			}
		}
	})
}
