package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/crypto/ocsp"

	"chave/internal/format/ades"
	"chave/internal/format/tsp"
)

// outside asks servers for what a signature needs: certificates' status at the addresses that the certificates name, and certified time. Answers are bounded in size and
// time; whether they can be believed is for format/ades to find out.
type outside struct{ client *http.Client }

// newOutside trusts the system's authorities for HTTPS, and those of a PEM file.
func newOutside(ca string) (*outside, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if ca != "" {
		text, err := os.ReadFile(ca)
		if err != nil {
			return nil, err
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s holds no certificate", ca)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // nobody sends secrets or questions on to elsewhere
	return &outside{&http.Client{Transport: transport, Timeout: 60 * time.Second, CheckRedirect: stay}}, nil
}

// mayCarrySecrets holds that passwords and names of documents are not sent in clear over a network.
func mayCarrySecrets(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%q is not an address", address)
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("%s: only https is safe beyond this machine", address)
}

func (o *outside) do(req *http.Request, limit int64) (status int, body []byte, err error) {
	resp, err := o.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err == nil && int64(len(body)) > limit {
		err = errors.New("the answer is too long")
	}
	return resp.StatusCode, body, err
}

func (o *outside) get(ctx context.Context, address string, limit int64) ([]byte, error) {
	return o.ask(ctx, http.MethodGet, address, "", nil, limit)
}

func (o *outside) ask(ctx context.Context, method, address, kind string, body []byte, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	status, data, err := o.do(req, limit)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s answers with status %d", address, status)
	}
	return data, err
}

// helpers are what format/ades asks. Without a timestamp authority, there is no time to be had.
func (o *outside) helpers(tsa string) ades.Helpers {
	h := ades.Helpers{OCSP: o.status, CRL: o.list}
	if tsa != "" {
		h.Timestamp = func(ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
			return o.timestamp(ctx, tsa, h, digest)
		}
	}
	return h
}

var errNoAddress = errors.New("the certificate names no address to ask")

func (o *outside) status(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
	question, err := ocsp.CreateRequest(cert, issuer, nil)
	if err != nil {
		return nil, err
	}
	err = errNoAddress
	for _, address := range cert.OCSPServer {
		var got []byte
		if got, err = o.ask(ctx, http.MethodPost, address, "application/ocsp-request", question, 1<<20); err == nil {
			return got, nil
		}
	}
	return nil, err
}

func (o *outside) list(ctx context.Context, cert, _ *x509.Certificate) ([]byte, error) {
	err := errNoAddress
	for _, address := range cert.CRLDistributionPoints {
		var got []byte
		if got, err = o.get(ctx, address, 50<<20); err == nil {
			return got, nil
		}
	}
	return nil, err
}

func (o *outside) timestamp(ctx context.Context, tsa string, h crypto.Hash, digest []byte) ([]byte, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, err
	}
	q := tsp.Request{Hash: h, Digest: digest, Nonce: nonce, CertReq: true}
	der, err := q.Marshal()
	if err != nil {
		return nil, err
	}
	got, err := o.ask(ctx, http.MethodPost, tsa, "application/timestamp-query", der, 1<<20)
	if err != nil {
		return nil, err
	}
	answer, err := tsp.ParseResponse(got)
	if err != nil {
		return nil, err
	}
	if answer.Token == nil {
		return nil, fmt.Errorf("the timestamp authority refuses: %s", printable(answer.Text))
	}
	token, err := tsp.ParseToken(answer.Token)
	if err != nil {
		return nil, err
	}
	return answer.Token, token.Answers(q)
}
