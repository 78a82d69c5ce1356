package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/random"

	"golang.org/x/mod/sumdb/tlog"
)

// SaltSize is the length of every salt in bytes. It is fixed so that salt ‖ payload has one reading.
const SaltSize = 32

// Committed is an event in the form that is kept and proved.
type Committed struct {
	Salt       []byte // SaltSize random bytes, sealed and erased together with Payload
	Payload    []byte // JSON of the whole event
	Commitment []byte // SHA-256(Salt ‖ Payload), which outlives both
}

// Commit prepares an event for its row. The salt keeps an erased payload, which has few likely values, from being guessed from its commitment.
func (e Event) Commit(rand io.Reader) (Committed, error) {
	payload, err := json.Marshal(recordOf(e))
	if err != nil {
		return Committed{}, fmt.Errorf("encode audit event: %w", err)
	}
	c := Committed{Salt: random.Bytes(rand, SaltSize), Payload: payload}
	c.Commitment = commitment(c.Salt, c.Payload)
	return c, nil
}

func commitment(salt, payload []byte) []byte {
	h := sha256.New()
	h.Write(salt)
	h.Write(payload)
	return h.Sum(nil)
}

// record is the payload's JSON. Names are short because there are many, and never change: old rows are read with them.
type record struct {
	ID      string            `json:"id"`
	At      int64             `json:"at"` // microseconds since 1970, UTC, as in the row
	Kind    Kind              `json:"kind"`
	Person  string            `json:"person,omitempty"`
	Actor   string            `json:"actor,omitempty"`
	Service string            `json:"service,omitempty"`
	Login   string            `json:"login,omitempty"`
	Data    map[string]string `json:"data,omitempty"`
}

func recordOf(e Event) record {
	return record{e.ID, e.At.UnixMicro(), e.Kind, string(e.Person), e.Actor, e.Service, e.Login, e.Data}
}

// ParsePayload reads a payload back. Anything that Commit would not have written is refused.
func ParsePayload(payload []byte) (Event, error) {
	var r record
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Event{}, fmt.Errorf("decode audit event: %w", err)
	}
	if rest, _ := io.ReadAll(d.Buffered()); len(rest) > 0 {
		return Event{}, fmt.Errorf("decode audit event: %d bytes follow it", len(rest))
	}
	return r.event(), nil
}

// LeafData is what the log proves of one event:
//
//	1 ‖ len(id) ‖ id ‖ at ‖ len(kind) ‖ kind ‖ commitment
//
// with a version byte, lengths of 4 bytes, at as 8 bytes of microseconds since 1970, all big-endian, and a commitment of 32 bytes.
func LeafData(id string, at time.Time, kind Kind, commitment []byte) []byte {
	leaf := make([]byte, 0, 1+4+len(id)+8+4+len(kind)+len(commitment))
	leaf = append(leaf, 1)
	leaf = binary.BigEndian.AppendUint32(leaf, uint32(len(id)))
	leaf = append(leaf, id...)
	leaf = binary.BigEndian.AppendUint64(leaf, uint64(at.UnixMicro()))
	leaf = binary.BigEndian.AppendUint32(leaf, uint32(len(kind)))
	leaf = append(leaf, kind...)
	return append(leaf, commitment...)
}

func (r Row) leaf() tlog.Hash { return tlog.RecordHash(LeafData(r.ID, r.At, r.Kind, r.Commitment)) }

func (r record) event() Event {
	return Event{
		ID: r.ID, At: time.UnixMicro(r.At).UTC(), Kind: r.Kind, Person: citizen.ID(r.Person), Actor: r.Actor, Service: r.Service, Login: r.Login, Data: r.Data,
	}
}
