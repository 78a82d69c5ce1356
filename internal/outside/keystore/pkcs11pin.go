//go:build pkcs11

package keystore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

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
