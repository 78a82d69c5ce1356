package signing

import (
	"crypto"

	"chave/internal/core/citizen"
	"chave/internal/core/service"
)

// Handover is a signature that a service asked for and that the person confirms on our own page, so that the service never sees a PIN (security.md §9).
type Handover struct {
	ID        string
	Service   service.Service
	Person    citizen.ID // who the service says will sign; empty for whoever signs in
	KeyID     string     // empty for the person's active key
	Hash      crypto.Hash
	Documents []Document
	Lang      string
	Session   string // what the permit will be bound to
}
