package keystore

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/crypto/argon2"
)

const (
	rootLength = 32 // bytes; as strong as the AES-256 keys derived from it

	// rootFileMark opens every root key file, so that a person or a secret scanner knows what was found.
	rootFileMark = "chave-root-key-1 "

	minPassphrase = 16 // bytes
	minSalt       = 8  // bytes, RFC 9106 §3.1 asks for 8 or more

	// Cost of a passphrase, paid once at start. RFC 9106 §4, the second recommended option, with one more pass.
	passphraseTime   = 4
	passphraseMemory = 64 << 10 // KiB
	passphraseLanes  = 4
)

// Root says where one root comes from. Exactly one of File, Passphrase and Bytes is set.
type Root struct {
	// File is the path of a file made by [CreateRootKey]. It must be readable by its owner only.
	File string

	// Passphrase, of 16 bytes or more, is stretched with argon2id. Everyone who knows it holds every key, so prefer a file
	// where files can be protected.
	Passphrase Secret

	// Salt keeps equal passphrases of two installations apart; 8 bytes or more, not secret, never to be changed.
	// The issuer's address does well. Used with Passphrase only.
	Salt string

	// Bytes is the root itself, 32 bytes: for the demo and tests, which make a new one at each start.
	Bytes Secret
}

// CreateRootKey makes a new root from the system's random source and writes it to a new file that only its owner can
// read. It refuses to replace a file: overwriting a root would make every sealed row unreadable for ever. The file is on
// disk (synchronised, with its folder) when CreateRootKey returns nil, so that nothing can be sealed under a root that
// a power cut then takes away.
func CreateRootKey(path string) (err error) {
	root := make([]byte, rootLength)
	rand.Read(root) // never fails; it ends the process instead
	defer clear(root)

	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create root key: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(path) // half a key is worse than none; if it stays, the next start refuses it
		}
	}()
	line := append([]byte(rootFileMark), hex.EncodeToString(root)...)
	line = append(line, '\n')
	defer clear(line)
	_, err = f.Write(line)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("write root key: %w", err)
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the new name durable, not only the content.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil // folders cannot be opened for this there
	}
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open folder of root key: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("synchronise folder of root key: %w", err)
	}
	return nil
}

// load returns the 32 bytes a Root stands for. Its errors name the source and never its content.
func (r Root) load() ([]byte, error) {
	set := 0
	for _, given := range []bool{r.File != "", len(r.Passphrase) > 0, len(r.Bytes) > 0} {
		if given {
			set++
		}
	}
	switch {
	case set != 1:
		return nil, errors.New("a root is exactly one of a file, a passphrase and bytes")
	case r.File != "":
		return readRootFile(r.File)
	case len(r.Bytes) > 0:
		if len(r.Bytes) != rootLength {
			return nil, fmt.Errorf("a root has %d bytes, not %d", rootLength, len(r.Bytes))
		}
		return bytes.Clone(r.Bytes), nil
	case len(r.Passphrase) < minPassphrase:
		return nil, fmt.Errorf("a root passphrase has at least %d bytes", minPassphrase)
	case len(r.Salt) < minSalt:
		return nil, fmt.Errorf("the salt of a root passphrase has at least %d bytes", minSalt)
	}
	return argon2.IDKey(r.Passphrase, []byte("chave root "+r.Salt), passphraseTime, passphraseMemory, passphraseLanes, rootLength), nil
}

func readRootFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open root key: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	// The open file is asked, not the path, so that nobody can put another in its place between the two.
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("inspect root key: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("root key %s is not a regular file", path)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("root key %s may be read or changed by others (mode %04o): make it 0600, and a new root if others could have read it",
			path, info.Mode().Perm())
	}
	line, err := io.ReadAll(io.LimitReader(f, 256))
	if err != nil {
		return nil, fmt.Errorf("read root key: %w", err)
	}
	defer clear(line)
	digits, marked := bytes.CutPrefix(line, []byte(rootFileMark))
	digits = bytes.TrimRight(digits, "\r\n")
	root := make([]byte, rootLength)
	if marked && len(digits) == hex.EncodedLen(rootLength) {
		if _, err := hex.Decode(root, digits); err == nil {
			return root, nil
		}
	}
	return nil, fmt.Errorf("root key %s is not one line %q and %d hexadecimal digits", path, rootFileMark, hex.EncodedLen(rootLength))
}
