package ocsp

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	judge "golang.org/x/crypto/ocsp"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// pair is an issuer and one certificate below it.
func pair(t testing.TB, key crypto.Signer) (issuer, leaf *x509.Certificate) {
	t.Helper()
	make := func(serial *big.Int, name string, parent *x509.Certificate) *x509.Certificate {
		c := &x509.Certificate{
			SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: noon, NotAfter: noon.Add(time.Hour), IsCA: parent == nil, BasicConstraintsValid: true,
		}
		if parent == nil {
			parent = c
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	issuer = make(big.NewInt(1), "issuer", nil)
	return issuer, make(new(big.Int).Lsh(big.NewInt(0xAB), 120), "leaf", issuer)
}

func p256(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestParse_reads_what_other_clients_write(t *testing.T) {
	issuer, leaf := pair(t, p256(t))
	other, _ := pair(t, p256(t))
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		der, err := judge.CreateRequest(leaf, issuer, &judge.RequestOptions{Hash: h})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Parse(der)
		if err != nil || len(r.Asked) != 1 || r.Nonce != nil || r.Asked[0].Serial.Cmp(leaf.SerialNumber) != 0 || !r.Asked[0].Names(issuer) || r.Asked[0].Names(other) {
			t.Errorf("%v: %+v, %v", h, r, err)
		}
	}
}

func TestSign_writes_what_other_clients_read(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"RSA": rsaKey, "P-256": p256(t), "P-384": p384} {
		issuer, leaf := pair(t, key)
		der, err := Ask(leaf.SerialNumber, issuer)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			status Status
			want   int
			reason int
			next   time.Time
		}{{Good, judge.Good, 0, noon.Add(time.Hour)}, {Revoked, judge.Revoked, judge.KeyCompromise, noon.Add(time.Hour)}, {Revoked, judge.Revoked, 0, time.Time{}}, {Unknown, judge.Unknown, 0, time.Time{}}} {
			answer, err := Answer{
				Signer: key, Certificate: issuer, ProducedAt: noon.Add(time.Second), Nonce: []byte{4, 1, 9},
				Singles: []Single{{ID: r.Asked[0].Raw, Status: c.status, RevokedAt: noon.Add(-time.Hour), Reason: c.reason, ThisUpdate: noon, NextUpdate: c.next}},
			}.Sign(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			got, err := judge.ParseResponse(answer, issuer)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got.Status != c.want || !got.ThisUpdate.Equal(noon) || !got.NextUpdate.Equal(c.next) || !got.ProducedAt.Equal(noon.Add(time.Second)) ||
				got.SerialNumber.Cmp(leaf.SerialNumber) != 0 || c.status == Revoked && (got.RevocationReason != c.reason || !got.RevokedAt.Equal(noon.Add(-time.Hour))) {
				t.Errorf("%s: %+v", name, got)
			}
			if !bytes.Contains(answer, []byte{0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2, 4, 3, 4, 1, 9}) {
				t.Errorf("%s: the nonce is not there", name)
			}
		}
	}
}

func TestRefuse(t *testing.T) {
	for why, want := range map[Refusal]judge.ResponseStatus{Malformed: judge.Malformed, InternalFail: judge.InternalError, TryLater: judge.TryLater, Unauthorized: judge.Unauthorized} {
		_, err := judge.ParseResponse(Refuse(why), nil)
		var refused judge.ResponseError
		if !errors.As(err, &refused) || refused.Status != want {
			t.Errorf("%d: %v", why, err)
		}
	}
}

// extended is a request with one extension, written by hand.
func extended(t *testing.T, extension []byte) []byte {
	t.Helper()
	issuer, leaf := pair(t, p256(t))
	der, err := judge.CreateRequest(leaf, issuer, nil)
	if err != nil {
		t.Fatal(err)
	}
	list := der[4:] // SEQUENCE SEQUENCE SEQUENCE …: each length is short
	wrap := func(tag byte, in []byte) []byte {
		if len(in) < 128 {
			return append([]byte{tag, byte(len(in))}, in...)
		}
		if len(in) < 256 {
			return append([]byte{tag, 0x81, byte(len(in))}, in...)
		}
		return append([]byte{tag, 0x82, byte(len(in) >> 8), byte(len(in))}, in...)
	}
	return wrap(0x30, wrap(0x30, append(bytes.Clone(list), wrap(0xa2, wrap(0x30, wrap(0x30, extension)))...)))
}

func TestParse_holds_the_nonce_to_its_length(t *testing.T) {
	id := []byte{6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2}
	nonce := func(n int) []byte {
		inner := append([]byte{4, byte(n)}, bytes.Repeat([]byte{7}, n)...)
		if n >= 128 {
			inner = append([]byte{4, 0x81, byte(n)}, bytes.Repeat([]byte{7}, n)...)
		}
		if len(inner) >= 128 {
			return append(append(bytes.Clone(id), 4, 0x81, byte(len(inner))), inner...)
		}
		return append(append(bytes.Clone(id), 4, byte(len(inner))), inner...)
	}
	for name, c := range map[string]struct {
		extension []byte
		ok        bool
	}{
		"one byte":                  {nonce(1), true},
		"16, as openssl sends":      {nonce(16), true},
		"32":                        {nonce(32), true},
		"128":                       {nonce(128), true},
		"RFC 9654 §3.1 none":        {nonce(0), false},
		"129":                       {nonce(129), false},
		"not an octet string":       {append(bytes.Clone(id), 4, 3, 2, 1, 5), false},
		"another, not critical":     {[]byte{6, 2, 0x2a, 3, 4, 0}, true},
		"another, critical":         {[]byte{6, 2, 0x2a, 3, 1, 1, 0xff, 4, 0}, false},
		"something after the value": {append(nonce(4), 5, 0), false},
	} {
		_, err := Parse(extended(t, c.extension))
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	issuer, leaf := pair(f, p256(f))
	der, err := judge.CreateRequest(leaf, issuer, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Add([]byte{0x30, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := Parse(der)
		if err != nil {
			return
		}
		if len(r.Asked) == 0 || len(r.Asked) > MaxAsked || len(r.Nonce) > MaxNonce+3 {
			t.Fatalf("%+v", r)
		}
		for _, id := range r.Asked {
			id.Names(issuer)
			if len(id.Raw) == 0 || !bytes.Contains(der, id.Raw) {
				t.Fatal("what would be repeated was not asked")
			}
		}
	})
}
