package cms

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"
	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"
)

func pssParams(t *testing.T, h crypto.Hash, salt int64) []byte {
	t.Helper()
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cb.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { addAlgorithm(b, HashOID(h), true) })
		b.AddASN1(cb.Tag(1).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidMGF1)
				addAlgorithm(b, HashOID(h), true)
			})
		})
		b.AddASN1(cb.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddASN1Int64(salt) })
	})
	der, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestOracle_openssl_verifies_ours(t *testing.T) {
	w := people()
	dir := t.TempDir()
	ca := write(t, dir, "ca.pem", pemCert(w.ca.cert))
	data := write(t, dir, "data", content)
	for name, c := range map[string]struct {
		who  signer
		hash crypto.Hash
	}{"rsa": {rsaSigner(), crypto.SHA256}, "rsa512": {rsaSigner(), crypto.SHA512}, "p256": {w.ec, crypto.SHA256}, "p384": {w.p384, crypto.SHA384}} {
		t.Run(name, func(t *testing.T) {
			s := signing(c.who, c.hash, content)
			s.SigningTime, s.Policy, s.Commitment = day, testOID, testOID
			der := sign(t, s, c.who.key)
			verify := func(der []byte, more ...string) (string, error) {
				path := write(t, dir, name+".p7s", der)
				return openssl(t, append([]string{"cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", path, "-CAfile", ca, "-purpose", "any", "-content", data}, more...)...)
			}
			if out, err := verify(der); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			full, err := AddValidation(der, [][]byte{w.other.cert.Raw}, nil, [][]byte{envelope([]byte{0x30, 0})})
			if err != nil {
				t.Fatal(err)
			}
			if out, err := verify(full); err != nil {
				t.Errorf("with validation data: %v: %s", err, out)
			}
			at := bytes.Index(der, parse(t, der).Signers[0].Signature)
			der[at+20] ^= 1
			if out, err := verify(der); err == nil {
				t.Errorf("a flipped octet: %s", out)
			}

			p7, err := pkcs7.Parse(sign(t, s, c.who.key)) // its reader knows nothing of OCSP responses inside
			if err != nil {
				t.Fatal(err)
			}
			p7.Content = content
			if err := p7.Verify(); err != nil {
				t.Errorf("pkcs7: %v", err)
			}
		})
	}
}

func TestOracle_ours_verifies_openssl(t *testing.T) {
	w := people()
	dir := t.TempDir()
	data := write(t, dir, "data", content)
	chain := write(t, dir, "ca.pem", pemCert(w.ca.cert))
	for _, c := range []struct {
		name string
		who  signer
		args []string
	}{
		{"RSA", rsaSigner(), nil},
		{"RSA SHA-384, CAdES", rsaSigner(), []string{"-md", "sha384", "-cades"}},
		{"PSS", rsaSigner(), []string{"-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32"}},
		{"P-256, key identifier", w.ec, []string{"-md", "sha256", "-keyid"}},
		{"P-384 SHA-512", w.p384, []string{"-md", "sha512", "-cades"}},
		{"no attributes", rsaSigner(), []string{"-noattr"}},
		{"content inside", rsaSigner(), []string{"-nodetach"}},
		{"content inside, BER", rsaSigner(), []string{"-nodetach", "-stream", "-indef"}},
		{"SHA-1", rsaSigner(), []string{"-md", "sha1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			who := w.withKeyID(c.who)
			cert := write(t, dir, "cert.pem", pemCert(who.cert))
			key := write(t, dir, "key.pem", pemKey(t, who.key))
			out := filepath.Join(dir, "out.der")
			args := append([]string{"cms", "-sign", "-binary", "-in", data, "-signer", cert, "-inkey", key, "-certfile", chain, "-outform", "DER", "-out", out}, c.args...)
			if says, err := openssl(t, args...); err != nil {
				t.Fatalf("%v: %s", err, says)
			}
			der, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			sd := parse(t, der)
			if inside := strings.HasPrefix(c.name, "content"); inside == sd.Detached || inside && !bytes.Equal(sd.Content, content) {
				t.Errorf("detached %v, content %q", sd.Detached, sd.Content)
			}
			one := &sd.Signers[0]
			found := one.Certificate(sd.Certificates)
			if found == nil {
				t.Fatal("no certificate")
			}
			if err := one.Verify(found, Digest(content)); err != nil {
				t.Error(err)
			}
			if err := one.Verify(found, Digest([]byte("Contrato de exempl0\n"))); err == nil {
				t.Error("another content verifies")
			}
			stamped, err := AddUnsigned(der, 0, Attribute{Type: testOID, Values: [][]byte{{5, 0}}})
			if err != nil {
				t.Fatal(err)
			}
			again := parse(t, stamped)
			if err := again.Signers[0].Verify(found, Digest(content)); err != nil {
				t.Errorf("after an attribute was added: %v", err)
			}
		})
	}
}

// withKeyID issues the certificate once more with a subject key identifier, which -keyid needs.
func (w world) withKeyID(s signer) signer {
	c := *s.cert
	c.SubjectKeyId = []byte{1, 2, 3, 4}
	der, err := x509.CreateCertificate(nil, &c, w.ca.cert, s.key.Public(), w.ca.key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return signer{s.key, cert}
}
