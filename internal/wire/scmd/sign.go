package scmd

import (
	"context"
	"crypto"
	"encoding/json"
	"unicode/utf8"

	"chave/internal/core/fault"
	"chave/internal/core/signing"
)

// maxName bounds names and ids of documents, in characters (§1.9).
const maxName = 255

// payload is what an operation keeps of this wire: how to answer when it is done.
type payload struct {
	Shape shape `json:"shape"`
}

// shape says which of the three results an operation gives (§1.4).
type shape string

const (
	single shape = "single"
	batch  shape = "batch"
	chain  shape = "certificate"
)

// asked is what the three operations that begin a process have in common.
type asked struct {
	user, pin string
	purpose   signing.Purpose
	hash      crypto.Hash
	documents []signing.Document
	keep      payload
}

// sign begins a process for one document.
func (p *Provider) sign(ctx context.Context, c *call) (answer, error) {
	v, err := c.request()
	if err != nil {
		return answer{}, err
	}
	if err := c.checkApplication(v, "ApplicationId"); err != nil {
		return answer{}, err
	}
	one := hashStructure{name: v.text("DocName")}
	one.hash, one.wellHash = v.binary("Hash")
	a := asked{user: v.text("UserId"), pin: v.text("Pin"), purpose: signing.Sign, keep: payload{Shape: single}}
	if err := p.documents(c, &a, []hashStructure{one}, "DocName"); err != nil {
		return answer{}, err
	}
	return p.begin(ctx, c, a, "UserId", "Pin")
}

// multipleSign begins a process for 1 to 100 documents.
func (p *Provider) multipleSign(ctx context.Context, c *call) (answer, error) {
	v, err := c.request()
	if err != nil {
		return answer{}, err
	}
	if err := c.checkApplication(v, "ApplicationId"); err != nil {
		return answer{}, err
	}
	list, err := readHashes(c.door, c.args.inside["documents"], p.Rules.Batch)
	switch {
	case err != nil:
		return answer{}, err
	case len(list) == 0:
		return answer{}, fault.New(fault.NoDocuments)
	case len(list) > p.Rules.Batch:
		return answer{}, fault.New(fault.TooManyDocuments)
	}
	a := asked{user: v.text("UserId"), pin: v.text("Pin"), purpose: signing.Sign, keep: payload{Shape: batch}}
	if err := p.documents(c, &a, list, "Name"); err != nil {
		return answer{}, err
	}
	return p.begin(ctx, c, a, "UserId", "Pin")
}

// certificateWithPIN begins a process that gives the certificate.
func (p *Provider) certificateWithPIN(ctx context.Context, c *call) (answer, error) {
	if err := c.checkApplication(c.args, "applicationId"); err != nil {
		return answer{}, err
	}
	member := c.op.in[len(c.op.in)-1].name // pin, or signaturePin
	a := asked{user: c.args.text("userId"), pin: c.args.text(member), purpose: signing.ShowCertificate, keep: payload{Shape: chain}}
	return p.begin(ctx, c, a, "userId", member)
}

// documents checks what is to be signed. All digests of a batch are of one algorithm: the person's key signs it as one.
func (p *Provider) documents(c *call, a *asked, list []hashStructure, nameMember string) error {
	for _, one := range list {
		if !one.wellHash {
			return missing("Hash")
		}
		hash, digest, err := p.digest(c, one.hash)
		if err != nil {
			return err
		}
		if a.hash != 0 && a.hash != hash {
			return refuse(codeParameter, "Hash", sayHash, fault.HashNotAllowed)
		}
		a.hash = hash
		if utf8.RuneCountInString(one.name) > maxName {
			return missing(nameMember)
		}
		if utf8.RuneCountInString(one.id) > maxName {
			return missing("id")
		}
		a.documents = append(a.documents, signing.Document{ID: one.id, Name: one.name, Digest: digest})
	}
	return nil
}

// begin reads user and PIN and prepares the operation. A user or PIN that did not come at all is told, because the caller knows it; anything about what is in
// them is not.
func (p *Provider) begin(ctx context.Context, c *call, a asked, userMember, pinMember string) (answer, error) {
	switch {
	case a.user == "":
		return answer{}, missing(userMember)
	case a.pin == "":
		return answer{}, missing(pinMember)
	}
	keys, err := p.keys(ctx, c)
	if err != nil {
		return answer{}, err
	}
	typed := pin(c, keys, a.pin)
	who, err := p.person(ctx, c, keys, a.user)
	if err != nil {
		return answer{}, err
	}
	kept, err := json.Marshal(a.keep)
	if err != nil {
		return answer{}, err
	}
	op, err := p.Signing.Prepare(ctx, signing.Request{
		Wire: c.door.name, Application: c.service, Person: who, Needs: signing.RSA3072, Purpose: a.purpose, Hash: a.hash, Documents: a.documents,
		PIN: typed, Address: c.address, Payload: kept,
	})
	if err != nil {
		return answer{}, err
	}
	return answer{status: status{code: codeOK, message: sayOK, process: op.ID}}, nil
}
