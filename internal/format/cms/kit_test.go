package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// signer is a made-up person with a key and a certificate of a made-up authority.
type signer struct {
	key  crypto.Signer
	cert *x509.Certificate
}

type world struct{ ca, ec, p384, other signer }

var day = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// people is made once. The elliptic keys are fixed, so that the fuzzer's processes agree on them; the RSA key is found when it is first asked for.
var people = sync.OnceValue(func() world {
	ec := func(curve elliptic.Curve, octet byte) crypto.Signer {
		k, err := ecdsa.ParseRawPrivateKey(curve, bytes.Repeat([]byte{octet}, curve.Params().BitSize/8))
		if err != nil {
			panic(err)
		}
		return k
	}
	var w world
	w.ca.key = ec(elliptic.P256(), 1)
	w.ca.cert = issue("(TESTE) EC", 1, w.ca.key.Public(), signer{}, w.ca.key)
	for i, s := range []struct {
		to  *signer
		key crypto.Signer
	}{{&w.ec, ec(elliptic.P256(), 2)}, {&w.p384, ec(elliptic.P384(), 3)}, {&w.other, ec(elliptic.P256(), 4)}} {
		s.to.key = s.key
		s.to.cert = issue("MARIA DE EXEMPLO", int64(1000+i), s.key.Public(), w.ca, nil)
	}
	return w
})

var rsaSigner = sync.OnceValue(func() signer {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return signer{k, issue("MARIA DE EXEMPLO", 2000, k.Public(), people().ca, nil)}
})

func issue(name string, serial int64, pub crypto.PublicKey, by signer, self crypto.Signer) *x509.Certificate {
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{Country: []string{"PT"}, CommonName: name},
		NotBefore: day.AddDate(-1, 0, 0), NotAfter: day.AddDate(5, 0, 0),
		KeyUsage: x509.KeyUsageContentCommitment, BasicConstraintsValid: true,
	}
	parent, key := by.cert, by.key
	if self != nil {
		tmpl.IsCA, tmpl.KeyUsage, parent, key = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign, tmpl, self
	}
	der, err := x509.CreateCertificate(nil, tmpl, parent, pub, key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c
}

func sum(h crypto.Hash, data []byte) []byte {
	s := h.New()
	s.Write(data)
	return s.Sum(nil)
}

// sign does both phases, with the key in between.
func sign(t testing.TB, s Signing, key crypto.Signer, unsigned ...Attribute) []byte {
	t.Helper()
	attrs, err := s.Attributes()
	if err != nil {
		t.Fatal(err)
	}
	value, err := key.Sign(nil, sum(s.Hash, attrs), s.Hash)
	if err != nil {
		t.Fatal(err)
	}
	der, err := s.Assemble(value, unsigned...)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func signing(s signer, h crypto.Hash, content []byte) Signing {
	return Signing{Certificate: s.cert, Chain: []*x509.Certificate{people().ca.cert}, Hash: h, MessageDigest: sum(h, content)}
}

func parse(t testing.TB, der []byte) *SignedData {
	t.Helper()
	sd, err := Parse(der)
	if err != nil {
		t.Fatal(err)
	}
	return sd
}

func write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pemCert(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func pemKey(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// openssl runs the oracle; without it the test has nothing to compare with.
func openssl(t testing.TB, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err
}

var testOID = asn1.ObjectIdentifier{2, 999, 1}
