//go:build torture

package torture

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"chave/internal/app"
	recorded "chave/internal/core/audit"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/outside/store"
	"chave/test/drive"
	"chave/test/population"
)

// The people who sign do nothing else: their keys take a second each to make.
const (
	signatories    = 3
	firstSignatory = 30_000 // passports are every sixth
	applications   = 12
	// tooMany stands in the answer to who has too many processes waiting at one application.
	tooMany = "Há demasiadas assinaturas à espera"
)

// signatory is one of them, one process at a time.
type signatory struct {
	population.Resident
	key *rsa.PublicKey
}

// usedProcess is a request for a signature: what was sent, and what came back.
type usedProcess struct {
	with      *drive.SCMD
	who       *signatory
	id, code  string
	paper     drive.SCMDPaper
	signature []byte // acknowledged; nil while in doubt
}

// forSigning registers the applications that ask for signatures. They are several because what a kill leaves waiting counts against a person at one of them.
func (c *country) forSigning() (all []service.Settings) {
	for i := range applications {
		one := &drive.SCMD{ApplicationID: fmt.Sprintf("3f0c7c52-7d0e-4f0b-9d3c-0a4f6f1f5e%02d", i), User: fmt.Sprintf("torture-%d", i), Password: "a-password-for-torture"}
		c.scmd = append(c.scmd, one)
		id := fmt.Sprintf("over-scmd-%d", i)
		all = append(all, service.Settings{
			ID: id, Name: service.Text{"pt": "Serviço que assina", "en": "Signing Service"}, RedirectURIs: []string{"http://127.0.0.1:9/" + id}, AuthMethod: service.NoAuth,
			SCMD:   &service.SCMD{ApplicationID: one.ApplicationID, User: one.User, Password: one.Password},
			Compat: map[service.Switch]service.Allowance{service.CollectsPIN: {}},
		})
	}
	return all
}

// signingOn makes authorities, and keys for those who sign.
func (c *country) signingOn(ctx context.Context, node *app.App) error {
	var list []population.Resident
	for i := range signatories {
		r := population.Of(firstSignatory+6*i, c.options)
		if err := population.Admit(ctx, node, r, c.options); err != nil {
			return err
		}
		list = append(list, r)
		c.signatories = append(c.signatories, &signatory{Resident: r})
	}
	if err := population.Authorities(ctx, node, c.Dir); err != nil {
		return err
	}
	return population.Switch(ctx, node, signing.RSA3072, list)
}

// certified learns everybody's public key from the service itself.
func (c *country) certified(ctx context.Context) error {
	for _, one := range c.scmd {
		one.Issuer, one.Lines = c.Settings.Issuer, c.Service.Lines
		if err := one.Open(ctx); err != nil {
			return err
		}
	}
	for _, s := range c.signatories {
		certificate, err := c.scmd[0].Certificate(ctx, string(s.Phone))
		if err != nil {
			return err
		}
		key, ok := certificate.PublicKey.(*rsa.PublicKey)
		if !ok {
			return errors.New("a person who signs over SCMD has another key than RSA")
		}
		s.key = key
	}
	return nil
}

// signs asks for one signature after another.
func (w *worker) signs(ctx context.Context, s *signatory) error {
	for ctx.Err() == nil {
		if err := w.signOnce(ctx, s); err != nil {
			if w.l.killed.Load() {
				return nil
			}
			return fmt.Errorf("signing: %w", err)
		}
	}
	return nil
}

func (w *worker) signOnce(ctx context.Context, s *signatory) error {
	n := 0
	w.l.note(func(l *ledger) { l.papers++; n = l.papers })
	name := fmt.Sprintf("contract-%d.pdf", n)
	paper := drive.SCMDPaper{Name: name, Digest: sha256.Sum256([]byte(name))}
	w.c.Sink.Forget(string(s.Phone)) // of a process that a kill ended
	with := w.c.scmd[w.r.IntN(applications)]
	id, err := with.Sign(ctx, string(s.Phone), s.SignPIN(), paper)
	var refused *drive.SCMDRefused
	if errors.As(err, &refused) && !w.l.killed.Load() && strings.Contains(refused.Message, tooMany) { // processes that kills left without a code; they end by themselves
		w.l.note(func(l *ledger) { l.total.held++ })
		time.Sleep(100 * time.Millisecond)
		return nil
	}
	if err != nil {
		return err
	}
	wait, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	code, err := w.c.Sink.CodeAbout(wait, string(s.Phone), name)
	if err != nil {
		return err
	}
	used := &usedProcess{with: with, who: s, id: id, code: code, paper: paper}
	w.l.note(func(l *ledger) { l.processes = append(l.processes, used) })
	w.l.decisive()
	got, err := with.Validate(ctx, id, code)
	if err != nil {
		return err
	}
	used.signature = got[0]
	w.l.note(func(l *ledger) { l.total.signatures++ })
	return used.verify(got[0])
}

func (u *usedProcess) verify(signature []byte) error {
	if err := rsa.VerifyPKCS1v15(u.who.key, crypto.SHA256, u.paper.Digest[:], signature); err != nil {
		return fmt.Errorf("the signature of process %s does not verify: %w", u.id, err)
	}
	return nil
}

// replayProcess sends the code again, twice at once. Both are answered alike: with the signature that was given, with the one that nobody had heard of, or with a refusal.
func (w *worker) replayProcess(ctx context.Context, u *usedProcess) error {
	signatures, wrong, asked := [2][]byte{}, [2]error{}, sync.WaitGroup{}
	for i := range signatures {
		asked.Go(func() { signatures[i], wrong[i] = u.again(ctx) })
	}
	asked.Wait()
	first, second := signatures[0], signatures[1]
	switch {
	case errors.Join(wrong[:]...) != nil:
		return fmt.Errorf("process %s asked again: %w", u.id, errors.Join(wrong[:]...))
	case !bytes.Equal(first, second):
		return fmt.Errorf("process %s gave two answers to one code", u.id)
	case u.signature != nil && !bytes.Equal(u.signature, first):
		return fmt.Errorf("process %s was answered otherwise than before the kill", u.id)
	case first == nil:
		return nil
	}
	u.signature = first
	return u.verify(first)
}

// again gives no signature when the process is over.
func (u *usedProcess) again(ctx context.Context) ([]byte, error) {
	got, err := u.with.Validate(ctx, u.id, u.code)
	var refused *drive.SCMDRefused
	switch {
	case errors.As(err, &refused) && refused.Code != "" && refused.Code != "500" && refused.Code != "503":
		return nil, nil
	case err != nil:
		return nil, err
	}
	return got[0], nil
}

// onRecord holds every signature of a run against the audit log. RSA signatures of one digest are all alike, so whether one was made twice shows here: a permit is spent in the
// commit that writes its row. It looks once, at the end, for a killed server's lease on placing events in the log has to end first.
func (c *country) onRecord(ctx context.Context, all []*usedProcess) error {
	return c.With(ctx, func(node *app.App) error {
		if err := settled(ctx, node); err != nil {
			return err
		}
		return node.DB.View(ctx, func(tx *store.Tx) error {
			log, err := tx.AuditLog()
			if err != nil {
				return err
			}
			rows, err := tx.AuditRows(0, log.Size)
			if err != nil {
				return err
			}
			permitted, made, err := read(rows)
			if err != nil {
				return err
			}
			return hold(permitted, made, all)
		})
	})
}

// settled waits until the server has given every event its place in the log.
func settled(ctx context.Context, node *app.App) error {
	for {
		var tail recorded.Tail
		err := node.DB.View(ctx, func(tx *store.Tx) (err error) {
			tail, err = tx.UnsealedTail()
			return err
		})
		if err != nil || tail.Count == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d events never get a place in the audit log: %w", tail.Count, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// read counts by process.
func read(rows []recorded.Row) (permitted, made map[string]int, err error) {
	permitted, made = map[string]int{}, map[string]int{}
	for _, row := range rows {
		into := permitted
		switch row.Kind {
		case recorded.SignatureMade:
			into = made
		case recorded.SignaturePermitted:
		default:
			continue
		}
		var event struct{ Login string }
		if err := json.Unmarshal(row.Payload, &event); err != nil || event.Login == "" {
			return nil, nil, fmt.Errorf("an audit row %s names no process: %w", row.Kind, err)
		}
		into[event.Login]++
	}
	return permitted, made, nil
}

func hold(permitted, made map[string]int, all []*usedProcess) error {
	for id, n := range permitted {
		if n > 1 {
			return fmt.Errorf("the permit of process %s was spent %d times", id, n)
		}
	}
	for id, n := range made {
		if n > 1 || permitted[id] != 1 {
			return fmt.Errorf("process %s: %d signatures on record, %d permits", id, n, permitted[id])
		}
	}
	for _, u := range all {
		if u.signature != nil && (permitted[u.id] != 1 || made[u.id] != 1) {
			return fmt.Errorf("process %s gave a signature, and the audit log has %d permits and %d signatures of it", u.id, permitted[u.id], made[u.id])
		}
	}
	return nil
}
