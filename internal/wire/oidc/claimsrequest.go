package oidc

import (
	"chave/internal/oauth"
	"encoding/json"
	"strings"
)

const maxClaims = 4 << 10 // bytes of a claims parameter

// claimsRequest is the claims parameter (OIDC Core §5.5). Where a claim is to appear makes no difference: both places get it.
type claimsRequest struct {
	Userinfo map[string]*oneClaim `json:"userinfo"`
	IDToken  map[string]*oneClaim `json:"id_token"`
}

// oneClaim is what is said of one claim; null says nothing.
type oneClaim struct {
	Essential bool              `json:"essential"`
	Value     json.RawMessage   `json:"value"`
	Values    []json.RawMessage `json:"values"`
}

// words are the claim's wanted values, as far as they are texts.
func (c *oneClaim) words() []string {
	var words []string
	for _, raw := range append([]json.RawMessage{c.Value}, c.Values...) {
		var word string
		if len(raw) > 0 && json.Unmarshal(raw, &word) == nil && word != "" {
			words = append(words, word)
		}
	}
	return words
}

// readClaims understands the parameter. Claims that we do not know are ignored, as the standard asks; anything that is not its JSON is refused.
func readClaims(text string) (claimsRequest, error) {
	var wants claimsRequest
	if text == "" {
		return wants, nil
	}
	if len(text) > maxClaims {
		return wants, oauth.Refuse(oauth.InvalidRequest, "claims is longer than %d bytes", maxClaims)
	}
	if err := json.Unmarshal([]byte(text), &wants); err != nil || strings.TrimSpace(text) == "null" {
		return claimsRequest{}, oauth.Refuse(oauth.InvalidRequest, "claims is not the JSON object of OpenID Connect Core 5.5")
	}
	return wants, nil
}

// named finds a claim in either place; essential in one is essential.
func (c claimsRequest) named(name string) (oneClaim, bool) {
	var found oneClaim
	asked := false
	for _, place := range []map[string]*oneClaim{c.IDToken, c.Userinfo} {
		one, there := place[name]
		if !there {
			continue
		}
		asked = true
		if one != nil {
			found.Essential = found.Essential || one.Essential
			found.Values = append(found.Values, one.Value)
			found.Values = append(found.Values, one.Values...)
		}
	}
	return found, asked
}
