package signing

import (
	"crypto"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/service"
)

// Purpose is what a right code gives.
type Purpose string

// Sign gives signatures; ShowCertificate gives the certificate chain only (GetCertificateWithPin, cmd-signature.md §1.4).
const (
	Sign            Purpose = "sign"
	ShowCertificate Purpose = "certificate"
)

// OperationState is where an operation stands.
type OperationState string

// The states of doc.go's picture.
const (
	Waiting   OperationState = "waiting"
	Confirmed OperationState = "confirmed" // a permit is out, for wires that sign in a second call
	Spent     OperationState = "spent"     // the permit is used; signing, or died while signing
	Signed    OperationState = "signed"
	Dead      OperationState = "dead" // Fault says of what
)

// Document is one thing to sign: a name that the person is shown, and a digest. The document itself is never here.
type Document struct {
	ID     string `json:"id"`   // the caller's; echoed, may be empty
	Name   string `json:"name"` // as sent, up to 255 characters; control characters are taken out where people see it
	Digest []byte `json:"digest"`
}

// Request asks for an operation. Everything but Names and Payload is checked before anything is stored.
type Request struct {
	Wire        string          // "scmd", "ccmovel", "csc", "page"
	Application service.Service // who asks; its name stands in the code's message
	Person      citizen.ID      // empty for an identifier that nobody has: the request then costs the same and is refused (R3.26)
	KeyID       string          // empty: the person's active key; else it must be that one
	Needs       Alg             // empty: any; CMD's wires need RSA3072
	Purpose     Purpose
	Hash        crypto.Hash // SHA256, SHA384 or SHA512; zero for ShowCertificate
	Documents   []Document  // 1 to 100 (R4.05); none for ShowCertificate
	PIN         credential.PIN
	Session     string // the page's or CSC's session that the permit is bound to (T2); empty for SOAP wires, whose Application and process id bind
	Address     string // network address, for limits
	Lang        string // "pt" or "en", of the message; the person's own when empty
	Payload     []byte // the wire's own, sealed with the operation
}

// Operation is one request from PIN to signatures. It is a row; all but ids, state and times of it are sealed.
type Operation struct {
	ID          string // lower-case UUID v4 text (cmd-signature.md §1.9)
	Version     int64
	Wire        string
	Application string
	Person      citizen.ID
	KeyID       string
	State       OperationState
	CreatedAt   time.Time
	ExpiresAt   time.Time // end of waiting and of the permit
	SpentAt     time.Time
	SignedAt    time.Time
	DueAt       time.Time // when Sweep has something of it to erase; zero for never

	Content
}

// Content is the sealed part of an operation.
type Content struct {
	Purpose   Purpose         `json:"purpose"`
	Hash      crypto.Hash     `json:"hash,omitempty"`
	Documents []Document      `json:"documents,omitempty"`
	Session   string          `json:"session,omitempty"`
	Payload   []byte          `json:"payload,omitempty"`
	Fault     fault.Code      `json:"fault,omitempty"`    // what a dead one died of
	Name      service.Text    `json:"name,omitempty"`     // of the application, for messages
	Served    bool            `json:"served,omitempty"`   // the application's servers call for people: limits go by application, not by address
	Lang      string          `json:"lang,omitempty"`     // of messages
	PINSalt   []byte          `json:"pin_salt,omitempty"` // of the signature PIN that was given: another one chosen since ends the operation
	CodeMAC   []byte          `json:"code_mac,omitempty"`
	CodeUntil time.Time       `json:"code_until"`
	CodeTries int             `json:"code_tries,omitempty"`
	Channel   message.Channel `json:"channel,omitempty"`
	SentTo    string          `json:"sent_to,omitempty"` // last digits or first letter only
	Sent      int             `json:"sent,omitempty"`
	SentAt    time.Time       `json:"sent_at"`
	Unlock    []byte          `json:"unlock,omitempty"` // sealed once more, bound to what it may sign (T2); gone once spent
	Handle    []byte          `json:"handle,omitempty"` // digest of the permit's handle, for wires that sign in a second call
	Done      []int           `json:"done,omitempty"`   // documents signed so far under the permit and its extensions
	Results   [][]byte        `json:"results,omitempty"`
}

// Ref is how a caller names an operation: all of it must fit. An empty Person or Session matches operations without one only where the wire has none to give.
type Ref struct {
	ID          string
	Application string
	Person      citizen.ID // checked when not empty
	Session     string     // checked against the operation's, also when empty
}

// Result is what a confirmed operation gives.
type Result struct {
	Operation  Operation
	Signatures [][]byte // in the order of Operation.Documents; PKCS#1 v1.5, or ASN.1 (r, s)
	Chain      [][]byte // DER: leaf, issuing authority, root
}

// Permit is the right to sign the digests of one operation once, handed to a wire that signs in a second call. Handle is 256 bits and the proof itself.
type Permit struct {
	Handle    string
	Operation Operation
	Until     time.Time
}

// Redemption spends a permit, whole or in part: Digests must be among those confirmed and not signed yet; the signatures come in their
// order.
type Redemption struct {
	Handle      string
	Application string
	Session     string
	KeyID       string
	Hash        crypto.Hash
	Digests     [][]byte
}
