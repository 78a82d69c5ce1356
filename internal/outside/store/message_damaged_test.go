package store_test

import (
	"testing"
	"time"

	"chave/internal/core/message"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

// One damaged row, or one sealed under a root that is no longer configured, must not keep everybody else's codes from being sent.
func TestA20_one_unreadable_message_holds_up_no_other(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db, now := open(), storetest.Epoch()
		do(t, db, func(tx *store.Tx) error {
			for i, id := range []string{"damaged", "whole"} {
				err := tx.InsertMessage(message.Message{
					ID: id, Kind: message.LoginCode, Channel: message.SMS, To: "+351910000001", At: now.Add(time.Duration(i) * time.Second),
				})
				if err != nil {
					return err
				}
			}
			_, err := tx.Exec(`UPDATE outbox SET sealed = (SELECT sealed FROM outbox WHERE id = 'whole') WHERE id = 'damaged'`)
			return err
		})
		lease := func(at time.Time, n int) (ids []string) {
			do(t, db, func(tx *store.Tx) error {
				got, err := tx.LeaseMessages("worker", n, at, at.Add(30*time.Second))
				for _, m := range got {
					ids = append(ids, m.ID)
				}
				return err
			})
			return ids
		}
		if got := lease(now.Add(time.Minute), 10); len(got) != 1 || got[0] != "whole" {
			t.Fatalf("leased %v", got)
		}
		t.Run("nor takes a place in the next batch", func(t *testing.T) {
			if got := lease(now.Add(2*time.Minute), 1); len(got) != 1 || got[0] != "whole" {
				t.Fatalf("leased %v", got)
			}
		})
		t.Run("and is kept for who brings the key back", func(t *testing.T) {
			do(t, db, func(tx *store.Tx) error {
				waiting, err := tx.MessagesWaiting(now.Add(24 * time.Hour))
				if waiting != 2 {
					t.Errorf("%d messages wait, want 2", waiting)
				}
				return err
			})
		})
	})
}
