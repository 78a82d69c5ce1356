package oidc

import (
	"encoding/base64"
	"encoding/json"
	"time"
)

// maxToken bounds what is decoded of a token that a stranger sends.
const maxToken = 16 << 10

// accessToken is what an access token says. It is not believed alone: the family it names is read at each use.
type accessToken struct {
	Family  string   `json:"f"`
	Scopes  []string `json:"s"`
	Issued  int64    `json:"i"` // Unix seconds
	Expires int64    `json:"e"`
}

func (t accessToken) alive(now time.Time) bool { return now.Before(time.Unix(t.Expires, 0)) }

// refreshToken is what a refresh token says.
type refreshToken struct {
	Family     string `json:"f"`
	Generation int64  `json:"g"`
}

// The labels keep one kind of sealed value from passing as another; the issuer as context keeps those of another installation out.
const (
	labelAccess  = "oidc/token/access"
	labelRefresh = "oidc/token/refresh"
	labelSignOut = "oidc/sign-out"
)

// seal makes an opaque, tamper-proof text of a value.
func (p *Provider) seal(label string, value any) (string, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	sealed, err := p.Vault.Seal(label, []byte(p.Issuer), plain)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// unseal tells whether a text is one of ours for this label, and reads it.
func (p *Provider) unseal(label, text string, into any) bool {
	if text == "" || len(text) > maxToken {
		return false
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return false
	}
	plain, err := p.Vault.Open(label, []byte(p.Issuer), sealed)
	return err == nil && json.Unmarshal(plain, into) == nil
}
