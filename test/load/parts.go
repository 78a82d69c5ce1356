package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"chave/internal/app"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/message"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/format/ades"
	"chave/internal/format/pdf"
	"chave/internal/outside/store"
	"chave/test/population"
)

// scmdFields is how many encrypted fields one signature takes: user and PIN, then the code.
const scmdFields = 3

// parts takes one signature apart, in this process, over the same database and keystore, while no server runs.
func (m *signMeasure) parts(ctx context.Context, node *app.App, bareKey crypto.Signer, server, rest float64, plain bare) error {
	fmt.Printf("\none signature taken apart, in this process, one at a time, each part for %s\n", m.Parts)
	row := func(name string, ms float64, note string) { fmt.Printf("%-18s %6.2f ms  %s\n", name, ms, note) }
	one, err := bareAlone(bareKey, m.Parts)
	if err != nil {
		return err
	}
	row("bare operation", one, fmt.Sprintf("RSA-3072 on one core; %.2f ms with all cores busy", plain.cpu))
	field, err := m.field(node)
	if err != nil {
		return err
	}
	row("field decryption", field*scmdFields, fmt.Sprintf("%d fields of RSA-2048, %.2f ms each", scmdFields, field))
	who := population.Of(0, m.options)
	pin, err := credential.ParsePIN(who.SignPIN())
	if err != nil {
		return err
	}
	stored, err := node.Hasher.Hash(pin, "somebody")
	if err != nil {
		return err
	}
	hash, err := each(m.Parts, func() error {
		_, err := node.Hasher.Matches(stored, pin, "somebody")
		return err
	})
	if err != nil {
		return err
	}
	row("PIN hash", hash, "argon2id behind the keystore's MAC")
	unwrap, err := m.unwrap(node)
	if err != nil {
		return err
	}
	row("key unwrap", unwrap, "both layers, parsing and checking the key, forgetting it")
	whole, err := m.whole(ctx, node, who, pin)
	if err != nil {
		return err
	}
	row("store", whole-one-hash-unwrap, "request, code, permit, signature, history and audit rows, the message: what is left of core/signing, measured whole")
	row("at rest", rest, "the server's own jobs, shared among the signatures of the run")
	row("all else", server-rest-whole-field*scmdFields, "HTTP, XML, HTTP Basic, sending the code, sealing the audit log: what is left of the server's time")
	row("together", server, "server CPU of a single signature, measured above")
	return m.documents(ctx, node, who)
}

// each gives milliseconds of processor time, of this process, for one call.
func each(d time.Duration, do func() error) (float64, error) {
	runtime.GC()
	began, used, n := time.Now(), own(), 0
	for ; time.Since(began) < d; n++ {
		if err := do(); err != nil {
			return 0, err
		}
	}
	return (own() - used).Seconds() * 1000 / float64(n), nil
}

func bareAlone(key crypto.Signer, d time.Duration) (float64, error) {
	digest := sha256.Sum256([]byte("bare"))
	return each(d, func() error {
		_, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
		return err
	})
}

// field is what one encrypted field costs where one key is in use.
func (m *signMeasure) field(node *app.App) (float64, error) {
	sealed, public, err := node.Vault.NewDecryptionKey()
	if err != nil {
		return 0, err
	}
	open, err := node.Vault.Decrypter(sealed)
	if err != nil {
		return 0, err
	}
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		return 0, errors.New("fields are not encrypted with RSA")
	}
	block, err := rsa.EncryptPKCS1v15(rand.Reader, key, []byte("135790")) //nolint:staticcheck // what the service's contract asks for
	if err != nil {
		return 0, err
	}
	return each(m.Parts, func() error {
		if _, ok := open(block); !ok {
			return errors.New("a field does not open")
		}
		return nil
	})
}

// unwrap is what opening a person's key costs, without signing.
func (m *signMeasure) unwrap(node *app.App) (float64, error) {
	sealed, _, err := node.Vault.NewPersonalKey(string(signing.RSA3072))
	if err != nil {
		return 0, err
	}
	secret := func() signing.Unlock { return signing.NewUnlock(make([]byte, 32)) }
	locked, err := node.Vault.LockPersonalKey(sealed, []byte("load"), secret())
	if err != nil {
		return 0, err
	}
	return each(m.Parts, func() error {
		return node.Vault.OpenPersonalKey(locked, []byte("load"), secret(), func(signing.PersonalSigner) error { return nil })
	})
}

// whole is a signature by core/signing, without any wire: prepared, its code read where the outbox reads it, confirmed and signed.
func (m *signMeasure) whole(ctx context.Context, node *app.App, who population.Resident, pin credential.PIN) (float64, error) {
	id, err := population.ID(ctx, node, who)
	if err != nil {
		return 0, err
	}
	var with service.Service
	err = node.DB.View(ctx, func(tx *store.Tx) (err error) {
		with, err = tx.Service("load-scmd-0")
		return err
	})
	if err != nil {
		return 0, err
	}
	if _, err := lease(ctx, node); err != nil { // what is left of before
		return 0, err
	}
	return each(m.Parts, func() error { return m.signature(ctx, node, id, with, pin) })
}

func (m *signMeasure) signature(ctx context.Context, node *app.App, id citizen.ID, with service.Service, pin credential.PIN) error {
	digest := sha256.Sum256(fmt.Appendf(nil, "%d", m.papers.Add(1)))
	op, err := node.Signing.Prepare(ctx, signing.Request{
		Wire: "scmd", Application: with, Person: id, Needs: signing.RSA3072, Purpose: signing.Sign, Hash: crypto.SHA256,
		Documents: []signing.Document{{Name: "contract.pdf", Digest: digest[:]}}, PIN: pin, Address: "192.0.2.1",
	})
	if err != nil {
		return err
	}
	digits, err := lease(ctx, node)
	if err != nil {
		return err
	}
	code, err := credential.ParseCode(digits)
	if err != nil {
		return err
	}
	_, err = node.Signing.ConfirmAndSign(ctx, signing.Ref{ID: op.ID, Application: with.ID}, code)
	return err
}

// lease takes what is to be sent, as the outbox does, and gives the last code in it.
func lease(ctx context.Context, node *app.App) (code string, err error) {
	err = node.DB.Do(ctx, func(tx *store.Tx) error {
		now := node.Now()
		all, err := tx.LeaseMessages("load", 1000, now, now.Add(time.Second))
		if err != nil {
			return err
		}
		var ids []string
		for _, one := range all {
			ids = append(ids, one.ID)
			if one.Kind == message.SignCode {
				code = one.Data["code"]
			}
		}
		return tx.DoneMessages("load", ids)
	})
	return code, err
}

// documents signs PDFs on all cores, with time-stamp, status and certificates in the file: level B-LT. Key, authorities and timestamps are in this process.
func (m *signMeasure) documents(ctx context.Context, node *app.App, who population.Resident) error {
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		return err
	}
	signing, err := m.certified(ctx, node, who, key)
	if err != nil {
		return err
	}
	helpers := ades.Helpers{Timestamp: node.PKI.Timestamp, OCSP: node.PKI.Status, CRL: node.PKI.List}
	var (
		hands sync.WaitGroup
		done  atomic.Int64
		wrong atomic.Pointer[error]
		size  atomic.Int64
	)
	began, used := time.Now(), own()
	for range runtime.NumCPU() {
		hands.Go(func() {
			for time.Since(began) < m.Parts {
				out, err := lasting(ctx, signing, key, helpers, node.Now())
				if err != nil {
					wrong.Store(&err)
					return
				}
				size.Store(int64(len(out)))
				done.Add(1)
			}
		})
	}
	hands.Wait()
	if err := wrong.Load(); err != nil {
		return *err
	}
	n := float64(done.Load())
	fmt.Printf("\n%-18s %.1f documents a second on all cores, %.2f ms CPU each; a page of text, %d bytes when signed: signature and time-stamp by RSA-3072 each, and the status answers\n", "PAdES B-LT",
		n/time.Since(began).Seconds(), (own()-used).Seconds()*1000/n, size.Load())
	return nil
}

// certified has a key certified as the person's.
func (m *signMeasure) certified(ctx context.Context, node *app.App, who population.Resident, key *rsa.PrivateKey) (ades.PDFSigning, error) {
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return ades.PDFSigning{}, err
	}
	id, err := population.ID(ctx, node, who)
	if err != nil {
		return ades.PDFSigning{}, err
	}
	person := who.Person
	person.ID = id
	issued, err := node.PKI.Issue(ctx, subject(person, public, node.Now().AddDate(0, 6, 0)))
	if err != nil {
		return ades.PDFSigning{}, err
	}
	var chain []*x509.Certificate
	for _, der := range issued.Chain {
		one, err := x509.ParseCertificate(der)
		if err != nil {
			return ades.PDFSigning{}, err
		}
		chain = append(chain, one)
	}
	return ades.PDFSigning{Certificate: chain[0], Chain: chain[1:], Field: pdf.Field{Name: "Signature1", SignerName: who.FullName(), At: node.Now()}}, nil
}

// lasting is one document from the first octet to level B-LT.
func lasting(ctx context.Context, s ades.PDFSigning, key crypto.Signer, h ades.Helpers, at time.Time) ([]byte, error) {
	s.Field.At = at
	p, err := ades.PreparePDF(paper(), s)
	if err != nil {
		return nil, err
	}
	signature, err := key.Sign(rand.Reader, p.ToSign(), p.Hash())
	if err != nil {
		return nil, err
	}
	file, err := p.Attach(signature)
	if err != nil {
		return nil, err
	}
	out, reached, err := ades.Extend(ctx, file, ades.BLT, at, h)
	if err == nil && reached != ades.BLT {
		err = fmt.Errorf("only %s was reached", reached)
	}
	return out, err
}
