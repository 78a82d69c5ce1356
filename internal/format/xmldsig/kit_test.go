package xmldsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// The keys of these tests, made once.
var (
	rsaKey   = sync.OnceValue(func() crypto.Signer { return newRSA(2048) })
	otherRSA = sync.OnceValue(func() crypto.Signer { return newRSA(2048) })
	p256     = sync.OnceValue(func() crypto.Signer { return newEC(elliptic.P256()) })
	p384     = sync.OnceValue(func() crypto.Signer { return newEC(elliptic.P384()) })
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

func public(signers ...crypto.Signer) []crypto.PublicKey {
	var list []crypto.PublicKey
	for _, s := range signers {
		list = append(list, s.Public())
	}
	return list
}

// certify makes a self-signed certificate for a test key.
func certify(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	c := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp.example.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// sign signs with the default profile.
func sign(t testing.TB, doc string, s Signer) string {
	t.Helper()
	if s.Key == nil {
		s.Key = rsaKey()
	}
	signed, err := s.Sign([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

// check parses and verifies in one go, the way a wire does.
func check(doc string, p Policy, keys ...crypto.PublicKey) (Verified, error) {
	root, err := Parse([]byte(doc), DefaultLimits())
	if err != nil {
		return Verified{}, err
	}
	return Verify(root, keys, p)
}

// forge puts a Signature of any shape into a document, right behind its first Issuer, and signs its SignedInfo properly: what
// it breaks is then refused for the rule alone, not because the signature would not hold. info is the inside of SignedInfo; {DV} in it
// stands for the SHA-256 digest of the document as it is.
func forge(t testing.TB, doc, info string) string {
	t.Helper()
	root, err := Parse([]byte(doc), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	octets, err := canonical(root, form{}, nil, canonicalLimit)
	if err != nil {
		t.Fatal(err)
	}
	info = strings.ReplaceAll(info, "{DV}", base64.StdEncoding.EncodeToString(sum(crypto.SHA256, octets)))
	info = "<SignedInfo>" + info + "</SignedInfo>"
	element, err := Parse([]byte(`<Signature xmlns="`+dsig+`">`+info+`</Signature>`), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	octets, err = canonical(Child(element, dsig, "SignedInfo"), form{}, nil, canonicalLimit)
	if err != nil {
		t.Fatal(err)
	}
	_, value, err := SignOctets(rsaKey(), crypto.SHA256, octets)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(doc, "</Issuer>", `</Issuer><Signature xmlns="`+dsig+`">`+info+`<SignatureValue>`+base64.StdEncoding.EncodeToString(value)+`</SignatureValue></Signature>`, 1)
}

// The pieces of a proper SignedInfo over vector A, for forge.
const (
	methodEXC    = `<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`
	methodRSA    = `<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>`
	transformEnv = `<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>`
	transformEXC = `<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>`
	digest256    = `<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>{DV}</DigestValue>`
	idA          = "_5f1c2a4e-7d0b-4c1e-9a35-2b6f0d1e8c77"
	referenceA   = `<Reference URI="#` + idA + `"><Transforms>` + transformEnv + transformEXC + `</Transforms>` + digest256 + `</Reference>`
)

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
