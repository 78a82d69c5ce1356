package pki

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/certificate"
	"chave/internal/core/fault"
	"chave/internal/core/random"
	"chave/internal/outside/pki/lint"
)

// When keys give way to new ones. The old certificate goes on being valid: what was signed stays checkable.
const (
	ocspBefore = 30 * day  // before a responder's certificate ends
	tsaEvery   = 365 * day // a clock's key signs for a year
)

// making is one run of Ensure that others wait for.
type making struct {
	done chan struct{}
	err  error
}

// Ensure makes what is missing and can be made here: with MakesRoot a whole hierarchy, else responders and a timestamp authority below an issuing authority that exists. It
// renews those that grow old. It takes seconds when RSA keys are made; whoever calls while it runs waits for the same run, or for the end of ctx. AuthorityMissing: a
// ceremony has to come first (chave ca init).
func (a *Authority) Ensure(ctx context.Context) error {
	a.mu.Lock()
	m := a.making
	if m == nil {
		m = &making{done: make(chan struct{})}
		a.making = m
		// The run outlives who asked for it first: the next one who asks should find it done, not begun anew.
		go func(ctx context.Context) {
			m.err = a.make(ctx)
			a.mu.Lock()
			a.making = nil
			a.mu.Unlock()
			close(m.done)
		}(context.WithoutCancel(ctx))
	}
	a.mu.Unlock()
	select {
	case <-m.done:
		return m.err
	case <-ctx.Done():
		return fault.New(fault.AuthorityMissing).Because(ctx.Err())
	}
}

func (a *Authority) make(ctx context.Context) error {
	now := a.Now()
	h, err := a.known(ctx, 0)
	if err != nil {
		return err
	}
	if _, ok := h.active(certificate.Issuing, now); !ok {
		if !a.MakesRoot {
			return fault.New(fault.AuthorityMissing)
		}
		if err := a.found(ctx); err != nil {
			return err
		}
		if h, err = a.known(ctx, 0); err != nil {
			return err
		}
	}
	for _, issuing := range h.all {
		if issuing.Role != certificate.Issuing || !issuing.lives(now) {
			continue
		}
		if old, ok := h.newestUnder(issuing.ID, certificate.OCSP, now); !ok || old.cert.NotAfter.Before(now.Add(ocspBefore)) && old.cert.NotAfter.Before(issuing.cert.NotAfter) {
			if err := a.addUnit(ctx, h, lint.OCSP, issuing); err != nil {
				return err
			}
		}
		if !issuing.Active {
			continue
		}
		if old, ok := h.active(certificate.TSA, now); !ok || old.Issuer != issuing.ID || !now.Before(old.MadeAt.Add(tsaEvery)) {
			if err := a.addUnit(ctx, h, lint.TSA, issuing); err != nil {
				return err
			}
		}
	}
	_, err = a.known(ctx, 0)
	return err
}

// addUnit makes a responder or a timestamp authority under an issuing one, which takes the place of the one before.
func (a *Authority) addUnit(ctx context.Context, h *house, kind lint.Kind, issuing member) error {
	by, err := a.signer(issuing)
	if err != nil {
		return err
	}
	alg, life := a.Profiles.settings.OCSPAlg, ocspLife
	if kind == lint.TSA {
		alg, life = a.Profiles.settings.TSAAlg, tsaLife
	}
	return a.addBelow(ctx, h, kind, alg, life, by, append([][]byte{issuing.Cert}, issuing.Chain...), issuing.Active)
}

// roleOf is what the table calls a kind.
func roleOf(kind lint.Kind) certificate.Role { return certificate.Role(kind) }

// addBelow makes a key in the keystore, has it certified, and puts the new authority in the table, active in its role in place of the one before.
func (a *Authority) addBelow(ctx context.Context, h *house, kind lint.Kind, alg string, life time.Duration, by *signerOf, chain [][]byte, active bool) error {
	sealed, public, err := a.Keys.NewSigningKey(alg)
	if err != nil {
		return fault.New(fault.KeystoreUnavailable).Because(fmt.Errorf("make key of %s authority: %w", kind, err))
	}
	now := a.Now()
	name, err := a.Profiles.authorityName(kind, h.count(roleOf(kind))+1)
	if err != nil {
		return refused(err)
	}
	o := order{kind: kind, name: name, public: public, notBefore: now, notAfter: now.Add(life)}
	if o.notAfter.After(by.cert.NotAfter) {
		o.notAfter = by.cert.NotAfter
	}
	added := certificate.Authority{
		ID: random.ID(a.Rand), Version: 1, Role: roleOf(kind), Active: active, Issuer: by.id, Chain: chain, Sealed: sealed, MadeAt: now,
	}
	_, err = a.certify(ctx, o, by, "", func(tx certificate.Tx, row certificate.Certificate) error {
		added.Cert = row.DER
		return a.install(tx, added)
	})
	return err
}

// install puts an authority in the table; one that was active in its role steps down in the same transaction.
func (a *Authority) install(tx certificate.Tx, added certificate.Authority) error {
	if added.Active {
		rows, err := tx.Authorities()
		if err != nil {
			return err
		}
		for _, old := range rows {
			if old.Role != added.Role || !old.Active {
				continue
			}
			old.Active = false
			if err := tx.UpdateAuthority(old); err != nil {
				return err
			}
		}
	}
	if err := tx.InsertAuthority(added); err != nil {
		return err
	}
	return tx.InsertAudit(audit.Event{
		ID: random.ID(a.Rand), At: added.MadeAt, Kind: audit.AuthorityMade, Data: map[string]string{"authority": added.ID, "role": string(added.Role)},
	})
}

// found makes a root, an issuing authority below it and the root's list; the root's key is dropped when it returns.
func (a *Authority) found(ctx context.Context) error {
	key, err := newRootKey(a.Profiles.settings.RootAlg)
	if err != nil {
		return fault.New(fault.InternalError).Because(err)
	}
	root, err := a.makeRoot(ctx, key, func([]byte) error { return nil })
	if err != nil {
		return err
	}
	// Nobody can sign another list for this root, so this one lasts as long as the root does.
	return a.below(ctx, &signerOf{id: root.ID, cert: root.cert, key: key}, root.cert.NotAfter)
}

// newRootKey is made here and not in the keystore: a root is kept apart from everything that serves.
func newRootKey(alg string) (crypto.Signer, error) {
	switch alg {
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "P-384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "RS256":
		return rsa.GenerateKey(rand.Reader, 3072)
	}
	return rsa.GenerateKey(rand.Reader, 4096)
}

// makeRoot signs a root's certificate with its own key and puts it in the table, once keep has put the key where it will be found again.
func (a *Authority) makeRoot(ctx context.Context, key crypto.Signer, keep func(der []byte) error) (member, error) {
	h, err := a.known(ctx, 0)
	if err != nil {
		return member{}, err
	}
	now := a.Now()
	name, err := a.Profiles.authorityName(lint.Root, h.count(certificate.Root)+1)
	if err != nil {
		return member{}, refused(err)
	}
	throwaway, err := a.throwawayLike(key.Public())
	if err != nil {
		return member{}, fault.New(fault.InternalError).Because(err)
	}
	by := &signerOf{id: random.ID(a.Rand), key: key}
	t, err := a.Profiles.prepare(order{kind: lint.Root, name: name, public: key.Public(), notBefore: now, notAfter: now.Add(rootLife)}, by, throwaway, a.Rand)
	if err != nil {
		return member{}, refused(err)
	}
	der, err := t.sign(by)
	if err != nil {
		return member{}, fault.New(fault.InternalError).Because(err)
	}
	row := certificate.Authority{ID: by.id, Version: 1, Role: certificate.Root, Active: true, Cert: der, MadeAt: now}
	m, err := open(row)
	if err != nil {
		return member{}, fault.New(fault.InternalError).Because(err)
	}
	if err := keep(der); err != nil {
		return member{}, err
	}
	return m, a.Do(ctx, func(tx certificate.Tx) error { return a.install(tx, row) })
}

// below makes an issuing authority under a root whose key is at hand, its responder, a timestamp authority, and the root's list.
func (a *Authority) below(ctx context.Context, root *signerOf, listUntil time.Time) error {
	h, err := a.known(ctx, 0)
	if err != nil {
		return err
	}
	if err := a.addBelow(ctx, h, lint.Issuing, a.Profiles.settings.IssuingAlg, issuingLife, root, [][]byte{root.cert.Raw}, true); err != nil {
		return err
	}
	if err := a.listOfRoot(ctx, root, listUntil); err != nil {
		return err
	}
	a.forget()
	return nil
}

// forget makes the next call read the table.
func (a *Authority) forget() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.house = nil
}

// Tend is background work for about every ten minutes: it renews what grows old, and revokes what an interrupted issuance left reserved. In an installation that never had a
// ceremony it does nothing.
func (a *Authority) Tend(ctx context.Context) error {
	if h, err := a.known(ctx, 0); err != nil || len(h.all) == 0 && !a.MakesRoot {
		return err
	}
	if err := a.Ensure(ctx); err != nil {
		return err
	}
	now := a.Now()
	return a.Do(ctx, func(tx certificate.Tx) error {
		_, err := certificate.GiveUp(tx, now.Add(-time.Hour), now, a.Rand, 100)
		return err
	})
}

// issuerOf finds whose signature a certificate says it has.
func (a *Authority) issuerOf(ctx context.Context, cert *x509.Certificate) (member, error) {
	for _, trust := range []time.Duration{a.refresh(), time.Second} {
		h, err := a.known(ctx, trust)
		if err != nil {
			return member{}, err
		}
		for _, m := range h.all {
			if (m.Role == certificate.Issuing || m.Role == certificate.Root) && cert.CheckSignatureFrom(m.cert) == nil {
				return m, nil
			}
		}
	}
	return member{}, fault.New(fault.CertificateUnknown)
}
