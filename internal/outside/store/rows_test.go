package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/service"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
)

func TestConsent_rows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		register(t, db, resident(1), resident(2))
		one, two := resident(1).ID, resident(2).ID
		do(t, db, func(tx *store.Tx) error {
			for i, g := range []consent.Given{
				{Person: one, Service: "tax", Shared: []consent.Name{consent.NIF}, At: now},
				{Person: one, Service: "bank", Shared: []consent.Name{consent.FullName, consent.NIF}, Refused: []consent.Name{consent.Email}, At: now.Add(time.Minute)},
				{Person: one, Service: "tax", At: now.Add(2 * time.Minute)},
				{Person: two, Service: "tax", At: now},
			} {
				g.ID = fmt.Sprint("given-", i)
				if err := tx.InsertGiven(g); err != nil {
					return err
				}
			}
			return nil
		})
		standing := func(who citizen.ID) (ids []string) {
			view(t, db, func(tx *store.Tx) error {
				all, err := tx.GivenOf(who)
				for _, g := range all {
					ids = append(ids, g.ID)
				}
				return err
			})
			return ids
		}
		if got := standing(one); !slices.Equal(got, []string{"given-2", "given-1"}) {
			t.Errorf("standing: %v", got)
		}
		do(t, db, func(tx *store.Tx) error {
			all, err := tx.GivenOf(one)
			if err != nil {
				return err
			}
			want := consent.Given{ID: "given-1", Person: one, Service: "bank", Shared: []consent.Name{consent.FullName, consent.NIF},
				Refused: []consent.Name{consent.Email}, At: now.Add(time.Minute)}
			if d := cmp.Diff(want, all[1]); d != "" {
				t.Error(d)
			}
			for n, want := range []bool{true, false} {
				if found, err := tx.WithdrawGiven(one, "tax", now.Add(time.Hour)); err != nil || found != want {
					t.Errorf("withdrawn the %d. time: %v, %v", n+1, found, err)
				}
			}
			return nil
		})
		if got := standing(one); !slices.Equal(got, []string{"given-1"}) {
			t.Errorf("after withdrawal: %v", got)
		}
		if got := standing(two); len(got) != 1 {
			t.Errorf("somebody else's: %v", got)
		}
	})
}

func TestConsent_visits(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		want := consent.Visit{ID: "v2", Person: "one", Service: "tax", At: now.Add(2 * time.Hour), Level: 3, Means: []string{"pin", "sms"}, Outcome: "signed_in", Browser: "new"}
		do(t, db, func(tx *store.Tx) error {
			for _, v := range []consent.Visit{
				{ID: "v0", Person: "one", At: now}, {ID: "v1", Person: "one", At: now.Add(time.Hour)}, want, {ID: "v3", Person: "two", At: now.Add(time.Hour)},
			} {
				if err := tx.InsertVisit(v); err != nil {
					return err
				}
			}
			return nil
		})
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.VisitsOf("one", now.Add(time.Minute), 10)
			if err != nil || len(got) != 2 {
				t.Fatalf("%v, %v", got, err)
			}
			if d := cmp.Diff(want, got[0]); d != "" {
				t.Error(d)
			}
			if got, _ := tx.VisitsOf("one", now, 1); len(got) != 1 || got[0].ID != "v2" {
				t.Errorf("limit 1: %v", got)
			}
			return nil
		})
	})
}

func TestService_rows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		want := service.Service{
			Settings: service.Settings{
				ID: "tax", Name: service.Text{"pt": "Finanças", "en": "Tax"}, RedirectURIs: []string{"https://tax.example/cb"},
				JWKS: json.RawMessage(`{"keys":[]}`), Attributes: []service.Ask{{Name: consent.NIF, Required: true}}, MinLevel: 3,
				SubjectType: service.Pairwise, Sector: "tax.example", Refresh: true,
			},
			SecretMAC: []byte{1, 2, 3}, FirstParty: true,
		}
		do(t, db, func(tx *store.Tx) error {
			if err := tx.SaveService(service.Service{Settings: service.Settings{ID: "bank"}}); err != nil {
				return err
			}
			if err := tx.SaveService(service.Service{Settings: service.Settings{ID: "tax"}}); err != nil {
				return err
			}
			return tx.SaveService(want)
		})
		do(t, db, func(tx *store.Tx) error {
			got, err := tx.Service("tax")
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(err, d)
			}
			all, err := tx.Services()
			if err != nil || len(all) != 2 || all[0].ID != "bank" || all[1].ID != "tax" || all[0].SecretMAC != nil {
				t.Errorf("all: %v, %v", all, err)
			}
			for n, want := range []bool{true, false} {
				if found, err := tx.DeleteService("tax"); err != nil || found != want {
					t.Errorf("deleted the %d. time: %v, %v", n+1, found, err)
				}
			}
			_, err = tx.Service("tax")
			if !fault.Is(err, fault.ServiceUnknown) {
				t.Errorf("after deletion: %v", err)
			}
			return nil
		})
	})
}

func TestMessage_each_is_leased_to_one_worker(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		const count = 40
		do(t, db, func(tx *store.Tx) error {
			for i := range count {
				if err := tx.InsertMessage(message.Message{ID: fmt.Sprint("m", i), Kind: message.LoginCode, Channel: message.SMS, To: "+351910000001", At: now}); err != nil {
					return err
				}
			}
			return tx.InsertMessage(message.Message{ID: "later", Kind: message.KeyCreated, Channel: message.SMS, To: "x", At: now.Add(time.Hour)})
		})
		var mu sync.Mutex
		seen := map[string]string{}
		var all sync.WaitGroup
		for w := range 4 {
			worker := fmt.Sprint("worker", w)
			all.Go(func() {
				for range 40 {
					var got []message.Message
					err := db.Do(context.Background(), func(tx *store.Tx) (err error) {
						got, err = tx.LeaseMessages(worker, 3, now, now.Add(time.Minute))
						return err
					})
					if err != nil && !fault.IsKind(err, fault.Unavailable) {
						t.Error(err)
					}
					if err != nil {
						continue
					}
					mu.Lock()
					for _, m := range got {
						if before, twice := seen[m.ID]; twice {
							t.Errorf("%s leased to %s and %s", m.ID, before, worker)
						}
						seen[m.ID] = worker
					}
					done := len(seen) == count
					mu.Unlock()
					if done {
						return
					}
				}
			})
		}
		all.Wait()
		if len(seen) != count {
			t.Errorf("%d of %d leased", len(seen), count)
		}
	})
}

func TestMessage_rows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		want := message.Message{ID: "m", Kind: message.LoginCode, Lang: "en", Channel: message.SMS, To: "+351910000001",
			Data: map[string]string{"code": "123456"}, At: now, NotAfter: now.Add(5 * time.Minute)}
		lease := func(worker string, at time.Time) (got []message.Message) {
			do(t, db, func(tx *store.Tx) (err error) {
				got, err = tx.LeaseMessages(worker, 10, at, at.Add(30*time.Second))
				return err
			})
			return got
		}
		waiting := func(at time.Time) (n int) {
			view(t, db, func(tx *store.Tx) (err error) {
				n, err = tx.MessagesWaiting(at)
				return err
			})
			return n
		}
		do(t, db, func(tx *store.Tx) error { return tx.InsertMessage(want) })
		if got := lease("a", now.Add(-time.Second)); len(got) != 0 {
			t.Errorf("before its time: %v", got)
		}
		if d := cmp.Diff([]message.Message{want}, lease("a", now)); d != "" {
			t.Error(d)
		}
		if got := lease("b", now.Add(29*time.Second)); len(got) != 0 || waiting(now) != 1 {
			t.Errorf("leased twice: %v", got)
		}
		do(t, db, func(tx *store.Tx) error { return tx.RetryMessage("b", "m", now) }) // not b's to give back
		if got := lease("b", now.Add(29*time.Second)); len(got) != 0 {
			t.Errorf("given back by a stranger: %v", got)
		}
		do(t, db, func(tx *store.Tx) error { return tx.RetryMessage("a", "m", now.Add(time.Minute)) })
		if got := lease("b", now.Add(59*time.Second)); len(got) != 0 || waiting(now) != 0 {
			t.Errorf("too early: %v", got)
		}
		if got := lease("b", now.Add(time.Minute)); len(got) != 1 || got[0].Tries != 1 {
			t.Errorf("again: %v", got)
		}
		if got := lease("c", now.Add(2*time.Minute)); len(got) != 1 { // b died
			t.Errorf("after its lease: %v", got)
		}
		do(t, db, func(tx *store.Tx) error { return tx.DoneMessages("b", []string{"m"}) }) // woke up late
		if waiting(now.Add(time.Hour)) != 1 {
			t.Error("removed by who had lost the lease")
		}
		do(t, db, func(tx *store.Tx) error { return tx.DoneMessages("c", []string{"x", "m", "y"}) })
		if waiting(now.Add(time.Hour)) != 0 {
			t.Error("not removed")
		}
		do(t, db, func(tx *store.Tx) error { return tx.DoneMessages("c", nil) })
	})
}

func TestGrant_single_values_are_spent_once(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		digest := grant.Digest("code", "handle")
		want := grant.Single{Kind: "code", Digest: digest, Payload: []byte("only the wire reads it"), Family: "f", ExpiresAt: now.Add(time.Minute)}
		do(t, db, func(tx *store.Tx) error {
			if err := tx.InsertFamily(grant.Family{ID: "f", Person: "p", Service: "tax", Session: "s", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}); err != nil {
				return err
			}
			return tx.InsertSingle(want)
		})
		if err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.InsertSingle(want) }); !fault.Is(err, fault.RowConflict) {
			t.Errorf("a second time: %v", err)
		}
		var won, reused atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				var again bool
				err := db.Do(context.Background(), func(tx *store.Tx) (err error) {
					var got grant.Single
					got, again, err = grant.Take(tx, "code", "handle", now)
					if err == nil && string(got.Payload) != string(want.Payload) {
						t.Errorf("payload %q", got.Payload)
					}
					return err
				})
				switch {
				case err != nil:
					t.Error(err)
				case again:
					reused.Add(1)
				default:
					won.Add(1)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || reused.Load() != 7 {
			t.Errorf("%d won, %d seen as reused", won.Load(), reused.Load())
		}
		view(t, db, func(tx *store.Tx) error {
			f, err := tx.Family("f")
			if err != nil || f.EndedAt.IsZero() {
				t.Errorf("B5 the family lives on after reuse: %+v, %v", f, err)
			}
			if _, err := tx.Single("request", digest); !fault.Is(err, fault.RowNotFound) {
				t.Errorf("another kind finds it: %v", err)
			}
			return nil
		})
	})
}

func TestGrant_families_and_replays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		want := grant.Family{ID: "f1", Person: "p", Service: "tax", Session: "s1", Payload: []byte{1}, Generation: 0, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
		do(t, db, func(tx *store.Tx) error {
			if err := tx.InsertFamily(want); err != nil {
				return err
			}
			for i, f := range []grant.Family{{Person: "p", Service: "bank", Session: "s1"}, {Person: "p", Service: "tax", Session: "s2"}, {Person: "q", Service: "tax", Session: "s3"}} {
				f.ID, f.CreatedAt, f.ExpiresAt = fmt.Sprint("f", i+2), now, now.Add(time.Hour)
				if err := tx.InsertFamily(f); err != nil {
					return err
				}
			}
			got, err := tx.Family("f1")
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(err, d)
			}
			for n, c := range []struct {
				generation int64
				now        time.Time
				want       bool
			}{{0, now, true}, {0, now, false}, {1, now, true}, {2, now.Add(3 * time.Hour), false}} {
				if ok, err := tx.AdvanceFamily("f1", c.generation, c.now, now.Add(2*time.Hour)); err != nil || ok != c.want {
					t.Errorf("advance %d: %v, %v", n, ok, err)
				}
			}
			for n, want := range []bool{true, false} {
				if ok, err := tx.InsertReplay("jti", []byte{7}, now); err != nil || ok != want {
					t.Errorf("replay %d: %v, %v", n, ok, err)
				}
			}
			return tx.EndGrantsOfPerson("p", "bank", now)
		})
		ended := func() (ids []string) {
			view(t, db, func(tx *store.Tx) error {
				for n := 1; n <= 4; n++ {
					f, err := tx.Family(fmt.Sprint("f", n))
					if err != nil {
						return err
					}
					if !f.EndedAt.IsZero() {
						ids = append(ids, f.ID)
					}
				}
				return nil
			})
			return ids
		}
		if got := ended(); !slices.Equal(got, []string{"f2"}) {
			t.Errorf("one service: %v", got)
		}
		do(t, db, func(tx *store.Tx) error { return tx.EndGrantsOfSession("s1", now) })
		if got := ended(); !slices.Equal(got, []string{"f1", "f2"}) {
			t.Errorf("one session: %v", got)
		}
		do(t, db, func(tx *store.Tx) error {
			if ok, err := tx.AdvanceFamily("f1", 2, now, now); ok || err != nil {
				t.Errorf("an ended family moved: %v", err)
			}
			if ok, err := tx.EndFamily("f1", now); ok || err != nil {
				t.Errorf("ended twice: %v", err)
			}
			return tx.EndGrantsOfPerson("p", "", now)
		})
		if got := ended(); !slices.Equal(got, []string{"f1", "f2", "f3"}) {
			t.Errorf("one person: %v", got)
		}
	})
}

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

func TestEnrol_rows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		register(t, db, resident(1))
		clerk := resident(1).ID
		want := enrol.Case{ID: "c", Operator: clerk, CreatedAt: now, ExpiresAt: now.Add(time.Hour), State: enrol.AtDocument}
		do(t, db, func(tx *store.Tx) error {
			if _, err := tx.Case("c"); !fault.Is(err, fault.CaseUnknown) {
				t.Errorf("before: %v", err)
			}
			if err := tx.InsertCase(want); err != nil {
				return err
			}
			return tx.InsertCase(enrol.Case{ID: "c2", Operator: clerk, CreatedAt: now.Add(time.Minute), ExpiresAt: now, State: enrol.AtDocument})
		})
		want.Version, want.State, want.Evidence.Number = 1, enrol.AtContacts, "FX123456"
		want.Person = resident(7)
		do(t, db, func(tx *store.Tx) error { return tx.UpdateCase(want) })
		if err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.UpdateCase(want) }); !fault.Is(err, fault.RowConflict) {
			t.Errorf("an old version: %v", err)
		}
		want.Version, want.Person.ID = 2, ""
		do(t, db, func(tx *store.Tx) error {
			got, err := tx.Case("c")
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(err, d)
			}
			all, err := tx.CasesOf(clerk, now)
			if err != nil || len(all) != 2 || all[0].ID != "c2" {
				t.Errorf("all: %v, %v", all, err)
			}
			if all, err := tx.CasesOf(clerk, now.Add(time.Hour)); err != nil || len(all) != 0 {
				t.Errorf("none: %v, %v", all, err)
			}
			for range 2 {
				if err := tx.GiveRole(clerk, "operator", now); err != nil {
					return err
				}
			}
			if has, err := tx.HasRole(clerk, "operator"); err != nil || !has {
				t.Errorf("has no role: %v", err)
			}
			if has, err := tx.HasRole(clerk, "auditor"); err != nil || has {
				t.Errorf("has another role: %v", err)
			}
			if err := tx.TakeRole(clerk, "operator"); err != nil {
				return err
			}
			if has, err := tx.HasRole(clerk, "operator"); err != nil || has {
				t.Errorf("kept the role: %v", err)
			}
			return nil
		})
	})
}
