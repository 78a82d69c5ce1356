package oidc

import (
	"encoding/json"
	"slices"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/service"
)

// agreement is what a family's tokens say, sealed in its row: who signed in, how, and what they agreed to share.
type agreement struct {
	Subject  string                         `json:"sub"`
	SID      string                         `json:"sid"`
	Scopes   []string                       `json:"scopes"`
	ACR      string                         `json:"acr"`
	AMR      []string                       `json:"amr"`
	AuthTime int64                          `json:"auth_time"` // Unix seconds
	Values   map[consent.Name]consent.Value `json:"values,omitempty"`
	Named    []consent.Name                 `json:"named,omitempty"`
	Offline  bool                           `json:"offline,omitempty"`
}

// code is what an authorization code stands for. Its row keeps only the digest of the code itself.
type code struct {
	Client    string `json:"client"`
	Redirect  string `json:"redirect"`
	Challenge string `json:"challenge,omitempty"`
	Nonce     string `json:"nonce,omitempty"`
	// Fetched is what other bodies told for this sign-in. It is here and not in the family, so that it is told once and forgotten with the code.
	Fetched map[consent.Name]consent.Value `json:"fetched,omitempty"`
}

const (
	kindCode    grant.Kind = "oidc-code"
	kindPushed  grant.Kind = "oidc-par"
	kindSignOut grant.Kind = "oidc-logout"
)

// issuance is one code about to be handed out: made before the transaction that writes it, which may run more than once.
type issuance struct {
	code, family string
	wrongPerson  bool // out: somebody else signed in than the request named, and nothing was written
}

// issue writes family and code in the commit that spends the sign-in, so that a code exists exactly when the sign-in is over. The two keyed digests it
// makes are as cheap as the sealing that the store does there.
func (p *Provider) issue(tx grant.Tx, s service.Service, q request, v login.Verified, made *issuance) error {
	made.wrongPerson = false
	if !v.Proven() || v.Service() != s.ID || v.Level() < s.MinLevel {
		return fault.New(fault.LevelTooLow)
	}
	now := p.Now()
	subject, err := p.subject(s, v.Person())
	if err != nil {
		return err
	}
	if q.Subject != "" && q.Subject != subject {
		made.wrongPerson = true
		return nil
	}
	sid, err := p.sid(s.ID, v.Session())
	if err != nil {
		return err
	}
	held, fetched := split(v.Attributes())
	a := agreement{
		Subject: subject, SID: sid, Scopes: q.Scopes, ACR: acrOf(v.Level(), q.ACR, q.ACREssential), AMR: amrOf(v.Means()), AuthTime: v.AuthAt().Unix(),
		Values: held, Named: q.Named, Offline: q.offline() && s.Refresh,
	}
	life := p.Times.Code + p.Times.Access
	if a.Offline {
		life = p.Times.RefreshIdle
	} else {
		a.Scopes = slices.DeleteFunc(slices.Clone(a.Scopes), func(scope string) bool { return scope == scopeOffline })
	}
	payload, err := json.Marshal(a)
	if err != nil {
		return err
	}
	err = tx.InsertFamily(grant.Family{
		ID: made.family, Person: v.Person(), Service: s.ID, Session: v.Session(), Payload: payload, Generation: 1, CreatedAt: now, ExpiresAt: now.Add(life),
	})
	if err != nil {
		return err
	}
	payload, err = json.Marshal(code{Client: s.ID, Redirect: q.Redirect, Challenge: q.Challenge, Nonce: q.Nonce, Fetched: fetched})
	if err != nil {
		return err
	}
	return tx.InsertSingle(grant.Single{
		Kind: kindCode, Digest: grant.Digest(kindCode, made.code), Payload: payload, Family: made.family, ExpiresAt: now.Add(p.Times.Code),
	})
}

// agreementOf reads what a living family agreed to; ok is false for one that has ended. What the service is no longer registered for is left out: the operator's
// word counts at once, not when the last token has ended.
func agreementOf(f grant.Family, s service.Service, now time.Time) (a agreement, ok bool, err error) {
	if !f.Alive(now) {
		return a, false, nil
	}
	if err := json.Unmarshal(f.Payload, &a); err != nil {
		return a, false, fault.New(fault.InternalError).Because(err)
	}
	for name := range a.Values {
		if _, listed := s.Allowed(name); !listed {
			delete(a.Values, name)
		}
	}
	return a, true, nil
}
