package saml

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"chave/internal/format/xmldsig"
)

var (
	rsaKey   = sync.OnceValue(func() crypto.Signer { return newRSA(2048) })
	otherRSA = sync.OnceValue(func() crypto.Signer { return newRSA(2048) })
	p256     = sync.OnceValue(func() crypto.Signer { return newEC(elliptic.P256()) })
	p521     = sync.OnceValue(func() crypto.Signer { return newEC(elliptic.P521()) })
)

func newRSA(bits int) crypto.Signer {
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return k
}

func newEC(c elliptic.Curve) crypto.Signer {
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
}

func certify(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	c := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp.example.test"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func text64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// vectorFile reads a message of the wire reference; its origin stands beside it.
func vectorFile(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "xmldsig", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func parse(t testing.TB, doc string) *etree.Element {
	t.Helper()
	root, err := xmldsig.Parse([]byte(doc), xmldsig.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func reasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	if err != nil {
		return "?" + Reason(err.Error())
	}
	return ""
}

// program skips a test by name when a tool is missing. Where everything was promised to run, it fails.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatalf("needs %s", name)
	default:
		t.Skipf("needs %s", name)
	}
	return path
}
