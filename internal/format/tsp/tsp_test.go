package tsp

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"chave/internal/format/cms"
)

func TestRequest_is_read_as_it_was_written(t *testing.T) {
	for _, r := range []Request{
		{Hash: crypto.SHA256, Digest: sum(crypto.SHA256, "a"), CertReq: true},
		{Hash: crypto.SHA384, Digest: sum(crypto.SHA384, "a")},
		{Hash: crypto.SHA512, Digest: sum(crypto.SHA512, "a"), Policy: policy, Nonce: big.NewInt(1 << 40), CertReq: true},
	} {
		der, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseRequest(der)
		if err != nil {
			t.Fatal(err)
		}
		if got.Hash != r.Hash || !bytes.Equal(got.Digest, r.Digest) || !got.Policy.Equal(r.Policy) || got.CertReq != r.CertReq || (got.Nonce == nil) != (r.Nonce == nil) {
			t.Errorf("got %+v, want %+v", got, r)
		}
		if r.Hash == crypto.SHA256 && len(der) != 59 {
			t.Errorf("the middleware's fixed request has 59 octets, ours %d", len(der))
		}
	}
}

func TestS11_requests_that_cannot_be_answered_say_why(t *testing.T) {
	good, _ := Request{Hash: crypto.SHA256, Digest: sum(crypto.SHA256, "a"), CertReq: true}.Marshal()
	bend := func(at int, to byte) []byte { b := bytes.Clone(good); b[at] = to; return b }
	sha1, _ := asn1.Marshal(struct {
		V int
		M struct {
			A struct{ O asn1.ObjectIdentifier }
			D []byte
		}
	}{1, struct {
		A struct{ O asn1.ObjectIdentifier }
		D []byte
	}{struct{ O asn1.ObjectIdentifier }{cms.HashOID(crypto.SHA1)}, make([]byte, 20)}})
	withExtensions := append(bytes.Clone(good), 0xa0, 0)
	withExtensions[1] += 2
	for name, c := range map[string]struct {
		der  []byte
		want Failure
	}{
		"SHA-1":          {sha1, BadAlgorithm},
		"unknown hash":   {bend(19, 0x09), BadAlgorithm},
		"version 2":      {bend(4, 2), BadRequest},
		"extensions":     {withExtensions, UnacceptedExtension},
		"behind the end": {append(bytes.Clone(good), 0), BadDataFormat},
		"cut":            {good[:40], BadDataFormat},
		"empty":          {nil, BadDataFormat},
		"too long":       {make([]byte, 5000), BadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseRequest(c.der)
			var refused *RequestError
			if !errors.As(err, &refused) || refused.Failure != c.want {
				t.Errorf("%v, want failure %d", err, c.want)
			}
		})
	}
}

func TestS11_the_token_says_what_was_asked_and_when(t *testing.T) {
	w := world()
	for _, c := range []struct {
		name string
		by   Responder
		req  Request
	}{
		{"SHA-256", w.responder, Request{Hash: crypto.SHA256, Digest: sum(crypto.SHA256, "a"), CertReq: true}},
		{"SHA-512 with nonce and policy", w.responder, Request{Hash: crypto.SHA512, Digest: sum(crypto.SHA512, "a"), Nonce: big.NewInt(77), Policy: policy, CertReq: true}},
		{"P-384, no certificate", w.with(elliptic.P384(), usage(true, stamping)), Request{Hash: crypto.SHA384, Digest: sum(crypto.SHA384, "a")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			der, err := Respond(c.by, c.req, big.NewInt(99), day.Add(1500*time.Millisecond))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := ParseResponse(der)
			if err != nil || answer.Status != 0 {
				t.Fatalf("%+v, %v", answer, err)
			}
			token, err := ParseToken(answer.Token)
			if err != nil {
				t.Fatal(err)
			}
			if !token.Time.Equal(day.Add(time.Second)) || token.Serial.Int64() != 99 || !token.Policy.Equal(policy) || token.Accuracy != 500*time.Millisecond {
				t.Errorf("%+v", token)
			}
			if (len(token.Certificates) == 2) != c.req.CertReq {
				t.Errorf("%d certificates", len(token.Certificates))
			}
			if err := token.Answers(c.req); err != nil {
				t.Error(err)
			}
			if err := token.Verify(token.Certificate(c.by.Certificate), c.req.Digest); err != nil {
				t.Error(err)
			}
			if err := token.Verify(c.by.Certificate, sum(c.req.Hash, "b")); !errors.Is(err, ErrImprint) {
				t.Errorf("another digest: %v", err)
			}
			if err := token.Verify(w.root, c.req.Digest); err == nil {
				t.Error("another certificate")
			}
			other := c.req
			other.Nonce = big.NewInt(78)
			if err := token.Answers(other); !errors.Is(err, ErrNonce) {
				t.Errorf("another nonce: %v", err)
			}
		})
	}
}

func TestRespond_refuses(t *testing.T) {
	w := world()
	req := Request{Hash: crypto.SHA256, Digest: sum(crypto.SHA256, "a")}
	for name, c := range map[string]func(r *Responder, q *Request){
		"another policy":             func(_ *Responder, q *Request) { q.Policy = asn1.ObjectIdentifier{2, 999, 8} },
		"SHA-1":                      func(_ *Responder, q *Request) { q.Hash, q.Digest = crypto.SHA1, make([]byte, 20) },
		"no accuracy":                func(r *Responder, _ *Request) { r.Accuracy = 0 },
		"a certificate for servers":  func(r *Responder, _ *Request) { *r = w.with(elliptic.P256(), usage(true, server)) },
		"a usage that may be missed": func(r *Responder, _ *Request) { *r = w.with(elliptic.P256(), usage(false, stamping)) },
		"two usages":                 func(r *Responder, _ *Request) { *r = w.with(elliptic.P256(), usage(true, stamping, server)) },
		"no usage":                   func(r *Responder, _ *Request) { *r = w.with(elliptic.P256()) },
	} {
		t.Run(name, func(t *testing.T) {
			r, q := w.responder, req
			c(&r, &q)
			if _, err := Respond(r, q, big.NewInt(1), day); err == nil {
				t.Error("answered")
			}
		})
	}
}

func TestReject(t *testing.T) {
	for _, f := range []Failure{BadAlgorithm, BadRequest, TimeNotAvailable, UnacceptedPolicy, SystemFailure} {
		der, err := Reject(f, "não")
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseResponse(der)
		if err != nil || got.Status != 2 || got.Failure != f || got.Text != "não" || got.Token != nil {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

func TestParseTime(t *testing.T) {
	for s, ok := range map[string]bool{
		"20261120100000Z": true, "20261120100000.5Z": true, "20261120100000.123456Z": true,
		"20261120100000.50Z": false, "20261120100000.Z": false, "202611201000Z": false, "20261120100000": false, "20261120100000+0100": false, "20261120100000,5Z": false, "20261320100000Z": false,
	} {
		if _, got := parseTime(s); got != ok {
			t.Errorf("%s: %v", s, got)
		}
	}
}

// What is read never panics, and no token verifies that the authority did not make.
func FuzzToken(f *testing.F) {
	w := world()
	digest := sum(crypto.SHA256, "a")
	token, err := Stamp(w.responder, Request{Hash: crypto.SHA256, Digest: digest, Nonce: big.NewInt(5), CertReq: true}, big.NewInt(1), day)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	bare, _ := Stamp(w.responder, Request{Hash: crypto.SHA256, Digest: digest}, big.NewInt(1), day)
	f.Add(bare)
	f.Fuzz(func(t *testing.T, der []byte) {
		got, err := ParseToken(der)
		if err != nil {
			return
		}
		if got.Verify(w.responder.Certificate, digest) == nil && (!got.Time.Equal(day) || got.Serial.Int64() != 1) {
			t.Errorf("a token that nobody made: %v", got.Time)
		}
	})
}

func FuzzRequest(f *testing.F) {
	for _, r := range []Request{
		{Hash: crypto.SHA256, Digest: sum(crypto.SHA256, "a"), CertReq: true},
		{Hash: crypto.SHA512, Digest: sum(crypto.SHA512, "a"), Policy: policy, Nonce: big.NewInt(1 << 40)},
	} {
		der, _ := r.Marshal()
		f.Add(der)
		resp, _ := Respond(world().responder, r, big.NewInt(1), day)
		f.Add(resp)
	}
	no, _ := Reject(BadAlgorithm, "x")
	f.Add(no)
	f.Fuzz(func(t *testing.T, der []byte) {
		_, _ = ParseResponse(der)
		r, err := ParseRequest(der)
		if err != nil {
			return
		}
		again, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseRequest(again); err != nil || !bytes.Equal(got.Digest, r.Digest) || got.Hash != r.Hash {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}
