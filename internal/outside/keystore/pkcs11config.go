package keystore

import (
	"io"
	"time"
)

// PKCS11Config says where a hardware module is (PKCS#11 v2.40). Only a binary built with the tag `pkcs11` can use it.
type PKCS11Config struct {
	// Module is the path of the maker's library. Required.
	Module string

	// Token is the label of the token, which must be initialised and have a user PIN. Required.
	Token string

	// PINFile holds the user PIN, on one line, readable by its owner only. Required. It is read at each log-in and not kept.
	PINFile string

	// Generations are those to use, the current one last. Empty means all that the token has, the highest being current. Naming them lets every node learn
	// a new generation before any node makes values under it.
	Generations []int

	// Sessions bounds how many operations run at once; 0 means 8. Many devices allow few.
	Sessions int

	// Rand gives nonces; nil means the system's source. Now is the clock that spaces attempts to reach a device that is away; nil means the system's.
	Rand io.Reader
	Now  func() time.Time
}
