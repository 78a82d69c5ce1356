package message

import (
	"time"

	"chave/internal/core/citizen"
)

// Kind is what is being told. The text catalogue has one sentence per kind, channel and language under "message.<kind>".
type Kind string

// The kinds.
const (
	LoginCode          Kind = "login_code"  // data: code, service (R3.20)
	EnrolCode          Kind = "enrol_code"  // data: code
	EmailCode          Kind = "email_code"  // data: code
	PINBlocked         Kind = "pin_blocked" // data: minutes (R3.22)
	KeyBlocked         Kind = "key_blocked"
	PINChanged         Kind = "pin_changed" // R5.05, N12
	KeyCreated         Kind = "key_created"
	KeyCancelled       Kind = "key_cancelled"
	SignedInNewBrowser Kind = "signed_in_new_browser" // data: service (A4)
	SignCode           Kind = "sign_code"             // data: code, service, document (one name, up to 40 characters), more (how many others, may be empty) (R3.19)
	SigningActivated   Kind = "signing_activated"
	SigningEnded       Kind = "signing_ended"
	SigningSuspended   Kind = "signing_suspended"
	SigningResumed     Kind = "signing_resumed"
	SignPINBlocked     Kind = "sign_pin_blocked"
	SignPINChanged     Kind = "sign_pin_changed"
	SignedDocuments    Kind = "signed_documents" // data: service, document, more (A4); by e-mail only
	// Nothing is never sent: it is written where a known person would be told something, so that identifiers nobody has cost the same work (R3.26).
	Nothing Kind = "nothing"
)

// Channel carries a message.
type Channel string

// The channels.
const (
	SMS        Channel = "sms"
	EmailRoute Channel = "email"
)

// Message is one thing to tell. To and Data are sealed at rest; the row goes once it is delivered.
type Message struct {
	ID       string
	Kind     Kind
	Lang     string
	Channel  Channel
	To       string // E.164 phone or e-mail address
	Data     map[string]string
	At       time.Time
	NotAfter time.Time // a code that arrives late only confuses; zero for no limit
	Tries    int
}

// Route picks the channel and address of a person: the phone, else the e-mail (the code goes at once to the phone, or to the e-mail of
// who has no phone).
func Route(p citizen.Person) (Channel, string, bool) {
	if p.Phone != "" {
		return SMS, string(p.Phone), true
	}
	if p.Email != "" {
		return EmailRoute, string(p.Email), true
	}
	return "", "", false
}

// Everywhere lists every channel and address of a person, for security events (R5.05).
func Everywhere(p citizen.Person) []Message {
	var all []Message
	if p.Phone != "" {
		all = append(all, Message{Channel: SMS, To: string(p.Phone), Lang: p.Lang})
	}
	if p.Email != "" {
		all = append(all, Message{Channel: EmailRoute, To: string(p.Email), Lang: p.Lang})
	}
	return all
}

// Tx is what a transaction must offer to tell somebody something.
type Tx interface {
	// InsertMessage puts a message in the outbox.
	InsertMessage(Message) error
	// LeaseMessages gives up to n messages that are due and unleased, and leases them to this worker until an instant.
	LeaseMessages(worker string, n int, now, until time.Time) ([]Message, error)
	// DoneMessages removes delivered or abandoned messages that this worker has leased.
	DoneMessages(worker string, ids []string) error
	// RetryMessage gives a message back to be tried at an instant, with one more try counted.
	RetryMessage(worker, id string, at time.Time) error
	// MessagesWaiting counts messages due by an instant, leased or not.
	MessagesWaiting(now time.Time) (int, error)
}
