package store

import (
	"fmt"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/signing"
)

var _ signing.Tx = (*Tx)(nil)

const (
	personalSealed = "personal_keys.sealed"
	personalChain  = "personal_keys.chain"
)

// personalRow binds the locked key and its PIN to whose they are and to whether they work: who can write to the database, but has no keystore, cannot lift a suspension or
// a block, prolong a certificate, or give somebody the key of another.
func personalRow(k signing.Key) string {
	return fmt.Sprintf("%s/%s/%s/%s/%s/%d/%d", k.ID, k.Person, k.Alg, k.State, k.Serial, micros(k.BlockedAt), micros(k.NotAfter))
}

// chainRow is what the certificates are bound to. They never change, and are written once.
func chainRow(k signing.Key) string { return fmt.Sprintf("%s/%s/%s", k.ID, k.Person, k.Serial) }

// personal is what of a key is sealed.
type personal struct {
	Locked []byte               `json:"locked,omitempty"`
	PIN    credential.StoredPIN `json:"pin"`
	Terms  string               `json:"terms,omitempty"`
}

const personalColumns = `id, version, person, alg, state, serial, sealed, chain, wrong_pins, wrong_codes, blocked_at, created_at, not_after, changed_at`

// SigningKeyOf reads the person's key that has not ended; fault.RowNotFound when there is none.
func (tx *Tx) SigningKeyOf(who citizen.ID) (signing.Key, error) {
	return tx.personalKey(`SELECT `+personalColumns+` FROM personal_keys WHERE person = $1 AND state <> 'ended'`, string(who))
}

// PersonalKey reads one by id, ended or not; fault.RowNotFound.
func (tx *Tx) PersonalKey(id string) (signing.Key, error) {
	return tx.personalKey(`SELECT `+personalColumns+` FROM personal_keys WHERE id = $1`, id)
}

// PersonalKeys lists all of a person's, newest first, after the one that has not ended.
func (tx *Tx) PersonalKeys(who citizen.ID) ([]signing.Key, error) {
	return tx.personalKeys(`SELECT `+personalColumns+` FROM personal_keys WHERE person = $1 ORDER BY CASE WHEN state = 'ended' THEN 1 ELSE 0 END, created_at DESC, id`, string(who))
}

// ExpiredPersonalKeys lists up to n keys that have not ended though their certificates have.
func (tx *Tx) ExpiredPersonalKeys(now time.Time, n int) ([]signing.Key, error) {
	return tx.personalKeys(`SELECT `+personalColumns+` FROM personal_keys WHERE not_after <= $1 AND state <> 'ended' ORDER BY not_after LIMIT $2`, micros(now), n)
}

func (tx *Tx) personalKey(text string, args ...any) (signing.Key, error) {
	var r personalKeyRow
	if err := tx.queryRow(text, args...).Scan(r.into()...); err != nil {
		return signing.Key{}, err
	}
	return r.key(tx)
}

func (tx *Tx) personalKeys(text string, args ...any) ([]signing.Key, error) {
	var rows []personalKeyRow
	err := tx.query(func(scan func(...any) error) error {
		var r personalKeyRow
		err := scan(r.into()...)
		rows = append(rows, r)
		return err
	}, text, args...)
	if err != nil {
		return nil, err
	}
	var keys []signing.Key
	for _, r := range rows {
		k, err := r.key(tx)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

type personalKeyRow struct {
	id, person, alg, state, serial                                  string
	sealed, chain                                                   []byte
	version, pins, codes, blockedAt, createdAt, notAfter, changedAt int64
}

func (r *personalKeyRow) into() []any {
	return []any{
		&r.id, &r.version, &r.person, &r.alg, &r.state, &r.serial, &r.sealed, &r.chain, &r.pins, &r.codes, &r.blockedAt, &r.createdAt, &r.notAfter, &r.changedAt,
	}
}

func (r *personalKeyRow) key(tx *Tx) (signing.Key, error) {
	k := signing.Key{
		ID: r.id, Version: r.version, Person: citizen.ID(r.person), Alg: signing.Alg(r.alg), State: signing.KeyState(r.state), Serial: r.serial,
		WrongPINs: int(r.pins), WrongCodes: int(r.codes), BlockedAt: instant(r.blockedAt), CreatedAt: instant(r.createdAt), NotAfter: instant(r.notAfter),
		ChangedAt: instant(r.changedAt),
	}
	var p personal
	if err := tx.unseal(personalSealed, personalRow(k), r.sealed, &p); err != nil {
		return signing.Key{}, err
	}
	chain, err := tx.unsealBytes(personalChain, chainRow(k), r.chain)
	if err != nil {
		return signing.Key{}, err
	}
	k.Locked, k.PIN, k.Terms = p.Locked, p.PIN, p.Terms
	k.Chain, err = splitDER(chain)
	return k, err
}

// InsertPersonalKey writes a new one; fault.RowConflict when the person has one that has not ended.
func (tx *Tx) InsertPersonalKey(k signing.Key) error {
	sealed, err := tx.seal(personalSealed, personalRow(k), personal{k.Locked, k.PIN, k.Terms})
	if err != nil {
		return err
	}
	var joined []byte
	for _, der := range k.Chain {
		joined = append(joined, der...)
	}
	chain, err := tx.sealBytes(personalChain, chainRow(k), joined)
	if err != nil {
		return err
	}
	won, err := tx.cas(`INSERT INTO personal_keys (`+personalColumns+`)
		VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`,
		k.ID, string(k.Person), string(k.Alg), string(k.State), k.Serial, sealed, chain, k.WrongPINs, k.WrongCodes, micros(k.BlockedAt), micros(k.CreatedAt),
		micros(k.NotAfter), micros(k.ChangedAt))
	if err == nil && !won {
		return fault.New(fault.RowConflict)
	}
	return err
}

// UpdatePersonalKey replaces the row of the same Version and adds one to it, else fault.RowConflict. Holder, certificate and sort never change.
func (tx *Tx) UpdatePersonalKey(k signing.Key) error {
	sealed, err := tx.seal(personalSealed, personalRow(k), personal{k.Locked, k.PIN, k.Terms})
	if err != nil {
		return err
	}
	return tx.must(`UPDATE personal_keys
		SET version = version + 1, state = $3, sealed = $4, wrong_pins = $5, wrong_codes = $6, blocked_at = $7, changed_at = $8
		WHERE id = $1 AND version = $2 AND state <> 'ended'`,
		k.ID, k.Version, string(k.State), sealed, k.WrongPINs, k.WrongCodes, micros(k.BlockedAt), micros(k.ChangedAt))
}

// InsertPooled adds a key made ahead.
func (tx *Tx) InsertPooled(p signing.Pooled) error {
	_, err := tx.exec(`INSERT INTO pooled_keys (id, alg, sealed, public, made_at) VALUES ($1, $2, $3, $4, $5)`,
		p.ID, string(p.Alg), p.Sealed, p.Public, micros(p.MadeAt))
	return err
}

// TakePooled removes one and returns it; fault.RowNotFound when there is none.
func (tx *Tx) TakePooled(alg signing.Alg) (signing.Pooled, error) {
	p := signing.Pooled{Alg: alg}
	var made int64
	err := tx.queryRow(`DELETE FROM pooled_keys
		WHERE id IN (SELECT id FROM pooled_keys WHERE alg = $1 ORDER BY made_at, id LIMIT 1)
		RETURNING id, sealed, public, made_at`,
		string(alg)).Scan(&p.ID, &p.Sealed, &p.Public, &made)
	p.MadeAt = instant(made)
	if !fault.Is(err, fault.RowNotFound) {
		return p, err
	}
	if n, err := tx.CountPooled(alg); err != nil || n == 0 {
		return p, fault.New(fault.RowNotFound).Because(err)
	}
	return p, tx.lost() // another node took the same one first, and there are more
}

// CountPooled counts those of an algorithm.
func (tx *Tx) CountPooled(alg signing.Alg) (n int, err error) {
	err = tx.queryRow(`SELECT COUNT(*) FROM pooled_keys WHERE alg = $1`, string(alg)).Scan(&n)
	return n, err
}
