package login

import (
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/service"
)

// Purpose says what a transaction is for. All of them prove the person the same way.
type Purpose string

// SignIn opens a service. ChangePIN and CancelKey are the holder's own acts: each asks PIN and code afresh, whatever session there is (A11, R5.02).
const (
	SignIn    Purpose = "sign_in"
	ChangePIN Purpose = "change_pin"
	CancelKey Purpose = "cancel_key"
)

// Realm keeps sessions apart: one that was opened through CMD's wires, which break today's rules, never stands for a sign-in to anybody else (blueprint §4.9).
type Realm string

// The realms.
const (
	Modern Realm = ""
	Compat Realm = "compat"
)

// Step is what a transaction waits for.
type Step string

// The steps, in order. Stop shows why it cannot go on and offers the way back; Resume hands over to the wire.
const (
	StepWho       Step = "who"
	StepPIN       Step = "pin"
	StepCode      Step = "code"
	StepChoosePIN Step = "choose_pin"
	StepShare     Step = "share"
	StepConfirm   Step = "confirm" // cancelling the key
	StepStop      Step = "stop"
	StepResume    Step = "resume"
	StepOver      Step = "over" // finished already; nothing is handed out twice
	StepExpired   Step = "expired"
)

// Transaction is the stored state of one sign-in. The store seals it as a whole: it holds what was typed.
type Transaction struct {
	ID        string    `json:"-"`
	Version   int64     `json:"-"` // compare-and-set
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"-"`
	Browser   []byte    `json:"browser"` // digest of the browser cookie that began it

	Wire    string  `json:"wire"`
	Realm   Realm   `json:"realm,omitempty"`
	Payload []byte  `json:"payload,omitempty"` // only the wire reads it
	Resume  string  `json:"resume"`            // local path that Resume goes to
	Return  string  `json:"return,omitempty"`  // where the wire will send the browser at the end; pages need its origin for form-action
	Purpose Purpose `json:"purpose"`

	Service string            `json:"service"`
	Ask     []consent.Ask     `json:"ask,omitempty"`
	Offline bool              `json:"offline,omitempty"`
	Params  map[string]string `json:"params,omitempty"` // of attributes, for sources
	Late    bool              `json:"late,omitempty"`   // see Request
	Small   bool              `json:"small,omitempty"`  // in a small window
	// SkipShare skips the share page for people who have agreed to all of it before (R5.12).
	SkipShare bool          `json:"skip_share,omitempty"`
	MinLevel  service.Level `json:"min_level"`
	Lang      string        `json:"lang"`
	Hint      string        `json:"hint,omitempty"` // login_hint, shown in the first field

	Typed   string     `json:"typed,omitempty"` // identifier as typed, kept for the page
	Country string     `json:"country,omitempty"`
	Subject string     `json:"subject,omitempty"` // whose tries are counted
	Person  citizen.ID `json:"person,omitempty"`  // empty for an identifier that nobody has

	PINRight  bool            `json:"pin_right,omitempty"`
	Proof     []byte          `json:"proof,omitempty"`     // salt of the stored PIN that was right: see stands
	Temporary bool            `json:"temporary,omitempty"` // a temporary PIN: one's own must be chosen (R2.09)
	Channel   message.Channel `json:"channel,omitempty"`
	SentTo    string          `json:"sent_to,omitempty"` // last digits or first letter only
	CodeMAC   []byte          `json:"code_mac,omitempty"`
	CodeUntil time.Time       `json:"code_until"`
	CodesSent int             `json:"codes_sent,omitempty"`
	CodeRight bool            `json:"code_right,omitempty"`

	Level     service.Level  `json:"level,omitempty"`
	Means     []string       `json:"means,omitempty"` // amr values: pin, sms, email
	AuthAt    time.Time      `json:"auth_at"`
	Session   string         `json:"session,omitempty"`
	Reused    bool           `json:"reused,omitempty"` // single sign-on, no PIN was asked
	PINChosen bool           `json:"pin_chosen,omitempty"`
	Decided   bool           `json:"decided,omitempty"`
	Shared    []consent.Name `json:"shared,omitempty"`
	Refused   []consent.Name `json:"refused,omitempty"`

	Notice  *Notice    `json:"notice,omitempty"` // said once above the step
	Stop    *Notice    `json:"stop,omitempty"`
	Refusal fault.Code `json:"refusal,omitempty"` // why the wire gets a refusal
	Over    bool       `json:"over,omitempty"`
}

// Notice is a stable code with the instant its sentence may need.
type Notice struct {
	Code  fault.Code `json:"code"`
	Until time.Time  `json:"until"`
}

// Next is the one decision: what this transaction waits for now.
func (t Transaction) Next(now time.Time) Step {
	switch {
	case t.Over:
		return StepOver
	case !now.Before(t.ExpiresAt):
		return StepExpired
	case t.Refusal != "":
		return StepResume
	case t.Stop != nil && (t.Stop.Code != fault.WaitUntil || now.Before(t.Stop.Until)):
		return StepStop
	case t.Subject == "":
		return StepWho
	case !t.PINRight:
		return StepPIN
	case !t.CodeRight:
		return StepCode
	case (t.Temporary || t.Purpose == ChangePIN) && !t.PINChosen:
		return StepChoosePIN
	case t.Decided:
		return StepResume
	case t.Purpose == CancelKey:
		return StepConfirm
	case t.Purpose == SignIn && t.Wire != FirstParty:
		return StepShare
	}
	return StepResume
}

// FirstParty is the wire name of Chave's own pages: nothing is shared with them, so nothing is asked.
const FirstParty = "portal"

// fromBrowser tells whether the browser that asks is the one that began: somebody else's link must not become your sign-in (login CSRF), nor yours theirs.
func (t Transaction) fromBrowser(browser string) bool {
	return browser != "" && subtle.ConstantTimeCompare(t.Browser, Digest(browser)) == 1
}

// Digest is how cookies with 256 random bits are stored: nothing to guess, so nothing to slow down.
func Digest(cookie string) []byte {
	sum := sha256.Sum256([]byte(cookie))
	return sum[:]
}

// startOver takes the transaction back to its first question with a notice, and leaves nothing of what was proved: a wrong code restarts from identifier and
// PIN (R3.16), and so does a proof that was taken back.
func (t *Transaction) startOver(notice fault.Code) {
	t.Subject, t.Person = "", ""
	t.PINRight, t.Proof, t.Temporary, t.CodeRight, t.PINChosen = false, nil, false, false, false
	t.Level, t.Means, t.AuthAt, t.Session, t.Reused = 0, nil, time.Time{}, "", false
	t.CodeMAC, t.CodeUntil, t.Channel, t.SentTo = nil, time.Time{}, "", ""
	t.Notice = &Notice{Code: notice}
}
