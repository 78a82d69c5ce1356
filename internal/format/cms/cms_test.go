package cms

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"testing"
)

var content = []byte("Contrato de exemplo\n")

func TestSigning_verifies_with_every_key_and_hash(t *testing.T) {
	w := people()
	for _, c := range []struct {
		name string
		who  signer
		hash crypto.Hash
	}{
		{"RSA SHA-256", rsaSigner(), crypto.SHA256}, {"RSA SHA-512", rsaSigner(), crypto.SHA512}, {"P-256", w.ec, crypto.SHA256}, {"P-384 SHA-384", w.p384, crypto.SHA384},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := signing(c.who, c.hash, content)
			sd := parse(t, sign(t, s, c.who.key))
			if !sd.Detached || len(sd.Signers) != 1 || len(sd.Certificates) != 2 {
				t.Fatalf("detached %v, %d signers, %d certificates", sd.Detached, len(sd.Signers), len(sd.Certificates))
			}
			one := &sd.Signers[0]
			cert := one.Certificate(sd.Certificates)
			if cert == nil || !cert.Equal(c.who.cert) {
				t.Fatal("the signer's certificate was not found")
			}
			if err := one.Verify(cert, Digest(content)); err != nil {
				t.Error(err)
			}
			if err := one.Verify(cert, Known(c.hash, s.MessageDigest)); err != nil {
				t.Error(err)
			}
			if !one.Refers() || !one.SigningTime().IsZero() {
				t.Error("PAdES wants the reference and no signing time")
			}
			if err := one.Verify(cert, Digest(append(bytes.Clone(content), 'x'))); !errors.Is(err, ErrContent) {
				t.Errorf("another content: %v", err)
			}
			if err := one.Verify(w.other.cert, Digest(content)); err == nil {
				t.Error("another certificate verifies")
			}
		})
	}
}

func TestSigning_is_the_same_each_time(t *testing.T) {
	s := signing(rsaSigner(), crypto.SHA256, content)
	s.SigningTime, s.Policy, s.Commitment = day, testOID, testOID
	first, err := s.Attributes()
	if err != nil {
		t.Fatal(err)
	}
	second, _ := s.Attributes()
	if !bytes.Equal(first, second) || first[0] != 0x31 {
		t.Error("two nodes would sign different attributes")
	}
	sd := parse(t, sign(t, s, rsaSigner().key))
	if got := sd.Signers[0]; !got.SigningTime().Equal(day) || !got.Policy().Equal(testOID) || !bytes.Equal(got.RawSigned, first) {
		t.Errorf("read back: %v, %v", got.SigningTime(), got.Policy())
	}
}

func TestSigning_refuses_what_it_cannot_sign(t *testing.T) {
	good := signing(rsaSigner(), crypto.SHA256, content)
	for name, change := range map[string]func(*Signing){
		"no certificate": func(s *Signing) { s.Certificate = nil },
		"SHA-1":          func(s *Signing) { s.Hash, s.MessageDigest = crypto.SHA1, make([]byte, 20) },
		"wrong length":   func(s *Signing) { s.MessageDigest = s.MessageDigest[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			s := good
			change(&s)
			if _, err := s.Attributes(); err == nil {
				t.Error("attributes were made")
			}
			if _, err := s.Assemble([]byte("x")); err == nil {
				t.Error("a structure was made")
			}
		})
	}
}

func TestVerify_a_certificate_with_the_same_key_is_not_the_one_that_was_named(t *testing.T) {
	w := people()
	der := sign(t, signing(w.ec, crypto.SHA256, content), w.ec.key)
	twin := issue("MARIA DE OUTRO EXEMPLO", w.ec.cert.SerialNumber.Int64(), w.ec.cert.PublicKey, w.ca, nil)
	one := &parse(t, der).Signers[0]
	if err := one.Verify(twin, Digest(content)); !errors.Is(err, ErrOtherCertificate) {
		t.Errorf("a re-issued certificate: %v", err)
	}
	if got := one.Certificate([]*x509.Certificate{twin, w.ec.cert}); !got.Equal(w.ec.cert) {
		t.Error("between two certificates of one number, the named one is the signer's")
	}
}

func TestVerify_every_flipped_octet_of_what_is_signed_is_caught(t *testing.T) {
	w := people()
	der := sign(t, signing(w.ec, crypto.SHA256, content), w.ec.key)
	sd := parse(t, der)
	signed := sd.Signers[0].RawSigned[4:]
	at := bytes.Index(der, signed)
	for i := range signed {
		bent := bytes.Clone(der)
		bent[at+i] ^= 1
		got, err := Parse(bent)
		if err != nil {
			continue
		}
		if got.Signers[0].Verify(w.ec.cert, Digest(content)) == nil {
			t.Errorf("octet %d of the signed attributes can be changed", i)
		}
	}
}

func TestVerify_PSS(t *testing.T) {
	s := signing(rsaSigner(), crypto.SHA256, content)
	attrs, _ := s.Attributes()
	value, err := rsa.SignPSS(rand.Reader, rsaSigner().key.(*rsa.PrivateKey), crypto.SHA256, sum(crypto.SHA256, attrs), &rsa.PSSOptions{SaltLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	der, _ := s.Assemble(value)
	one := &parse(t, der).Signers[0]
	if err := one.Verify(rsaSigner().cert, Digest(content)); !errors.Is(err, ErrSignature) {
		t.Errorf("PSS under the name of PKCS#1: %v", err)
	}
	one.algorithm = algorithm{oid: oidPSS, params: pssParams(t, crypto.SHA256, 32)}
	if err := one.Verify(rsaSigner().cert, Digest(content)); err != nil {
		t.Error(err)
	}
	for name, params := range map[string][]byte{"none": nil, "null": {5, 0}, "SHA-1 by default": {0x30, 0}, "another hash": pssParams(t, crypto.SHA512, 32)} {
		one.algorithm.params = params
		if err := one.Verify(rsaSigner().cert, Digest(content)); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAddUnsigned_and_AddValidation_leave_the_signature_alone(t *testing.T) {
	w := people()
	der := sign(t, signing(rsaSigner(), crypto.SHA256, content), rsaSigner().key)
	stamped, err := AddUnsigned(der, 0, Attribute{Type: OIDTimestamp, Values: [][]byte{{0x30, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	stamped, err = AddUnsigned(stamped, 0, Attribute{Type: testOID, Values: [][]byte{{5, 0}, {4, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	ocsp := envelope([]byte{0x30, 0})
	full, err := AddValidation(stamped, [][]byte{w.other.cert.Raw, rsaSigner().cert.Raw}, [][]byte{{0x30, 1, 5}}, [][]byte{ocsp, ocsp})
	if err != nil {
		t.Fatal(err)
	}
	sd := parse(t, full)
	if n := len(sd.Signers[0].Timestamps()); n != 1 || len(sd.Signers[0].Unsigned) != 2 {
		t.Errorf("%d time-stamps", n)
	}
	if len(sd.Certificates) != 3 || len(sd.CRLs) != 1 || len(sd.OCSPs) != 1 || !bytes.Equal(sd.OCSPs[0], ocsp) {
		t.Errorf("%d certificates, %d CRLs, %d OCSP responses", len(sd.Certificates), len(sd.CRLs), len(sd.OCSPs))
	}
	if err := sd.Signers[0].Verify(rsaSigner().cert, Digest(content)); err != nil {
		t.Error(err)
	}
	if !bytes.Contains(full, []byte{0x02, 0x01, 0x05, 0x31}) {
		t.Error("a structure with OCSP responses has version 5")
	}
	if _, err := AddUnsigned(der, 1, Attribute{Type: testOID}); !errors.Is(err, ErrNotFound) {
		t.Errorf("second signer of one: %v", err)
	}
}

func TestTrim(t *testing.T) {
	der := sign(t, signing(people().ec, crypto.SHA256, content), people().ec.key)
	got, err := Trim(append(bytes.Clone(der), make([]byte, 100)...))
	if err != nil || !bytes.Equal(got, der) {
		t.Errorf("padding: %v", err)
	}
	bent := append(bytes.Clone(der), 0, 0, 1, 0)
	if _, err := Trim(bent); !errors.Is(err, ErrMalformed) {
		t.Errorf("something behind the end: %v", err)
	}
	for i := range der {
		if _, err := Trim(der[:i]); err == nil {
			t.Fatalf("cut at %d of %d is accepted", i, len(der))
		}
		if _, err := Parse(der[:i]); err == nil {
			t.Fatalf("cut at %d of %d is read", i, len(der))
		}
	}
	if _, err := Parse(bent); err == nil {
		t.Error("octets behind the end are read over")
	}
}
