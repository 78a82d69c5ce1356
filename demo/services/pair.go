package services

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"
)

// Pair is a key that a service signs with and the certificate that Chave knows it by, both PEM. The key is PKCS#8, RSA of 2048 bits.
type Pair struct {
	Certificate string
	Key         Secret
}

// certificateYears outlives every walk of the demonstration's clock that makes sense.
const certificateYears = 60

// NewPair makes a pair with a certificate signed by itself, which begins a day before now. random may be nil for the system's.
func NewPair(random io.Reader, name string, now time.Time) (Pair, error) {
	if random == nil {
		random = rand.Reader
	}
	key, err := rsa.GenerateKey(random, 2048)
	if err != nil {
		return Pair{}, fmt.Errorf("key of %s: %w", name, err)
	}
	number, err := rand.Int(random, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Pair{}, fmt.Errorf("certificate of %s: %w", name, err)
	}
	form := &x509.Certificate{
		SerialNumber: number, Subject: pkix.Name{CommonName: name + ".demo.test"},
		NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(certificateYears, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(random, form, form, key.Public(), key)
	if err != nil {
		return Pair{}, fmt.Errorf("certificate of %s: %w", name, err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("key of %s: %w", name, err)
	}
	return Pair{
		Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Key:         Secret(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	}, nil
}

// Read gives the pair as the program uses it.
func (p Pair) Read() (*rsa.PrivateKey, *x509.Certificate, error) {
	block, _ := pem.Decode([]byte(p.Certificate))
	private, _ := pem.Decode([]byte(p.Key.Reveal()))
	if block == nil || private == nil {
		return nil, nil, errors.New("key or certificate is not PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("certificate: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(private.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("key: %w", err)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(cert.PublicKey) {
		return nil, nil, errors.New("the certificate is not the key's")
	}
	return key, cert, nil
}

func (p Pair) check() error {
	_, _, err := p.Read()
	return err
}
