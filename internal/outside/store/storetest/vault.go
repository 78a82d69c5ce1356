package storetest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Vault stands in for the keystore where a test needs no file of keys: the same three operations, one key, no
// rotation.
type Vault struct{ key []byte }

// NewVault has a random key of its own, so that what one test sealed no other can open.
func NewVault() *Vault { return &Vault{randomKey()} }

// MAC keys the parts, each preceded by its length.
func (v *Vault) MAC(label string, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, v.key)
	for _, p := range append([][]byte{[]byte(label)}, parts...) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write(p)
	}
	return h.Sum(nil)
}

// Seal encrypts under a key of the label and binds the context.
func (v *Vault) Seal(label string, context, plain []byte) ([]byte, error) {
	nonce := make([]byte, 12)
	rand.Read(nonce)
	return v.gcm(label).Seal(nonce, nonce, plain, context), nil
}

// Open undoes Seal.
func (v *Vault) Open(label string, context, sealed []byte) ([]byte, error) {
	if len(sealed) < 12 {
		return nil, errors.New("sealed value is too short")
	}
	return v.gcm(label).Open(nil, sealed[:12], sealed[12:], context)
}

func (v *Vault) gcm(label string) cipher.AEAD {
	block, err := aes.NewCipher(v.MAC("seal", []byte(label)))
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}
