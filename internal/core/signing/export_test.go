package signing

import "chave/internal/core/credential"

// What the benchmark needs to measure the bare operation, and nobody else should have.

func UnlockFor(s *Service, key Key, pin credential.PIN) (Unlock, error) { return s.unlockOf(key, pin) }

func ContextOf(key Key) []byte { return keyContext(key.ID, key.Person) }
