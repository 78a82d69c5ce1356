package tsp

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestOracle_openssl_asks_and_verifies(t *testing.T) {
	w := world()
	dir := t.TempDir()
	data := write(t, dir, "data", []byte("a"))
	ca := write(t, dir, "ca.pem", pemOf(w.root))
	untrusted := write(t, dir, "tsa.pem", pemOf(w.responder.Certificate))
	for _, args := range [][]string{
		{"-sha256", "-cert"}, {"-sha384", "-cert", "-no_nonce"}, {"-sha512", "-tspolicy", policy.String()}, {"-sha512", "-cert"},
	} {
		query := filepath.Join(dir, "q.tsq")
		if out, err := openssl(t, append([]string{"ts", "-query", "-data", data, "-out", query}, args...)...); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		der, err := os.ReadFile(query)
		if err != nil {
			t.Fatal(err)
		}
		req, err := ParseRequest(der)
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		answer, err := Respond(w.responder, req, big.NewInt(4711), day)
		if err != nil {
			t.Fatal(err)
		}
		verify := func(answer []byte) (string, error) {
			return openssl(t, "ts", "-verify", "-queryfile", query, "-in", write(t, dir, "a.tsr", answer), "-CAfile", ca, "-untrusted", untrusted, "-attime", "1795000000")
		}
		if out, err := verify(answer); err != nil {
			t.Errorf("%v: %v: %s", args, err, out)
		}
		if out, err := openssl(t, "ts", "-reply", "-in", filepath.Join(dir, "a.tsr"), "-text"); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		answer[len(answer)-5] ^= 1
		if out, err := verify(answer); err == nil {
			t.Errorf("a flipped octet: %s", out)
		}
	}
}

func TestOracle_openssl_answers(t *testing.T) {
	w := world()
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(w.responder.Signer)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	write(t, dir, "tsa.pem", pemOf(w.responder.Certificate))
	write(t, dir, "ca.pem", pemOf(w.root))
	write(t, dir, "serial", []byte("01\n"))
	conf := write(t, dir, "ts.cnf", []byte(`[tsa]
default_tsa = one
[one]
serial = `+dir+`/serial
crypto_device = builtin
signer_cert = `+dir+`/tsa.pem
certs = `+dir+`/ca.pem
signer_key = `+dir+`/key.pem
signer_digest = sha256
default_policy = 2.999.7
digests = sha256, sha512
accuracy = secs:1, millisecs:500, microsecs:100
clock_precision_digits = 3
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
ess_cert_id_alg = sha256
`))
	for _, req := range []Request{
		{Hash: crypto.SHA256, Digest: sum(crypto.SHA256, "a"), Nonce: big.NewInt(5), CertReq: true},
		{Hash: crypto.SHA512, Digest: sum(crypto.SHA512, "a"), Policy: policy},
	} {
		der, err := req.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(dir, "a.tsr")
		if says, err := openssl(t, "ts", "-reply", "-config", conf, "-queryfile", write(t, dir, "q.tsq", der), "-out", out); err != nil {
			t.Fatalf("%v: %s", err, says)
		}
		der, err = os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := ParseResponse(der)
		if err != nil {
			t.Fatal(err)
		}
		token, err := ParseToken(answer.Token)
		if err != nil {
			t.Fatal(err)
		}
		if err := token.Answers(req); err != nil {
			t.Error(err)
		}
		if err := token.Verify(token.Certificate(w.responder.Certificate), req.Digest); err != nil {
			t.Error(err)
		}
		if token.Accuracy != 1500100*time.Microsecond {
			t.Errorf("accuracy %v", token.Accuracy)
		}
	}
	// openssl refuses a hash it was not told of; its refusal is read as one.
	req := Request{Hash: crypto.SHA384, Digest: sum(crypto.SHA384, "a")}
	der, _ = req.Marshal()
	out := filepath.Join(dir, "no.tsr")
	if says, err := openssl(t, "ts", "-reply", "-config", conf, "-queryfile", write(t, dir, "q.tsq", der), "-out", out); err != nil {
		t.Fatalf("%v: %s", err, says)
	}
	der, _ = os.ReadFile(out)
	if answer, err := ParseResponse(der); err != nil || answer.Status != 2 || answer.Failure != BadAlgorithm {
		t.Errorf("%+v, %v", answer, err)
	}
}
