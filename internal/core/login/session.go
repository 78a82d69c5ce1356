package login

import (
	"context"
	"slices"
	"time"

	"chave/internal/core/audit"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/random"
	"chave/internal/core/service"
)

// Session is what single sign-on remembers (R5.23). Its id is stable; the cookie's handle changes at each sign-in (A11).
type Session struct {
	ID        string        `json:"-"`
	Version   int64         `json:"-"`
	Handle    []byte        `json:"-"` // digest of the cookie
	Person    citizen.ID    `json:"-"`
	ExpiresAt time.Time     `json:"-"` // the earlier of the absolute and the idle end
	EndedAt   time.Time     `json:"-"` // signed out, key cancelled; zero while it stands
	Realm     Realm         `json:"realm,omitempty"`
	StartedAt time.Time     `json:"started_at"`
	AuthAt    time.Time     `json:"auth_at"` // last time PIN and code were right
	Level     service.Level `json:"level"`
	Means     []string      `json:"means"`
	// Asked is what the last full sign-in was asked for (R5.23's second condition).
	Asked []consent.Name `json:"asked,omitempty"`
	// Shared is what was agreed to in this session, by service: only that can pass without a page (prompt=none).
	Shared map[string][]consent.Name `json:"shared,omitempty"`
}

// Sessions are the session cookies that a browser sent, one a realm.
type Sessions struct{ Modern, Compat string }

func (s Sessions) in(realm Realm) string {
	if realm == Compat {
		return s.Compat
	}
	return s.Modern
}

// Times are a session's limits (N11): 12 hours in all, one hour idle unless the operator says less.
type Times struct {
	Transaction time.Duration // a sign-in must be completed within this; 15 minutes
	SessionMax  time.Duration
	SessionIdle time.Duration
}

func (s Session) alive(now time.Time) bool { return s.EndedAt.IsZero() && now.Before(s.ExpiresAt) }

// covers tells whether this session may stand for PIN and code in a new request (R5.23).
func (s Session) covers(r Request, now time.Time) bool {
	if !s.alive(now) || s.Realm != r.Realm || s.Level < r.MinLevel || r.Force || r.Purpose != SignIn {
		return false
	}
	if r.MaxAge != nil && now.Sub(s.AuthAt) > *r.MaxAge {
		return false
	}
	if r.Service.Reuse == service.ReuseByAttributes || r.Realm == Compat { // CMD's rule on CMD's wires (§1.5.3)
		for _, a := range r.Ask {
			if !slices.Contains(s.Asked, a.Name) {
				return false
			}
		}
	}
	return true
}

// SessionOf finds the living session of a cookie and the person it belongs to. A key that no longer works ends it (R5.09, R1.33).
func (s *Service) SessionOf(ctx context.Context, cookie string) (Session, citizen.Person, error) {
	return s.SessionIn(ctx, Modern, cookie)
}

// SessionIn is SessionOf for a realm. A session of another realm is none.
func (s *Service) SessionIn(ctx context.Context, realm Realm, cookie string) (Session, citizen.Person, error) {
	var (
		found  Session
		person citizen.Person
	)
	if cookie == "" {
		return found, person, fault.New(fault.SessionNeeded)
	}
	err := s.View(ctx, func(tx Tx) (err error) {
		found, person, err = s.livingSession(tx, realm, cookie)
		return err
	})
	return found, person, err
}

func (s *Service) livingSession(tx Tx, realm Realm, cookie string) (Session, citizen.Person, error) {
	none := fault.New(fault.SessionNeeded)
	found, err := tx.SessionByHandle(Digest(cookie))
	if fault.Is(err, fault.RowNotFound) {
		return found, citizen.Person{}, none
	}
	if err != nil {
		return found, citizen.Person{}, err
	}
	now := s.Now()
	if !found.alive(now) || found.Realm != realm {
		return found, citizen.Person{}, none
	}
	person, err := tx.Person(found.Person)
	if err != nil {
		return found, person, err
	}
	key, err := tx.Key(found.Person)
	if err != nil {
		return found, person, err
	}
	if err := s.Policy.Usable(key, person, now); err != nil {
		return found, person, none.Because(err)
	}
	if key.Temporary() { // mended at a counter since: what the earlier PIN opened waits for the new one, and ends with it
		return found, person, none
	}
	return found, person, nil
}

// openSession makes or renews the browser's session after PIN and code, and returns the new cookie.
func (s *Service) openSession(tx Tx, t *Transaction, old string, now time.Time) (string, error) {
	cookie := random.Handle(s.Rand)
	fresh := Session{
		ID: random.ID(s.Rand), Person: t.Person, Realm: t.Realm, StartedAt: now, Shared: map[string][]consent.Name{},
	}
	if old != "" {
		before, err := tx.SessionByHandle(Digest(old))
		switch {
		case err == nil && before.Realm != t.Realm: // another jar's cookie: leave it
		case err == nil && before.alive(now) && before.Person == t.Person:
			fresh = before
		case err == nil && before.alive(now): // somebody else signs in here: the earlier person's session ends
			if err := s.endSession(tx, before, now); err != nil {
				return "", err
			}
		case err != nil && !fault.Is(err, fault.RowNotFound):
			return "", err
		}
	}
	fresh.Handle = Digest(cookie)
	fresh.AuthAt, fresh.Level, fresh.Means = now, t.Level, t.Means
	fresh.Asked = nil
	for _, a := range t.Ask {
		fresh.Asked = append(fresh.Asked, a.Name)
	}
	fresh.ExpiresAt = earlier(fresh.StartedAt.Add(s.Times.SessionMax), now.Add(s.Times.SessionIdle))
	t.Session = fresh.ID
	if fresh.Version == 0 {
		return cookie, tx.InsertSession(fresh)
	}
	return cookie, tx.UpdateSession(fresh)
}

// SignOut ends the session of a cookie, the grants that came from it, and tells the services that were opened in it (R5.24).
func (s *Service) SignOut(ctx context.Context, cookie string) error {
	if cookie == "" {
		return nil
	}
	return s.Do(ctx, func(tx Tx) error {
		found, err := tx.SessionByHandle(Digest(cookie))
		if fault.Is(err, fault.RowNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.endSession(tx, found, s.Now())
	})
}

func (s *Service) endSession(tx Tx, found Session, now time.Time) error {
	if !found.EndedAt.IsZero() {
		return nil
	}
	found.EndedAt = now
	if err := tx.UpdateSession(found); err != nil {
		return err
	}
	if err := tx.EndGrantsOfSession(found.ID, now); err != nil {
		return err
	}
	for name := range found.Shared {
		if found.Realm != Modern { // CMD's wires tell nobody (cmd-authentication.md §1.8.2)
			break
		}
		notice := LogoutNotice{ID: random.ID(s.Rand), Service: name, Session: found.ID, Person: found.Person, At: now}
		if err := tx.InsertLogoutNotice(notice); err != nil {
			return err
		}
	}
	return tx.InsertAudit(s.event(audit.SessionEnded, found.Person, "", "", now))
}

// endOtherSessions ends all sessions of a person but one (A11: a changed PIN or a cancelled key leaves nobody signed in).
func (s *Service) endOtherSessions(tx Tx, who citizen.ID, keep string, now time.Time) error {
	all, err := tx.SessionsOf(who)
	if err != nil {
		return err
	}
	for _, one := range all {
		if one.ID != keep && one.alive(now) {
			if err := s.endSession(tx, one, now); err != nil {
				return err
			}
		}
	}
	return nil
}

// LogoutNotice tells one service that a session it was opened in has ended; its wire delivers it.
type LogoutNotice struct {
	ID      string
	Service string
	Session string
	Person  citizen.ID
	At      time.Time
	Tries   int
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
