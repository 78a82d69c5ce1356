package store_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/service"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

// A thief with every file of the database looks for what they know of a person.
func TestE11_nothing_of_a_person_is_readable_in_the_files(t *testing.T) {
	c := storetest.Config(t, store.SQLite)
	db, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	p := resident(1)
	now := storetest.Epoch()
	register(t, db, p)
	do(t, db, func(tx *store.Tx) error {
		for _, err := range []error{
			tx.InsertKey(keyOf(p)),
			tx.InsertMessage(message.Message{ID: "m", Kind: message.LoginCode, Channel: message.SMS, To: string(p.Phone), Data: map[string]string{"code": "739164"}, At: now}),
			tx.InsertLogin(login.Transaction{ID: "l", Typed: string(p.Email), Hint: p.NIF, Person: p.ID, ExpiresAt: now, Shared: []consent.Name{consent.NIF}}),
			tx.InsertCase(enrol.Case{ID: "c", Person: p, Evidence: enrol.Evidence{Number: p.Documents[0].Number, Zone: "I<PRTBANDEIRINHA"}, ExpiresAt: now}),
			tx.InsertSingle(grant.Single{Kind: "code", Digest: []byte{1}, Payload: []byte(`{"name":"` + p.GivenNames + `"}`), ExpiresAt: now}),
			tx.InsertCertificate(certificate.Certificate{
				Serial: serial(1), Authority: "a", Profile: "person", State: certificate.Good, Person: p.ID, TBS: []byte("CN=Bandeirinha"), DER: []byte("CN=BANDEIRINHA"), NotAfter: now,
			}),
			tx.InsertFamily(grant.Family{ID: "f", Person: p.ID, Payload: []byte(`{"nif":"` + p.NIF + `"}`), ExpiresAt: now}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	files, err := filepath.Glob(c.DSN + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("database, log: %v, %v", files, err)
	}
	known := []string{"739164", "Aurélia", "Bandeirinha", "BANDEIRINHA", p.NIF, p.NISS, p.NSNS, string(p.Phone), string(p.Phone[4:]),
		string(p.Email), "aurelia1", p.Documents[0].Number, p.Documents[1].Number, p.BirthDate.String()}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range known {
			if bytes.Contains(content, []byte(k)) {
				t.Errorf("%s: %q can be read", filepath.Base(name), k)
			}
		}
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", filepath.Base(name), info.Mode(), err)
		}
	}
}

// Somebody who can write to the database, but has no keystore, tries to become somebody else.
func TestE11_rows_cannot_be_moved_between_people(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		register(t, db, resident(1), resident(2))
		do(t, db, func(tx *store.Tx) error {
			for n := 1; n <= 2; n++ {
				if err := tx.InsertKey(keyOf(resident(n))); err != nil {
					return err
				}
			}
			for _, text := range []string{
				`UPDATE people SET sealed = (SELECT sealed FROM people WHERE id = 'person-1') WHERE id = 'person-2'`,
				`UPDATE keys SET sealed = (SELECT sealed FROM keys WHERE person = 'person-1') WHERE person = 'person-2'`,
			} {
				if _, err := tx.Exec(text); err != nil {
					return err
				}
			}
			return nil
		})
		view(t, db, func(tx *store.Tx) error {
			if p, err := tx.Person("person-2"); err == nil {
				t.Errorf("became %s", p.GivenNames)
			}
			if _, err := tx.Key("person-2"); err == nil {
				t.Error("opens with somebody else's PIN")
			}
			if _, err := tx.Person("person-1"); err != nil {
				t.Errorf("the other: %v", err)
			}
			return nil
		})
	})
}

// What such a writer would like to change, column by column.
func TestE11_a_writer_without_the_keystore_gains_nothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		now := storetest.Epoch()
		blocked := keyOf(resident(2))
		blocked.State, blocked.BlockedAt, blocked.EndedAt = credential.Cancelled, now, now
		db := open()
		register(t, db, resident(1), resident(2))
		do(t, db, func(tx *store.Tx) error {
			for _, err := range []error{
				tx.InsertKey(keyOf(resident(1))),
				tx.InsertKey(blocked),
				tx.InsertFamily(grant.Family{ID: "mine", Person: "person-1", Service: "bank", Session: "s", ExpiresAt: now}),
				tx.GiveRole("person-1", "operator", now),
				tx.SaveService(service.Service{Settings: service.Settings{ID: "tax", RedirectURIs: []string{"https://tax.example"}}}),
				tx.SaveService(service.Service{Settings: service.Settings{ID: "evil", RedirectURIs: []string{"https://evil.example"}}}),
			} {
				if err != nil {
					return err
				}
			}
			return nil
		})
		for name, c := range map[string]struct {
			change string
			use    func(tx *store.Tx) error
		}{
			"revive a cancelled key": {`UPDATE keys SET state = 'active', ended_at = 0, blocked_at = 0 WHERE person = 'person-2'`,
				func(tx *store.Tx) error { _, err := tx.Key("person-2"); return err }},
			"give tokens another person": {`UPDATE families SET person = 'person-2' WHERE id = 'mine'`,
				func(tx *store.Tx) error { _, err := tx.Family("mine"); return err }},
			"become an operator": {`INSERT INTO roles (person, role, given_at, sealed) SELECT 'person-2', role, given_at, sealed FROM roles`,
				func(tx *store.Tx) error { _, err := tx.HasRole("person-2", "operator"); return err }},
			"send answers elsewhere": {`UPDATE services SET sealed = (SELECT sealed FROM services WHERE id = 'evil') WHERE id = 'tax'`,
				func(tx *store.Tx) error { _, err := tx.Service("tax"); return err }},
		} {
			do(t, db, func(tx *store.Tx) error { _, err := tx.Exec(c.change); return err })
			if err := db.View(context.Background(), c.use); !fault.IsKind(err, fault.Internal) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestE11_identifiers_are_found_only_with_the_keystore(t *testing.T) {
	c := storetest.Config(t, store.SQLite)
	first, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	register(t, first, resident(1))
	first.Close()
	c.Vault = storetest.NewVault()
	thief, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer thief.Close()
	view(t, thief, func(tx *store.Tx) error {
		who, err := tx.PeopleWith(citizen.Identifier{Kind: citizen.ByPhone, Value: string(resident(1).Phone)})
		if err != nil || len(who) != 0 {
			t.Errorf("found %v, %v", who, err)
		}
		if _, err := tx.Person(resident(1).ID); err == nil {
			t.Error("opened")
		}
		return nil
	})
}
