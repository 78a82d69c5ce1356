package faoauth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/random"
	"chave/internal/core/service"
)

// The kinds of rows of this wire.
const (
	kindAccess  grant.Kind = "faoauth-access"
	kindRefresh grant.Kind = "faoauth-refresh"
	kindContext grant.Kind = "faoauth-context"
	kindSource  grant.Kind = "faoauth-source"
	kindQR      grant.Kind = "faoauth-qr"
	kindBearer  grant.Kind = "faoauth-bearer" //nolint:gosec // names a kind of row
)

// agreement is what a family stands for, sealed in its row: what was asked, what the person agreed to, and what Chave itself knows of that.
type agreement struct {
	Names    []string         `json:"names"` // as the service wrote them, in order
	Answered consent.Answered `json:"answered"`
	Level    service.Level    `json:"level"`
	PIN      []byte           `json:"pin"` // digest of the stored PIN's salt: another PIN has another
}

// accessRow is what an access token stands for. Its row stays as long as the family, so that a token that has ended is told from one that never was.
type accessRow struct {
	Generation int64     `json:"generation"`
	Expires    time.Time `json:"expires"`
}

// refreshRow names the access token that a refresh token came with: only both together are worth something (§2.4).
type refreshRow struct {
	Access []byte `json:"access"` // its digest
}

// tokens are one access and one refresh token about to be handed out: made before the transaction that writes them, which may run more than once.
type tokens struct {
	access, refresh, family string
	life                    time.Duration // out
	long                    bool          // out: the switch long_token was used
}

func (p *Provider) newTokens() *tokens {
	return &tokens{access: uuid(p.Rand), refresh: random.Handle(p.Rand), family: random.ID(p.Rand)}
}

// grantTx is what issuing needs: core/login's transaction and this wire's own both have it.
type grantTx interface {
	grant.Tx
	audit.Tx
	Person(citizen.ID) (citizen.Person, error)
	Key(citizen.ID) (credential.Key, error)
}

// issue writes a family and its first tokens in the commit that spends the sign-in. The family has no session, so that signing out leaves it standing (§2.5): login
// ends the families of a session with it.
func (p *Provider) issue(tx grantTx, s service.Service, names []string, v login.Verified, made *tokens) error {
	if !v.Proven() || v.Service() != s.ID || v.Level() < s.MinLevel {
		return fault.New(fault.LevelTooLow)
	}
	key, err := tx.Key(v.Person())
	if err != nil {
		return err
	}
	now, answered := p.Now(), v.Answered()
	held := map[consent.Name]consent.Value{}
	for name, value := range answered.Values {
		if a, ok := consent.Lookup(name); ok && a.Source == consent.Held {
			held[name] = value
		}
	}
	answered.Values, answered.Pending, answered.Withheld = held, nil, nil
	payload, err := json.Marshal(agreement{Names: names, Answered: answered, Level: v.Level(), PIN: pinMark(key)})
	if err != nil {
		return err
	}
	f := grant.Family{
		ID: made.family, Person: v.Person(), Service: s.ID, Payload: payload, Generation: 1, CreatedAt: now, ExpiresAt: now.Add(p.Times.Refresh),
	}
	if err := tx.InsertFamily(f); err != nil {
		return err
	}
	if err := p.write(tx, s, f, made, now); err != nil {
		return err
	}
	return tx.InsertAudit(p.event(audit.GrantIssued, f, now, "token"))
}

// write adds the rows of a pair of tokens at the family's generation.
func (p *Provider) write(tx grant.Tx, s service.Service, f grant.Family, made *tokens, now time.Time) error {
	made.life, made.long = p.Times.Token, s.Allows(service.LongToken, now)
	if made.long {
		made.life = p.Times.LongToken
	}
	if left := f.ExpiresAt.Sub(now); left < made.life {
		made.life = left
	}
	access, err := json.Marshal(accessRow{Generation: f.Generation, Expires: now.Add(made.life)})
	if err != nil {
		return err
	}
	digest := grant.Digest(kindAccess, made.access)
	if err := tx.InsertSingle(grant.Single{Kind: kindAccess, Digest: digest, Payload: access, Family: f.ID, ExpiresAt: f.ExpiresAt}); err != nil {
		return err
	}
	refresh, err := json.Marshal(refreshRow{Access: digest})
	if err != nil {
		return err
	}
	return tx.InsertSingle(grant.Single{
		Kind: kindRefresh, Digest: grant.Digest(kindRefresh, made.refresh), Payload: refresh, Family: f.ID, ExpiresAt: f.ExpiresAt,
	})
}

// held is a token that stands: known, in time, of a living family, for a service to which the door is open.
type held struct {
	token   string
	digest  []byte
	family  grant.Family
	service service.Service
	agreed  agreement
	scope   []consent.Asked
	expires time.Time
}

// access finds what a token stands for. The family is read each time, so that what the person took back holds at the next use.
func (p *Provider) access(ctx context.Context, token string) (held, error) {
	if len(token) != uuidLength {
		return held{}, fault.New(fault.TokenUnknown)
	}
	h := held{token: token, digest: grant.Digest(kindAccess, token)}
	var row accessRow
	err := p.View(ctx, func(tx Tx) error {
		single, err := tx.Single(kindAccess, h.digest)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(single.Payload, &row); err != nil {
			return err
		}
		if h.family, err = tx.Family(single.Family); err != nil {
			return err
		}
		h.service, err = tx.Service(h.family.Service)
		return err
	})
	now := p.Now()
	switch {
	case fault.Is(err, fault.RowNotFound), fault.Is(err, fault.ServiceUnknown):
		return held{}, fault.New(fault.TokenUnknown)
	case err != nil:
		return held{}, err
	case !h.family.EndedAt.IsZero(), row.Generation != h.family.Generation, !p.opens(h.service):
		return held{}, fault.New(fault.TokenUnknown)
	case !now.Before(row.Expires), !h.family.Alive(now):
		return h, fault.New(fault.TokenExpired)
	}
	h.expires = row.Expires
	return h, h.read()
}

// read opens what was agreed. What the service is no longer registered for counts as not shared: the operator's word holds at once, not when the last token has ended.
func (h *held) read() error {
	if err := json.Unmarshal(h.family.Payload, &h.agreed); err != nil {
		return fault.New(fault.InternalError).Because(err)
	}
	h.agreed.Answered.Shared = slices.DeleteFunc(h.agreed.Answered.Shared, func(name consent.Name) bool {
		return !h.service.MayAsk(service.WireOAuth, name)
	})
	var err error
	h.scope, err = readNames(h.agreed.Names)
	return err
}

// pinMark tells one stored PIN from another without saying anything about either.
func pinMark(key credential.Key) []byte {
	sum := sha256.Sum256(append([]byte("faoauth pin\x00"), key.PIN.Salt...))
	return sum[:]
}

// keyStands tells whether the key that agreed still works, under the PIN that it then had. Who changes the PIN leaves nobody signed in (A11).
func (p *Provider) keyStands(tx grantTx, f grant.Family, pin []byte, now time.Time) (bool, error) {
	person, err := tx.Person(f.Person)
	if fault.Is(err, fault.RowNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	key, err := tx.Key(f.Person)
	if err != nil {
		return false, err
	}
	return p.Login.Policy.Usable(key, person, now) == nil && bytes.Equal(pinMark(key), pin), nil
}

func (p *Provider) event(kind audit.Kind, f grant.Family, now time.Time, what string) audit.Event {
	return audit.Event{
		ID: random.ID(p.Rand), At: now, Kind: kind, Person: f.Person, Service: f.Service, Data: map[string]string{"wire": wire, "what": what},
	}
}
