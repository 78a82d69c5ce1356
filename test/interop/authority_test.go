//go:build interop

package interop

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ocsp"

	"chave/test/drive"
)

// status asks the responder that a certificate names, and gives its answer and its own certificate.
func (a *application) status(c *x509.Certificate) (*ocsp.Response, *x509.Certificate) {
	a.t.Helper()
	query, err := ocsp.CreateRequest(c, a.issuing, &ocsp.RequestOptions{Hash: crypto.SHA256})
	if err != nil {
		a.t.Fatal(err)
	}
	der, err := a.post(a.t.Context(), c.OCSPServer[0], "application/ocsp-request", query)
	if err != nil {
		a.t.Fatal(err)
	}
	answer, err := ocsp.ParseResponse(der, a.issuing)
	if err != nil {
		a.t.Fatal(err)
	}
	if answer.Certificate == nil {
		a.t.Fatal("the responder brings no certificate")
	}
	return answer, answer.Certificate
}

// suspend has somebody say on their own pages that it was not them.
func (a *application) suspend(who signer) {
	a.t.Helper()
	b := a.enter(who, "/key")
	page, err := b.Post(a.t.Context(), a.page("/key/signature/notme"), url.Values{})
	if err != nil || page.Next == nil || page.Next.Query().Get("done") != "notme" {
		a.t.Fatalf("%d %v %.300s", page.Status, err, page.Body)
	}
}

// page is an address of the portal.
func (a *application) page(path string) *url.URL {
	a.t.Helper()
	u, err := url.Parse(a.Portal + path)
	if err != nil {
		a.t.Fatal(err)
	}
	return u
}

// enter is a browser in which somebody has signed in to one of the portal's own areas.
func (a *application) enter(who signer, area string) *drive.Browser {
	a.t.Helper()
	b := a.browser()
	w := drive.Walk{
		Browser: b, Inbox: drive.Door{URL: a.Tester, Lines: a.lines}, Person: drive.Person{Identifier: *who.Phone, PIN: *who.PIN, Contact: *who.Phone},
		Stop: func(u *url.URL) bool { return u.Path == area && b.Cookie(u.Hostname(), "chave_session") != "" },
	}
	if _, err := w.From(a.t.Context(), a.page(area)); err != nil {
		a.t.Fatal(err)
	}
	return b
}

// TestOpenssl_believes_the_authorities has OpenSSL check chains, lists, answers on status and time-stamps, all fetched at the addresses in the certificates.
// Issue 4, done when 1.
func TestOpenssl_believes_the_authorities(t *testing.T) {
	need(t, "openssl", installed("openssl"))
	a := apply(t)
	dir := t.TempDir()
	oksana := a.who("oksana")
	chain := a.chain(oksana)
	root, issuing, leaf := keepPEM(t, dir+"/root.pem", a.root), keepPEM(t, dir+"/issuing.pem", a.issuing), keepPEM(t, dir+"/leaf.pem", chain[0])
	lists := func() string {
		var text []byte
		for _, c := range []*x509.Certificate{chain[0], a.issuing} {
			der, err := a.get(t.Context(), c.CRLDistributionPoints[0])
			if err != nil {
				t.Fatal(err)
			}
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})...)
		}
		return keep(t, dir+"/lists.pem", text)
	}
	verify := func() (string, error) {
		return run("openssl", "verify", "-x509_strict", "-CAfile", root, "-untrusted", issuing, "-CRLfile", lists(), "-crl_check_all", leaf)
	}
	status := func() (string, error) {
		return run("openssl", "ocsp", "-issuer", issuing, "-cert", leaf, "-url", chain[0].OCSPServer[0], "-CAfile", root, "-verify_other", issuing, "-nonce", "-timeout", "20")
	}
	t.Run("issuers are where the certificates say", func(t *testing.T) {
		for _, c := range []*x509.Certificate{chain[0], a.issuing, a.stamping} {
			want := a.issuing
			if c == a.issuing {
				want = a.root
			}
			der, err := a.get(t.Context(), c.IssuingCertificateURL[0])
			if err != nil || string(der) != string(want.Raw) {
				t.Errorf("%s: %v", c.Subject.CommonName, err)
			}
		}
	})
	t.Run("verify with lists", func(t *testing.T) {
		if out, err := verify(); err != nil {
			t.Error(out)
		}
	})
	t.Run("ocsp with a nonce", func(t *testing.T) {
		out, err := status()
		if err != nil || !strings.Contains(out, "Response verify OK") || !strings.Contains(out, leaf+": good") || strings.Contains(out, "no nonce in response") {
			t.Errorf("%v %s", err, out)
		}
	})
	t.Run("ts", func(t *testing.T) {
		stampings(t, a, dir, root, issuing)
	})
	t.Run("suspended", func(t *testing.T) {
		a.suspend(oksana)
		out, _ := status()
		if !strings.Contains(out, leaf+": revoked") || !strings.Contains(out, "Reason: certificateHold") {
			t.Errorf("ocsp: %s", out)
		}
		if out, err := verify(); err == nil || !strings.Contains(out, "certificate revoked") {
			t.Errorf("verify: %s", out)
		}
	})
}

// stampings asks for a time-stamp under each hash with OpenSSL's own request, and has it verify the answer; over other content it must not.
func stampings(t *testing.T, a *application, dir, root, issuing string) {
	data, other := keep(t, filepath.Join(dir, "data"), []byte("a lease")), keep(t, filepath.Join(dir, "other"), []byte("a Lease"))
	for _, hash := range []string{"sha256", "sha384", "sha512"} {
		query, answer := filepath.Join(dir, hash+".tsq"), filepath.Join(dir, hash+".tsr")
		must(t, "openssl", "ts", "-query", "-data", data, "-"+hash, "-cert", "-out", query)
		asked, err := os.ReadFile(query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.post(t.Context(), a.tsa, "application/timestamp-query", asked)
		if err != nil {
			t.Fatal(err)
		}
		keep(t, answer, got)
		must(t, "openssl", "ts", "-verify", "-queryfile", query, "-in", answer, "-CAfile", root, "-untrusted", issuing)
		must(t, "openssl", "ts", "-verify", "-data", data, "-in", answer, "-CAfile", root, "-untrusted", issuing)
		if out, err := run("openssl", "ts", "-verify", "-data", other, "-in", answer, "-CAfile", root, "-untrusted", issuing); err == nil {
			t.Errorf("over other content: %s", out)
		}
		if text := must(t, "openssl", "ts", "-reply", "-in", answer, "-text"); !strings.Contains(text, "Accuracy: ") || strings.Contains(text, "Accuracy: unspecified") || !strings.Contains(text, "Nonce: 0x") {
			t.Errorf("%s", text)
		}
	}
}
