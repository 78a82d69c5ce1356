package audit

import (
	"strings"
	"time"
)

// Keep says how long payloads are kept before retention erases them. Zero fields are filled by Defaults.
type Keep struct {
	// Uses is for what tells where somebody went: sign-ins, consents, sessions, hand-outs. The scheme may not become a record of a person's dealings with the
	// administration (R0.05), so it is as short as the holder's own history: 90 days.
	Uses time.Duration
	// Keys is for the life of keys and the acts of operators: 7 years (R0.08).
	Keys time.Duration
}

const day = 24 * time.Hour

// Defaults fills what is not set.
func (k Keep) Defaults() Keep {
	if k.Uses == 0 {
		k.Uses = 90 * day
	}
	if k.Keys == 0 {
		k.Keys = 7*365*day + 2*day
	}
	return k
}

// usePrefixes name the kinds that tell where somebody went.
func usePrefixes() []string { return []string{"login.", "consent.", "session.", "grant."} }

// Use tells whether events of this kind say where somebody went. Kinds not known here are kept long.
func (kind Kind) Use() bool {
	for _, p := range usePrefixes() {
		if strings.HasPrefix(string(kind), p) {
			return true
		}
	}
	return false
}

func (k Keep) of(kind Kind) time.Duration {
	if kind.Use() {
		return k.Uses
	}
	return k.Keys
}
