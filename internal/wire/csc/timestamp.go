package csc

import (
	"chave/internal/oauth"
	"encoding/base64"
	"math/big"
	"net/http"
)

// maxNonce is 128 bits in hexadecimal, twice what anybody sends.
const maxNonce = 64

// timestamp has the timestamp authority say that a digest existed (§11.13).
func (p *Provider) timestamp(w http.ResponseWriter, r *http.Request) error {
	c, in, err := p.method(w, r, maxJSON)
	if err != nil {
		return err
	}
	if err := byService(c); err != nil {
		return err
	}
	hash, err := in.text("hash")
	switch {
	case err != nil || !in.has("hash"):
		return missing("string", "hash")
	case hash == "":
		return oauth.Refuse(oauth.InvalidRequest, "Empty hash parameter")
	}
	oid, err := in.needText("hashAlgo")
	if err != nil {
		return err
	}
	h, err := hashOf(oid)
	if err != nil {
		return invalid("hashAlgo").With(refusalOf(err).Fault)
	}
	digest, err := digestOf(hash, h)
	if err != nil {
		return err
	}
	var nonce *big.Int
	if in.has("nonce") {
		text, err := in.text("nonce")
		value, ok := new(big.Int).SetString(text, 16)
		if err != nil || !ok || len(text) > maxNonce || value.Sign() < 0 {
			return invalid("nonce")
		}
		nonce = value
	}
	token, err := p.Timestamp(r.Context(), h, digest, nonce)
	if err != nil {
		return err
	}
	return oauth.Answer(w, http.StatusOK, map[string]string{"timestamp": base64.StdEncoding.EncodeToString(token)})
}
