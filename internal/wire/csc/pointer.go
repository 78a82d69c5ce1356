package csc

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"strconv"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/signing"
)

// A family's generation counts the authorizations that its service began: the newest is found by number, without a table of its own.

// all is one digest over an authorization's digests, their order and their algorithm.
func all(s subject) []byte {
	h := sha256.New()
	h.Write([]byte(strconv.Itoa(int(s.Hash))))
	for _, d := range s.Digests {
		h.Write(d)
	}
	return h.Sum(nil)
}

func pointerDigest(family string, n int64) []byte {
	return grant.Digest(kindOperation, family+"/"+strconv.FormatInt(n, 10))
}

// remember gives an operation the family's next number.
func (p *Provider) remember(ctx context.Context, c caller, at pointer, op signing.Operation) error {
	payload, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return p.Do(ctx, func(tx Tx) error {
		f, err := tx.Family(c.family.ID)
		if err != nil {
			return err
		}
		now := p.Now()
		won, err := tx.AdvanceFamily(f.ID, f.Generation, now, f.ExpiresAt)
		if err != nil {
			return err
		}
		if !won {
			if f.Alive(now) {
				return fault.New(fault.RowConflict) // another authorization of this sign-in came between; run again
			}
			return fault.New(fault.TokenExpired)
		}
		return tx.InsertSingle(grant.Single{
			Kind: kindOperation, Digest: pointerDigest(f.ID, f.Generation+1), Payload: payload, Family: f.ID, ExpiresAt: op.ExpiresAt,
		})
	})
}

// find is the newest operation of a sign-in that fits and has not expired; found says whether there is one.
func (p *Provider) find(ctx context.Context, c caller, fits func(pointer) bool) (at pointer, found bool, err error) {
	err = p.View(ctx, func(tx Tx) error {
		at, found = pointer{}, false
		f, err := tx.Family(c.family.ID)
		if err != nil {
			return err
		}
		for n := f.Generation; n > 1 && n > f.Generation-recent; n-- {
			one, err := tx.Single(kindOperation, pointerDigest(f.ID, n))
			if fault.Is(err, fault.RowNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			var candidate pointer
			if err := json.Unmarshal(one.Payload, &candidate); err != nil {
				return err
			}
			if p.Now().Before(one.ExpiresAt) && fits(candidate) {
				at, found = candidate, true
				return nil
			}
		}
		return nil
	})
	return at, found, err
}
