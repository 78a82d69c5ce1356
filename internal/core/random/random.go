// Package random draws the unguessable texts that core hands out: ids, handles, codes.
//
// It owns their alphabet and strength and never chooses its own source: callers inject one, crypto/rand outside tests.
package random

import (
	"encoding/base32"
	"fmt"
	"io"
	"math/big"

	cryptorand "crypto/rand"
)

// ID is 128 random bits as 26 lower-case base32 letters: fit for URLs, file names and keys of a distributed database.
// A source that fails stops the process's request by panic: no id may ever be guessable (never fail open).
func ID(source io.Reader) string { return text(source, 16) }

// Handle is 256 random bits as 52 letters, for values that are themselves the proof: codes of a wire, session cookies.
func Handle(source io.Reader) string { return text(source, 32) }

// Digits is n decimal digits, each equally likely.
func Digits(source io.Reader, n int) string {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	v, err := cryptorand.Int(source, limit)
	if err != nil {
		panic("random source failed: " + err.Error())
	}
	return fmt.Sprintf("%0*d", n, v)
}

// Bytes draws n bytes, for salts.
func Bytes(source io.Reader, n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(source, b); err != nil {
		panic("random source failed: " + err.Error())
	}
	return b
}

func text(source io.Reader, n int) string {
	return lower.EncodeToString(Bytes(source, n))
}

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
