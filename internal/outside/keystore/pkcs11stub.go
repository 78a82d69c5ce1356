//go:build !pkcs11

package keystore

import "errors"

// errNoPKCS11 tells how to get what is missing: the module is a C library, and the one static binary cannot load any.
var errNoPKCS11 = errors.New("keystore: this binary was built without PKCS#11; build one with: CGO_ENABLED=1 go build -tags pkcs11 ./cmd/chave")

// OpenPKCS11 says how to build a binary that can.
func OpenPKCS11(PKCS11Config) (Store, error) { return nil, errNoPKCS11 }

// InitPKCS11 says how to build a binary that can.
func InitPKCS11(PKCS11Config) (generation int, err error) { return 0, errNoPKCS11 }

// RotatePKCS11 says how to build a binary that can.
func RotatePKCS11(PKCS11Config) (generation int, err error) { return 0, errNoPKCS11 }
