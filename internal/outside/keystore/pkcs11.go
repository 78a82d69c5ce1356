//go:build pkcs11

package keystore

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/miekg/pkcs11"
)

// PKCS11 keeps its roots in a device. Everything [Soft] computes with a root is computed there; no key is ever in this process, sealed or not, but as
// a blob under the device's wrapping key. All its methods are safe for concurrent use.
//
// A module is one for the whole process: open one PKCS11 store per module.
type PKCS11 struct {
	config PKCS11Config
	rand   io.Reader
	now    func() time.Time
	module *pkcs11.Ctx
	roots  []root // current first; fixed when the store is opened

	gate sync.RWMutex // read by every use of the device; written to reach it anew, so that nothing is in flight then
	link *link        // nil while the device is away; guarded by gate
	away away         // guarded by gate
}

// A root names one generation. Its keys are in the device: see link.
type root struct {
	number int
	id     string // 8 hexadecimal digits, as [Soft.CurrentKey]
}

// OpenPKCS11 loads the module, logs in and finds the generations. They are made by [InitPKCS11] and [RotatePKCS11].
func OpenPKCS11(c PKCS11Config) (Store, error) {
	s, err := newPKCS11(c)
	if err != nil {
		return nil, err
	}
	s.gate.Lock()
	defer s.gate.Unlock()
	if err := s.reach(); err != nil {
		return nil, fmt.Errorf("open keystore: %w", err)
	}
	return s, nil
}

func newPKCS11(c PKCS11Config) (*PKCS11, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("open keystore: %w", err)
	}
	s := &PKCS11{config: c, rand: c.Rand, now: c.Now, module: pkcs11.New(c.Module)}
	if s.module == nil {
		return nil, fmt.Errorf("open keystore: %s is not a PKCS#11 module that can be loaded", c.Module)
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Close gives the sessions back. A store that is used again logs in again.
func (s *PKCS11) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.link != nil {
		s.link.close()
		s.link = nil
	}
	return nil
}

// CurrentKey is as [Soft.CurrentKey].
func (s *PKCS11) CurrentKey() string { return s.roots[0].id }

// KeyIDs is as [Soft.KeyIDs].
func (s *PKCS11) KeyIDs() []string {
	ids := make([]string, len(s.roots))
	for i, r := range s.roots {
		ids[i] = r.id
	}
	return ids
}

// MAC is [PKCS11.MACWith] under the current generation, and nil when the device does not answer.
func (s *PKCS11) MAC(label string, parts ...[]byte) []byte {
	mac, err := s.MACWith(s.CurrentKey(), label, parts...)
	if err != nil {
		return nil
	}
	return mac
}

// MACWith is HMAC-SHA-256, computed in the device, over the label and the parts, each preceded by its length. It returns [ErrUnknownKey], or a fault of kind
// unavailable.
func (s *PKCS11) MACWith(keyID, label string, parts ...[]byte) (mac []byte, err error) {
	message := appendPart(nil, []byte(label))
	for _, p := range parts {
		message = appendPart(message, p)
	}
	defer clear(message)
	err = s.with(func(l *link, session pkcs11.SessionHandle) error {
		keys, err := l.keys(keyID)
		if err != nil {
			return err
		}
		mac, err = l.mac(session, keys.mac, message)
		return err
	})
	return mac, err
}

// appendPart keeps borders unambiguous.
func appendPart(message, part []byte) []byte {
	n := uint64(len(part))
	message = append(message, byte(n>>56), byte(n>>48), byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	return append(message, part...)
}

// Seal is as [Soft.Seal], computed in the device. All labels share one key, so that no root should seal more than 2^32 values (NIST SP 800-38D §8.3).
func (s *PKCS11) Seal(label string, context, plain []byte) (sealed []byte, err error) {
	header := make([]byte, headerLength+nonceLength, Overhead+len(plain))
	header[0] = sealVersion
	if _, err := hex.Decode(header[1:headerLength], []byte(s.CurrentKey())); err != nil {
		return nil, fmt.Errorf("keystore: key id: %w", err)
	}
	nonce := header[headerLength:]
	if _, err := io.ReadFull(s.rand, nonce); err != nil {
		return nil, fmt.Errorf("keystore: nonce: %w", err)
	}
	err = s.with(func(l *link, session pkcs11.SessionHandle) error {
		keys, err := l.keys(s.CurrentKey())
		if err != nil {
			return err
		}
		return l.gcm(nonce, labelled(header[:headerLength], label, context), func(m []*pkcs11.Mechanism) error {
			if err := l.module.EncryptInit(session, m, keys.seal); err != nil {
				return err
			}
			text, err := l.module.Encrypt(session, plain)
			sealed = append(header, text...)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	if len(sealed) != Overhead+len(plain) {
		return nil, errors.New("keystore: the device's seal has another length than AES-GCM gives")
	}
	return sealed, nil
}

// Open is as [Soft.Open], with a fault of kind unavailable besides.
func (s *PKCS11) Open(label string, context, sealed []byte) (plain []byte, err error) {
	id, err := sealedUnder(sealed)
	if err != nil {
		return nil, err
	}
	header, nonce, text := sealed[:headerLength], sealed[headerLength:headerLength+nonceLength], sealed[headerLength+nonceLength:]
	err = s.with(func(l *link, session pkcs11.SessionHandle) error {
		keys, err := l.keys(id)
		if err != nil {
			return err
		}
		return l.gcm(nonce, labelled(header, label, context), func(m []*pkcs11.Mechanism) error {
			if err := l.module.DecryptInit(session, m, keys.seal); err != nil {
				return err
			}
			plain, err = l.module.Decrypt(session, text)
			// Modules have several words for a tag that does not fit, some of which they use for their own troubles too. A device that still knows its keys is well.
			if err != nil && l.well(session, id) {
				return ErrTampered
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return plain, nil
}

// SealedUnder is as [Soft.SealedUnder].
func (*PKCS11) SealedUnder(sealed []byte) (keyID string, err error) { return sealedUnder(sealed) }

// labelled binds the label too, since it chooses no key of its own here.
func labelled(header []byte, label string, context []byte) []byte {
	return append(appendPart(append([]byte(nil), header...), []byte(label)), context...)
}

var _ Store = (*PKCS11)(nil)
