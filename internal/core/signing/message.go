package signing

import (
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/message"
	"chave/internal/core/random"
)

// shownName is how much of a document's name fits a message (R3.19).
const shownName = 40

// Named is what a message, and a page beside it, call the documents of an operation: the first name, up to 40 characters, and how many more there are. Without a
// name it is the application's and the last 8 digits of the digest, so that the person can compare (R3.19).
func Named(op Operation, lang string) (document string, more int) {
	if len(op.Documents) == 0 {
		return "", 0
	}
	first := op.Documents[0]
	document = strings.TrimSpace(firstRunes(strings.Map(printable, first.Name), shownName))
	if document == "" {
		digest := hex.EncodeToString(first.Digest)
		document = firstRunes(op.Content.Name.In(lang), shownName-9) + " " + digest[max(0, len(digest)-8):]
	}
	return document, len(op.Documents) - 1
}

// printable takes out what is not seen, and what turns the text around: a name must not rearrange the sentence it stands in.
func printable(r rune) rune {
	switch {
	case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c, r == 0x2028, r == 0x2029, r == 0xfeff,
		r == unicode.ReplacementChar:
		return -1
	}
	return r
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// about fills the values of a message on an operation.
func about(op Operation, lang string) map[string]string {
	document, more := Named(op, lang)
	data := map[string]string{"service": op.Content.Name.In(lang), "document": document, "more": ""}
	if more > 0 {
		data["more"] = strconv.Itoa(more)
	}
	return data
}

// codeMessage carries the code and names what is signed, and by which service it was asked for.
func (s *Service) codeMessage(op Operation, to string, code credential.Code, now time.Time) message.Message {
	m := message.Message{ID: s.id(), Kind: message.SignCode, Lang: op.Lang, Channel: op.Channel, To: to, At: now, NotAfter: op.CodeUntil, Data: about(op, op.Lang)}
	m.Data["code"] = code.Reveal()
	m.Data["minutes"] = strconv.Itoa(int(s.rules.CodeTTL.Minutes()))
	return m
}

// tellSigned writes of a signature by e-mail (A4), unless the code went there too. SMS is kept for codes.
func (s *Service) tellSigned(tx Tx, op Operation, person citizen.Person, now time.Time) error {
	if person.Email == "" || op.Channel == message.EmailRoute {
		return nil
	}
	return tx.InsertMessage(message.Message{
		ID: s.id(), Kind: message.SignedDocuments, Lang: person.Lang, Channel: message.EmailRoute, To: string(person.Email), At: now, Data: about(op, person.Lang),
	})
}

// tell writes to every contact of the person (R5.05).
func (s *Service) tell(tx message.Tx, person citizen.Person, kind message.Kind, data map[string]string, now time.Time) error {
	return tellEverywhere(tx, s.Rand, person, kind, data, now)
}

func tellEverywhere(tx message.Tx, source io.Reader, person citizen.Person, kind message.Kind, data map[string]string, now time.Time) error {
	if person.Standing.Deceased { // R1.33
		return nil
	}
	for _, m := range message.Everywhere(person) {
		m.ID, m.Kind, m.Data, m.At = random.ID(source), kind, data, now
		if err := tx.InsertMessage(m); err != nil {
			return err
		}
	}
	return nil
}

// event is an audit event on an operation. Data never holds a document's name.
func (s *Service) event(kind audit.Kind, op Operation, now time.Time) audit.Event {
	return audit.Event{
		ID: s.id(), At: now, Kind: kind, Person: op.Person, Service: op.Application, Login: op.ID,
		Data: map[string]string{"wire": op.Wire, "key": op.KeyID, "purpose": string(op.Purpose)},
	}
}

func (s *Service) id() string { return random.ID(s.Rand) }

// newID is a version 4 UUID in lower case (RFC 9562 §5.4), the form that clients of CMD expect of a process id.
func newID(source io.Reader) string {
	b := random.Bytes(source, 16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// masked keeps the last three digits of a phone, or the first letter and the domain of an e-mail.
func masked(channel message.Channel, to string) string {
	if channel == message.SMS {
		return "••• ••• " + to[max(0, len(to)-3):]
	}
	local, domain, _ := strings.Cut(to, "@")
	return firstRunes(local, 1) + "•••@" + domain
}
