package store

import (
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/signing"
)

const (
	operationsSealed = "operations.sealed"
	signaturesNames  = "signatures.names"
)

// operationRow binds what is to be signed to everything beside it: an operation cannot be given to another person, application or key, and one that is spent cannot be
// made to wait again, by whoever writes to the database without the keystore.
func operationRow(op signing.Operation) string {
	return fmt.Sprintf("%s/%s/%s/%s/%s/%s/%d/%d/%d/%s", op.ID, op.Person, op.Wire, op.Application, op.KeyID, op.State, micros(op.ExpiresAt), micros(op.SpentAt),
		micros(op.SignedAt), hex.EncodeToString(op.Handle))
}

const operationColumns = `id, version, wire, application, person, key_id, state, handle, created_at, expires_at, spent_at, signed_at, due_at, sealed`

type operationRecord struct {
	id, wire, application, person, keyID, state        string
	handle, sealed                                     []byte
	version, created, expires, spent, signed, dueAfter int64
}

func (r *operationRecord) into() []any {
	return []any{
		&r.id, &r.version, &r.wire, &r.application, &r.person, &r.keyID, &r.state, &r.handle, &r.created, &r.expires, &r.spent, &r.signed, &r.dueAfter, &r.sealed,
	}
}

func (r *operationRecord) operation(tx *Tx) (signing.Operation, error) {
	op := signing.Operation{
		ID: r.id, Version: r.version, Wire: r.wire, Application: r.application, Person: citizen.ID(r.person), KeyID: r.keyID, State: signing.OperationState(r.state),
		CreatedAt: instant(r.created), ExpiresAt: instant(r.expires), SpentAt: instant(r.spent), SignedAt: instant(r.signed), DueAt: instant(r.dueAfter),
	}
	op.Handle = r.handle
	var c signing.Content
	if err := tx.unseal(operationsSealed, operationRow(op), r.sealed, &c); err != nil {
		return signing.Operation{}, err
	}
	op.Content = c
	return op, nil
}

// InsertOperation writes a new one with Version 1.
func (tx *Tx) InsertOperation(op signing.Operation) error {
	sealed, err := tx.seal(operationsSealed, operationRow(op), op.Content)
	if err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO operations (`+operationColumns+`) VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		op.ID, op.Wire, op.Application, string(op.Person), op.KeyID, string(op.State), present(op.Handle), micros(op.CreatedAt), micros(op.ExpiresAt), micros(op.SpentAt),
		micros(op.SignedAt), micros(op.DueAt), sealed)
	return err
}

// Operation reads one; fault.RowNotFound when there is none.
func (tx *Tx) Operation(id string) (signing.Operation, error) {
	return tx.operation(`SELECT `+operationColumns+` FROM operations WHERE id = $1`, id)
}

// OperationByPermit finds the one whose permit has this digest; fault.RowNotFound.
func (tx *Tx) OperationByPermit(digest []byte) (signing.Operation, error) {
	return tx.operation(`SELECT `+operationColumns+` FROM operations WHERE handle = $1 AND LENGTH(handle) > 0`, present(digest))
}

func (tx *Tx) operation(text string, args ...any) (signing.Operation, error) {
	var r operationRecord
	if err := tx.queryRow(text, args...).Scan(r.into()...); err != nil {
		return signing.Operation{}, err
	}
	return r.operation(tx)
}

// UpdateOperation replaces the row of the same Version and adds one to it, else fault.RowConflict.
func (tx *Tx) UpdateOperation(op signing.Operation) error {
	sealed, err := tx.seal(operationsSealed, operationRow(op), op.Content)
	if err != nil {
		return err
	}
	return tx.must(`UPDATE operations
		SET version = version + 1, state = $3, handle = $4, expires_at = $5, spent_at = $6, signed_at = $7, due_at = $8, sealed = $9
		WHERE id = $1 AND version = $2`,
		op.ID, op.Version, string(op.State), present(op.Handle), micros(op.ExpiresAt), micros(op.SpentAt), micros(op.SignedAt), micros(op.DueAt), sealed)
}

// CountWaiting counts a person's operations with an application that wait and have not expired.
func (tx *Tx) CountWaiting(who citizen.ID, application string, now time.Time) (n int, err error) {
	err = tx.queryRow(`SELECT COUNT(*) FROM operations WHERE person = $1 AND application = $2 AND state = 'waiting' AND expires_at > $3`,
		string(who), application, micros(now)).Scan(&n)
	return n, err
}

// WaitingOf lists a person's operations that wait or are confirmed, expired or not.
func (tx *Tx) WaitingOf(who citizen.ID) ([]signing.Operation, error) {
	return tx.operations(`SELECT `+operationColumns+` FROM operations WHERE person = $1 AND state IN ('waiting', 'confirmed') ORDER BY id`, nil, string(who))
}

// DueOperations lists up to n operations of which something must be erased by an instant, the longest due first. A row that does not open is left out: it must not keep
// the others from being erased, and goes with its age.
func (tx *Tx) DueOperations(now time.Time, n int) ([]signing.Operation, error) {
	return tx.operations(`SELECT `+operationColumns+` FROM operations WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at LIMIT $2`, func(id string, err error) {
		tx.db.log.ErrorContext(tx.ctx, "an operation cannot be read and is not swept", "operation", id, "err", err)
	}, micros(now), n)
}

func (tx *Tx) operations(text string, unreadable func(id string, err error), args ...any) ([]signing.Operation, error) {
	var rows []operationRecord
	err := tx.query(func(scan func(...any) error) error {
		var r operationRecord
		err := scan(r.into()...)
		rows = append(rows, r)
		return err
	}, text, args...)
	if err != nil {
		return nil, err
	}
	var all []signing.Operation
	for _, r := range rows {
		op, err := r.operation(tx)
		if err != nil && unreadable != nil {
			unreadable(r.id, err)
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, op)
	}
	return all, nil
}

func entryRow(e signing.Entry) string {
	return fmt.Sprintf("%s/%s/%s/%s/%d/%d", e.ID, e.Person, e.KeyID, e.Application, micros(e.At), e.Count)
}

// InsertSignature adds an entry to the history.
func (tx *Tx) InsertSignature(e signing.Entry) error {
	names, err := tx.seal(signaturesNames, entryRow(e), e.Names)
	if err != nil {
		return err
	}
	_, err = tx.exec(`INSERT INTO signatures (id, person, key_id, serial, application, wire, at, not_after, n, names)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		e.ID, string(e.Person), e.KeyID, e.Serial, e.Application, e.Wire, micros(e.At), micros(e.NotAfter), e.Count, names)
	return err
}

// Signatures lists a person's history, newest first, at most n, before an instant (zero: from the newest).
func (tx *Tx) Signatures(who citizen.ID, before time.Time, n int) ([]signing.Entry, error) {
	end := int64(1<<63 - 1)
	if !before.IsZero() {
		end = micros(before)
	}
	var all []signing.Entry
	var sealed [][]byte
	err := tx.query(func(scan func(...any) error) error {
		e := signing.Entry{Person: who}
		var at, until int64
		var names []byte
		err := scan(&e.ID, &e.KeyID, &e.Serial, &e.Application, &e.Wire, &at, &until, &e.Count, &names)
		e.At, e.NotAfter = instant(at), instant(until)
		all, sealed = append(all, e), append(sealed, names)
		return err
	}, `SELECT id, key_id, serial, application, wire, at, not_after, n, names
		FROM signatures WHERE person = $1 AND at < $2 ORDER BY at DESC, id LIMIT $3`,
		string(who), end, n)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if err := tx.unseal(signaturesNames, entryRow(all[i]), sealed[i], &all[i].Names); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// splitDER takes certificates apart that were written one after the other.
func splitDER(joined []byte) (chain [][]byte, err error) {
	for len(joined) > 0 {
		var one asn1.RawValue
		rest, err := asn1.Unmarshal(joined, &one)
		if err != nil {
			return nil, errors.New("a chain of certificates cannot be taken apart")
		}
		chain, joined = append(chain, one.FullBytes), rest
	}
	return chain, nil
}
