package store

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/signkey"
)

var _ signkey.Tx = (*Tx)(nil)

// signingKeyRow binds what is published of a key to its row. Who can write to the database, but has no keystore, could otherwise add a key of their own: its public half
// would be published, and every service would believe what they sign with it.
func signingKeyRow(k signkey.Key) string {
	public, cert := sha256.Sum256(k.Public), sha256.Sum256(k.Cert)
	return strings.Join([]string{k.ID, k.Ring, k.Alg, hex.EncodeToString(public[:]), hex.EncodeToString(cert[:])}, "/")
}

const signingKeysStamp = "signing_keys.stamp"

// SigningKeys lists all keys of a ring, oldest first. There are a handful. A row without the keystore's stamp is none.
func (tx *Tx) SigningKeys(ring string) ([]signkey.Key, error) {
	var keys []signkey.Key
	err := tx.query(func(scan func(...any) error) error {
		var (
			k                              signkey.Key
			stamp                          []byte
			created, active, retired, gone int64
		)
		if err := scan(&k.ID, &k.Version, &k.Ring, &k.Alg, &k.State, &k.Sealed, &k.Public, &k.Cert, &stamp, &created, &active, &retired, &gone); err != nil {
			return err
		}
		if _, err := tx.unsealBytes(signingKeysStamp, signingKeyRow(k), stamp); err != nil {
			tx.db.log.ErrorContext(tx.ctx, "a signing key was not made here; it is left out", "kid", k.ID, "err", err)
			return nil
		}
		k.CreatedAt, k.ActiveAt, k.RetiredAt, k.GoneAt = instant(created), instant(active), instant(retired), instant(gone)
		keys = append(keys, k)
		return nil
	}, `SELECT id, version, ring, alg, state, sealed, public, certificate, stamp, created_at, active_at, retired_at, gone_at
		FROM signing_keys WHERE ring = $1 ORDER BY created_at, id`,
		ring)
	return keys, err
}

// InsertSigningKey adds a key, unless its algorithm has one in that state.
func (tx *Tx) InsertSigningKey(k signkey.Key) error {
	stamp, err := tx.sealBytes(signingKeysStamp, signingKeyRow(k), nil)
	if err != nil {
		return err
	}
	won, err := tx.cas(`INSERT INTO signing_keys (id, version, ring, alg, state, sealed, public, certificate, stamp, created_at, active_at, retired_at, gone_at)
		VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`,
		k.ID, k.Ring, k.Alg, string(k.State), whole(k.Sealed), k.Public, whole(k.Cert), stamp, micros(k.CreatedAt), micros(k.ActiveAt), micros(k.RetiredAt), micros(k.GoneAt))
	if err == nil && !won {
		return fault.New(fault.RowConflict)
	}
	return err
}

// UpdateSigningKey changes what can change: the state, its times, and the private half, which can only go.
func (tx *Tx) UpdateSigningKey(k signkey.Key) error {
	return tx.must(`UPDATE signing_keys SET version = version + 1, state = $3, sealed = $4, active_at = $5, retired_at = $6, gone_at = $7
		WHERE id = $1 AND version = $2`,
		k.ID, k.Version, string(k.State), whole(k.Sealed), micros(k.ActiveAt), micros(k.RetiredAt), micros(k.GoneAt))
}

// DeleteSigningKey removes a retired key.
func (tx *Tx) DeleteSigningKey(id string) (bool, error) {
	return tx.cas(`DELETE FROM signing_keys WHERE id = $1 AND state = 'retired'`, id)
}

// whole makes an empty value of none: a column that is NOT NULL takes no nil.
func whole(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
