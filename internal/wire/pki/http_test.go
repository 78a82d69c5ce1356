package pki_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"chave/internal/core/certificate"
	"chave/internal/outside/pki/ocsp"

	judge "golang.org/x/crypto/ocsp"
)

func TestOCSP_by_address(t *testing.T) {
	r := serve(t, "ES256")
	issued := r.issue()
	leaf, issuing := parse(t, issued.DER), parse(t, issued.Chain[1])
	request, err := judge.CreateRequest(leaf, issuing, nil)
	if err != nil {
		t.Fatal(err)
	}
	address := leaf.OCSPServer[0] + "/" + url.QueryEscape(base64.StdEncoding.EncodeToString(request))
	ask := func() (*judge.Response, http.Header, []byte) {
		res, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		answer, err := judge.ParseResponseForCert(body, leaf, issuing)
		if err != nil {
			t.Fatal(err)
		}
		return answer, res.Header, body
	}
	first, header, body := ask()
	if first.Status != judge.Good || first.NextUpdate.IsZero() || header.Get("Content-Type") != "application/ocsp-response" ||
		header.Get("Cache-Control") != "public, no-cache" || header.Get("Expires") == "" {
		t.Errorf("%+v, %v", first, header)
	}
	if _, _, again := ask(); !bytes.Equal(body, again) {
		t.Error("an answer is signed again although nothing changed")
	}
	r.change(issued.Serial, certificate.Revoked, certificate.Superseded)
	if second, _, _ := ask(); second.Status != judge.Revoked || second.RevocationReason != judge.Superseded {
		t.Errorf("S7 after the revocation: %+v", second)
	}
}

func TestHTTP_says_no_in_the_protocols_own_words(t *testing.T) {
	r := serve(t, "ES256")
	issued := r.issue()
	malformed := ocsp.Refuse(ocsp.Malformed)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		want               []byte
	}{
		"no OCSP request":               {"POST", "/pki/ocsp", "hello", 200, malformed},
		"an empty one":                  {"POST", "/pki/ocsp", "", 200, malformed},
		"one by address that is none":   {"GET", "/pki/ocsp/%21%21", "", 200, malformed},
		"none by address":               {"GET", "/pki/ocsp/", "", 200, malformed},
		"OCSP without a request":        {"GET", "/pki/ocsp", "", 404, nil},
		"an OCSP request without end":   {"POST", "/pki/ocsp", strings.Repeat("x", 20000), 413, nil},
		"a timestamp query without end": {"POST", "/pki/tsa", strings.Repeat("x", 20000), 413, nil},
		"timestamps are not read":       {"GET", "/pki/tsa", "", 404, nil},
		"a list of nobody":              {"GET", "/pki/abc.crl", "", 404, nil},
		"a certificate of nobody":       {"GET", "/pki/abc.cer", "", 404, nil},
		"something else":                {"GET", "/pki/abc.txt", "", 404, nil},
		"a list is not written to":      {"POST", "/pki/abc.crl", "", 405, nil},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequest(c.method, r.server.URL+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			got, _ := io.ReadAll(res.Body)
			if res.StatusCode != c.status || c.want != nil && !bytes.Equal(got, c.want) {
				t.Errorf("%d %x", res.StatusCode, got)
			}
		})
	}
	address := parse(t, issued.DER).CRLDistributionPoints[0]
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	req, _ := http.NewRequest(http.MethodGet, address, nil)
	req.Header.Set("If-None-Match", res.Header.Get("ETag"))
	again, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	again.Body.Close()
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("a list that did not change is sent again: %d", again.StatusCode)
	}
}
