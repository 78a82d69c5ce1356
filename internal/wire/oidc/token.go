package oidc

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

// tokens is the answer of the token endpoint (RFC 6749 §5.1, OIDC Core §3.1.3.3).
type tokens struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
	Refresh string `json:"refresh_token,omitempty"`
	ID      string `json:"id_token,omitempty"`
	Scope   string `json:"scope"`
}

// token hands out tokens for a code or a refresh token; there is no other grant (B2, A14).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) error {
	in, err := oauth.Direct(w, r)
	if err != nil {
		return err
	}
	s, err := p.authenticate(r, in)
	if err != nil {
		return err
	}
	unshare(w, r, s)
	switch in.Get("grant_type") {
	case "authorization_code":
		return p.exchange(w, r, s, in)
	case "refresh_token":
		return p.refresh(w, r, s, in)
	case "":
		return oauth.Refuse(oauth.InvalidRequest, "grant_type is missing")
	}
	return oauth.Refuse(oauth.UnsupportedGrantType, "only authorization_code and refresh_token are offered")
}

// exchange turns a code into tokens, once.
func (p *Provider) exchange(w http.ResponseWriter, r *http.Request, s service.Service, in oauth.Form) error {
	if !in.Has("code") {
		return oauth.Refuse(oauth.InvalidRequest, "code is missing")
	}
	var (
		no     *oauth.Refusal // an answer, not an error: what it comes with must be committed
		family grant.Family
		stands code
	)
	err := p.Do(r.Context(), func(tx Tx) (err error) {
		family, stands, no, err = p.spendCode(tx, s, in)
		return err
	})
	if err != nil {
		return err
	}
	if no != nil {
		return no
	}
	now := p.Now()
	a, alive, err := agreementOf(family, s, now)
	if err != nil {
		return err
	}
	if !alive {
		return oauth.Refuse(oauth.InvalidGrant, "the session that the code came from has ended").With(fault.GrantExpired)
	}
	a = a.with(stands.Fetched, func(name consent.Name) bool {
		_, listed := s.Allowed(name)
		return listed
	})
	return p.handOut(r, w, s, family, a, a.Scopes, stands.Nonce, now)
}

// spendCode wins the code and checks that it is shown by whom, from where and with the secret it was made for. The right service gets one try: a code whose
// redirect_uri or verifier does not fit is spent all the same, and ends what would have come from it. Another service's try changes nothing.
func (p *Provider) spendCode(tx Tx, s service.Service, in oauth.Form) (family grant.Family, stands code, no *oauth.Refusal, err error) {
	text, now := in.Get("code"), p.Now()
	unknown := oauth.Refuse(oauth.InvalidGrant, "the code is unknown, has expired or was used").With(fault.GrantUnknown)
	held, err := tx.Single(kindCode, grant.Digest(kindCode, text))
	if fault.Is(err, fault.RowNotFound) {
		return family, stands, unknown, nil
	}
	if err != nil {
		return family, stands, nil, err
	}
	if err := json.Unmarshal(held.Payload, &stands); err != nil {
		return family, stands, nil, err
	}
	if stands.Client != s.ID {
		return family, stands, unknown, nil
	}
	taken, reused, err := grant.Take(tx, kindCode, text, now)
	if fault.Is(err, fault.GrantExpired) {
		return family, stands, unknown.With(fault.GrantExpired), nil
	}
	if err != nil {
		return family, stands, nil, err
	}
	if family, err = tx.Family(taken.Family); err != nil {
		return family, stands, nil, err
	}
	switch {
	case reused:
		no = oauth.Refuse(oauth.InvalidGrant, "the code was used before; everything that came from it has ended").With(fault.GrantReused)
		return family, stands, no, tx.InsertAudit(p.event(audit.GrantReused, family, now, "code"))
	case stands.Redirect != in.Get("redirect_uri"):
		no = oauth.Refuse(oauth.InvalidGrant, "redirect_uri is not the one of the authorization request")
	default:
		no = pkceFits(stands.Challenge, in.Get("code_verifier"))
	}
	if no != nil {
		_, err = tx.EndFamily(family.ID, now)
		return family, stands, no, err
	}
	return family, stands, nil, tx.InsertAudit(p.event(audit.GrantIssued, family, now, "code"))
}

// pkceFits checks RFC 7636 §4.6. A verifier for a code that was asked for without a challenge is refused too: somebody took the challenge out of the request (B3).
func pkceFits(challenge, verifier string) *oauth.Refusal {
	switch {
	case challenge == "" && verifier == "":
		return nil
	case challenge == "":
		return oauth.Refuse(oauth.InvalidGrant, "code_verifier, but the request had no code_challenge")
	}
	return oauth.CheckVerifier(challenge, verifier)
}

// handOut makes the tokens of a family at its present generation. Nothing here is stored: what is durable was committed before.
func (p *Provider) handOut(r *http.Request, w http.ResponseWriter, s service.Service, f grant.Family, a agreement, scopes []string, nonce string, now time.Time) error {
	expires := now.Add(p.Times.Access)
	if f.ExpiresAt.Before(expires) {
		expires = f.ExpiresAt
	}
	out := tokens{Type: "Bearer", Expires: int64(expires.Sub(now).Seconds()), Scope: strings.Join(scopes, " ")}
	var err error
	if out.Access, err = p.seal(labelAccess, accessToken{Family: f.ID, Scopes: scopes, Issued: now.Unix(), Expires: expires.Unix()}); err != nil {
		return err
	}
	if a.Offline {
		if out.Refresh, err = p.seal(labelRefresh, refreshToken{Family: f.ID, Generation: f.Generation}); err != nil {
			return err
		}
	}
	if slices.Contains(scopes, scopeOpenID) {
		if out.ID, err = p.idToken(r.Context(), s, a, scopes, nonce, out.Access, now); err != nil {
			return err
		}
	}
	return oauth.Answer(w, http.StatusOK, out)
}

func (p *Provider) event(kind audit.Kind, f grant.Family, now time.Time, what string) audit.Event {
	return audit.Event{
		ID: random.ID(p.Rand), At: now, Kind: kind, Person: f.Person, Service: f.Service, Data: map[string]string{"wire": wire, "what": what},
	}
}
