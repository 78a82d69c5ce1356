package service

import (
	"crypto/subtle"

	"chave/internal/core/fault"
)

// Labels separate a service's secrets from each other.
const (
	secretLabel = "client-secret"
	scmdLabel   = "scmd-password"
)

// Roots is a keystore whose roots are asked one by one: any of them may have made what is kept.
type Roots interface {
	KeyIDs() []string
	MACWith(keyID, label string, parts ...[]byte) ([]byte, error)
}

// SecretMatches tells whether a secret is that of the service, which was asked for as id. It compares in constant time, and costs the same for a service without one, or for
// none at all, which never matches. An error means that the keystore does not answer.
func (s Service) SecretMatches(roots Roots, id, secret string) (bool, error) {
	return matches(roots, s.SecretMAC, secretLabel, id, secret)
}

// PasswordMatches is SecretMatches for the password of SCMD's HTTP Basic.
func (s Service) PasswordMatches(roots Roots, password string) (bool, error) {
	return matches(roots, s.SCMDMAC, scmdLabel, s.ID, password)
}

func matches(roots Roots, stored []byte, label, id, secret string) (bool, error) {
	kept := stored
	if len(kept) == 0 {
		kept = make([]byte, 32)
	}
	found := 0
	for _, root := range roots.KeyIDs() {
		mac, err := roots.MACWith(root, label, []byte(id), []byte(secret))
		if err != nil {
			return false, fault.New(fault.StoreUnavailable).Because(err)
		}
		found |= subtle.ConstantTimeCompare(mac, kept)
	}
	return found == 1 && len(stored) > 0, nil
}
