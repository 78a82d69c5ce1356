package store_test

import (
	"context"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
)

func TestLogin_rows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		want := login.Transaction{
			ID: "t", CreatedAt: now, ExpiresAt: now.Add(time.Minute), Browser: []byte{1}, Wire: "oidc", Payload: []byte{2}, Resume: "/r",
			Purpose: login.SignIn, Service: "tax", Ask: []consent.Ask{{Name: consent.NIF, Required: true}}, MinLevel: 3, Lang: "pt",
			Typed: "+351 910 000 001", Person: "p", CodeMAC: []byte{3}, CodeUntil: now, Notice: &login.Notice{Code: fault.PINWrong},
		}
		do(t, db, func(tx *store.Tx) error {
			if _, err := tx.Login("t"); !fault.Is(err, fault.LoginUnknown) {
				t.Errorf("before: %v", err)
			}
			return tx.InsertLogin(want)
		})
		want.Version, want.PINRight, want.ExpiresAt = 1, true, now.Add(time.Hour)
		do(t, db, func(tx *store.Tx) error { return tx.UpdateLogin(want) })
		if err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.UpdateLogin(want) }); !fault.Is(err, fault.RowConflict) {
			t.Errorf("a double submit: %v", err)
		}
		want.Version = 2
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.Login("t")
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(err, d)
			}
			return nil
		})
	})
}

func TestLogin_sessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		register(t, db, resident(1), resident(2))
		one := resident(1).ID
		want := login.Session{ID: "s", Handle: []byte{1}, Person: one, ExpiresAt: now.Add(time.Hour), StartedAt: now, AuthAt: now, Level: 3,
			Means: []string{"pin", "sms"}, Asked: []consent.Name{consent.NIF}, Shared: map[string][]consent.Name{"tax": {consent.NIF}}}
		do(t, db, func(tx *store.Tx) error {
			if err := tx.InsertSession(want); err != nil {
				return err
			}
			if err := tx.InsertSession(login.Session{ID: "s2", Handle: []byte{2}, Person: one, ExpiresAt: now.Add(time.Hour)}); err != nil {
				return err
			}
			return tx.InsertSession(login.Session{ID: "s3", Handle: []byte{3}, Person: resident(2).ID, ExpiresAt: now.Add(time.Hour)})
		})
		want.Version, want.Handle = 1, []byte{9}
		do(t, db, func(tx *store.Tx) error { return tx.UpdateSession(want) })
		want.Version = 2
		do(t, db, func(tx *store.Tx) error {
			if _, err := tx.SessionByHandle([]byte{1}); !fault.Is(err, fault.RowNotFound) {
				t.Errorf("A11 the old cookie still opens: %v", err)
			}
			got, err := tx.SessionByHandle([]byte{9})
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(err, d)
			}
			if got, err = tx.Session("s"); err != nil || cmp.Diff(want, got) != "" {
				t.Error(err, cmp.Diff(want, got))
			}
			if _, err := tx.Session("nobody's"); !fault.Is(err, fault.RowNotFound) {
				t.Errorf("a session that does not exist: %v", err)
			}
			all, err := tx.SessionsOf(one)
			if err != nil || len(all) != 2 {
				t.Errorf("all: %v, %v", all, err)
			}
			want.EndedAt = now
			if err := tx.UpdateSession(want); err != nil {
				return err
			}
			all, err = tx.SessionsOf(one)
			if err != nil || len(all) != 1 || all[0].ID != "s2" {
				t.Errorf("after one ended: %v, %v", all, err)
			}
			return nil
		})
		thief := want
		thief.Version, thief.Person = 3, resident(2).ID
		if err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.UpdateSession(thief) }); !fault.Is(err, fault.RowConflict) {
			t.Errorf("a session changed hands: %v", err)
		}
	})
}

func TestLogin_logout_notices(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		want := login.LogoutNotice{ID: "n", Service: "tax", Session: "s", Person: "p", At: now}
		lease := func(worker string, at time.Time) (got []login.LogoutNotice) {
			do(t, db, func(tx *store.Tx) (err error) {
				got, err = tx.LeaseLogoutNotices(worker, 5, at, at.Add(time.Minute))
				return err
			})
			return got
		}
		do(t, db, func(tx *store.Tx) error { return tx.InsertLogoutNotice(want) })
		if d := cmp.Diff([]login.LogoutNotice{want}, lease("a", now)); d != "" {
			t.Error(d)
		}
		do(t, db, func(tx *store.Tx) error { return tx.DoneLogoutNotice("b", "n") })
		do(t, db, func(tx *store.Tx) error { return tx.RetryLogoutNotice("a", "n", now.Add(time.Second)) })
		if got := lease("b", now); len(got) != 0 {
			t.Errorf("too early: %v", got)
		}
		if got := lease("b", now.Add(time.Second)); len(got) != 1 || got[0].Tries != 1 {
			t.Errorf("again: %v", got)
		}
		do(t, db, func(tx *store.Tx) error { return tx.DoneLogoutNotice("b", "n") })
		if got := lease("c", now.Add(time.Hour)); len(got) != 0 {
			t.Errorf("not removed: %v", got)
		}
	})
}
