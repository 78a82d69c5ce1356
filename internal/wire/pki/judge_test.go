package pki_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chave/internal/core/certificate"
)

// TestS7_openssl_sees_a_change_of_status_at_once_over_OCSP_and_CRL follows one certificate through its life.
func TestS7_openssl_sees_a_change_of_status_at_once_over_OCSP_and_CRL(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256"} {
		t.Run(alg, func(t *testing.T) {
			if alg == "RS256" && testing.Short() {
				t.Skip("making RSA keys takes seconds")
			}
			r := serve(t, alg)
			issued := r.issue()
			leaf, err := x509.ParseCertificate(issued.DER)
			if err != nil {
				t.Fatal(err)
			}
			root, issuing, mine := r.file("root.pem", issued.Chain[2]), r.file("issuing.pem", issued.Chain[1]), r.file("leaf.pem", issued.DER)
			check := func(ocsp, verdict string) {
				t.Helper()
				for _, nonce := range []string{"-nonce", "-no_nonce", "-no_nonce"} {
					r.says(mine+": "+ocsp, "ocsp", "-issuer", issuing, "-cert", mine, "-url", leaf.OCSPServer[0], "-CAfile", root, "-verify_other", issuing, nonce, "-text")
				}
				both, lists := r.file("both.pem", issued.Chain[2], issued.Chain[1]), r.file("lists.pem")
				var all []byte
				for _, address := range []string{leaf.CRLDistributionPoints[0], parse(t, issued.Chain[1]).CRLDistributionPoints[0]} {
					in := r.raw("one.crl", r.get(address, "application/pkix-crl"))
					out, err := r.openssl("crl", "-inform", "DER", "-in", in, "-outform", "PEM", "-CAfile", both)
					if err != nil || !strings.HasPrefix(out, "verify OK") {
						t.Fatal(out)
					}
					all = append(all, out...)
				}
				lists = r.raw(filepath.Base(lists), all)
				out, _ := r.openssl("verify", "-x509_strict", "-crl_check_all", "-CAfile", root, "-untrusted", issuing, "-CRLfile", lists, "-purpose", "any", mine)
				if !strings.Contains(out, verdict) {
					t.Errorf("openssl verify: %s\nwant %q", out, verdict)
				}
			}
			check("good", mine+": OK")
			r.change(issued.Serial, certificate.Suspended, certificate.CertificateHold)
			check("revoked", "certificate revoked")
			r.change(issued.Serial, certificate.Good, 0)
			check("good", mine+": OK")
			r.change(issued.Serial, certificate.Revoked, certificate.KeyCompromise)
			check("revoked", "certificate revoked")
			r.says("Reason: keyCompromise", "ocsp", "-issuer", issuing, "-cert", mine, "-url", leaf.OCSPServer[0], "-CAfile", root, "-verify_other", issuing)
			r.says(": unknown", "ocsp", "-issuer", issuing, "-serial", "0x1234567890abcdef1234567890abcdef", "-url", leaf.OCSPServer[0], "-CAfile", root, "-verify_other", issuing)
		})
	}
}

func parse(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOCSP_openssl_takes_both_hashes_and_several_certificates(t *testing.T) {
	r := serve(t, "ES256")
	one, two := r.issue(), r.issue()
	r.change(two.Serial, certificate.Revoked, 0)
	root, issuing := r.file("root.pem", one.Chain[2]), r.file("issuing.pem", one.Chain[1])
	first, second := r.file("one.pem", one.DER), r.file("two.pem", two.DER)
	for _, hash := range []string{"-sha1", "-sha256", "-sha384", "-sha512"} {
		args := []string{"ocsp", "-issuer", issuing, hash, "-cert", first, "-cert", second, "-url", r.server.URL + "/pki/ocsp", "-CAfile", root, "-verify_other", issuing}
		r.says(first+": good", args...)
		r.says(second+": revoked", args...)
	}
	out, _ := r.openssl("ocsp", "-issuer", root, "-cert", issuing, "-url", r.server.URL+"/pki/ocsp", "-CAfile", root)
	if !strings.Contains(out, "unauthorized") {
		t.Errorf("for the root, whose key is kept apart: %s", out)
	}
}

func TestAddresses_lead_from_the_leaf_to_the_root(t *testing.T) {
	r := serve(t, "ES256")
	issued := r.issue()
	leaf := parse(t, issued.DER)
	for i, c := 1, leaf; i < 3; i++ {
		der := r.get(c.IssuingCertificateURL[0], "application/pkix-cert")
		if string(der) != string(issued.Chain[i]) {
			t.Errorf("certificate %d of the chain is another", i)
		}
		c = parse(t, der)
	}
}

func TestS11_openssl_verifies_timestamps(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256"} {
		t.Run(alg, func(t *testing.T) {
			if alg == "RS256" && testing.Short() {
				t.Skip("making RSA keys takes seconds")
			}
			r := serve(t, alg)
			chain, err := r.Chain(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			root, issuing := r.file("root.pem", chain[1].Raw), r.file("issuing.pem", chain[0].Raw)
			data := r.raw("data", []byte("contract"))
			serials := map[string]bool{}
			for _, more := range [][]string{{"-sha256", "-cert"}, {"-sha384", "-cert"}, {"-sha512", "-cert"}, {"-sha256", "-no_nonce", "-cert"}, {"-sha256", "-cert", "-tspolicy", "2.999.27.2.1"}} {
				query, reply := filepath.Join(r.dir, "query"), filepath.Join(r.dir, "reply")
				if out, err := r.openssl(append([]string{"ts", "-query", "-data", data, "-out", query}, more...)...); err != nil {
					t.Fatal(out)
				}
				request, err := os.ReadFile(query)
				if err != nil {
					t.Fatal(err)
				}
				status, answer := r.post("/pki/tsa", "application/timestamp-query", request)
				if status != 200 {
					t.Fatalf("status %d", status)
				}
				r.raw("reply", answer)
				r.says("Verification: OK", "ts", "-verify", "-queryfile", query, "-in", reply, "-CAfile", root, "-untrusted", issuing)
				out, _ := r.openssl("ts", "-reply", "-in", reply, "-text")
				if !strings.Contains(out, "Policy OID: 2.999.27.2.1") || !strings.Contains(out, "Accuracy: 0x01 seconds") {
					t.Errorf("%s", out)
				}
				_, after, _ := strings.Cut(out, "Serial number: ")
				serial, _, _ := strings.Cut(after, "\n")
				if serials[serial] || len(serial) < 30 {
					t.Errorf("serial %q", serial)
				}
				serials[serial] = true
			}
			for _, refused := range []struct {
				args []string
				want string
			}{
				{[]string{"-sha1", "-cert"}, "unrecognized or unsupported algorithm"},
				{[]string{"-sha256", "-tspolicy", "2.999.1"}, "policy"},
			} {
				query := filepath.Join(r.dir, "query")
				if out, err := r.openssl(append([]string{"ts", "-query", "-data", data, "-out", query}, refused.args...)...); err != nil {
					t.Fatal(out)
				}
				request, _ := os.ReadFile(query)
				_, answer := r.post("/pki/tsa", "application/timestamp-query", request)
				out, _ := r.openssl("ts", "-reply", "-in", r.raw("reply", answer), "-text")
				if !strings.Contains(out, "Status: Rejected") || !strings.Contains(out, refused.want) {
					t.Errorf("%v: %s", refused.args, out)
				}
			}
		})
	}
}

func TestS10_timestamps_stop_while_the_clock_is_off(t *testing.T) {
	r := serve(t, "ES256")
	digest := sha256.Sum256([]byte("contract"))
	stamp := func() error { _, err := r.Timestamp(context.Background(), crypto.SHA256, digest[:]); return err }
	for _, c := range []struct {
		drift time.Duration
		works bool
	}{{0, true}, {time.Second, true}, {-time.Second, true}, {1100 * time.Millisecond, false}, {-2 * time.Second, false}, {0, true}} {
		r.drifts(c.drift)
		if err := stamp(); (err == nil) != c.works {
			t.Errorf("off by %v: %v", c.drift, err)
		}
	}
	r.drifts(time.Minute)
	data := r.raw("data", []byte("contract"))
	query := filepath.Join(r.dir, "query")
	if out, err := r.openssl("ts", "-query", "-data", data, "-sha256", "-out", query); err != nil {
		t.Fatal(out)
	}
	request, _ := os.ReadFile(query)
	_, answer := r.post("/pki/tsa", "application/timestamp-query", request)
	r.says("time source is not available", "ts", "-reply", "-in", r.raw("reply", answer), "-text")
}
