package scmd

import (
	"context"
	"strconv"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/service"
)

// kindLogin marks that an application logged in from an address during one stretch of time. It is a row, because the next call may reach another node.
const kindLogin grant.Kind = "scmd-login"

// loginMark names the row of one stretch. Stretches are as long as the trust lasts, and the one before counts too: trust lasts once to twice as long as the rule says.
func (p *Provider) loginMark(app service.Service, address string, at time.Time) []byte {
	stretch := at.UnixNano() / int64(p.Rules.BatchTrust)
	return grant.Digest(kindLogin, app.ID+"\x00"+address+"\x00"+strconv.FormatInt(stretch, 10))
}

// remember notes a login on the older service: one row per application, address and stretch, read far more often than written. Failing to write it costs a
// batch its tolerance, never a call its answer.
func (p *Provider) remember(ctx context.Context, c *call) {
	if !c.door.clear || p.Rules.BatchTrust == 0 || !c.service.Allows(service.ClearPIN, p.Now()) {
		return
	}
	now := p.Now()
	mark := p.loginMark(c.service, c.address, now)
	err := p.View(ctx, func(tx Tx) error {
		_, err := tx.Single(kindLogin, mark)
		return err
	})
	if fault.Is(err, fault.RowNotFound) {
		err = p.Do(ctx, func(tx Tx) error {
			return tx.InsertSingle(grant.Single{Kind: kindLogin, Digest: mark, ExpiresAt: now.Add(2 * p.Rules.BatchTrust)})
		})
	}
	if err != nil && !fault.Is(err, fault.RowConflict) {
		p.Log.WarnContext(ctx, "login not noted", "wire", c.door.name, "application", c.service.ID, "err", err)
	}
}

// loggedInLately tells whether an application logged in from an address in this stretch or the one before.
func (p *Provider) loggedInLately(ctx context.Context, app service.Service, address string) (bool, error) {
	if p.Rules.BatchTrust == 0 {
		return false, nil
	}
	now := p.Now()
	found := false
	err := p.View(ctx, func(tx Tx) error {
		for _, at := range []time.Time{now, now.Add(-p.Rules.BatchTrust)} {
			one, err := tx.Single(kindLogin, p.loginMark(app, address, at))
			if err != nil && !fault.Is(err, fault.RowNotFound) {
				return err
			}
			found = found || err == nil && now.Before(one.ExpiresAt)
		}
		return nil
	})
	return found, err
}
