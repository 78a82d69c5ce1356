package store

import (
	"time"

	"chave/internal/core/message"
)

var _ message.Tx = (*Tx)(nil)

const outboxSealed = "outbox.sealed"

// envelope is what of a message is sealed.
type envelope struct {
	To   string            `json:"to"`
	Lang string            `json:"lang,omitempty"`
	Data map[string]string `json:"data,omitempty"`
}

// InsertMessage puts a message in the outbox.
func (tx *Tx) InsertMessage(m message.Message) error {
	sealed, err := tx.seal(outboxSealed, m.ID, envelope{m.To, m.Lang, m.Data})
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO outbox (id, kind, channel, sealed, at, not_after, due_at, leased_by, leased_until, tries)
		VALUES ($1, $2, $3, $4, $5, $6, $5, '', 0, $7)`,
		m.ID, string(m.Kind), string(m.Channel), sealed, micros(m.At), micros(m.NotAfter), m.Tries)
	return err
}

// LeaseMessages gives up to n messages that are due and unleased, and leases them to this worker until an instant. The
// outer condition is looked at again when two workers meet on a row, so that only one of them gets it. One that does not
// open is left out and put off.
func (tx *Tx) LeaseMessages(worker string, n int, now, until time.Time) ([]message.Message, error) {
	var all []message.Message
	var sealed [][]byte
	err := tx.query(func(scan func(...any) error) error {
		var m message.Message
		var kind, channel string
		var body []byte
		var at, notAfter int64
		if err := scan(&m.ID, &kind, &channel, &body, &at, &notAfter, &m.Tries); err != nil {
			return err
		}
		m.Kind, m.Channel, m.At, m.NotAfter = message.Kind(kind), message.Channel(channel), instant(at), instant(notAfter)
		all, sealed = append(all, m), append(sealed, body)
		return nil
	}, `
		UPDATE outbox
		SET leased_by = $1, leased_until = $2
		WHERE leased_until <= $3
		AND id IN (
			SELECT id
			FROM outbox
			WHERE due_at <= $3
			AND leased_until <= $3
			ORDER BY due_at
			LIMIT $4)
		RETURNING id, kind, channel, sealed, at, not_after, tries`,
		worker, micros(until), micros(now), n)
	if err != nil {
		return nil, err
	}
	readable := all[:0]
	for i, m := range all {
		var e envelope
		if err := tx.unseal(outboxSealed, m.ID, sealed[i], &e); err != nil {
			tx.db.log.ErrorContext(tx.ctx, "a message does not open and is put off", "id", m.ID, "kind", m.Kind, "err", err)
			if err := tx.RetryMessage(worker, m.ID, now.Add(unreadableWait)); err != nil {
				return nil, err
			}
			continue
		}
		m.To, m.Lang, m.Data = e.To, e.Lang, e.Data
		readable = append(readable, m)
	}
	return readable, nil
}

// unreadableWait puts off a message that does not open, damaged or sealed under a root that is not configured: all others must not wait for it, and an operator
// may bring the root back.
const unreadableWait = time.Hour

// DoneMessages removes delivered or abandoned messages that this worker has leased.
func (tx *Tx) DoneMessages(worker string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	var names []any
	for _, id := range ids {
		names = append(names, id)
	}
	names = padded(names)
	_, err := tx.exec(`
		DELETE FROM outbox
		WHERE leased_by = $1
		AND id IN (`+places(2, len(names))+`)`,
		append([]any{worker}, names...)...)
	return err
}

// RetryMessage gives a message back to be tried at an instant, with one more try counted.
func (tx *Tx) RetryMessage(worker, id string, at time.Time) error {
	_, err := tx.exec(`
		UPDATE outbox
		SET leased_by = '', leased_until = 0, due_at = $3, tries = tries + 1
		WHERE leased_by = $1
		AND id = $2`,
		worker, id, micros(at))
	return err
}

// MessagesWaiting counts messages due by an instant, leased or not.
func (tx *Tx) MessagesWaiting(now time.Time) (int, error) {
	var n int
	err := tx.queryRow(`
		SELECT COUNT(*)
		FROM outbox
		WHERE due_at <= $1`,
		micros(now)).Scan(&n)
	return n, err
}
