package pki

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/fault"
)

// Lists of an issuing authority promise the next one after listLife. One that was signed is given out again for listKeep at most, and not at all once any status changed.
const (
	listLife     = 24 * time.Hour
	listKeep     = time.Minute
	rootListLife = 200 * day // a root's key comes out of its safe twice a year
	listPage     = 5000
)

// list is a revocation list as it was signed.
type list struct {
	der     []byte
	made    time.Time
	changed time.Time // of the last status that it knows
	next    time.Time
}

// CRLOf is an authority's current list in DER, by its id, and when the next one is promised: for its address. Faults: CertificateUnknown, StatusUnavailable.
func (a *Authority) CRLOf(ctx context.Context, id string) ([]byte, time.Time, error) {
	m, err := a.lookup(ctx, id)
	if err != nil {
		return nil, time.Time{}, err
	}
	switch m.Role {
	case certificate.Root:
		return a.keptList(ctx, m)
	case certificate.Issuing:
		l, err := a.listOf(ctx, m)
		return l.der, l.next, err
	}
	return nil, time.Time{}, fault.New(fault.CertificateUnknown)
}

func (a *Authority) keptList(ctx context.Context, m member) ([]byte, time.Time, error) {
	var der []byte
	err := a.View(ctx, func(tx certificate.Tx) (err error) {
		der, err = tx.KeptCRL(m.ID)
		return err
	})
	if err != nil {
		return nil, time.Time{}, fault.New(fault.StatusUnavailable).Because(err)
	}
	parsed, err := x509.ParseRevocationList(der)
	if err == nil {
		err = parsed.CheckSignatureFrom(m.cert) // the row has no stamp of ours
	}
	if err != nil {
		return nil, time.Time{}, fault.New(fault.StatusUnavailable).Because(fmt.Errorf("kept list of %s: %w", m.ID, err))
	}
	return der, parsed.NextUpdate, nil
}

// listOf gives the list that is right now. The rows are asked each time whether any status changed since it was signed (S7).
func (a *Authority) listOf(ctx context.Context, m member) (list, error) {
	var changed time.Time
	err := a.View(ctx, func(tx certificate.Tx) (err error) {
		changed, err = tx.StatusChangedAt(m.ID)
		return err
	})
	if err != nil {
		return list{}, err
	}
	now := a.Now()
	a.mu.Lock()
	l, ok := a.lists[m.ID]
	a.mu.Unlock()
	if age := now.Sub(l.made); ok && l.changed.Equal(changed) && age >= 0 && age < listKeep {
		return l, nil
	}
	by, err := a.signer(m)
	if err != nil {
		return list{}, err
	}
	l, err = a.newList(ctx, by, listLife)
	if err != nil {
		return list{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lists == nil {
		a.lists = map[string]list{}
	}
	a.lists[m.ID] = l
	return l, nil
}

// newList takes a number, reads the rows in the same transaction, so that a higher number never says less, and signs.
func (a *Authority) newList(ctx context.Context, by *signerOf, life time.Duration) (list, error) {
	now := a.Now().UTC().Truncate(time.Second)
	l := list{made: now, next: now.Add(life)}
	template := &x509.RevocationList{ThisUpdate: now, NextUpdate: l.next, SignatureAlgorithm: algorithmFor(by.key.Public())}
	err := a.Do(ctx, func(tx certificate.Tx) error {
		n, err := tx.NextCRLNumber(by.id)
		if err != nil {
			return err
		}
		template.Number = big.NewInt(n)
		if l.changed, err = tx.StatusChangedAt(by.id); err != nil {
			return err
		}
		template.RevokedCertificateEntries, err = entries(tx, by.id, now)
		return err
	})
	if err != nil {
		return list{}, err
	}
	if l.der, err = x509.CreateRevocationList(rand.Reader, template, by.cert, by.key); err != nil {
		return list{}, a.failed(by.id, fmt.Errorf("sign list of %s: %w", by.id, err))
	}
	return l, nil
}

// entries reads what a list says. A certificate that ended stays for some lists more: none may leave before a list that was made after its end (RFC 5280 §3.3).
func entries(tx certificate.Tx, authority string, now time.Time) ([]x509.RevocationListEntry, error) {
	all := []x509.RevocationListEntry{}
	for after := ""; ; {
		rows, err := tx.RevokedCertificates(authority, now.Add(-7*listLife), after, listPage)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			n, ok := new(big.Int).SetString(r.Serial, 16)
			if !ok {
				return nil, fmt.Errorf("serial %q", r.Serial)
			}
			all = append(all, x509.RevocationListEntry{SerialNumber: n, RevocationTime: r.ChangedAt.UTC().Truncate(time.Second), ReasonCode: int(r.Reason)})
			after = r.Serial
		}
		if len(rows) < listPage {
			return all, nil
		}
	}
}

// listOfRoot signs a root's list with the root's key at hand, and keeps it.
func (a *Authority) listOfRoot(ctx context.Context, root *signerOf, until time.Time) error {
	l, err := a.newList(ctx, root, until.Sub(a.Now().UTC().Truncate(time.Second)))
	if err != nil {
		return err
	}
	return a.Do(ctx, func(tx certificate.Tx) error { return tx.KeepCRL(root.id, l.der) })
}
