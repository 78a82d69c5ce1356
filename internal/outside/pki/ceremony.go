package pki

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/fault"
	"chave/internal/outside/pki/lint"
)

// What a ceremony may find.
var (
	ErrExists     = errors.New("there is a hierarchy already; a new issuing authority comes by rollover")
	ErrOtherRoot  = errors.New("this file is not the root of this installation")
	ErrNoStatus   = errors.New("nobody asks for a responder's status (RFC 6960 §4.2.2.2.1): roll the issuing authority over, and revoke it if the responder's key was stolen")
	ErrNotForHere = errors.New("a person's certificate ends with that person's key, at the counter or in their own area")
)

// Init makes the hierarchy of an installation that has none: a root, whose key goes into a new file under a passphrase and nowhere else, an issuing authority,
// its responder and a timestamp authority, whose keys the keystore makes. The file is on disk before anything is signed by the root. After a failure in the middle, Rollover
// with the same file goes on.
func (a *Authority) Init(ctx context.Context, path string, passphrase []byte) error {
	h, err := a.known(ctx, 0)
	if err != nil {
		return err
	}
	if h.count(certificate.Root) > 0 {
		return ErrExists
	}
	if len(passphrase) < rootPassphrase {
		return fmt.Errorf("a root's passphrase has at least %d bytes", rootPassphrase)
	}
	key, err := newRootKey(a.Profiles.settings.RootAlg)
	if err != nil {
		return err
	}
	root, err := a.makeRoot(ctx, key, func(der []byte) error { return writeRootFile(path, passphrase, der, key) })
	if err != nil {
		return err
	}
	return a.certifiedBy(ctx, root, key)
}

// Rollover makes a new issuing authority under the root, with a responder and a timestamp authority of its own. The one before signs no certificates any more and goes on
// answering for those it signed.
func (a *Authority) Rollover(ctx context.Context, path string, passphrase []byte) error {
	root, key, err := a.openRoot(ctx, path, passphrase)
	if err != nil {
		return err
	}
	return a.certifiedBy(ctx, root, key)
}

func (a *Authority) certifiedBy(ctx context.Context, root member, key crypto.Signer) error {
	if err := a.below(ctx, &signerOf{id: root.ID, cert: root.cert, key: key}, a.Now().Add(rootListLife)); err != nil {
		return err
	}
	return a.Ensure(ctx)
}

// RootList signs the root's list anew. It is due before the last one ends, and whenever an issuing authority was revoked.
func (a *Authority) RootList(ctx context.Context, path string, passphrase []byte) error {
	root, key, err := a.openRoot(ctx, path, passphrase)
	if err != nil {
		return err
	}
	return a.listOfRoot(ctx, &signerOf{id: root.ID, cert: root.cert, key: key}, a.Now().Add(rootListLife))
}

func (a *Authority) openRoot(ctx context.Context, path string, passphrase []byte) (member, crypto.Signer, error) {
	cert, key, err := readRootFile(path, passphrase)
	if err != nil {
		return member{}, nil, err
	}
	h, err := a.known(ctx, 0)
	if err != nil {
		return member{}, nil, err
	}
	for _, m := range h.all {
		if m.Role == certificate.Root && m.Active && m.cert.Equal(cert) {
			return m, key, nil
		}
	}
	return member{}, nil, ErrOtherRoot
}

// Revoke ends an authority's own certificate, by serial, and its work: another timestamp authority is made by itself, another issuing authority by Rollover. An issuing
// authority's end shows once the root's list is signed anew.
func (a *Authority) Revoke(ctx context.Context, serial string, reason certificate.Reason) error {
	now := a.Now()
	return a.Do(ctx, func(tx certificate.Tx) error {
		row, err := tx.Certificate(serial)
		if err != nil {
			return err
		}
		switch {
		case row.Person != "":
			return ErrNotForHere
		case row.Profile == string(lint.OCSP):
			return ErrNoStatus
		}
		if err := retire(tx, serial); err != nil {
			return err
		}
		return certificate.Apply(tx, certificate.Change{Serial: serial, To: certificate.Revoked, Reason: reason, Actor: "admin", At: now, Rand: a.Rand})
	})
}

// retire keeps an authority from signing anything new.
func retire(tx certificate.Tx, serial string) error {
	rows, err := tx.Authorities()
	if err != nil {
		return err
	}
	for _, row := range rows {
		m, err := open(row)
		if err != nil {
			return err
		}
		if !m.Active || serialText(m.cert.SerialNumber) != serial {
			continue
		}
		m.Active = false
		if err := tx.UpdateAuthority(m.Authority); err != nil {
			return err
		}
	}
	return nil
}

// Show writes what there is, for the operator: each authority, and when the lists of roots end.
func (a *Authority) Show(ctx context.Context, out io.Writer) error {
	h, err := a.known(ctx, 0)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROLE\tSTATE\tID\tSERIAL\tENDS\tNAME")
	for _, m := range h.all {
		state, err := a.stateOf(ctx, m)
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Role, state, m.ID, serialText(m.cert.SerialNumber), m.cert.NotAfter.Format(time.DateOnly), m.cert.Subject.CommonName)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, m := range h.all {
		if m.Role != certificate.Root {
			continue
		}
		der, next, err := a.keptList(ctx, m)
		if err != nil {
			fmt.Fprintf(out, "the list of %s is missing: chave ca root-list\n", m.ID)
			continue
		}
		l, err := x509.ParseRevocationList(der)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "list %v of %s ends %s\n", l.Number, m.ID, next.Format(time.DateOnly))
	}
	return nil
}

func (a *Authority) stateOf(ctx context.Context, m member) (string, error) {
	state := "old"
	if m.Active {
		state = "active"
	}
	if m.Role == certificate.Root {
		return state, nil
	}
	var row certificate.Certificate
	err := a.View(ctx, func(tx certificate.Tx) (err error) {
		row, err = tx.Certificate(serialText(m.cert.SerialNumber))
		return err
	})
	if err == nil && row.State != certificate.Good {
		state = string(row.State)
	}
	if fault.Is(err, fault.RowNotFound) {
		err = nil
	}
	return state, err
}
