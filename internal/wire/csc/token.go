package csc

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

// tokens is the answer of the token endpoint (§8.4.4).
type tokens struct {
	Access     string       `json:"access_token"`
	Refresh    string       `json:"refresh_token,omitempty"`
	Type       string       `json:"token_type"`
	Expires    int64        `json:"expires_in"`
	Scope      string       `json:"scope"`
	Credential string       `json:"credentialID,omitempty"`
	Details    []richDetail `json:"authorization_details,omitempty"`
}

type richDetail struct {
	Type       string       `json:"type"`
	Credential string       `json:"credentialID"`
	Count      int          `json:"numSignatures"`
	Digests    []richDigest `json:"documentDigests"`
	Hash       string       `json:"hashAlgorithmOID"`
}

type richDigest struct {
	Hash  string `json:"hash"`
	Label string `json:"label,omitempty"`
}

// token hands out tokens for a code or a refresh token; there is no other grant: nothing is signed for a service alone.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) error {
	in, err := oauth.Direct(w, r)
	if err != nil {
		return err
	}
	s, err := p.authenticate(r, in)
	if err != nil {
		return err
	}
	switch in.Get("grant_type") {
	case "authorization_code":
		return p.exchange(w, r, s, in)
	case "refresh_token":
		return p.refresh(w, r, s, in)
	case "":
		return oauth.Refuse(oauth.InvalidRequest, "Missing parameter grant_type")
	}
	return oauth.Refuse(oauth.UnsupportedGrantType, "Invalid parameter grant_type")
}

// exchange turns a code into tokens, once. What is handed out is written in the commit that spends the code.
func (p *Provider) exchange(w http.ResponseWriter, r *http.Request, s service.Service, in oauth.Form) error {
	if !in.Has("code") {
		return oauth.Refuse(oauth.InvalidRequest, "Missing parameter code")
	}
	var (
		no     *oauth.Refusal // an answer, not an error: what it comes with must be committed
		stands code
		out    tokens
		voided bool
		fresh  = p.fresh()
	)
	err := p.Do(r.Context(), func(tx Tx) (err error) {
		out, voided = tokens{Type: "Bearer"}, false
		var one grant.Single
		if one, stands, no, err = p.spendCode(tx, s, in); err != nil {
			return err
		}
		if no != nil {
			voided = stands.Given != nil
			if one.Family != "" {
				_, err = tx.EndFamily(one.Family, p.Now())
			}
			return err
		}
		if stands.Given != nil {
			return p.giveSAD(tx, s, stands, &out)
		}
		no, err = p.giveAccess(tx, s, one.Family, fresh, &out)
		return err
	})
	if err != nil {
		return err
	}
	if voided {
		p.void(r, stands.Given.bound)
	}
	if no != nil {
		return no
	}
	return oauth.Answer(w, http.StatusOK, out)
}

// spendCode wins the code and checks that it is shown by whom, from where and with the secret it was made for. The right service gets one try: a code whose
// redirect_uri or verifier does not fit is spent all the same, and ends what would have come from it. Another service's try changes nothing.
func (p *Provider) spendCode(tx Tx, s service.Service, in oauth.Form) (one grant.Single, stands code, no *oauth.Refusal, err error) {
	text := in.Get("code")
	unknown := oauth.Refuse(oauth.InvalidGrant, "Invalid parameter code").With(fault.GrantUnknown)
	held, err := tx.Single(kindCode, grant.Digest(kindCode, text))
	if fault.Is(err, fault.RowNotFound) {
		return held, stands, unknown, nil
	}
	if err != nil {
		return held, stands, nil, err
	}
	if err := json.Unmarshal(held.Payload, &stands); err != nil {
		return held, stands, nil, err
	}
	if stands.Client != s.ID {
		return grant.Single{}, code{}, unknown, nil
	}
	one, reused, err := grant.Take(tx, kindCode, text, p.Now())
	switch {
	case fault.Is(err, fault.GrantExpired):
		return one, stands, oauth.Refuse(oauth.InvalidGrant, "Authorization code is invalid or expired").With(fault.GrantExpired), nil
	case err != nil:
		return one, stands, nil, err
	case reused:
		no = oauth.Refuse(oauth.InvalidGrant, "Authorization code is invalid or expired").With(fault.GrantReused)
		return one, stands, no, tx.InsertAudit(p.event(audit.GrantReused, stands.person(), s.ID, "code"))
	case stands.Redirect != in.Get("redirect_uri"):
		return one, stands, oauth.Refuse(oauth.InvalidGrant, "redirect_uri parameter does not match"), nil
	}
	return one, stands, oauth.CheckVerifier(stands.Challenge, in.Get("code_verifier")), nil
}

func (c code) person() citizen.ID {
	if c.Given == nil {
		return ""
	}
	return c.Given.Person
}

// void ends an operation whose permit was handed out to somebody who should not have it, or to two. Nothing can be signed with it from here on.
func (p *Provider) void(r *http.Request, b bound) {
	if err := p.Signing.Cancel(r.Context(), b.ref()); err != nil && !fault.Is(err, fault.OperationOver) && !fault.Is(err, fault.OperationUnknown) {
		p.Log.ErrorContext(r.Context(), "a permit could not be taken back", "operation", b.Operation, "err", err)
	}
}

// giveSAD hands the permit to the service: from here on it is the access token of scope credential.
func (p *Provider) giveSAD(tx Tx, s service.Service, c code, out *tokens) error {
	g := c.Given
	if err := p.keepSAD(tx, g.Handle, g.bound, g.Until); err != nil {
		return err
	}
	out.Access, out.Scope, out.Credential, out.Expires = g.Handle, scopeCredential, g.Key, seconds(g.Until.Sub(p.Now()))
	if c.Subject.Rich {
		one := richDetail{Type: scopeCredential, Credential: g.Key, Count: len(c.Subject.Digests), Hash: oidOf(c.Subject.Hash)}
		for i, d := range c.Subject.Digests {
			one.Digests = append(one.Digests, richDigest{base64.StdEncoding.EncodeToString(d), c.Subject.Names[i]})
		}
		out.Details = []richDetail{one}
	}
	return tx.InsertAudit(p.event(audit.GrantIssued, g.Person, s.ID, "signature activation data"))
}

func seconds(d time.Duration) int64 { return max(0, int64(d.Seconds())) }

// handles are texts made before the transaction that writes them, which may run more than once.
type handles struct{ access, refresh string }

func (p *Provider) fresh() handles { return handles{random.Handle(p.Rand), random.Handle(p.Rand)} }

// giveAccess hands out an access token of a family, and the right to ask for the next.
func (p *Provider) giveAccess(tx Tx, s service.Service, family string, h handles, out *tokens) (*oauth.Refusal, error) {
	now := p.Now()
	f, err := tx.Family(family)
	if err != nil {
		return nil, err
	}
	if !f.Alive(now) {
		return oauth.Refuse(oauth.InvalidGrant, "the session that this came from has ended").With(fault.GrantExpired), nil
	}
	expires := now.Add(p.Times.Access)
	if f.ExpiresAt.Before(expires) {
		expires = f.ExpiresAt
	}
	out.Access, out.Scope, out.Expires = h.access, scopeService, seconds(expires.Sub(now))
	err = tx.InsertSingle(grant.Single{Kind: kindAccess, Digest: grant.Digest(kindAccess, h.access), Family: f.ID, ExpiresAt: expires})
	if err != nil {
		return nil, err
	}
	if s.Refresh {
		out.Refresh = h.refresh
		err = tx.InsertSingle(grant.Single{Kind: kindRefresh, Digest: grant.Digest(kindRefresh, h.refresh), Family: f.ID, ExpiresAt: f.ExpiresAt})
		if err != nil {
			return nil, err
		}
	}
	return nil, tx.InsertAudit(p.event(audit.GrantIssued, f.Person, s.ID, "access token"))
}

// refresh turns a refresh token into new tokens and a new refresh token. One that was used before shows that somebody has a copy: the family ends for both (B6).
func (p *Provider) refresh(w http.ResponseWriter, r *http.Request, s service.Service, in oauth.Form) error {
	if !in.Has("refresh_token") {
		return oauth.Refuse(oauth.InvalidRequest, "Missing parameter refresh_token")
	}
	if scope := in.Get("scope"); scope != "" && scope != scopeService {
		return oauth.Refuse(oauth.InvalidScope, "only scope service can be refreshed")
	}
	var (
		no    *oauth.Refusal
		out   tokens
		fresh = p.fresh()
		text  = in.Get("refresh_token")
	)
	unknown := oauth.Refuse(oauth.InvalidGrant, "Invalid parameter refresh_token").With(fault.GrantUnknown)
	err := p.Do(r.Context(), func(tx Tx) error {
		out, no = tokens{Type: "Bearer"}, nil
		one, err := tx.Single(kindRefresh, grant.Digest(kindRefresh, text))
		if fault.Is(err, fault.RowNotFound) {
			no = unknown
			return nil
		}
		if err != nil {
			return err
		}
		f, err := tx.Family(one.Family)
		if fault.Is(err, fault.RowNotFound) || err == nil && f.Service != s.ID {
			no = unknown
			return nil
		}
		if err != nil {
			return err
		}
		_, reused, err := grant.Take(tx, kindRefresh, text, p.Now())
		switch {
		case fault.Is(err, fault.GrantExpired):
			no = oauth.Refuse(oauth.InvalidGrant, "Refresh token expired").With(fault.GrantExpired)
			return nil
		case err != nil:
			return err
		case reused:
			no = unknown.With(fault.GrantReused)
			return tx.InsertAudit(p.event(audit.GrantReused, f.Person, s.ID, "refresh token"))
		}
		no, err = p.giveAccess(tx, s, f.ID, fresh, &out)
		return err
	})
	if err != nil {
		return err
	}
	if no != nil {
		return no
	}
	return oauth.Answer(w, http.StatusOK, out)
}

func (p *Provider) event(kind audit.Kind, who citizen.ID, serviceID, what string) audit.Event {
	return audit.Event{
		ID: random.ID(p.Rand), At: p.Now(), Kind: kind, Person: who, Service: serviceID, Data: map[string]string{"wire": wire, "what": what},
	}
}
