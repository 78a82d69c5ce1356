package oidc

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/core/signkey"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"
)

// The typ headers keep an ID token from being played back as a logout token, and the other way round.
const (
	typeID     = "JWT"
	typeLogout = "logout+jwt"
)

// idToken makes an ID token (OIDC Core §2). The audience is the one service, so azp says nothing and is left out.
func (p *Provider) idToken(ctx context.Context, s service.Service, a agreement, scopes []string, nonce, access string, now time.Time) (string, error) {
	claims := map[string]any{
		"iss": p.Issuer, "sub": a.Subject, "aud": s.ID,
		"iat": now.Unix(), "exp": now.Add(p.Times.IDToken).Unix(), "auth_time": a.AuthTime,
		"acr": a.ACR, "amr": a.AMR, "sid": a.SID, "at_hash": halfHash(access),
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	released(a.Values, scopes, a.Named, claims)
	return p.sign(ctx, s.IDTokenAlg, typeID, claims)
}

// halfHash is the left half of the token's SHA-256 (OIDC Core §3.1.3.6).
func halfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

// sign makes a JWT under the active key of an algorithm.
func (p *Provider) sign(ctx context.Context, alg, typ string, claims map[string]any) (string, error) {
	key, err := p.Keys.Active(ctx, alg)
	if err != nil {
		return "", err
	}
	return signWith(key, typ, claims)
}

func signWith(key signkey.Signer, typ string, claims map[string]any) (string, error) {
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.SignatureAlgorithm(key.Alg), Key: jose.JSONWebKey{Key: cryptosigner.Opaque(key), KeyID: key.ID},
	}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", fault.New(fault.InternalError).Because(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fault.New(fault.InternalError).Because(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fault.New(fault.InternalError).Because(err)
	}
	return signed.CompactSerialize()
}

// hint is what one of our own ID tokens says, when a service shows it back.
type hint struct {
	Subject string   `json:"sub"`
	Session string   `json:"sid"`
	Issuer  string   `json:"iss"`
	Service audience `json:"aud"`
}

type audience string

// UnmarshalJSON accepts the one form we make.
func (a *audience) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, (*string)(a))
}

// readHint checks an id_token_hint: our signature by a key that is still published, our name, an ID token. It may have expired: services show it long after (OIDC
// Core §3.1.2.1, RP-initiated logout §2).
func (p *Provider) readHint(ctx context.Context, text string) (hint, bool, error) {
	var h hint
	if text == "" || len(text) > maxToken {
		return h, false, nil
	}
	token, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil || len(token.Signatures) != 1 {
		return h, false, nil
	}
	header := token.Signatures[0].Protected
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); typ != typeID {
		return h, false, nil
	}
	key, found, err := p.Keys.Lookup(ctx, header.KeyID)
	if err != nil || !found || key.Alg != header.Algorithm {
		return h, false, err
	}
	payload, err := token.Verify(key.Key)
	if err != nil || json.Unmarshal(payload, &h) != nil || h.Issuer != p.Issuer || h.Subject == "" || h.Service == "" {
		return hint{}, false, nil
	}
	return h, true, nil
}
