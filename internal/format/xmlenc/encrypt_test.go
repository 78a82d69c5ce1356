package xmlenc

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/beevik/etree"

	"chave/internal/format/xmldsig"
)

const (
	nsXenc = "http://www.w3.org/2001/04/xmlenc#"
	nsDSig = "http://www.w3.org/2000/09/xmldsig#"

	assertion = `<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="_a1" Version="2.0"><Issuer>https://chave.example.test</Issuer>` +
		`<AttributeValue xsi:nil="false">São &amp; &lt;filhos&gt;</AttributeValue></Assertion>`
)

var readerKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func certificate(t testing.TB, key crypto.Signer) *x509.Certificate {
	t.Helper()
	c := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp.example.test"}, NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// decrypt is the reader's side, written only for tests.
func decrypt(t *testing.T, doc []byte) (string, error) {
	t.Helper()
	root, err := xmldsig.Parse(doc, xmldsig.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if !xmldsig.Is(root, spaceAssertion, "EncryptedAssertion") {
		t.Fatal(root.Tag)
	}
	data := xmldsig.Child(root, nsXenc, "EncryptedData")
	wrapped := xmldsig.Child(xmldsig.Child(data, nsDSig, "KeyInfo"), nsXenc, "EncryptedKey")
	hash := crypto.SHA1
	if xmldsig.Attr(xmldsig.Child(wrapped, nsXenc, "EncryptionMethod"), "Algorithm") == string(OAEPSHA256) {
		hash = crypto.SHA256
	}
	key, err := rsa.DecryptOAEP(hash.New(), nil, readerKey(), value(t, wrapped), nil)
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", err
	}
	if want := map[int]Cipher{16: AES128GCM, 32: AES256GCM}[len(key)]; xmldsig.Attr(xmldsig.Child(data, nsXenc, "EncryptionMethod"), "Algorithm") != string(want) {
		t.Errorf("a key of %d octets", len(key))
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return "", err
	}
	sealed := value(t, data)
	plain, err := gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], nil)
	return string(plain), err
}

func value(t *testing.T, e *etree.Element) []byte {
	b, err := base64.StdEncoding.DecodeString(xmldsig.Text(xmldsig.Child(xmldsig.Child(e, nsXenc, "CipherData"), nsXenc, "CipherValue")))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEncryptAssertion_opens_for_its_reader(t *testing.T) {
	to := certificate(t, readerKey())
	for _, o := range []Options{{}, {Cipher: AES128GCM}, {Transport: OAEPSHA256}, {AES128GCM, OAEPSHA256}, {AES256GCM, OAEP}} {
		doc, err := EncryptAssertion([]byte(assertion), to, o, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(doc, []byte("filhos")) {
			t.Error("it is readable")
		}
		if got, err := decrypt(t, doc); err != nil || got != assertion {
			t.Errorf("%+v: %v %s", o, err, got)
		}
		again, err := EncryptAssertion([]byte(assertion), to, o, rand.Reader)
		if err != nil || bytes.Equal(doc, again) {
			t.Error("the same key or nonce twice")
		}
	}
}

func TestEncryptAssertion_shows_every_change(t *testing.T) {
	doc, err := EncryptAssertion([]byte(assertion), certificate(t, readerKey()), Options{}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	start := bytes.LastIndex(doc, []byte("<xenc:CipherValue>")) + len("<xenc:CipherValue>")
	for _, at := range []int{start, start + 20, start + 200} {
		changed := bytes.Clone(doc)
		if changed[at] = 'A'; doc[at] == 'A' {
			changed[at] = 'B'
		}
		if _, err := decrypt(t, changed); err == nil {
			t.Error("a changed octet went unnoticed")
		}
	}
}

func TestEncryptAssertion_refuses(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := certificate(t, readerKey())
	for _, c := range []struct {
		name, doc string
		to        *x509.Certificate
		o         Options
		want      error
	}{
		{"no XML", "x", good, Options{}, ErrAssertion},
		{"another element", "<Assertion/>", good, Options{}, ErrAssertion},
		{"a declaration in front, which would not be XML in place", `<?xml version="1.0"?>` + assertion, good, Options{}, ErrAssertion},
		{"a prefix that is declared elsewhere", strings.Replace(assertion, "xmlns:xsi", "xmlns:other", 1), good, Options{}, ErrAssertion},
		{"no certificate", assertion, nil, Options{}, ErrKey},
		{"RSA-1024", assertion, certificate(t, small), Options{}, ErrKey},
		{"ECDSA", assertion, certificate(t, ec), Options{}, ErrKey},
		{"CBC", assertion, good, Options{Cipher: "http://www.w3.org/2001/04/xmlenc#aes256-cbc"}, ErrOptions},
		{"PKCS#1 v1.5", assertion, good, Options{Transport: "http://www.w3.org/2001/04/xmlenc#rsa-1_5"}, ErrOptions},
	} {
		t.Run(c.name, func(t *testing.T) {
			if doc, err := EncryptAssertion([]byte(c.doc), c.to, c.o, rand.Reader); !errors.Is(err, c.want) || doc != nil {
				t.Error(err)
			}
		})
	}
	if doc, err := EncryptAssertion([]byte(assertion), good, Options{}, iotest.ErrReader(errors.New("dry"))); err == nil || doc != nil {
		t.Error("encrypted without randomness")
	}
}

// xmlsec1 is the independent reader. Its 1.2 line does not know the newer transport.
func TestXmlsec1_decrypts_what_we_encrypt(t *testing.T) {
	path, err := exec.LookPath("xmlsec1")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs xmlsec1")
		}
		t.Skip("needs xmlsec1")
	}
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(readerKey())
	if err != nil {
		t.Fatal(err)
	}
	private, file := filepath.Join(dir, "key.pem"), filepath.Join(dir, "encrypted.xml")
	if err := os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []Cipher{AES256GCM, AES128GCM} {
		doc, err := EncryptAssertion([]byte(assertion), certificate(t, readerKey()), Options{Cipher: c}, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, doc, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), path, "--decrypt", "--privkey-pem", private, file).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "o &amp; &lt;filhos&gt;</AttributeValue></Assertion></EncryptedAssertion>") {
			t.Errorf("%s: %v\n%s", c, err, out)
		}
	}
}

func BenchmarkEncryptAssertion(b *testing.B) {
	to := certificate(b, readerKey())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := EncryptAssertion([]byte(assertion), to, Options{}, rand.Reader); err != nil {
			b.Fatal(err)
		}
	}
}
