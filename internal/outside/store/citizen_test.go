package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
)

// resident is a made-up person whose every identifier ends in n.
func resident(n int) citizen.Person {
	number := fmt.Sprintf("%09d", 100000000+n)
	return citizen.Person{
		ID: citizen.ID(fmt.Sprintf("person-%d", n)), GivenNames: "Aurélia", Surnames: "Quitéria Bandeirinha",
		BirthDate: citizen.Date{Year: 1981, Month: time.February, Day: 3}, Nationality: "BRA",
		NIF: "2" + number[1:], NISS: "1" + number + "9", NSNS: number,
		Documents: []citizen.Document{
			{Type: citizen.ResidencePermit, Country: "PRT", Number: "TR" + number, Expires: citizen.Date{Year: 2028, Month: 5, Day: 9}},
			{Type: citizen.Passport, Country: "BRA", Number: "FX" + number},
		},
		Phone: citizen.Phone("+35191" + number[2:]), Email: citizen.Email("aurelia" + number + "@Example.org"), Lang: "pt",
		Standing:  citizen.Standing{Accompanied: citizen.No, AsOf: storetest.Epoch()},
		CreatedAt: storetest.Epoch(),
	}
}

func do(t testing.TB, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.Do(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func view(t testing.TB, db *store.DB, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := db.View(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func register(t testing.TB, db *store.DB, people ...citizen.Person) {
	t.Helper()
	do(t, db, func(tx *store.Tx) error {
		for _, p := range people {
			if err := tx.InsertPerson(p); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestCitizen_comes_back_as_it_was_and_is_found_by_every_identifier(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		want := resident(1)
		register(t, db, want, resident(2))
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.Person(want.ID)
			if err != nil {
				return err
			}
			want.Version = 1
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
			if _, err := tx.Person("nobody"); !fault.Is(err, fault.RowNotFound) {
				t.Errorf("nobody: %v", err)
			}
			for _, i := range want.Identifiers() {
				if who, err := tx.PeopleWith(i); err != nil || len(who) != 1 || who[0] != want.ID {
					t.Errorf("%s: %v, %v", i.Kind, who, err)
				}
			}
			all, err := tx.PeopleWith(append(want.Identifiers(), resident(2).Identifiers()...)...)
			if err != nil || len(all) != 2 {
				t.Errorf("together: %v, %v", all, err)
			}
			for _, nobody := range [][]citizen.Identifier{nil, {{Kind: citizen.ByPhone, Value: want.NIF}}, {{Kind: citizen.ByNIF, Value: "0"}}} {
				if who, err := tx.PeopleWith(nobody...); err != nil || len(who) != 0 {
					t.Errorf("%v: %v, %v", nobody, who, err)
				}
			}
			return nil
		})
	})
}

func TestR1_21_an_identifier_belongs_to_one_person(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		register(t, db, resident(1))
		for kind, take := range map[citizen.IdentifierKind]func(p *citizen.Person){
			citizen.ByPhone:    func(p *citizen.Person) { p.Phone = resident(1).Phone },
			citizen.ByEmail:    func(p *citizen.Person) { p.Email = "AURELIA100000001@example.org" },
			citizen.ByNIF:      func(p *citizen.Person) { p.NIF = resident(1).NIF },
			citizen.ByDocument: func(p *citizen.Person) { p.Documents = resident(1).Documents[1:] },
		} {
			t.Run(string(kind), func(t *testing.T) {
				second := resident(2)
				take(&second)
				err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.InsertPerson(second) })
				if !fault.Is(err, fault.RowConflict) || fault.Of(err).Field != string(kind) {
					t.Errorf("got %v", err)
				}
				view(t, db, func(tx *store.Tx) error {
					if _, err := tx.Person(second.ID); !fault.Is(err, fault.RowNotFound) {
						t.Errorf("half a person was kept: %v", err)
					}
					return nil
				})
			})
		}
	})
}

func TestR1_21_two_counters_at_once_give_one_key_to_a_phone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		var won, told atomic.Int32
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				p := resident(n)
				p.Phone = resident(99).Phone
				err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.InsertPerson(p) })
				switch {
				case err == nil:
					won.Add(1)
				case fault.Is(err, fault.RowConflict) && fault.Of(err).Field == "phone":
					told.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || told.Load() != 7 {
			t.Errorf("%d registered, %d told why not", won.Load(), told.Load())
		}
	})
}

func TestCitizen_update_needs_the_version_it_read_and_moves_identifiers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		register(t, db, resident(1), resident(2))
		p := resident(1)
		p.Version, p.Phone, p.GivenNames = 1, "+447700900123", "Aurélia Maria"
		do(t, db, func(tx *store.Tx) error { return tx.UpdatePerson(p) })
		err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.UpdatePerson(p) })
		if !fault.Is(err, fault.RowConflict) {
			t.Errorf("a second time: %v", err)
		}
		p.Version, p.Phone = 2, resident(2).Phone
		err = db.Do(context.Background(), func(tx *store.Tx) error { return tx.UpdatePerson(p) })
		if !fault.Is(err, fault.RowConflict) || fault.Of(err).Field != "phone" {
			t.Errorf("somebody else's phone: %v", err)
		}
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.Person(p.ID)
			if err != nil || got.Version != 2 || got.GivenNames != "Aurélia Maria" || got.Phone != "+447700900123" {
				t.Errorf("got %v %v", got, err)
			}
			for phone, want := range map[citizen.Phone]int{resident(1).Phone: 0, "+447700900123": 1} {
				who, err := tx.PeopleWith(citizen.Identifier{Kind: citizen.ByPhone, Value: string(phone)})
				if err != nil || len(who) != want {
					t.Errorf("%s: %v, %v", phone, who, err)
				}
			}
			return nil
		})
	})
}
