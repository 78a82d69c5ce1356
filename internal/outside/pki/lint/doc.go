// Package lint says whether a certificate is what docs/certificate-profile.md promises, before an authority signs it.
//
// Each rule has a file of its own and one reason to refuse. All of them are asked of a copy that a throwaway key signed; a single complaint and nothing is signed (S8).
// The rules read the finished bytes, not the settings that made them, so that a mistake in the making is seen.
//
// It knows no store, no key and no clock.
package lint

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"
)

// Kind is what a certificate is for.
type Kind string

// The kinds.
const (
	Person  Kind = "person"
	Root    Kind = "root"
	Issuing Kind = "issuing"
	OCSP    Kind = "ocsp"
	TSA     Kind = "tsa"
)

// authority tells whether a kind signs certificates.
func (k Kind) authority() bool { return k == Root || k == Issuing }

// Candidate is a certificate that somebody wants to have signed.
type Candidate struct {
	Kind   Kind
	Cert   *x509.Certificate // under a throwaway key's signature
	Issuer *x509.Certificate // of whoever will sign; nil for a root, which does it itself

	Arc       asn1.ObjectIdentifier // under which the operator's own policies lie
	Address   string                // where status and lists are served
	MaxLife   time.Duration
	Qualified bool   // the operator has a certified module and says so
	Label     string // what an unqualified one must carry (T8)
}

// Rule is one reason to refuse.
type Rule struct {
	Name   string // its file's name
	Source string
	Check  func(Candidate) error // nil: nothing to complain of
}

// Rules lists them all, in the order of a certificate's fields.
func Rules() []Rule {
	return []Rule{
		version(), serial(), signatureAlgorithm(), validity(), issuer(), subjectOrder(), subjectStrings(), subjectNumber(), key(),
		identifiers(), basicConstraints(), keyUsage(), extendedKeyUsage(), noCheck(), addresses(), policies(), label(), statements(), birthDate(), extensions(),
	}
}

// Check asks every rule and joins what they say.
func Check(c Candidate) error {
	var all []error
	for _, r := range Rules() {
		if err := r.Check(c); err != nil {
			all = append(all, fmt.Errorf("%s (%s): %w", r.Name, r.Source, err))
		}
	}
	return errors.Join(all...)
}

// extension finds one by its identifier.
func extension(c *x509.Certificate, id asn1.ObjectIdentifier) (found bool, critical bool, value []byte) {
	for _, e := range c.Extensions {
		if e.Id.Equal(id) {
			return true, e.Critical, e.Value
		}
	}
	return false, false, nil
}
