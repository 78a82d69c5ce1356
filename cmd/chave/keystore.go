package main

import (
	"fmt"

	"chave/internal/outside/keystore"
)

// keystoreCommand makes the one secret of an installation.
type keystoreCommand struct {
	Init struct {
		File string `arg:"" type:"path" help:"Where the root key goes; it must not exist yet."`
	} `cmd:"" help:"Make a root key file, readable by its owner only. Keep a copy where the database is not."`
}

func (c *keystoreCommand) Run(s streams) error {
	if err := keystore.CreateRootKey(c.Init.File); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.Out, "root key made:", c.Init.File)
	return err
}
