package signing

import (
	"context"
	"crypto"
	_ "crypto/sha256" // Hash.Size of the hashes that Prepare takes
	_ "crypto/sha512"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/service"
)

// Prepare checks the request and the PIN, stores the operation and sends the code. Faults: SigningInactive, SigningSuspended, SignPINBlocked, SignPINWrong, KeyMismatch, NoDocuments,
// TooManyDocuments, DigestInvalid, HashNotAllowed, TooManyPending, TooManyCodes, NoChannel, KeyEnded and what else credential.Policy.Usable says, KeystoreUnavailable. No code is sent with a fault.
//
// A try is taken and committed before the PIN is looked at; a second transaction gives it back and stores the operation with its message. The slow hash and all that asks
// the keystore lies between the two.
func (s *Service) Prepare(ctx context.Context, r Request) (Operation, error) {
	s.ready()
	if err := s.checkRequest(&r); err != nil {
		return Operation{}, err
	}
	taken, err := s.takeForRequest(ctx, r)
	if err != nil {
		return Operation{}, err
	}
	right, err := lend(ctx, s.rules.KeystoreLimit, func() (bool, error) { return s.Hasher.Matches(taken.key.PIN, r.PIN, pinOwner(taken.key.Person)) })
	if err != nil {
		s.giveBack(ctx, taken)
		return Operation{}, keystoreGone(err)
	}
	if !right {
		return Operation{}, s.pinWrong(ctx, r, taken)
	}
	drawn, err := lend(ctx, s.rules.KeystoreLimit, func() (drawn, error) { return s.draw(r, taken.key) })
	if err != nil {
		s.giveBack(ctx, taken)
		return Operation{}, keystoreGone(err)
	}
	var refusal error
	err = s.Do(ctx, func(tx Tx) (err error) {
		refusal, err = s.admit(tx, r, taken, &drawn, s.Now())
		return err
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return Operation{}, err
	}
	s.Wake()
	drawn.op.Version = 1
	return shown(drawn.op), nil
}

// checkRequest is all that can be checked without knowing anybody.
func (s *Service) checkRequest(r *Request) error {
	if r.Purpose == ShowCertificate {
		r.Hash, r.Documents = 0, nil
		return nil
	}
	switch {
	case r.Purpose != Sign:
		return fmt.Errorf("sign: no such purpose %q", r.Purpose)
	case r.Hash != crypto.SHA256 && r.Hash != crypto.SHA384 && r.Hash != crypto.SHA512:
		return fault.New(fault.HashNotAllowed).On("hash")
	case len(r.Documents) == 0:
		return fault.New(fault.NoDocuments).On("documents")
	case len(r.Documents) > s.rules.Batch:
		return fault.New(fault.TooManyDocuments).On("documents").With("Max", s.rules.Batch)
	}
	for _, d := range r.Documents {
		if len(d.Digest) != r.Hash.Size() {
			return fault.New(fault.DigestInvalid).On("hash")
		}
	}
	r.Documents = append([]Document(nil), r.Documents...)
	for i, d := range r.Documents {
		r.Documents[i].Name = firstRunes(d.Name, 255)
	}
	return nil
}

// drawn is an operation with what its message carries.
type drawn struct {
	op   Operation
	code credential.Code
}

// draw makes the operation that will be stored if the person may have it: its id, its code, and the secret that opens the key, sealed.
func (s *Service) draw(r Request, key Key) (drawn, error) {
	op := Operation{
		ID: newID(s.Rand), Wire: r.Wire, Application: r.Application.ID, Person: key.Person, KeyID: key.ID, State: Waiting,
		Content: Content{Purpose: r.Purpose, Hash: r.Hash, Documents: r.Documents, Session: r.Session, Payload: r.Payload, PINSalt: key.PIN.Salt, Name: r.Application.Name, Lang: r.Lang},
	}
	code := s.Hasher.NewCode()
	mac, err := s.Hasher.CodeMAC(code, op.ID)
	if err != nil {
		return drawn{}, err
	}
	op.CodeMAC = mac
	if op.Purpose == ShowCertificate {
		return drawn{op, code}, nil
	}
	secret, err := s.unlockOf(key, r.PIN)
	if err != nil {
		return drawn{}, err
	}
	defer secret.Clear()
	op.Unlock, err = s.Vault.Seal(unlockLabel, binding(op), secret.Reveal())
	return drawn{op, code}, err
}

// admit gives the try back and, when person and key may sign, stores the operation and its message. A refusal is not an error: the try is given back all the same.
func (s *Service) admit(tx Tx, r Request, taken taken, d *drawn, now time.Time) (refusal, err error) {
	key, refusal, err := s.pinRight(tx, taken, now)
	if err != nil || refusal != nil {
		return refusal, err
	}
	person, refusal, err := s.signer(tx, key, now)
	if err != nil || refusal != nil {
		return refusal, err
	}
	waiting, err := tx.CountWaiting(key.Person, r.Application.ID, now)
	if err != nil {
		return nil, err
	}
	if waiting >= s.rules.Pending {
		return fault.New(fault.TooManyPending), nil
	}
	channel, to, ok := message.Route(person)
	if !ok {
		return fault.New(fault.NoChannel), nil
	}
	op := &d.op
	op.Served = r.Application.Allows(service.CollectsPIN, now)
	if op.Lang == "" {
		op.Lang = person.Lang
	}
	if refusal, err := s.countCode(tx, *op, r.Address, now); err != nil || refusal != nil {
		return refusal, err
	}
	op.CreatedAt, op.ExpiresAt = now, now.Add(s.rules.CodeTTL)
	op.DueAt, op.CodeUntil = op.ExpiresAt, op.ExpiresAt
	op.Channel, op.SentTo, op.Sent, op.SentAt = channel, masked(channel, to), 1, now
	if err := tx.InsertOperation(*op); err != nil {
		return nil, err
	}
	if err := tx.InsertMessage(s.codeMessage(*op, to, d.code, now)); err != nil {
		return nil, err
	}
	e := s.event(audit.SignaturePrepared, *op, now)
	e.Data["documents"], e.Data["hashes"] = strconv.Itoa(len(op.Documents)), hex.EncodeToString(digestOf(op.Documents))
	return nil, tx.InsertAudit(e)
}
