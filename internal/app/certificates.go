package app

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/signkey"
	"chave/internal/outside/store"
)

// The rings of keys beside OpenID Connect's. No key signs for two of them (blueprint §4.9).
const (
	ringFA   = "fa"
	ringSAML = "saml"
)

const (
	day      = 24 * time.Hour
	certLife = 5 * 365 * day // longer than any key of a ring signs: a service that pins a certificate must not see it end before the key does
)

// ring composes the keys of a wire that publishes certificates. next is published for ahead before it signs, because whoever holds certificates by hand is slow.
func (a *App) ring(name, alg string, every, ahead time.Duration) *signkey.Service {
	return &signkey.Service{
		Do: store.In[signkey.Tx](a.DB), View: store.InView[signkey.Tx](a.DB), Keystore: a.Vault, Now: a.Now, Rand: a.rand, Log: a.Log,
		Ring: name, Base: []string{}, RotateAfter: every, PublishAhead: ahead, KeepFor: 2 * day, Certify: a.certify(name),
		Wanted: func(ctx context.Context) ([]string, error) { // keys are made once a service needs them
			all, err := a.Services(ctx)
			for _, s := range all {
				if s.SAML != nil && string(s.SAML.Wire) == name || name == ringFA && s.OAuth != nil {
					return []string{alg}, err
				}
			}
			return nil, err
		},
	}
}

// certify signs a key's certificate with that key: services trust the certificate itself, which they were handed, and no authority (cmd-authentication.md §1.7.4).
func (a *App) certify(ring string) func(crypto.Signer, time.Time) ([]byte, error) {
	return func(key crypto.Signer, made time.Time) ([]byte, error) {
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(der)
		host := "chave"
		if u, err := url.Parse(a.Settings.Issuer); err == nil && u.Hostname() != "" {
			host = u.Hostname()
		}
		template := &x509.Certificate{
			SerialNumber: new(big.Int).SetBytes(sum[:15]), Subject: pkix.Name{CommonName: ring + "." + host, Organization: []string{"Chave"}},
			NotBefore: made.Add(-time.Hour).UTC(), NotAfter: made.Add(certLife).UTC(), BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		}
		return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	}
}

// Certificate is one of ours that others must know, PEM: of the key with which a ring signs now ("fa", "saml"), of the one that fields are encrypted to ("scmd"), or of an
// authority: "root", "issuing", "tsa". What is still being made is waited for.
func (a *App) Certificate(ctx context.Context, name string) (string, error) {
	der, err := a.certificate(ctx, name)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

func (a *App) certificate(ctx context.Context, name string) ([]byte, error) {
	var (
		active signkey.Signer
		err    error
	)
	switch name {
	case ringFA:
		active, err = a.faKeys.Active(ctx, algFA)
	case ringSAML:
		active, err = a.samlKeys.Active(ctx, a.samlAlg())
	case ringSCMD:
		return a.fieldKeys.Certificate(ctx)
	case "root":
		return one(a.PKI.Roots(ctx))
	case "issuing":
		return one(a.PKI.Chain(ctx))
	case "tsa":
		cert, err := a.PKI.TimestampCertificate(ctx)
		if err != nil {
			return nil, err
		}
		return cert.Raw, nil
	default:
		err = fault.New(fault.RowNotFound)
	}
	return active.Cert, err
}

// algFA is what clients of CMD's wires were built for (cmd-authentication.md §1.7.2).
const algFA = "RSA-2048"

func (a *App) samlAlg() string {
	if a.Settings.SAML.Alg == "ES256" {
		return "ES256"
	}
	return "RS256"
}

// one is the first of a list.
func one(list []*x509.Certificate, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fault.New(fault.AuthorityMissing)
	}
	return list[0].Raw, nil
}
