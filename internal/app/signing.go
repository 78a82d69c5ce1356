package app

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net/url"
	"sync"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/core/signkey"
	"chave/internal/outside/keystore"
	"chave/internal/outside/pki"
	"chave/internal/outside/store"
)

// ringSCMD holds the keys to which clients of CMD's signature services encrypt.
const ringSCMD = "scmd"

// composeSigning makes what people sign with: the authorities, the keys of the SOAP services' fields, and the service itself.
func (a *App) composeSigning(c Config, registry enrol.Registry) error {
	own := c.Settings.Signing
	settings := pki.Settings{
		Address: own.Address, Arc: own.PolicyArc, Country: own.Country, Organization: own.Organization, Label: own.Label,
		RootAlg: own.AuthorityAlg, IssuingAlg: own.AuthorityAlg,
	}
	if settings.Address == "" {
		settings.Address = c.Settings.Issuer
	}
	if c.Demo { // strong enough, and made in a second
		settings.RootAlg, settings.IssuingAlg, settings.TSAAlg = "RS256", "RS256", "ES256"
	}
	profiles, err := settings.Check()
	if err != nil {
		return err
	}
	a.PKI = &pki.Authority{
		Do: store.In[certificate.Tx](a.DB), View: store.InView[certificate.Tx](a.DB), Keys: a.Vault, Profiles: profiles, Now: a.Now, Rand: a.rand, Log: a.Log,
		MakesRoot: c.Demo,
	}
	rules := signing.Rules{Terms: termsVersion, MinAge: own.MinAge, CertificateMax: own.CertificateMax}
	if c.Demo {
		rules.Pool = map[signing.Alg]int{signing.RSA3072: 2, signing.P256: 2}
	}
	policy := a.Policy
	if own.CodesPerPerson > 0 {
		policy.CodesPerPerson = own.CodesPerPerson
	}
	a.Signing = &signing.Service{
		Do: store.In[signing.Tx](a.DB), View: store.InView[signing.Tx](a.DB), Vault: a.Vault, Hasher: a.Hasher, Policy: policy, Rules: rules,
		Authority: a.PKI, Registry: standing{registry, a.Log}, Now: a.Now, Rand: a.rand, Wake: a.Outbox.Wake, Log: a.Log,
		AddressKey: func(address string) []byte { return a.Vault.MAC("address", []byte(address)) },
	}
	a.fieldKeys = &fieldKeys{vault: a.Vault}
	a.fieldKeys.ring = &signkey.Service{
		Do: store.In[signkey.Tx](a.DB), View: store.InView[signkey.Tx](a.DB), Keystore: decryptionKeys{a.Vault}, Now: a.Now, Rand: a.rand, Log: a.Log,
		Ring: ringSCMD, Base: []string{algFA}, RotateAfter: 2 * 365 * day, PublishAhead: 90 * day, NextLate: true, KeepFor: 2 * day, CertifySealed: a.certifyFields,
	}
	return nil
}

// termsVersion names the terms that the page shows; whoever changes the text gives it a new one (E1).
const termsVersion = "2026-11"

// standing asks the civil registry of a person's capacity again, before signing is switched on (R4.01).
type standing struct {
	registry enrol.Registry
	log      *slog.Logger
}

// StandingOf takes what was attested at the desk for documents that no registry here knows, and refuses where one should know and does not say.
func (s standing) StandingOf(ctx context.Context, who citizen.Person) (citizen.Standing, error) {
	doc := who.Document()
	if !enrol.Covered(doc) {
		return who.Standing, nil
	}
	answer, err := s.registry.Lookup(ctx, enrol.Query{Type: doc.Type, Country: doc.Country, Number: doc.Number, BirthDate: who.BirthDate})
	if err != nil || answer.Coverage != enrol.Found {
		return citizen.Standing{}, fault.New(fault.StandingUnknown).Because(err)
	}
	return answer.Person.Standing, nil
}

// decryptionKeys makes keys that decrypt where a ring expects keys that sign.
type decryptionKeys struct{ keystore.Store }

// NewSigningKey makes a key that decrypts.
func (k decryptionKeys) NewSigningKey(string) ([]byte, crypto.PublicKey, error) {
	return k.NewDecryptionKey()
}

// fieldKeys opens the fields that clients of SCMD encrypt (cmd-signature.md §1.7).
type fieldKeys struct {
	vault  keystore.Store
	ring   *signkey.Service
	opened sync.Map // by key id: func([]byte) ([]byte, bool)
}

// Decrypters gives one function for each key that a client may have been handed.
func (f *fieldKeys) Decrypters(ctx context.Context) ([]func([]byte) ([]byte, bool), error) {
	held, err := f.ring.Held(ctx, algFA)
	if err != nil {
		return nil, err
	}
	var all []func([]byte) ([]byte, bool)
	for _, k := range held {
		if open, ok := f.opened.Load(k.ID); ok {
			all = append(all, open.(func([]byte) ([]byte, bool)))
			continue
		}
		open, err := f.vault.Decrypter(k.Sealed)
		if err != nil {
			return nil, fault.New(fault.KeystoreUnavailable).Because(err)
		}
		f.opened.Store(k.ID, open)
		all = append(all, open)
	}
	return all, nil
}

// Certificate is the one that clients should use now, DER.
func (f *fieldKeys) Certificate(ctx context.Context) ([]byte, error) {
	held, err := f.ring.Held(ctx, algFA)
	if err != nil {
		return nil, err
	}
	return held[0].Cert, nil
}

// certifyFields signs a certificate with the key itself: clients are handed it in a file and check no chain (§1.7).
func (a *App) certifyFields(sealed []byte, made time.Time) ([]byte, error) {
	host := "chave"
	if u, err := url.Parse(a.Settings.Issuer); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	return a.Vault.CertifyDecryptionKey(sealed, &x509.Certificate{
		SerialNumber: number, Subject: pkix.Name{CommonName: "scmd." + host, Organization: []string{"Chave"}},
		NotBefore: made.Add(-time.Hour).UTC(), NotAfter: made.Add(certLife).UTC(), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
	})
}
