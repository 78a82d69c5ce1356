package signing

import (
	"context"
	"crypto/x509"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/login"
	"chave/internal/core/message"
)

// Rules are the operator's numbers. Zero values are filled by Defaults.
type Rules struct {
	MinAge         int           // 16 (R4.01)
	PINTries       int           // wrong signature PINs in a row before it is blocked; 3 (cmd-signature.md §1.12)
	CodeTries      int           // wrong codes before an operation is dead; 3 (§1.9)
	CodesInARow    int           // wrong codes in a row over all operations before the PIN is blocked; 9
	Resends        int           // further codes per operation; 3 (§1.9)
	ResendAfter    time.Duration // 30 s
	CodeTTL        time.Duration // life of code and permit; 5 minutes
	AnswerAgain    time.Duration // how long a lost answer may be asked for again; 60 s (§6.28)
	Pending        int           // operations waiting per person and application; 3 (§6.29)
	Batch          int           // documents in one operation; 100 (R4.05)
	CertificateMax time.Duration // longest life of a certificate; 2 years, and never past the key's own end (R4.10)
	Pool           map[Alg]int   // keys made ahead; RSA3072: 4, P256: 4
	Terms          string        // version of the terms in force
	Parallel       int           // private-key operations at once; the number of processors
	Fresh          time.Duration // how old the sign-in behind Activate, ChangePIN and Resume may be; 15 minutes
	Choices        int           // signature PINs that one person may propose in a Policy.RateWindow: each answer could tell the sign-in PIN; 10
	KeystoreLimit  time.Duration // how long the keystore may take over one request before it counts as gone; 20 s
	SecondWaits    time.Duration // how long a second call with the right code waits for the first, which is still signing; 3 s
	// ApplicationCodes is about how many codes one application that collects PINs may have sent in a Policy.RateWindow. Its own servers call, so that their address
	// says nothing of the people; 12,000.
	ApplicationCodes int
}

// Defaults fills what is not set.
func (r Rules) Defaults() Rules {
	for _, one := range []struct {
		value     *int
		otherwise int
	}{
		{&r.MinAge, 16}, {&r.PINTries, 3}, {&r.CodeTries, 3}, {&r.CodesInARow, 9}, {&r.Resends, 3}, {&r.Pending, 3}, {&r.Batch, 100},
		{&r.Parallel, runtime.GOMAXPROCS(0)}, {&r.Choices, 10}, {&r.ApplicationCodes, 12000},
	} {
		if *one.value == 0 {
			*one.value = one.otherwise
		}
	}
	for _, one := range []struct {
		value     *time.Duration
		otherwise time.Duration
	}{
		{&r.ResendAfter, 30 * time.Second}, {&r.CodeTTL, 5 * time.Minute}, {&r.AnswerAgain, time.Minute}, {&r.CertificateMax, 2 * 365 * 24 * time.Hour},
		{&r.Fresh, 15 * time.Minute}, {&r.KeystoreLimit, 20 * time.Second}, {&r.SecondWaits, 3 * time.Second},
	} {
		if *one.value == 0 {
			*one.value = one.otherwise
		}
	}
	if r.Pool == nil {
		r.Pool = map[Alg]int{RSA3072: 4, P256: 4}
	}
	return r
}

// Authority certifies keys. Issue stores what will be signed before it signs, and lints it before that (docs/certificate-profile.md).
type Authority interface {
	Issue(ctx context.Context, subject certificate.Subject) (certificate.Issued, error)
}

// Service switches signing on and off and carries operations. All fields but Wake are required.
type Service struct {
	Do        func(ctx context.Context, fn func(Tx) error) error // fn may be run again
	View      func(ctx context.Context, fn func(Tx) error) error
	Vault     Vault
	Hasher    credential.Hasher
	Policy    credential.Policy // of sign-in keys: whoever's key is not usable does not sign
	Rules     Rules
	Authority Authority
	Registry  Standing // capacity is asked again at activation (R4.01)
	Now       func() time.Time
	Rand      io.Reader
	Wake      func()
	Log       *slog.Logger
	// AddressKey is the keyed form of a network address that limits are counted under.
	AddressKey func(address string) []byte

	once  sync.Once
	rules Rules         // Rules with what was not set filled in
	slots chan struct{} // one for each private-key operation at once
}

// ready fills in what was not set, once; fields must not be changed after the first call of any method.
func (s *Service) ready() *Service {
	s.once.Do(func() {
		s.rules = s.Rules.Defaults()
		s.slots = make(chan struct{}, s.rules.Parallel)
		if s.Wake == nil {
			s.Wake = func() {}
		}
	})
	return s
}

// Standing asks the civil registry of a person's capacity again. An answer that does not come refuses: StandingUnknown.
type Standing interface {
	StandingOf(ctx context.Context, who citizen.Person) (citizen.Standing, error)
}

// Activation is what the holder gave to switch signing on.
type Activation struct {
	Proof        login.Verified // a fresh sign-in of level 3 or more
	Person       citizen.ID     // at a counter instead: whom the operator has before them
	Operator     citizen.ID     // at a counter
	Alg          Alg            // RSA3072 when empty
	PIN, Again   credential.PIN
	Terms        string // the version that was shown and accepted
	NewPINForgot bool   // the old key ends and a new one takes its place: a blocked or forgotten PIN
}

// Tx is what a transaction must offer for signing.
type Tx interface {
	citizen.Tx
	credential.Tx
	certificate.Tx
	message.Tx
	audit.Tx

	// SigningKeyOf reads the person's key that has not ended; fault.RowNotFound when there is none.
	SigningKeyOf(citizen.ID) (Key, error)
	// PersonalKey reads one by id, ended or not; fault.RowNotFound.
	PersonalKey(id string) (Key, error)
	// PersonalKeys lists all of a person's, newest first, after the one that has not ended.
	PersonalKeys(citizen.ID) ([]Key, error)
	// InsertPersonalKey writes a new one; fault.RowConflict when the person has one that has not ended.
	InsertPersonalKey(Key) error
	// UpdatePersonalKey replaces the row of the same Version and adds one to it, else fault.RowConflict. Holder, sort and certificate never change.
	UpdatePersonalKey(Key) error
	// ExpiredPersonalKeys lists up to n keys that have not ended though their certificates have.
	ExpiredPersonalKeys(now time.Time, n int) ([]Key, error)

	// InsertPooled adds a key made ahead.
	InsertPooled(Pooled) error
	// TakePooled removes one and returns it; fault.RowNotFound when there is none.
	TakePooled(Alg) (Pooled, error)
	// CountPooled counts those of an algorithm.
	CountPooled(Alg) (int, error)

	// InsertOperation writes a new one with Version 1.
	InsertOperation(Operation) error
	// Operation reads one; fault.RowNotFound when there is none.
	Operation(id string) (Operation, error)
	// OperationByPermit finds the one whose permit has this digest; fault.RowNotFound.
	OperationByPermit(digest []byte) (Operation, error)
	// UpdateOperation replaces the row of the same Version and adds one to it, else fault.RowConflict.
	UpdateOperation(Operation) error
	// CountWaiting counts a person's operations with an application that wait and have not expired.
	CountWaiting(who citizen.ID, application string, now time.Time) (int, error)
	// WaitingOf lists a person's operations that wait or are confirmed, expired or not.
	WaitingOf(who citizen.ID) ([]Operation, error)
	// DueOperations lists up to n operations of which something must be erased by an instant, the longest due first.
	DueOperations(now time.Time, n int) ([]Operation, error)

	// InsertSignature adds an entry to the history.
	InsertSignature(Entry) error
	// Signatures lists a person's history, newest first, at most n, before an instant (zero: from the newest).
	Signatures(who citizen.ID, before time.Time, n int) ([]Entry, error)
}

// Entry is one signing in the holder's history. Names are sealed.
type Entry struct {
	ID          string // the operation's, with the part's number when a permit was spent in parts
	Person      citizen.ID
	KeyID       string
	Serial      string
	Application string
	Wire        string
	At          time.Time
	NotAfter    time.Time // end of the certificate, from which the time of keeping counts (R4.13)
	Names       []string
	Count       int
}

// Signer is what wires and pages learn of a person's key: never more than its certificate.
type Signer struct {
	Key  Key
	Cert *x509.Certificate
}
