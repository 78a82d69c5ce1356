package keystore

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"chave/internal/core/signing"
)

const (
	// labelPersonalLock is the keyed hash between a person's secret and the key that locks theirs.
	labelPersonalLock = "keystore/personal key lock"

	// infoLock closes the derivation (RFC 5869 §2.3). Changing it locks everybody out: never.
	infoLock = "chave keystore 1: personal key lock"

	// minUnlock is what core/signing gives. Less would mean that somebody forgot to derive it, and a PIN alone can be guessed.
	minUnlock = 32 // bytes
)

// A locked value is: version (1 byte) ‖ key id (4) ‖ nonce (12) ‖ AES-256-GCM of the inner value. It looks like a sealed value, and [Soft.SealedUnder] reads it, but
// its key comes from a generation's keyed hash *and* the person's secret (blueprint §4.2): without the keystore nobody can try PINs, without the PIN the keystore cannot open it.

// macWith is the keyed hash of a back end.
type macWith func(keyID, label string, parts ...[]byte) ([]byte, error)

// lock wraps inner once more. The result opens only with the same context and secret, in a keystore with the generation keyID.
func lock(mac macWith, random io.Reader, keyID string, inner, context []byte, secret signing.Unlock) ([]byte, error) {
	key, err := lockKey(mac, keyID, context, secret)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	locked := make([]byte, headerLength+nonceLength, Overhead+len(inner))
	locked[0] = sealVersion
	if _, err := hex.Decode(locked[1:headerLength], []byte(keyID)); err != nil {
		return nil, fmt.Errorf("keystore: key id %q: %w", keyID, err)
	}
	nonce := locked[headerLength:]
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("keystore: nonce: %w", err)
	}
	return newGCM(key).Seal(locked, nonce, inner, additional(locked[:headerLength], context)), nil
}

// unlock undoes lock. A wrong secret, another context and a changed value cannot be told apart, and are all signing.ErrWrongSecret.
func unlock(mac macWith, locked, context []byte, secret signing.Unlock) ([]byte, error) {
	keyID, err := sealedUnder(locked)
	if err != nil {
		return nil, err
	}
	key, err := lockKey(mac, keyID, context, secret)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	header, nonce, text := locked[:headerLength], locked[headerLength:headerLength+nonceLength], locked[headerLength+nonceLength:]
	inner, err := newGCM(key).Open(nil, nonce, text, additional(header, context))
	if err != nil {
		return nil, signing.ErrWrongSecret
	}
	return inner, nil
}

func lockKey(mac macWith, keyID string, context []byte, secret signing.Unlock) ([]byte, error) {
	if len(secret.Reveal()) < minUnlock {
		return nil, errors.New("keystore: the secret of a personal key is too short")
	}
	keyed, err := mac(keyID, labelPersonalLock, context, secret.Reveal())
	if err != nil {
		return nil, err
	}
	defer clear(keyed)
	key, err := hkdf.Expand(sha256.New, keyed, infoLock, 32)
	if err != nil {
		return nil, fmt.Errorf("keystore: derive lock: %w", err)
	}
	return key, nil
}
