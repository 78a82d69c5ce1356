package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"time"
)

// site is one origin of the demo on loopback, reachable by IPv4 and, where the machine has it, IPv6: browsers and clients differ in what localhost means.
type site struct {
	listeners []net.Listener
	port      int
}

// listen opens a port of this machine only; the demo can be opened to no other address. Port 0 picks a free one.
func listen(ctx context.Context, port int) (*site, error) {
	var conf net.ListenConfig
	first, err := conf.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("port %d is taken: choose another, or 0 for any (%w)", port, err)
	}
	s := &site{listeners: []net.Listener{first}, port: first.Addr().(*net.TCPAddr).Port}
	if second, err := conf.Listen(ctx, "tcp", net.JoinHostPort("::1", strconv.Itoa(s.port))); err == nil {
		s.listeners = append(s.listeners, second)
	}
	return s, nil
}

func (s *site) serve(server *http.Server, certificate *tls.Certificate) {
	for _, l := range s.listeners {
		if certificate != nil {
			l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
		}
		go func() { _ = server.Serve(l) }() // ends with Shutdown; a listener that fails alone leaves the other
	}
}

// authority is the demo's own CA, made new at each start; its key never leaves the process.
type authority struct {
	PEM         string
	Pool        *x509.CertPool
	Certificate tls.Certificate
}

func newAuthority(now time.Time) (*authority, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Chave demonstration CA - not trusted by anybody"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(2, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, MaxPathLenZero: true,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{"localhost"}, // a stolen demo CA can vouch for nothing else
		PermittedIPRanges: []*net.IPNet{{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}, {IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)}},
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	a := &authority{
		PEM:         string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})),
		Pool:        x509.NewCertPool(),
		Certificate: tls.Certificate{Certificate: [][]byte{leafDER, caDER}, PrivateKey: key},
	}
	a.Pool.AppendCertsFromPEM([]byte(a.PEM))
	return a, nil
}

func (a *authority) clientConfig() *tls.Config {
	return &tls.Config{RootCAs: a.Pool, MinVersion: tls.VersionTLS12}
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic("random source failed: " + err.Error())
	}
	return n
}
