package signkey

import (
	"context"
	"crypto"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"chave/internal/core/fault"
)

// ES256 signs for every service that does not ask otherwise; its key is always there.
const ES256 = "ES256"

// Service lends signers and tends the keys. All fields but the times and Wanted are required. It keeps what it read for a moment, no state of its own.
type Service struct {
	Do       func(ctx context.Context, fn func(Tx) error) error // fn may be run again
	View     func(ctx context.Context, fn func(Tx) error) error
	Keystore Keystore
	Now      func() time.Time
	Rand     io.Reader
	Log      *slog.Logger

	// Ring keeps this service's keys apart from those of others; empty for OpenID Connect's.
	Ring string
	// Certify makes the X.509 certificate of a new key, DER, signed by itself; nil in a ring without certificates. It may be called for a key that then loses a race.
	Certify func(key crypto.Signer, made time.Time) ([]byte, error)
	// CertifySealed takes Certify's place in a ring whose keys decrypt and so cannot be lent as signers.
	CertifySealed func(sealed []byte, made time.Time) ([]byte, error)
	// Base lists the algorithms whose keys are always there; ES256 alone when it is nil.
	Base []string
	// Wanted lists further algorithms that services are registered for; nil for none. Their keys are made in the background.
	Wanted func(ctx context.Context) ([]string, error)

	RotateAfter  time.Duration // age at which an active key gives way to the next; 90 days
	PublishAhead time.Duration // how long a next key is published before it may sign; 1 hour
	// NextLate makes the next key only when its time of publication begins, PublishAhead before rotation; otherwise it is made at once. For rings whose keys
	// decrypt: every ciphertext is tried with every key held, as stopping at the first that fits would tell which one it was, so a key too many costs each of them.
	NextLate bool
	KeepFor  time.Duration // how long a retired key stays published; 24 hours, longer than any token or session that it signed for
	Refresh  time.Duration // how long a read of the table is trusted; 30 seconds
	Every    time.Duration // how often Run tends, in real time; 1 minute

	mu      sync.Mutex
	read    time.Time
	keys    []Key
	signers map[string]Signer // by key id
	making  sync.Mutex        // one key at a time: RSA takes a second of work
}

func or(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

func (s *Service) rotateAfter() time.Duration  { return or(s.RotateAfter, 90*24*time.Hour) }
func (s *Service) publishAhead() time.Duration { return or(s.PublishAhead, time.Hour) }
func (s *Service) keepFor() time.Duration      { return or(s.KeepFor, 24*time.Hour) }
func (s *Service) refresh() time.Duration      { return or(s.Refresh, 30*time.Second) }

// Active lends the signer of an algorithm. When there is none yet it is made here, so that the first token waits a moment instead of failing.
func (s *Service) Active(ctx context.Context, alg string) (Signer, error) {
	for try := 0; ; try++ {
		keys, err := s.known(ctx, s.refresh())
		if err != nil {
			return Signer{}, err
		}
		if k, ok := find(keys, alg, Active); ok {
			return s.lend(k)
		}
		if try > 0 {
			return Signer{}, fault.New(fault.InternalError).Because(fmt.Errorf("no active key for %s", alg))
		}
		if err := s.ensure(ctx, alg, Active); err != nil {
			return Signer{}, err
		}
	}
}

// Published lists the keys that a token may be signed with, now or soon, for a key set document.
func (s *Service) Published(ctx context.Context) ([]Public, error) {
	keys, err := s.known(ctx, s.refresh())
	if err != nil {
		return nil, err
	}
	return s.publics(keys)
}

// Held is a key whose private half is here, sealed.
type Held struct {
	ID     string
	State  State
	Sealed []byte
	Cert   []byte // X.509, DER
}

// Held lists the active and the next key of an algorithm, the active one first, for rings whose keys decrypt: whoever was given the next certificate ahead may use it already. An active
// key that does not exist yet is made.
func (s *Service) Held(ctx context.Context, alg string) ([]Held, error) {
	if err := s.ensure(ctx, alg, Active); err != nil {
		return nil, err
	}
	keys, err := s.known(ctx, s.refresh())
	if err != nil {
		return nil, err
	}
	var all []Held
	for _, state := range []State{Active, Next} {
		if k, ok := find(keys, alg, state); ok {
			if _, err := k.public(); err != nil {
				return nil, fault.New(fault.InternalError).Because(err)
			}
			all = append(all, Held{k.ID, k.State, k.Sealed, k.Cert})
		}
	}
	return all, nil
}

// Lookup finds a published key by its id. An id that is not known is looked for in the table at most once a second, so that made-up ids cost nobody anything.
func (s *Service) Lookup(ctx context.Context, id string) (Public, bool, error) {
	for _, trust := range []time.Duration{s.refresh(), time.Second} {
		keys, err := s.known(ctx, trust)
		if err != nil {
			return Public{}, false, err
		}
		all, err := s.publics(keys)
		if err != nil {
			return Public{}, false, err
		}
		for _, p := range all {
			if p.ID == id {
				return p, true, nil
			}
		}
	}
	return Public{}, false, nil
}

func (s *Service) publics(keys []Key) ([]Public, error) {
	now := s.Now()
	var all []Public
	for _, k := range keys {
		if k.State == Retired && !now.Before(k.GoneAt) {
			continue
		}
		p, err := k.public()
		if err != nil {
			return nil, fault.New(fault.InternalError).Because(err)
		}
		all = append(all, p)
	}
	return all, nil
}

func find(keys []Key, alg string, state State) (Key, bool) {
	for _, k := range keys {
		if k.Alg == alg && k.State == state {
			return k, true
		}
	}
	return Key{}, false
}

// known is the table as it was at most trust ago. Another node's rotation shows here within that time: until then we sign with a key that has just retired
// and is still published, which is what retiring is for.
func (s *Service) known(ctx context.Context, trust time.Duration) ([]Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if age := now.Sub(s.read); !s.read.IsZero() && age >= 0 && age < trust {
		return s.keys, nil
	}
	var keys []Key
	err := s.View(ctx, func(tx Tx) (err error) {
		keys, err = tx.SigningKeys(s.Ring)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.keys, s.read = keys, now
	return keys, nil
}

func (s *Service) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = time.Time{}
}

// lend opens a key once per process: opening costs more than signing.
func (s *Service) lend(k Key) (Signer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if lent, ok := s.signers[k.ID]; ok {
		return lent, nil
	}
	lent, err := k.signer(s.Keystore)
	if err != nil {
		return Signer{}, err
	}
	if s.signers == nil {
		s.signers = map[string]Signer{}
	}
	s.signers[k.ID] = lent
	return lent, nil
}
