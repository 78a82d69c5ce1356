package signkey_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"chave/internal/core/signkey"
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

type house struct {
	db    *store.DB
	vault *keystore.Soft
	mu    sync.Mutex
	now   time.Time
}

func open(t *testing.T) *house {
	t.Helper()
	return openOn(t, func(o ...storetest.Option) *store.DB { return storetest.SQLite(t, o...) })
}

func openOn(t *testing.T, engine func(...storetest.Option) *store.DB) *house {
	t.Helper()
	vault, err := keystore.OpenSoft(keystore.Config{Root: keystore.Root{Bytes: bytes.Repeat([]byte{7}, 32)}})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{vault: vault, now: storetest.Epoch()}
	h.db = engine(storetest.WithVault(vault), storetest.WithNow(h.clock))
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// node is one process: nodes share the database and nothing else.
func (h *house) node() *signkey.Service {
	return &signkey.Service{
		Do: store.In[signkey.Tx](h.db), View: store.InView[signkey.Tx](h.db), Keystore: h.vault, Now: h.clock, Rand: rand.Reader,
		Log: slog.New(slog.DiscardHandler),
	}
}

func active(t *testing.T, s *signkey.Service) signkey.Signer {
	t.Helper()
	k, err := s.Active(context.Background(), signkey.ES256)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func tend(t *testing.T, s *signkey.Service) {
	t.Helper()
	if err := s.Tend(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func published(t *testing.T, s *signkey.Service) map[string]signkey.Public {
	t.Helper()
	all, err := s.Published(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]signkey.Public{}
	for _, p := range all {
		ids[p.ID] = p
	}
	return ids
}

func TestFirst_signature_finds_a_key_without_waiting_for_the_background(t *testing.T) {
	h := open(t)
	n := h.node()
	k := active(t, n)
	digest := sha256.Sum256([]byte("token"))
	signature, err := k.Sign(rand.Reader, digest[:], nil)
	if err != nil {
		t.Fatal(err)
	}
	public, ok := published(t, n)[k.ID].Key.(*ecdsa.PublicKey)
	if !ok || !ecdsa.VerifyASN1(public, digest[:], signature) {
		t.Error("the published key does not verify the signature")
	}
}

func TestMany_nodes_agree_on_one_key(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine func(...storetest.Option) *store.DB) {
		h := openOn(t, engine)
		ids := make([]string, 8)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				k, err := h.node().Active(context.Background(), signkey.ES256)
				if err != nil {
					t.Error(err)
				}
				ids[i] = k.ID
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] || id == "" {
				t.Fatalf("keys in use: %q", ids)
			}
		}
	})
}

func TestRotation_publishes_a_key_before_it_signs_and_keeps_it_until_its_tokens_are_gone(t *testing.T) {
	h := open(t)
	n := h.node()
	tend(t, n)
	first := active(t, n).ID
	before := published(t, n)
	if len(before) != 2 {
		t.Fatalf("%d keys published, want one that signs and the next", len(before))
	}

	h.advance(91 * 24 * time.Hour)
	tend(t, n)
	second := active(t, n).ID
	if second == first {
		t.Fatal("the key did not rotate by age")
	}
	if _, known := before[second]; !known {
		t.Error("a key signs that services could not know")
	}
	tend(t, n)
	if _, kept := published(t, n)[first]; !kept {
		t.Error("a retired key is not published while its tokens live")
	}

	h.advance(25 * time.Hour)
	tend(t, n)
	if _, kept := published(t, n)[first]; kept {
		t.Error("a retired key is published for ever")
	}
	if _, found, err := n.Lookup(context.Background(), first); found || err != nil {
		t.Errorf("looked up a key that is gone: %v, %v", found, err)
	}
}

func TestE11_a_retired_key_has_lost_its_private_half(t *testing.T) {
	h := open(t)
	n := h.node()
	tend(t, n)
	first := active(t, n).ID
	if err := n.Rotate(context.Background(), signkey.ES256); err != nil {
		t.Fatal(err)
	}
	err := h.db.View(context.Background(), func(tx *store.Tx) error {
		keys, err := tx.SigningKeys("")
		for _, k := range keys {
			if k.ID == first && (k.State != signkey.Retired || len(k.Sealed) != 0) {
				t.Errorf("key %s is %s and keeps %d bytes", k.ID, k.State, len(k.Sealed))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNext_key_made_late_is_held_only_while_clients_change_over(t *testing.T) {
	h := open(t)
	n := h.node()
	n.RotateAfter, n.PublishAhead, n.NextLate = 100*24*time.Hour, 10*24*time.Hour, true
	held := func() (ids []string) {
		t.Helper()
		tend(t, n)
		all, err := n.Held(context.Background(), signkey.ES256)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range all {
			ids = append(ids, k.ID)
		}
		return ids
	}
	first := held()
	if len(first) != 1 {
		t.Fatalf("%d keys held on the first day, want one", len(first))
	}
	h.advance(89 * 24 * time.Hour)
	if ids := held(); !slices.Equal(ids, first) {
		t.Errorf("held before the time of publication: %q", ids)
	}
	h.advance(2 * 24 * time.Hour)
	both := held()
	if len(both) != 2 || both[0] != first[0] {
		t.Fatalf("held in the time of publication: %q", both)
	}
	h.advance(9*24*time.Hour + time.Hour)
	held() // the active key is 100 days old, the next has been published for nine days only
	if ids := held(); !slices.Equal(ids, both) {
		t.Errorf("held before the next key was published long enough: %q", ids)
	}
	h.advance(24 * time.Hour)
	held()
	if ids := held(); !slices.Equal(ids, both[1:]) {
		t.Errorf("held after rotation: %q, want %q", ids, both[1:])
	}
	if err := n.Rotate(context.Background(), signkey.ES256); err != nil {
		t.Fatal(err)
	}
	if ids := held(); len(ids) != 1 || ids[0] == both[1] {
		t.Errorf("held after the operator's rotation: %q", ids)
	}
}

func TestRotation_by_two_nodes_at_once_happens_once(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine func(...storetest.Option) *store.DB) {
		h := openOn(t, engine)
		a, b := h.node(), h.node()
		tend(t, a)
		tend(t, b)
		first := active(t, a).ID
		h.advance(91 * 24 * time.Hour)
		var wg sync.WaitGroup
		for _, n := range []*signkey.Service{a, b} {
			wg.Go(func() {
				if err := n.Tend(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		h.advance(time.Minute)
		if x, y := active(t, a).ID, active(t, b).ID; x != y || x == first {
			t.Errorf("after the race one node signs with %s, the other with %s, before it was %s", x, y, first)
		}
		if n := len(published(t, a)); n > 3 {
			t.Errorf("%d keys published after one rotation", n)
		}
	})
}

func TestAnother_node_sees_a_rotation_within_the_refresh_time(t *testing.T) {
	h := open(t)
	a, b := h.node(), h.node()
	tend(t, a)
	old := active(t, b).ID
	if err := a.Rotate(context.Background(), signkey.ES256); err != nil {
		t.Fatal(err)
	}
	if active(t, b).ID != old {
		t.Fatal("the read was not kept at all")
	}
	h.advance(31 * time.Second)
	if active(t, b).ID != active(t, a).ID {
		t.Error("the other node still signs with the retired key")
	}
}

func TestRS256_is_made_only_when_a_service_asks_for_it(t *testing.T) {
	if testing.Short() {
		t.Skip("makes RSA keys")
	}
	h := open(t)
	n := h.node()
	tend(t, n)
	for _, p := range published(t, n) {
		if p.Alg != signkey.ES256 {
			t.Fatalf("%s made for nobody", p.Alg)
		}
	}
	n.Wanted = func(context.Context) ([]string, error) { return []string{"RS256", "ES256"}, nil }
	tend(t, n)
	k, err := n.Active(context.Background(), "RS256")
	if err != nil || published(t, n)[k.ID].Alg != "RS256" {
		t.Errorf("RS256: %v", err)
	}
}

func TestA12_a_swapped_row_is_not_signed_with(t *testing.T) {
	h := open(t)
	tend(t, h.node())
	err := h.db.Do(context.Background(), func(tx *store.Tx) error {
		keys, err := tx.SigningKeys("")
		if err != nil {
			return err
		}
		keys[0].Sealed, keys[1].Sealed = keys[1].Sealed, keys[0].Sealed
		if err := tx.UpdateSigningKey(keys[0]); err != nil {
			return err
		}
		return tx.UpdateSigningKey(keys[1])
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.node().Active(context.Background(), signkey.ES256); err == nil {
		t.Error("signed with a private half that does not belong to the published key")
	}
}

func TestA19_key_events_are_on_record(t *testing.T) {
	h := open(t)
	n := h.node()
	tend(t, n)
	if err := n.Rotate(context.Background(), signkey.ES256); err != nil {
		t.Fatal(err)
	}
	err := h.db.View(context.Background(), func(tx *store.Tx) error {
		rows, err := tx.UnsealedAudit(100)
		if len(rows) != 4 { // two made, one promoted, the next one made
			t.Errorf("%d events on record", len(rows))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
