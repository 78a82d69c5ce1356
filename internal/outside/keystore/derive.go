package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
)

// Info strings of HKDF-Expand (RFC 5869 §2.3). The label comes last, so that no label can imitate another purpose.
// Changing one changes every key: never.
const (
	infoKeyID = "chave keystore 1: key id"
	infoMAC   = "chave keystore 1: mac: "
	infoSeal  = "chave keystore 1: seal: "
)

const keyIDLength = 4 // bytes

// maxCached bounds the memory of a caller that breaks the rule and builds labels from data. Its keys are then derived
// each time: slower, and still right.
const maxCached = 512

// A generation is one root and what was derived from it.
type generation struct {
	id     string // hexadecimal
	rawID  [keyIDLength]byte
	pseudo []byte // HKDF pseudo-random key; the root itself is not kept

	mu    sync.RWMutex
	cache map[string]keys // by label; guarded by mu
}

// keys are those of one label.
type keys struct {
	mac  []byte
	seal cipher.AEAD
}

func newGeneration(root []byte) (*generation, error) {
	pseudo, err := hkdf.Extract(sha256.New, root, nil)
	if err != nil {
		return nil, fmt.Errorf("derive from root: %w", err)
	}
	g := &generation{pseudo: pseudo, cache: make(map[string]keys)}
	copy(g.rawID[:], g.expand(infoKeyID, keyIDLength))
	g.id = hex.EncodeToString(g.rawID[:])
	return g, nil
}

// derived returns the keys of a label, from memory when they were asked for before.
func (g *generation) derived(label string) keys {
	g.mu.RLock()
	k, known := g.cache[label]
	g.mu.RUnlock()
	if known {
		return k
	}
	k = keys{mac: g.expand(infoMAC+label, sha256.Size), seal: newGCM(g.expand(infoSeal+label, 32))}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.cache) < maxCached {
		g.cache[label] = k
	}
	return k
}

// expand cannot fail: the length is ours and the pseudo-random key as long as the hash.
func (g *generation) expand(info string, length int) []byte {
	key, err := hkdf.Expand(sha256.New, g.pseudo, info, length)
	if err != nil {
		panic("keystore: derive key: " + err.Error())
	}
	return key
}

// newGCM cannot fail: the key has 32 bytes.
func newGCM(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("keystore: " + err.Error())
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("keystore: " + err.Error())
	}
	return aead
}
