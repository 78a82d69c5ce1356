package signing

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
)

const (
	pinLabel    = "signature pin unlock"
	unlockLabel = "signing.unlock"
)

// unlockOf is what a signature PIN becomes: a MAC that only the keystore can compute, under the generation that the stored PIN names. The database alone cannot make it,
// nor can the keystore without the PIN.
func (s *Service) unlockOf(key Key, pin credential.PIN) (Unlock, error) {
	b, err := s.Vault.MACWith(key.PIN.KeyID, pinLabel, []byte(key.Person), []byte(key.ID), []byte(pin.Reveal()))
	return NewUnlock(b), err
}

// keyContext names a key and its holder; the keystore authenticates it with the locked key.
func keyContext(id string, who citizen.ID) []byte { return joined([]byte(id), []byte(who)) }

// binding is what the sealed secret of an operation is bound to: the person, the key, the application, the session and the list of digests (T2). A row in which any of them
// was changed does not open.
func binding(op Operation) []byte {
	return joined([]byte(op.ID), []byte(op.Person), []byte(op.KeyID), []byte(op.Application), []byte(op.Session), []byte(op.Purpose),
		[]byte{byte(op.Hash)}, digestOf(op.Documents))
}

// digestOf is one digest over all digests, in their order.
func digestOf(documents []Document) []byte {
	all := make([][]byte, len(documents))
	for i, d := range documents {
		all[i] = d.Digest
	}
	sum := sha256.Sum256(joined(all...))
	return sum[:]
}

// joined puts parts together so that no two lists give the same bytes.
func joined(all ...[]byte) []byte {
	var out []byte
	for _, p := range all {
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(p))), p...)
	}
	return out
}

// lend runs something that asks the keystore, and stops waiting for it after a time: a module that hangs must not hang everybody. What comes too late is thrown away.
func lend[T any](ctx context.Context, limit time.Duration, ask func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if p := recover(); p != nil {
				a.err = fmt.Errorf("panic while the keystore was asked: %v", p)
			}
			done <- a
		}()
		a.value, a.err = ask()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.value, a.err
	case <-timer.C:
		return *new(T), errors.New("the keystore took too long")
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}

// keystoreGone makes a fault of the keystore's error, and leaves those that are faults already.
func keystoreGone(err error) error {
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	return fault.New(fault.KeystoreUnavailable).Because(err)
}
