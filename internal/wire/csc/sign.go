package csc

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"net/http"

	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/oauth"
)

// signHash signs digests that a SAD authorizes, once (§11.10).
func (p *Provider) signHash(w http.ResponseWriter, r *http.Request) error {
	c, in, err := p.method(w, r, maxJSON)
	if err != nil {
		return err
	}
	sad, key, err := p.toSign(r.Context(), c, in)
	if err != nil {
		return err
	}
	if !in.has("hashes") {
		return missing("array", "hashes")
	}
	texts, err := in.texts("hashes")
	if err != nil {
		return err
	}
	if len(texts) == 0 {
		return oauth.Refuse(oauth.InvalidRequest, "Empty hash array").With(fault.NoDocuments)
	}
	h, err := algorithm(in, key.Alg)
	if err != nil {
		return err
	}
	digests, err := p.digestsOf(texts, h)
	if err != nil {
		return err
	}
	made, err := p.redeem(r.Context(), sad, key, h, digests)
	if err != nil {
		return err
	}
	return oauth.Answer(w, http.StatusOK, map[string][]string{"signatures": encoded(made)})
}

// toSign reads what both ways of signing begin with: a mode that is offered, the SAD, and the key that it is for.
func (p *Provider) toSign(ctx context.Context, c caller, in params) (held, signing.Key, error) {
	mode, err := in.text("operationMode")
	if err != nil {
		return held{}, signing.Key{}, err
	}
	switch mode {
	case "", "S":
	case "A":
		return held{}, signing.Key{}, oauth.Refuse(oauth.InvalidRequest, "Invalid parameter operationMode: asynchronous operation is not offered, see info").With(fault.FeatureUnsupported)
	default:
		return held{}, signing.Key{}, invalid("operationMode")
	}
	for _, name := range []string{"validity_period", "response_uri"} {
		if in.has(name) {
			return held{}, signing.Key{}, invalid(name).With(fault.FeatureUnsupported)
		}
	}
	sad, err := p.activation(ctx, c, in)
	if err != nil {
		return sad, signing.Key{}, err
	}
	key, err := p.credential(ctx, c, in)
	if err == nil && key.ID != sad.Key {
		err = invalid("credentialID").With(fault.KeyMismatch)
	}
	return sad, key, err
}

// redeem spends the permit behind a SAD. Core checks all of it once more against what the person confirmed.
func (p *Provider) redeem(ctx context.Context, sad held, key signing.Key, h crypto.Hash, digests [][]byte) ([][]byte, error) {
	result, err := p.Signing.Redeem(ctx, signing.Redemption{
		Handle: sad.text, Application: sad.Client, Session: sad.Session, KeyID: key.ID, Hash: h, Digests: digests,
	})
	if err != nil {
		return nil, err
	}
	if len(result.Signatures) != len(digests) {
		return nil, errors.New("csc: core/signing gave another number of signatures than digests")
	}
	return result.Signatures, nil
}

func encoded(all [][]byte) []string {
	texts := []string{}
	for _, b := range all {
		texts = append(texts, base64.StdEncoding.EncodeToString(b))
	}
	return texts
}

// credentialsExtendTransaction gives a new SAD for what is left of a batch (§11.9). The hashes must be among those that the person confirmed: new ones need a new
// authorization, whatever the standard's SCAL1 would allow.
func (p *Provider) credentialsExtendTransaction(w http.ResponseWriter, r *http.Request) error {
	c, in, err := p.method(w, r, maxJSON)
	if err != nil {
		return err
	}
	sad, err := p.activation(r.Context(), c, in)
	if err != nil {
		return err
	}
	key, err := p.credential(r.Context(), c, in)
	if err != nil {
		return err
	}
	if key.ID != sad.Key {
		return invalid("credentialID").With(fault.KeyMismatch)
	}
	h, digests, err := p.readHashes(in)
	if err != nil {
		return err
	}
	permit, err := p.Signing.Extend(r.Context(), signing.Redemption{
		Handle: sad.text, Application: sad.Client, Session: sad.Session, KeyID: key.ID, Hash: h, Digests: digests,
	})
	if err != nil {
		return err
	}
	return p.hand(w, r, permit, sad.Family)
}
