package scmd

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/signing"
)

var processForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// reference reads which process a call is about, and whether it is the caller's to ask. Upper case is accepted (§1.9).
func (c *call) reference() (signing.Ref, error) {
	if err := c.checkApplication(c.args, "applicationId"); err != nil {
		return signing.Ref{}, err
	}
	id := strings.ToLower(strings.TrimSpace(c.args.text("processId")))
	if id == "" {
		return signing.Ref{}, missing("processId")
	}
	if !processForm.MatchString(id) {
		return signing.Ref{}, fault.New(fault.OperationUnknown)
	}
	c.process = id
	return signing.Ref{ID: id, Application: c.service.ID}, nil
}

// forceSMS sends a new code for a process that waits, to the person it belongs to and to no other.
func (p *Provider) forceSMS(ctx context.Context, c *call) (answer, error) {
	ref, err := c.reference()
	if err != nil {
		return answer{}, err
	}
	user := c.args.text("citizenId")
	if user == "" {
		return answer{}, missing("citizenId")
	}
	keys, err := p.keys(ctx, c)
	if err != nil {
		return answer{}, err
	}
	who, err := p.person(ctx, c, keys, user)
	if err != nil {
		return answer{}, err
	}
	if ref.Person = who; who == "" {
		ref.Person = nobody
	}
	op, err := p.Signing.Resend(ctx, ref)
	if err != nil {
		return answer{}, p.orFailedBefore(ctx, c, ref, err)
	}
	return answer{status: status{code: codeOK, message: sayOK, process: op.ID}}, nil
}

// nobody is a person's id that nobody has: with it, an operation is never found.
const nobody = "nobody"

// validate takes the code and gives what the process was for.
func (p *Provider) validate(ctx context.Context, c *call) (answer, error) {
	ref, err := c.reference()
	if err != nil {
		return answer{}, err
	}
	text := c.args.text("code")
	if text == "" {
		return answer{}, missing("code")
	}
	keys, err := p.keys(ctx, c)
	if err != nil {
		return answer{}, err
	}
	result, err := p.Signing.ConfirmAndSign(ctx, ref, code(c, keys, text))
	switch {
	case fault.Is(err, fault.OperationOver):
		return answer{}, p.overBecause(ctx, ref, err)
	case err != nil:
		return answer{}, p.orFailedBefore(ctx, c, ref, err)
	}
	return done(result)
}

// overBecause tells why a process is over: one killed by wrong codes still says 802, as it did when the last of them came; otherwise it is no process any more.
func (p *Provider) overBecause(ctx context.Context, ref signing.Ref, over error) error {
	out, err := p.Signing.Outcome(ctx, ref)
	if err != nil {
		return over
	}
	return overOf(out.Operation)
}

func overOf(op signing.Operation) error {
	switch {
	case op.State != signing.Dead:
	case op.CodeTries > 0 && op.Fault == fault.OperationOver:
		return fault.New(fault.CodeWrong)
	case op.Fault != "" && op.Fault != fault.KeystoreUnavailable:
		return fault.New(op.Fault)
	}
	return fault.New(fault.OperationOver)
}

// pooling tells a client that waits without a code whether the person has confirmed somewhere else. While they have not, it is a code that the official program takes for
// "not yet" (§1.4, §6.12).
func (p *Provider) pooling(ctx context.Context, c *call) (answer, error) {
	ref, err := c.reference()
	if err != nil {
		return answer{}, err
	}
	out, err := p.Signing.Outcome(ctx, ref)
	if err != nil {
		return answer{}, p.orFailedBefore(ctx, c, ref, err)
	}
	switch out.Operation.State {
	case signing.Signed:
		if out.Chain == nil { // long ago
			return answer{}, fault.New(fault.OperationOver)
		}
		return done(out)
	case signing.Dead:
		return answer{}, overOf(out.Operation)
	}
	return answer{status: status{code: codeGeneric, message: p.Rules.PendingMessage, process: out.Operation.ID}}, nil
}

// done gives exactly one of the three results, in the order and under the names that were asked (§1.4).
func done(out signing.Result) (answer, error) {
	var keep payload
	op := out.Operation
	if err := json.Unmarshal(op.Payload, &keep); err != nil {
		return answer{}, fault.New(fault.InternalError).Because(err)
	}
	a := answer{status: status{code: codeOK, message: sayOK, process: op.ID}}
	n := len(out.Signatures)
	switch {
	case keep.Shape == chain && len(out.Chain) > 0:
		a.certificate = pemChain(out.Chain)
	case keep.Shape == single && n == 1:
		a.signature = out.Signatures[0]
	case keep.Shape == batch && n > 0 && n == len(op.Documents):
		for i, s := range out.Signatures {
			a.batch = append(a.batch, hashStructure{hash: s, name: op.Documents[i].Name, id: op.Documents[i].ID})
		}
	default:
		return answer{}, fault.New(fault.InternalError)
	}
	if slices.ContainsFunc(out.Signatures, func(s []byte) bool { return len(s) == 0 }) {
		return answer{}, fault.New(fault.InternalError)
	}
	return a, nil
}
