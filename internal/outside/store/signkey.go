package store

import (
	"chave/internal/core/fault"
	"chave/internal/core/signkey"
)

var _ signkey.Tx = (*Tx)(nil)

// SigningKeys lists all keys of a ring, oldest first. There are a handful.
func (tx *Tx) SigningKeys(ring string) ([]signkey.Key, error) {
	var keys []signkey.Key
	err := tx.query(func(scan func(...any) error) error {
		var (
			k                              signkey.Key
			created, active, retired, gone int64
		)
		if err := scan(&k.ID, &k.Version, &k.Ring, &k.Alg, &k.State, &k.Sealed, &k.Public, &k.Cert, &created, &active, &retired, &gone); err != nil {
			return err
		}
		k.CreatedAt, k.ActiveAt, k.RetiredAt, k.GoneAt = instant(created), instant(active), instant(retired), instant(gone)
		keys = append(keys, k)
		return nil
	}, `SELECT id, version, ring, alg, state, sealed, public, certificate, created_at, active_at, retired_at, gone_at
		FROM signing_keys WHERE ring = $1 ORDER BY created_at, id`,
		ring)
	return keys, err
}

// InsertSigningKey adds a key, unless its algorithm has one in that state.
func (tx *Tx) InsertSigningKey(k signkey.Key) error {
	won, err := tx.cas(`INSERT INTO signing_keys (id, version, ring, alg, state, sealed, public, certificate, created_at, active_at, retired_at, gone_at)
		VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
		k.ID, k.Ring, k.Alg, string(k.State), whole(k.Sealed), k.Public, whole(k.Cert), micros(k.CreatedAt), micros(k.ActiveAt), micros(k.RetiredAt), micros(k.GoneAt))
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
