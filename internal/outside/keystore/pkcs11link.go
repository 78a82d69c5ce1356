//go:build pkcs11

package keystore

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"chave/internal/core/fault"

	"github.com/miekg/pkcs11"
)

// A link is one log-in to the device. When anything tells that it no longer holds, it is thrown away whole: handles of one link mean nothing in the next.
type link struct {
	module   *pkcs11.Ctx
	sessions []pkcs11.SessionHandle    // closed only together, for session objects die with the one that made them
	idle     chan pkcs11.SessionHandle // those of them that are not in use
	dead     chan struct{}             // closed with the link
	roots    map[string]rootKeys       // by key id

	mu      sync.Mutex
	objects map[[sha256.Size]byte]pkcs11.ObjectHandle // the installation's unwrapped keys, by digest of their blob and use; guarded by mu
}

// rootKeys are the handles of one generation.
type rootKeys struct {
	number          int
	mac, seal, wrap pkcs11.ObjectHandle
}

// away remembers that the device could not be reached.
type away struct {
	until   time.Time // asked again only after this
	because error
	forGood bool // the PIN was refused: asking again would only lock the token
}

// pause is how long a device that could not be reached is left alone: its callers fail at once instead of queueing for its time-outs.
const pause = time.Second

// with lends a session. do is called a second time, on a new link, when the first turns out to be dead. It must not call with again.
func (s *PKCS11) with(do func(*link, pkcs11.SessionHandle) error) error {
	for try := 0; ; try++ {
		l, err := s.current()
		if err != nil {
			return unavailable(err)
		}
		err = s.through(l, do)
		var module pkcs11.Error
		switch {
		case !errors.As(err, &module) && !errors.Is(err, errOldLink):
			return err // none, or one of ours
		case !linkLost(module) && !errors.Is(err, errOldLink):
			return unavailable(err)
		}
		s.drop(l)
		if try == 1 {
			return unavailable(err)
		}
	}
}

// errOldLink means that somebody dropped the link while we waited for it.
var errOldLink = errors.New("the link was dropped")

func (s *PKCS11) through(l *link, do func(*link, pkcs11.SessionHandle) error) error {
	// The session comes first: waiting for one with the gate in hand could shut out whoever has to open it.
	var session pkcs11.SessionHandle
	select {
	case session = <-l.idle:
	case <-l.dead:
		return errOldLink
	}
	defer func() { l.idle <- session }()
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.link != l {
		return errOldLink
	}
	return do(l, session)
}

// current returns the link, and makes one if there is none.
func (s *PKCS11) current() (*link, error) {
	s.gate.RLock()
	l := s.link
	s.gate.RUnlock()
	if l != nil {
		return l, nil
	}
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.link == nil {
		if err := s.reach(); err != nil {
			return nil, err
		}
	}
	return s.link, nil
}

func (s *PKCS11) drop(l *link) {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.link == l {
		l.close()
		s.link = nil
	}
}

// reach logs in; gate must be held. If that fails the module is started anew, once, which is what brings most of them back after the device was away.
func (s *PKCS11) reach() error {
	if s.away.forGood || s.now().Before(s.away.until) {
		return s.away.because
	}
	l, err := s.login()
	if err != nil && !refusesPIN(err) {
		_ = s.module.Finalize() // it may never have been started
		l, err = s.login()
	}
	if err != nil {
		s.away = away{until: s.now().Add(pause), because: err, forGood: refusesPIN(err)}
		return err
	}
	s.link, s.away = l, away{}
	return nil
}

func refusesPIN(err error) bool {
	for _, code := range []uint{pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_LOCKED, pkcs11.CKR_PIN_EXPIRED, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE} {
		if errors.Is(err, pkcs11.Error(code)) {
			return true
		}
	}
	return false
}

func (s *PKCS11) login() (*link, error) {
	sessions := s.config.Sessions
	if sessions == 0 {
		sessions = defaultSessions
	}
	l := &link{
		module: s.module, idle: make(chan pkcs11.SessionHandle, sessions), dead: make(chan struct{}),
		objects: make(map[[sha256.Size]byte]pkcs11.ObjectHandle),
	}
	slot, err := s.slot()
	if err != nil {
		return nil, err
	}
	for i := range sessions {
		// Read-only sessions still make session objects, and can neither make nor destroy what stays in the token.
		session, err := s.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
		if err != nil {
			l.close()
			return nil, fmt.Errorf("open session: %w", err)
		}
		l.sessions = append(l.sessions, session)
		l.idle <- session
		if i > 0 {
			continue
		}
		if err := s.present(session); err != nil {
			l.close()
			return nil, err
		}
	}
	if err := s.find(l, l.sessions[0]); err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

// slot starts the module and finds the token by its label: slots change their numbers.
func (s *PKCS11) slot() (uint, error) {
	if err := s.module.Initialize(); err != nil && !errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)) {
		return 0, fmt.Errorf("start module: %w", err)
	}
	slots, err := s.module.GetSlotList(true)
	if err != nil {
		return 0, fmt.Errorf("list slots: %w", err)
	}
	var found []uint
	for _, slot := range slots {
		info, err := s.module.GetTokenInfo(slot)
		if err == nil && strings.TrimRight(info.Label, " \x00") == s.config.Token {
			found = append(found, slot)
		}
	}
	if len(found) != 1 {
		return 0, fmt.Errorf("%d tokens are called %q", len(found), s.config.Token)
	}
	return found[0], nil
}

// present logs in, which counts for all sessions of this process.
func (s *PKCS11) present(session pkcs11.SessionHandle) error {
	pin, err := s.config.pin()
	if err != nil {
		return err
	}
	defer clear(pin)
	err = s.module.Login(session, pkcs11.CKU_USER, string(pin))
	if err != nil && !errors.Is(err, pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)) {
		return fmt.Errorf("log in: %w", err)
	}
	return nil
}

// find fills the link's roots. The first link of a store decides which there are; a later one must have the same, or the token is another.
func (s *PKCS11) find(l *link, session pkcs11.SessionHandle) error {
	found, err := findGenerations(s.module, session)
	if err != nil {
		return err
	}
	wanted := s.config.Generations
	if len(wanted) == 0 {
		for number := range found {
			wanted = append(wanted, number)
		}
		slices.Sort(wanted)
	}
	if len(wanted) == 0 {
		return fmt.Errorf("token %q has no generation of keys: make the first with `chave keystore init-pkcs11`", s.config.Token)
	}
	var roots []root
	l.roots = make(map[string]rootKeys)
	for _, number := range slices.Backward(wanted) {
		keys, err := found[number].complete(s.module, session, number)
		if err != nil {
			return err
		}
		id, err := l.identify(session, keys)
		if err != nil {
			return err
		}
		if _, twice := l.roots[id]; twice {
			return fmt.Errorf("two generations share the key id %s", id)
		}
		l.roots[id] = keys
		roots = append(roots, root{number, id})
	}
	if s.roots == nil {
		s.roots = roots
	}
	for _, r := range s.roots {
		if l.roots[r.id].number != r.number {
			return fmt.Errorf("token %q no longer has generation %d with key id %s", s.config.Token, r.number, r.id)
		}
	}
	return nil
}

// identify computes the public name of a generation.
func (l *link) identify(session pkcs11.SessionHandle, keys rootKeys) (string, error) {
	mac, err := l.mac(session, keys.mac, []byte(infoKeyID))
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(mac[:keyIDLength]), nil
}

// well tells whether the device still answers, and with the key that it should have.
func (l *link) well(session pkcs11.SessionHandle, id string) bool {
	again, err := l.identify(session, l.roots[id])
	return err == nil && again == id
}

func (l *link) keys(id string) (rootKeys, error) {
	keys, known := l.roots[id]
	if !known {
		return keys, fmt.Errorf("%w: key id %q", ErrUnknownKey, id)
	}
	return keys, nil
}

func (l *link) mac(session pkcs11.SessionHandle, key pkcs11.ObjectHandle, message []byte) ([]byte, error) {
	if err := l.module.SignInit(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_SHA256_HMAC, nil)}, key); err != nil {
		return nil, err
	}
	mac, err := l.module.Sign(session, message)
	if err == nil && len(mac) != sha256.Size {
		return nil, errors.New("keystore: the device's HMAC-SHA-256 has another length than 32")
	}
	return mac, err
}

// gcm runs an operation with AES-GCM's parameters, which live outside Go's memory until it ends.
func (*link) gcm(nonce, additional []byte, do func([]*pkcs11.Mechanism) error) error {
	params := pkcs11.NewGCMParams(nonce, additional, tagLength*8)
	defer params.Free()
	return do([]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_GCM, params)})
}

// close ends the sessions, and with them their objects. Nobody may be using one. Its errors would say only that they were gone before.
func (l *link) close() {
	close(l.dead)
	for _, session := range l.sessions {
		_ = l.module.CloseSession(session)
	}
}

// linkLost tells errors after which no handle can be trusted from those about one operation.
func linkLost(err pkcs11.Error) bool {
	switch uint(err) {
	case pkcs11.CKR_MECHANISM_INVALID, pkcs11.CKR_MECHANISM_PARAM_INVALID, pkcs11.CKR_TEMPLATE_INCOMPLETE, pkcs11.CKR_TEMPLATE_INCONSISTENT,
		pkcs11.CKR_ATTRIBUTE_TYPE_INVALID, pkcs11.CKR_ATTRIBUTE_VALUE_INVALID, pkcs11.CKR_ATTRIBUTE_READ_ONLY, pkcs11.CKR_DATA_INVALID, pkcs11.CKR_DATA_LEN_RANGE,
		pkcs11.CKR_ENCRYPTED_DATA_INVALID, pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE, pkcs11.CKR_KEY_SIZE_RANGE, pkcs11.CKR_KEY_TYPE_INCONSISTENT,
		pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED, pkcs11.CKR_KEY_UNEXTRACTABLE, pkcs11.CKR_KEY_NOT_WRAPPABLE, pkcs11.CKR_WRAPPED_KEY_INVALID,
		pkcs11.CKR_WRAPPED_KEY_LEN_RANGE, pkcs11.CKR_FUNCTION_NOT_SUPPORTED:
		return false
	}
	return true
}

// unavailable is what callers see of the device's troubles. The cause is for the log: codes of the module, never a value.
func unavailable(err error) error {
	return fault.New(fault.KeystoreUnavailable).Because(fmt.Errorf("keystore: PKCS#11: %w", err))
}
