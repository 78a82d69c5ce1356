package csc

import (
	"context"
	"crypto"
	"crypto/x509"
	"time"
)

// Formats, envelopes and levels of §11.11 that are offered here.
const (
	formatPAdES = "P"
	formatCAdES = "C"

	envelopeCertification = "Certification"
	envelopeRevision      = "Revision"
	envelopeDetached      = "Detached"
)

// levelNames are the standard's names of the baseline levels, from the least.
func levelNames() []string { return []string{"Ades-B-B", "Ades-B-T", "Ades-B-LT", "Ades-B-LTA"} }

const (
	levelT  = 1
	levelLT = 2
)

// Documents makes AdES signatures around signatures that are made elsewhere; see Ades.
type Documents interface {
	// Prepare is deterministic: the same sheet gives the same digest to sign, on any node and at any time. Its errors are faults.
	Prepare(Sheet) (Prepared, error)
}

// Sheet is one thing to sign and how. Either Content or Digest is there.
type Sheet struct {
	Format  string      // P for PAdES, C for CAdES
	Content []byte      // a PDF for P, anything for C
	Digest  []byte      // of the document; for P of the byte range of a PDF that the service prepared itself
	Hash    crypto.Hash // of Digest, and of the signature
	Level   string      // "B-B", "B-T", "B-LT" or "B-LTA"
	Certify bool        // P: nobody may change the document afterwards, but sign it
	At      time.Time   // what the signature claims
	Chain   []*x509.Certificate

	Name, Reason, Location, Contact string // P, each may be empty
}

// Prepared is a document that waits for its signature.
type Prepared interface {
	// ToSign is the digest that the key signs.
	ToSign() []byte
	// Attach gives the signed document, or the CMS object of a detached signature, at the level that could be reached: never an error when only timestamps or status
	// answers are missing, because the signature exists by then.
	Attach(ctx context.Context, signature []byte) (out []byte, reached string, err error)
}
