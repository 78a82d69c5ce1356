package tsp

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
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

var (
	day    = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	policy = asn1.ObjectIdentifier{2, 999, 7}
)

// authority is a made-up time-stamp authority and who vouches for it. All of it is fixed, so that the fuzzer's processes agree.
type authority struct {
	root      *x509.Certificate
	rootKey   *ecdsa.PrivateKey
	responder Responder
}

func key(curve elliptic.Curve, octet byte) *ecdsa.PrivateKey {
	k, err := ecdsa.ParseRawPrivateKey(curve, bytes.Repeat([]byte{octet}, curve.Params().BitSize/8))
	if err != nil {
		panic(err)
	}
	return k
}

func issue(tmpl, parent *x509.Certificate, pub crypto.PublicKey, by crypto.Signer) *x509.Certificate {
	tmpl.NotBefore, tmpl.NotAfter, tmpl.BasicConstraintsValid = day.AddDate(-1, 0, 0), day.AddDate(9, 0, 0), true
	der, err := x509.CreateCertificate(nil, tmpl, parent, pub, by)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return c
}

func usage(critical bool, purposes ...asn1.ObjectIdentifier) pkix.Extension {
	der, err := asn1.Marshal(purposes)
	if err != nil {
		panic(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: der}
}

var (
	stamping = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	server   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
)

var world = sync.OnceValue(func() authority {
	a := authority{rootKey: key(elliptic.P256(), 1)}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "(TESTE) EC"}, IsCA: true, KeyUsage: x509.KeyUsageCertSign}
	a.root = issue(tmpl, tmpl, a.rootKey.Public(), a.rootKey)
	a.responder = a.with(elliptic.P256(), usage(true, stamping))
	return a
})

func (a authority) with(curve elliptic.Curve, eku ...pkix.Extension) Responder {
	k := key(curve, 2)
	c := issue(&x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "(TESTE) TSA"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: eku,
	}, a.root, k.Public(), a.rootKey)
	return Responder{Signer: k, Certificate: c, Chain: []*x509.Certificate{a.root}, Policy: policy, Accuracy: 500 * time.Millisecond}
}

func sum(h crypto.Hash, data string) []byte {
	s := h.New()
	s.Write([]byte(data))
	return s.Sum(nil)
}

func write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func openssl(t testing.TB, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err
}
