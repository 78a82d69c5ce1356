package store_test

import (
	"testing"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/core/signkey"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

func TestService_is_found_by_the_names_its_wires_know(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		made := func(id, issuer, client string) service.Service {
			return service.Service{Settings: service.Settings{
				ID: id, SAML: &service.SAML{Wire: service.WireFA, Issuer: issuer}, OAuth: &service.OAuth{ClientID: client},
			}}
		}
		do(t, db, func(tx *store.Tx) error { return tx.SaveService(made("one", "https://one.example", "100000001")) })
		do(t, db, func(tx *store.Tx) error {
			for _, n := range []service.Name{{Wire: service.WireFA, Name: "https://one.example"}, {Wire: service.WireOAuth, Name: "100000001"}} {
				if got, err := tx.ServiceNamed(n.Wire, n.Name); err != nil || got.ID != "one" {
					t.Errorf("%v: %q, %v", n, got.ID, err)
				}
			}
			for _, n := range []service.Name{
				{Wire: service.WireSAML, Name: "https://one.example"}, {Wire: service.WireFA, Name: "https://one.example/"}, {Wire: service.WireOAuth, Name: ""},
			} {
				if _, err := tx.ServiceNamed(n.Wire, n.Name); !fault.Is(err, fault.ServiceUnknown) {
					t.Errorf("%v: %v", n, err)
				}
			}
			return nil
		})
		err := db.Do(t.Context(), func(tx *store.Tx) error { return tx.SaveService(made("two", "https://one.example", "100000002")) })
		if !fault.Is(err, fault.RowConflict) {
			t.Errorf("a name can be taken from its service: %v", err)
		}
		do(t, db, func(tx *store.Tx) error { return tx.SaveService(made("one", "https://renamed.example", "100000001")) })
		do(t, db, func(tx *store.Tx) error { return tx.SaveService(made("two", "https://one.example", "100000002")) })
		do(t, db, func(tx *store.Tx) error {
			if got, err := tx.ServiceNamed(service.WireFA, "https://one.example"); err != nil || got.ID != "two" {
				t.Errorf("%q, %v", got.ID, err)
			}
			if _, err := tx.DeleteService("two"); err != nil {
				return err
			}
			if _, err := tx.ServiceNamed(service.WireFA, "https://one.example"); !fault.Is(err, fault.ServiceUnknown) {
				t.Errorf("a removed service is found: %v", err)
			}
			return nil
		})
	})
}

func TestSigningKeys_of_one_ring_are_not_seen_from_another(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		do(t, db, func(tx *store.Tx) error {
			for _, k := range []signkey.Key{
				{ID: "a", Alg: "RS256", State: signkey.Active, Public: []byte{1}},
				{ID: "b", Ring: "fa", Alg: "RS256", State: signkey.Active, Public: []byte{2}, Cert: []byte{3}},
			} {
				if err := tx.InsertSigningKey(k); err != nil {
					return err
				}
			}
			return nil
		})
		do(t, db, func(tx *store.Tx) error {
			for ring, id := range map[string]string{"": "a", "fa": "b"} {
				keys, err := tx.SigningKeys(ring)
				if err != nil || len(keys) != 1 || keys[0].ID != id || keys[0].Ring != ring {
					t.Errorf("ring %q: %+v, %v", ring, keys, err)
				}
			}
			return nil
		})
		err := db.Do(t.Context(), func(tx *store.Tx) error {
			return tx.InsertSigningKey(signkey.Key{ID: "c", Ring: "fa", Alg: "RS256", State: signkey.Active, Public: []byte{4}})
		})
		if !fault.Is(err, fault.RowConflict) {
			t.Errorf("a second active key: %v", err)
		}
	})
}

// Whoever can write rows adds a key of their own, or another certificate to one of ours, and waits for it to be published.
func TestSigningKeys_that_the_keystore_did_not_make_are_never_published(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		ours := signkey.Key{ID: "ours", Ring: "saml", Alg: "RS256", State: signkey.Active, Public: []byte{1}, Cert: []byte{2}}
		do(t, db, func(tx *store.Tx) error { return tx.InsertSigningKey(ours) })
		do(t, db, func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO signing_keys (id, version, ring, alg, state, sealed, public, certificate, stamp, created_at, active_at, retired_at, gone_at)
			SELECT 'theirs', version, ring, alg, 'retired', sealed, public, certificate, stamp, created_at, active_at, retired_at, gone_at FROM signing_keys`)
			return err
		})
		ids := func() (ids []string) {
			do(t, db, func(tx *store.Tx) error {
				keys, err := tx.SigningKeys("saml")
				for _, k := range keys {
					ids = append(ids, k.ID)
				}
				return err
			})
			return ids
		}
		if got := ids(); len(got) != 1 || got[0] != "ours" {
			t.Errorf("after a row was added: %q", got)
		}
		do(t, db, func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE signing_keys SET certificate = public WHERE id = 'ours'`)
			return err
		})
		if got := ids(); len(got) != 0 {
			t.Errorf("after the certificate was replaced: %q", got)
		}
	})
}
