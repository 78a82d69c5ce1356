package keystore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
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

// defaultSessions is small, and still more than the cores of a device.
const defaultSessions = 8

// check reports every problem at once.
func (c PKCS11Config) check() error {
	var problems []error
	for _, f := range []struct{ name, value string }{{"module", c.Module}, {"token", c.Token}, {"PIN file", c.PINFile}} {
		if f.value == "" {
			problems = append(problems, fmt.Errorf("the %s of the PKCS#11 keystore is not named", f.name))
		}
	}
	if c.Sessions < 0 || c.Sessions > 1024 {
		problems = append(problems, fmt.Errorf("%d sessions", c.Sessions))
	}
	seen := map[int]bool{}
	for _, g := range c.Generations {
		if g < 1 || seen[g] {
			problems = append(problems, fmt.Errorf("generation %d is named twice, or is none", g))
		}
		seen[g] = true
	}
	return errors.Join(problems...)
}

// maxPIN is more than any token takes.
const maxPIN = 256

// pin reads the user PIN. Its errors name the file and never its content.
func (c PKCS11Config) pin() (Secret, error) {
	f, err := os.Open(c.PINFile)
	if err != nil {
		return nil, fmt.Errorf("open PIN file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("inspect PIN file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("PIN file %s is not a regular file", c.PINFile)
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		return nil, fmt.Errorf("PIN file %s may be read or changed by others (mode %04o): make it 0600", c.PINFile, info.Mode().Perm())
	}
	line, err := io.ReadAll(io.LimitReader(f, maxPIN+2))
	if err != nil {
		return nil, fmt.Errorf("read PIN file: %w", err)
	}
	pin := strings.TrimRight(string(line), "\r\n")
	if pin == "" || len(pin) > maxPIN || strings.ContainsAny(pin, "\r\n") {
		return nil, fmt.Errorf("PIN file %s is not one line with a PIN", c.PINFile)
	}
	return Secret(pin), nil
}
