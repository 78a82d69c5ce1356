package keystore_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"chave/internal/outside/keystore"
	"chave/internal/outside/keystore/keystoretest"
)

func TestSoft_rotation_rehearsed(t *testing.T) {
	dir, made := t.TempDir(), 0
	file := func(n int) keystore.Root { return keystore.Root{File: filepath.Join(dir, fmt.Sprint("root", n))} }
	keystoretest.RehearseRotation(t, func(t *testing.T) {
		made++
		if err := keystore.CreateRootKey(file(made).File); err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, generations ...int) keystoretest.Store {
		c := keystore.Config{Root: file(generations[len(generations)-1])}
		for _, g := range generations[:len(generations)-1] {
			c.Older = append(c.Older, file(g))
		}
		return open(t, c)
	})
}
