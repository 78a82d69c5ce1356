package scmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/random"
	"chave/internal/core/signing"
)

// kindFailed marks a process that failed when it began. The official program ignores the code of a signing call and goes on with the process: its next call must hear what was wrong (§1.12).
const kindFailed grant.Kind = "scmd-failed"

// failedRow is what a failed process repeats.
type failedRow struct {
	Application string     `json:"application"`
	Code        string     `json:"code"`
	Field       string     `json:"field,omitempty"`
	Message     string     `json:"message"`
	Fault       fault.Code `json:"fault"`
}

// failedProcess gives a failed beginning its process id: an empty one where clients look at codes, else one that repeats the code whatever is typed. No code was
// sent for it, and nothing can be signed under it.
func (p *Provider) failedProcess(ctx context.Context, c *call, s status) string {
	if !c.door.remembers {
		return ""
	}
	id := uuid(p.Rand)
	row, err := json.Marshal(failedRow{c.service.ID, s.code, s.field, s.message, fault.Of(c.cause).Code})
	if err == nil {
		until := p.Now().Add(p.Rules.FailedLife)
		err = p.Do(ctx, func(tx Tx) error {
			return tx.InsertSingle(grant.Single{Kind: kindFailed, Digest: grant.Digest(kindFailed, id), Payload: row, ExpiresAt: until})
		})
	}
	if err != nil { // the id is then unknown, which is an error to every client too
		p.Log.WarnContext(ctx, "failed process not kept", "wire", c.door.name, "application", c.service.ID, "err", err)
	}
	return id
}

// orFailedBefore replaces "unknown" by what a failed process has to repeat.
func (p *Provider) orFailedBefore(ctx context.Context, c *call, ref signing.Ref, err error) error {
	if !c.door.remembers || !fault.Is(err, fault.OperationUnknown) {
		return err
	}
	var one grant.Single
	found := p.View(ctx, func(tx Tx) (err error) {
		one, err = tx.Single(kindFailed, grant.Digest(kindFailed, ref.ID))
		return err
	})
	var row failedRow
	switch {
	case fault.Is(found, fault.RowNotFound):
		return err
	case found != nil:
		return found
	case json.Unmarshal(one.Payload, &row) != nil, row.Application != ref.Application, !p.Now().Before(one.ExpiresAt):
		return err
	}
	return refuse(row.Code, row.Field, row.Message, row.Fault)
}

// uuid is a random UUID, version 4 (RFC 9562 §5.4), in lower case, as processes have them (§1.9).
func uuid(source io.Reader) string {
	b := random.Bytes(source, 16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
