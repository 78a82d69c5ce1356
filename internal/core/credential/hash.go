package credential

import (
	"crypto/subtle"
	"io"

	"chave/internal/core/citizen"
	"chave/internal/core/random"

	"golang.org/x/crypto/argon2"
)

// Vault is the keystore's part: a MAC under a key that never leaves it. The label separates purposes; kid names the generation.
type Vault interface {
	CurrentKey() (kid string)
	MACWith(kid, label string, parts ...[]byte) ([]byte, error)
}

// Hasher makes and checks stored PINs. It does slow work and asks the keystore, so it is never called inside a transaction.
type Hasher struct {
	Vault  Vault
	Rand   io.Reader
	Policy Policy // with Defaults applied
	// Slots bounds how many slow hashes are computed at once; nil for no bound. Each holds its memory while it waits for a processor, so that without a
	// bound a flood of PINs would take memory and not only time. Copies of a Hasher share it.
	Slots Slots
}

// Slots is a number of places; see NewSlots.
type Slots chan struct{}

// NewSlots makes n places. As many as there are processors is right: more only take turns.
func NewSlots(n int) Slots { return make(Slots, n) }

const pinLabel = "pin"

// Hash stores a new PIN.
func (h Hasher) Hash(pin PIN, who citizen.ID) (StoredPIN, error) {
	s := StoredPIN{Salt: random.Bytes(h.Rand, 16), KeyID: h.Vault.CurrentKey(), Time: h.Policy.Argon2Time, MemKB: h.Policy.Argon2MemKB}
	hash, err := h.derive(s, pin, who)
	s.Hash = hash
	return s, err
}

// Matches compares in constant time. A stored PIN without a hash never matches but costs the same work, which is how identifiers that nobody has
// are answered (R3.26, A6).
func (h Hasher) Matches(s StoredPIN, pin PIN, who citizen.ID) (bool, error) {
	if len(s.Hash) == 0 {
		s = StoredPIN{Salt: make([]byte, 16), KeyID: h.Vault.CurrentKey(), Time: h.Policy.Argon2Time, MemKB: h.Policy.Argon2MemKB}
		_, err := h.derive(s, pin, "")
		return false, err
	}
	hash, err := h.derive(s, pin, who)
	return err == nil && subtle.ConstantTimeCompare(hash, s.Hash) == 1, err
}

func (h Hasher) derive(s StoredPIN, pin PIN, who citizen.ID) ([]byte, error) {
	keyed, err := h.Vault.MACWith(s.KeyID, pinLabel, []byte("sign-in"), []byte(pin.digits), []byte(who))
	if err != nil {
		return nil, err
	}
	if h.Slots != nil {
		h.Slots <- struct{}{}
		defer func() { <-h.Slots }()
	}
	return argon2.IDKey(keyed, s.Salt, s.Time, s.MemKB, 1, 32), nil
}

// CodeMAC is how a one-time code is stored: keyed, and bound to the one transaction it was sent for (A8, A9).
func (h Hasher) CodeMAC(code Code, transaction string) ([]byte, error) {
	return h.Vault.MACWith(h.Vault.CurrentKey(), "code", []byte(code.digits), []byte(transaction))
}

// NewCode draws a one-time code.
func (h Hasher) NewCode() Code { return Code{random.Digits(h.Rand, 6)} }

// NewTemporaryPIN draws a PIN that the system, not a clerk, chooses (R2.09): eight digits that pass the policy.
func (h Hasher) NewTemporaryPIN(who citizen.Person) PIN {
	for {
		pin := PIN{random.Digits(h.Rand, h.Policy.PINMax)}
		if h.Policy.CheckNew(pin, who) == nil {
			return pin
		}
	}
}
