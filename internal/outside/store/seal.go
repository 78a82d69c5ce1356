package store

import (
	"encoding/json"
	"fmt"

	"chave/internal/core/fault"
)

// seal encrypts a value for one column of one row. The context names table, column and row, so that whoever can
// write to the database, but has no keystore, cannot move a name or a phone to another person's row.
func (tx *Tx) seal(column, id string, value any) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", column, err)
	}
	defer clear(plain)
	return tx.sealBytes(column, id, plain)
}

func (tx *Tx) sealBytes(column, id string, plain []byte) ([]byte, error) {
	sealed, err := tx.db.vault.Seal("store:"+column, rowContext(column, id), plain)
	if err != nil {
		return nil, fault.New(fault.StoreUnavailable).Because(fmt.Errorf("seal %s: %w", column, err))
	}
	return sealed, nil
}

// unseal is seal backwards. A value that does not open was changed, moved, or sealed under a lost key: that is
// internal, and never read as empty.
func (tx *Tx) unseal(column, id string, sealed []byte, into any) error {
	plain, err := tx.unsealBytes(column, id, sealed)
	if err != nil {
		return err
	}
	defer clear(plain)
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("unseal %s: %w", column, err)
	}
	return nil
}

func (tx *Tx) unsealBytes(column, id string, sealed []byte) ([]byte, error) {
	plain, err := tx.db.vault.Open("store:"+column, rowContext(column, id), sealed)
	if err != nil {
		return nil, fault.New(fault.InternalError).Because(fmt.Errorf("unseal %s: %w", column, err))
	}
	return plain, nil
}

func rowContext(column, id string) []byte { return []byte(column + "\x00" + id) }

// index is the keyed hash under which a sealed value can be found again. Without the keystore nobody can try numbers
// against it. kind keeps a phone from being found as a tax number.
func (tx *Tx) index(kind, value string) []byte {
	return tx.db.vault.MAC("index:"+kind, []byte(value))
}

// rotated is a vault that still has earlier keys. What was indexed under them must be found, or a rotation of keys
// would lock everybody out and let everybody register twice.
type rotated interface {
	KeyIDs() []string // the current one first
	MACWith(keyID, label string, parts ...[]byte) ([]byte, error)
}

// earlierIndexes are the hashes that value had under earlier keys; mostly none.
func (tx *Tx) earlierIndexes(kind, value string) ([][]byte, error) {
	v, ok := tx.db.vault.(rotated)
	if !ok {
		return nil, nil
	}
	var all [][]byte
	for _, id := range v.KeyIDs()[1:] {
		mac, err := v.MACWith(id, "index:"+kind, []byte(value))
		if err != nil {
			return nil, fault.New(fault.StoreUnavailable).Because(fmt.Errorf("index under key %s: %w", id, err))
		}
		all = append(all, mac)
	}
	return all, nil
}
