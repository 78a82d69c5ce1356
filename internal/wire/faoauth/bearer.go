package faoauth

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/service"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"
)

const (
	maxBearer  = 16 << 10       // bytes of a JWT that is looked at
	bearerLife = 24 * time.Hour // no JWT may say that it lives longer
	bearerSkew = time.Minute    // between a service's clock and ours
)

// bearerClaims is what a service's JWT says (§2.7.1). clientId comes as a text; the times as numbers.
type bearerClaims struct {
	Client  string   `json:"clientId"`
	Issued  *float64 `json:"iat"`
	Expires *float64 `json:"exp"`
}

// bearer proves which service sends a request of the QR-code door: a JWT signed with RS256 under the certificate that was registered for the client it names. The header's
// own key, kid or algorithm is never believed.
func (p *Provider) bearer(r *http.Request) (s service.Service, token string, until time.Time, err error) {
	no := fault.New(fault.SignatureInvalid)
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return s, "", until, fault.New(fault.SignatureMissing)
	}
	if len(token) > maxBearer {
		return s, "", until, no
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(signed.Signatures) != 1 {
		return s, "", until, no
	}
	var claims bearerClaims
	if json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &claims) != nil || claims.Client == "" || len(claims.Client) > 64 {
		return s, "", until, no
	}
	if s, err = p.serviceOf(r.Context(), claims.Client); fault.Is(err, fault.ServiceUnknown) {
		return s, "", until, no
	} else if err != nil {
		return s, "", until, err
	}
	if s.OAuth.Certificate == "" {
		return s, "", until, fault.New(fault.DoorClosed)
	}
	cert, err := service.Certificate(s.OAuth.Certificate)
	if err != nil {
		return s, "", until, fault.New(fault.InternalError).Because(err)
	}
	key, isRSA := cert.PublicKey.(*rsa.PublicKey)
	now := p.Now()
	if !isRSA || now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return s, "", until, no
	}
	if _, err := signed.Verify(key); err != nil {
		return s, "", until, no
	}
	if until, err = claims.check(now); err != nil {
		return s, "", until, err
	}
	if !p.opens(s) {
		return s, "", until, fault.New(fault.DoorClosed)
	}
	return s, token, until, nil
}

// check holds the times of a JWT against the clock.
func (c bearerClaims) check(now time.Time) (until time.Time, err error) {
	stale := fault.New(fault.MessageStale)
	if c.Issued == nil || c.Expires == nil || *c.Issued < 0 || *c.Expires < *c.Issued || *c.Expires > 1<<40 {
		return until, stale
	}
	issued, until := time.Unix(int64(*c.Issued), 0), time.Unix(int64(*c.Expires), 0)
	if issued.After(now.Add(bearerSkew)) || !now.Before(until.Add(bearerSkew)) || until.Sub(issued) > bearerLife {
		return until, stale
	}
	return until, nil
}

// once notes a request, by its JWT and body together, and refuses it when it has been seen: on any node, also after a restart. A service may use one JWT for several different
// requests, as its iat and exp allow.
func (p *Provider) once(tx grant.Tx, token string, body []byte, until time.Time) error {
	sum := sha256.New()
	sum.Write([]byte(token))
	sum.Write([]byte{0})
	sum.Write(body)
	fresh, err := tx.InsertReplay(kindBearer, sum.Sum(nil), until.Add(2*bearerSkew))
	if err == nil && !fresh {
		err = fault.New(fault.MessageRepeated)
	}
	return err
}

// sign makes a JWT of ours with the ring's key: RS512, as the reference has it (§2.7.2).
func (p *Provider) sign(ctx context.Context, claims any) (string, error) {
	key, err := p.Keys.Active(ctx, "RSA-2048")
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{
		Algorithm: jose.RS512, Key: jose.JSONWebKey{Key: cryptosigner.Opaque(key), KeyID: key.ID},
	}, (&jose.SignerOptions{}).WithType("JWT"))
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

// ourToken reads the access token out of a JWT that we signed for a decision (§2.7.2). The token in it is checked as any other.
func (p *Provider) ourToken(ctx context.Context, text string) (string, error) {
	unknown := fault.New(fault.TokenUnknown)
	if text == "" {
		return "", fault.New(fault.RequestMalformed)
	}
	if len(text) > maxBearer {
		return "", unknown
	}
	signed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.RS512})
	if err != nil || len(signed.Signatures) != 1 {
		return "", unknown
	}
	key, found, err := p.Keys.Lookup(ctx, signed.Signatures[0].Protected.KeyID)
	if err != nil {
		return "", err
	}
	if !found {
		return "", unknown
	}
	payload, err := signed.Verify(key.Key)
	if err != nil {
		return "", unknown
	}
	var claims decisionClaims
	if json.Unmarshal(payload, &claims) != nil || claims.Access == "" {
		return "", unknown
	}
	return claims.Access, nil
}
