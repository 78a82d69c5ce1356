package pki

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/random"
	"chave/internal/outside/pki/lint"
)

// Issue certifies a person's key. The certificate ends when the subject says, or with the authority, whichever is earlier. Faults: CertificateRefused (the linter),
// AuthorityMissing, KeystoreUnavailable, StoreUnavailable. After a fault nothing was handed out; what may have been signed is on record and gets revoked by Tend.
func (a *Authority) Issue(ctx context.Context, subject certificate.Subject) (certificate.Issued, error) {
	by, err := a.acting(ctx, certificate.Issuing)
	if err != nil {
		return certificate.Issued{}, err
	}
	key, err := a.signer(by)
	if err != nil {
		return certificate.Issued{}, err
	}
	public, err := x509.ParsePKIXPublicKey(subject.Public)
	if err != nil {
		return certificate.Issued{}, refused(fmt.Errorf("the key to certify: %w", err))
	}
	name, err := a.Profiles.personName(subject.Person)
	if err != nil {
		return certificate.Issued{}, refused(err)
	}
	o := order{kind: lint.Person, name: name, public: public, notBefore: a.Now(), notAfter: subject.NotAfter, person: &subject.Person}
	if o.notAfter.After(by.cert.NotAfter) {
		o.notAfter = by.cert.NotAfter
	}
	row, err := a.certify(ctx, o, key, subject.Person.ID, nil)
	if err != nil {
		return certificate.Issued{}, err
	}
	return certificate.Issued{Certificate: row, Chain: append([][]byte{row.DER, by.Cert}, by.Chain...)}, nil
}

func refused(err error) error { return fault.New(fault.CertificateRefused).Because(err) }

// certify is the one way by which a certificate below a root comes to be (docs/certificate-profile.md): prepared and linted, reserved, signed, stored. also writes what belongs
// into the same transaction as the finished certificate.
func (a *Authority) certify(ctx context.Context, o order, by *signerOf, who citizen.ID, also func(certificate.Tx, certificate.Certificate) error) (certificate.Certificate, error) {
	none := certificate.Certificate{}
	throwaway, err := a.throwawayLike(by.key.Public())
	if err != nil {
		return none, fault.New(fault.InternalError).Because(err)
	}
	if o.notBefore.Before(by.cert.NotBefore) { // made a moment ago by a node whose clock is ahead of ours
		o.notBefore = by.cert.NotBefore
	}
	t, err := a.Profiles.prepare(o, by, throwaway, a.Rand)
	if err != nil {
		return none, refused(err)
	}
	row := certificate.Certificate{
		Serial: t.serial, Version: 1, Authority: by.id, Profile: string(o.kind), Person: who, TBS: t.tbs, State: certificate.Reserved,
	}
	if row.NotBefore, row.NotAfter, err = validityOf(o); err != nil {
		return none, refused(err)
	}
	if err := a.Do(ctx, func(tx certificate.Tx) error { return tx.InsertCertificate(row) }); err != nil {
		return none, err
	}
	der, err := t.sign(by)
	if err != nil {
		return none, a.failed(by.id, err)
	}
	row.State, row.DER = certificate.Good, der
	event := audit.Event{
		ID: random.ID(a.Rand), At: a.Now(), Kind: audit.CertificateIssued, Person: who, Data: map[string]string{"serial": row.Serial, "profile": row.Profile, "authority": by.id},
	}
	err = a.Do(ctx, func(tx certificate.Tx) error {
		if err := tx.UpdateCertificate(row); err != nil {
			return err
		}
		if also != nil {
			if err := also(tx, row); err != nil {
				return err
			}
		}
		return tx.InsertAudit(event)
	})
	if err != nil && !a.kept(ctx, row) {
		return none, err
	}
	row.Version = 2
	return row, nil
}

// kept tells whether a commit whose answer was lost was made all the same: nobody else can have written these bytes.
func (a *Authority) kept(ctx context.Context, row certificate.Certificate) bool {
	var found certificate.Certificate
	err := a.View(ctx, func(tx certificate.Tx) (err error) {
		found, err = tx.Certificate(row.Serial)
		return err
	})
	return err == nil && found.State == certificate.Good && bytes.Equal(found.DER, row.DER)
}

// validityOf is what stands in the certificate: whole seconds.
func validityOf(o order) (from, to time.Time, err error) {
	from, to = o.notBefore.UTC().Truncate(time.Second), o.notAfter.UTC().Truncate(time.Second)
	if !from.Before(to) {
		err = errors.New("a certificate that ends before it begins")
	}
	return from, to, err
}
