package store_test

import (
	"encoding/json"
	"testing"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
)

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
