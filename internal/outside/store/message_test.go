package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
)

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
