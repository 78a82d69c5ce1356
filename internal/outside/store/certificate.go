package store

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/fault"
)

var _ certificate.Tx = (*Tx)(nil)

const (
	certificatesSealed = "certificates.sealed"
	certificatesStamp  = "certificates.stamp"
	authoritiesStamp   = "authorities.stamp"
)

// certificateContent is the sealed part of a certificate's row.
type certificateContent struct {
	Person citizen.ID `json:"person,omitempty"`
	TBS    []byte     `json:"tbs"`
	DER    []byte     `json:"der,omitempty"`
}

// certificateStatus binds a status to its row. Who can write to the database, but has no keystore, could otherwise make a revoked certificate good.
func certificateStatus(c certificate.Certificate) string {
	return strings.Join([]string{
		c.Serial, c.Authority, c.Profile, string(c.State), strconv.Itoa(int(c.Reason)),
		strconv.FormatInt(micros(c.NotBefore), 10), strconv.FormatInt(micros(c.NotAfter), 10), strconv.FormatInt(micros(c.ChangedAt), 10),
	}, "/")
}

func (tx *Tx) sealCertificate(c certificate.Certificate) (stamp, sealed []byte, err error) {
	if stamp, err = tx.sealBytes(certificatesStamp, certificateStatus(c), nil); err != nil {
		return nil, nil, err
	}
	sealed, err = tx.seal(certificatesSealed, c.Serial+"/"+c.Authority, certificateContent{c.Person, c.TBS, c.DER})
	return stamp, sealed, err
}

// InsertCertificate reserves one; fault.RowConflict when the serial is taken.
func (tx *Tx) InsertCertificate(c certificate.Certificate) error {
	stamp, sealed, err := tx.sealCertificate(c)
	if err != nil {
		return err
	}
	won, err := tx.cas(`
		INSERT INTO certificates (serial, version, authority, profile, state, reason, not_before, not_after, changed_at, stamp, sealed)
		VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (serial) DO NOTHING`,
		c.Serial, c.Authority, c.Profile, string(c.State), int64(c.Reason), micros(c.NotBefore), micros(c.NotAfter), micros(c.ChangedAt), stamp, sealed)
	if err == nil && !won {
		return fault.New(fault.RowConflict)
	}
	return err
}

// certificateRow is one row as it was read, not opened yet.
type certificateRow struct {
	c                       certificate.Certificate
	state                   string
	reason, from, to, since int64
	stamp, sealed           []byte
}

func (r *certificateRow) into() []any {
	return []any{&r.c.Serial, &r.c.Version, &r.c.Authority, &r.c.Profile, &r.state, &r.reason, &r.from, &r.to, &r.since, &r.stamp, &r.sealed}
}

// status believes the row's open columns once the stamp says so.
func (r *certificateRow) status(tx *Tx) (certificate.Certificate, error) {
	c := r.c
	c.State, c.Reason = certificate.State(r.state), certificate.Reason(r.reason)
	c.NotBefore, c.NotAfter, c.ChangedAt = instant(r.from), instant(r.to), instant(r.since)
	_, err := tx.unsealBytes(certificatesStamp, certificateStatus(c), r.stamp)
	return c, err
}

// Certificate reads one by serial; fault.RowNotFound.
func (tx *Tx) Certificate(serial string) (certificate.Certificate, error) {
	var r certificateRow
	err := tx.queryRow(`
		SELECT serial, version, authority, profile, state, reason, not_before, not_after, changed_at, stamp, sealed
		FROM certificates
		WHERE serial = $1`,
		serial).Scan(r.into()...)
	if err != nil {
		return certificate.Certificate{}, err
	}
	c, err := r.status(tx)
	if err != nil {
		return certificate.Certificate{}, err
	}
	var content certificateContent
	if err := tx.unseal(certificatesSealed, c.Serial+"/"+c.Authority, r.sealed, &content); err != nil {
		return certificate.Certificate{}, err
	}
	c.Person, c.TBS, c.DER = content.Person, content.TBS, content.DER
	return c, nil
}

// UpdateCertificate replaces the row of the same Version and adds one to it, else fault.RowConflict. Serial, authority, profile and validity stay as they were issued.
func (tx *Tx) UpdateCertificate(c certificate.Certificate) error {
	stamp, sealed, err := tx.sealCertificate(c)
	if err != nil {
		return err
	}
	return tx.must(`
		UPDATE certificates
		SET version = version + 1, state = $3, reason = $4, changed_at = $5, stamp = $6, sealed = $7
		WHERE serial = $1
		AND version = $2
		AND authority = $8
		AND profile = $9
		AND not_before = $10
		AND not_after = $11`,
		c.Serial, c.Version, string(c.State), int64(c.Reason), micros(c.ChangedAt), stamp, sealed, c.Authority, c.Profile, micros(c.NotBefore), micros(c.NotAfter))
}

// RevokedCertificates lists an authority's certificates that are suspended or revoked and have not ended before an instant, by serial, after a serial, at most n.
func (tx *Tx) RevokedCertificates(authority string, notEndedBefore time.Time, after string, n int) ([]certificate.Certificate, error) {
	return tx.certificates(`
		SELECT serial, version, authority, profile, state, reason, not_before, not_after, changed_at, stamp, stamp
		FROM certificates
		WHERE authority = $1
		AND state IN ('suspended', 'revoked')
		AND not_after >= $2
		AND serial > $3
		ORDER BY serial
		LIMIT $4`,
		authority, micros(notEndedBefore), after, n)
}

// ReservedCertificates lists those reserved before an instant that were never handed out, oldest first, at most n.
func (tx *Tx) ReservedCertificates(before time.Time, n int) ([]certificate.Certificate, error) {
	return tx.certificates(`
		SELECT serial, version, authority, profile, state, reason, not_before, not_after, changed_at, stamp, stamp
		FROM certificates
		WHERE state = 'reserved'
		AND not_before < $1
		ORDER BY not_before, serial
		LIMIT $2`,
		micros(before), n)
}

func (tx *Tx) certificates(text string, args ...any) ([]certificate.Certificate, error) {
	var all []certificate.Certificate
	err := tx.query(func(scan func(...any) error) error {
		var r certificateRow
		if err := scan(r.into()...); err != nil {
			return err
		}
		c, err := r.status(tx)
		all = append(all, c)
		return err
	}, text, args...)
	return all, err
}

// StatusChangedAt is when the status of any of an authority's certificates changed last; zero when none did.
func (tx *Tx) StatusChangedAt(authority string) (time.Time, error) {
	var last int64
	err := tx.queryRow(`
		SELECT changed_at
		FROM certificates
		WHERE authority = $1
		AND changed_at > 0
		ORDER BY changed_at DESC
		LIMIT 1`,
		authority).Scan(&last)
	if fault.Is(err, fault.RowNotFound) {
		return time.Time{}, nil
	}
	return instant(last), err
}

// authorityRow binds what an authority's row says together: without the keystore nobody adds a root that we would publish, or puts one key in another's place.
func authorityRow(a certificate.Authority) string {
	digest := func(parts ...[]byte) string {
		sum := sha256.New()
		for _, p := range parts {
			sum.Write(strconv.AppendInt(nil, int64(len(p)), 10))
			sum.Write([]byte{' '})
			sum.Write(p)
		}
		return hex.EncodeToString(sum.Sum(nil))
	}
	return strings.Join([]string{
		a.ID, string(a.Role), strconv.FormatBool(a.Active), a.Issuer, digest(a.Cert), digest(a.Chain...), digest(a.Sealed), strconv.FormatInt(micros(a.MadeAt), 10),
	}, "/")
}

func chainBytes(chain [][]byte) []byte {
	all := []byte{}
	for _, der := range chain {
		all = append(all, der...)
	}
	return all
}

func number(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// InsertAuthority adds one; fault.RowConflict when its role has an active one and it is active too.
func (tx *Tx) InsertAuthority(a certificate.Authority) error {
	stamp, err := tx.sealBytes(authoritiesStamp, authorityRow(a), nil)
	if err != nil {
		return err
	}
	won, err := tx.cas(`
		INSERT INTO authorities (id, version, role, active, issuer, certificate, chain, sealed, stamp, made_at)
		VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT DO NOTHING`,
		a.ID, string(a.Role), number(a.Active), a.Issuer, present(a.Cert), chainBytes(a.Chain), present(a.Sealed), stamp, micros(a.MadeAt))
	if err == nil && !won {
		return fault.New(fault.RowConflict)
	}
	return err
}

// Authorities lists all, oldest first. A row without the keystore's stamp is none.
func (tx *Tx) Authorities() ([]certificate.Authority, error) {
	var all []certificate.Authority
	err := tx.query(func(scan func(...any) error) error {
		var (
			a            certificate.Authority
			role         string
			active, made int64
			chain, stamp []byte
		)
		if err := scan(&a.ID, &a.Version, &role, &active, &a.Issuer, &a.Cert, &chain, &a.Sealed, &stamp, &made); err != nil {
			return err
		}
		a.Role, a.Active, a.MadeAt = certificate.Role(role), active == 1, instant(made)
		certs, err := x509.ParseCertificates(chain)
		for _, c := range certs {
			a.Chain = append(a.Chain, c.Raw)
		}
		if err == nil {
			_, err = tx.unsealBytes(authoritiesStamp, authorityRow(a), stamp)
		}
		if err != nil {
			tx.db.log.ErrorContext(tx.ctx, "a certificate authority was not made here; it is left out", "id", a.ID, "err", err)
			return nil
		}
		all = append(all, a)
		return nil
	}, `
		SELECT id, version, role, active, issuer, certificate, chain, sealed, stamp, made_at
		FROM authorities
		ORDER BY made_at, id`)
	return all, err
}

// UpdateAuthority changes what can change: whether it is active.
func (tx *Tx) UpdateAuthority(a certificate.Authority) error {
	stamp, err := tx.sealBytes(authoritiesStamp, authorityRow(a), nil)
	if err != nil {
		return err
	}
	return tx.must(`
		UPDATE authorities
		SET version = version + 1, active = $3, stamp = $4
		WHERE id = $1
		AND version = $2`,
		a.ID, a.Version, number(a.Active), stamp)
}

// NextCRLNumber counts an authority's lists. Its row is locked until the commit, so whoever takes a higher number reads what the lower one read, or more.
func (tx *Tx) NextCRLNumber(authority string) (int64, error) {
	if _, err := tx.exec(`
		INSERT INTO revocation_lists (authority, number, list)
		VALUES ($1, 1, $2)
		ON CONFLICT (authority) DO UPDATE
		SET number = revocation_lists.number + 1`,
		authority, []byte{}); err != nil {
		return 0, err
	}
	var n int64
	err := tx.queryRow(`
		SELECT number
		FROM revocation_lists
		WHERE authority = $1`,
		authority).Scan(&n)
	return n, err
}

// KeepCRL keeps the list of an authority whose key is not at hand. It is signed, so it needs no stamp of ours.
func (tx *Tx) KeepCRL(authority string, list []byte) error {
	return tx.must(`
		UPDATE revocation_lists
		SET list = $2
		WHERE authority = $1`,
		authority, present(list))
}

// KeptCRL reads it; fault.RowNotFound when there is none.
func (tx *Tx) KeptCRL(authority string) ([]byte, error) {
	var list []byte
	err := tx.queryRow(`
		SELECT list
		FROM revocation_lists
		WHERE authority = $1`,
		authority).Scan(&list)
	if err == nil && len(list) == 0 {
		return nil, fault.New(fault.RowNotFound)
	}
	return list, err
}
