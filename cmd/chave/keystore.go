package main

import (
	"fmt"

	"chave/internal/outside/keystore"
)

// keystoreCommand makes the secrets of an installation.
type keystoreCommand struct {
	Init       keystoreInit   `cmd:"" help:"Make a root key file, readable by its owner only. Keep a copy where the database is not."`
	InitDevice keystoreDevice `cmd:"" help:"Make the first root keys inside a PKCS#11 token. They never leave it: have the device's own backup ready."`
	Rotate     keystoreRotate `cmd:"" help:"Make the next root keys inside a PKCS#11 token; the ones before stay readable."`
}

type keystoreInit struct {
	File string `arg:"" type:"path" help:"Where the root key goes; it must not exist yet."`
}

// Run makes the file.
func (c *keystoreInit) Run(s streams) error {
	if err := keystore.CreateRootKey(c.File); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.Out, "root key made:", c.File)
	return err
}

// device says which token.
type device struct {
	Module  string `required:"" type:"path" help:"The maker's PKCS#11 library."`
	Token   string `required:"" help:"The token's label."`
	PINFile string `required:"" type:"path" help:"File with the token's user PIN, readable by its owner only."`
}

func (d device) config() keystore.PKCS11Config {
	return keystore.PKCS11Config{Module: d.Module, Token: d.Token, PINFile: d.PINFile}
}

type keystoreDevice struct{ device }

// Run makes the first generation.
func (c *keystoreDevice) Run(s streams) error {
	generation, err := keystore.InitPKCS11(c.config())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.Out, "root keys made in token %s, generation %d\n", c.Token, generation)
	return err
}

type keystoreRotate struct{ device }

// Run makes the next generation.
func (c *keystoreRotate) Run(s streams) error {
	generation, err := keystore.RotatePKCS11(c.config())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.Out, "root keys made in token %s, generation %d: start every node again\n", c.Token, generation)
	return err
}
