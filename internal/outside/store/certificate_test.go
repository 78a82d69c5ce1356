package store_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func serial(n int) string { return fmt.Sprintf("%032x", n) }

func reserved(n int) certificate.Certificate {
	now := storetest.Epoch()
	return certificate.Certificate{
		Serial: serial(n), Version: 1, Authority: "issuing", Profile: "person", Person: "person-1", TBS: []byte{1, 2}, State: certificate.Reserved,
		NotBefore: now, NotAfter: now.Add(24 * time.Hour),
	}
}

func TestCertificate_rows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		want := reserved(1)
		do(t, db, func(tx *store.Tx) error {
			if _, err := tx.Certificate(want.Serial); !fault.Is(err, fault.RowNotFound) {
				t.Errorf("before: %v", err)
			}
			if err := tx.InsertCertificate(want); err != nil {
				return err
			}
			if err := tx.InsertCertificate(want); !fault.Is(err, fault.RowConflict) {
				t.Errorf("S11 the same serial twice: %v", err)
			}
			return nil
		})
		want.State, want.DER = certificate.Good, []byte{3}
		do(t, db, func(tx *store.Tx) error { return tx.UpdateCertificate(want) })
		if err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.UpdateCertificate(want) }); !fault.Is(err, fault.RowConflict) {
			t.Errorf("an update of an earlier version: %v", err)
		}
		want.Version = 2
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.Certificate(want.Serial)
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(err, d)
			}
			return nil
		})
	})
}

func TestCertificate_lists_of_what_is_not_good(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		changed := func(n int, state certificate.State, reason certificate.Reason) {
			do(t, db, func(tx *store.Tx) error {
				c := reserved(n)
				if n == 4 {
					c.Authority = "another"
				}
				if n == 5 {
					c.NotAfter = now.Add(time.Hour)
				}
				if err := tx.InsertCertificate(c); err != nil || state == certificate.Reserved {
					return err
				}
				c.State, c.Reason, c.ChangedAt = state, reason, now.Add(time.Duration(n)*time.Second)
				return tx.UpdateCertificate(c)
			})
		}
		view(t, db, func(tx *store.Tx) error {
			if at, err := tx.StatusChangedAt("issuing"); err != nil || !at.IsZero() {
				t.Errorf("nothing changed, but at %v, %v", at, err)
			}
			return nil
		})
		changed(1, certificate.Revoked, certificate.Superseded)
		changed(2, certificate.Suspended, certificate.CertificateHold)
		changed(3, certificate.Good, 0)
		changed(4, certificate.Revoked, 0)
		changed(5, certificate.Revoked, 0)
		changed(6, certificate.Reserved, 0)
		view(t, db, func(tx *store.Tx) error {
			list := func(after string, ended time.Time, n int) (serials []string) {
				all, err := tx.RevokedCertificates("issuing", ended, after, n)
				if err != nil {
					t.Error(err)
				}
				for _, c := range all {
					serials = append(serials, c.Serial)
					if c.ChangedAt.IsZero() || c.Reason == 0 && c.Serial != serial(5) {
						t.Errorf("%+v", c)
					}
				}
				return serials
			}
			for name, c := range map[string]struct{ got, want []string }{
				"all":             {list("", now, 10), []string{serial(1), serial(2), serial(5)}},
				"a page":          {list("", now, 1), []string{serial(1)}},
				"the next":        {list(serial(1), now, 10), []string{serial(2), serial(5)}},
				"not the expired": {list("", now.Add(2*time.Hour), 10), []string{serial(1), serial(2)}},
			} {
				if d := cmp.Diff(c.want, c.got); d != "" {
					t.Errorf("%s: %s", name, d)
				}
			}
			if at, err := tx.StatusChangedAt("issuing"); err != nil || !at.Equal(now.Add(5*time.Second)) {
				t.Errorf("last change: %v, %v", at, err)
			}
			for at, want := range map[time.Time]int{now: 0, now.Add(time.Second): 1} {
				if left, err := tx.ReservedCertificates(at, 10); err != nil || len(left) != want {
					t.Errorf("reserved before %v: %v, %v", at, left, err)
				}
			}
			return nil
		})
	})
}

// S7: somebody with the database and without the keystore wants a revoked certificate to be good again.
func TestS7_a_status_cannot_be_changed_without_the_keystore(t *testing.T) {
	for _, statement := range []string{
		`UPDATE certificates SET state = 'good'`,
		`UPDATE certificates SET changed_at = changed_at + 1`,
		`UPDATE certificates SET reason = 6`,
		`UPDATE certificates SET authority = 'another'`,
		`UPDATE certificates SET not_after = not_after + 1`,
		`UPDATE certificates SET stamp = (SELECT stamp FROM certificates WHERE state = 'good') WHERE state = 'revoked'`,
		`UPDATE certificates SET sealed = (SELECT sealed FROM certificates WHERE state = 'good') WHERE state = 'revoked'`,
	} {
		t.Run(statement, func(t *testing.T) {
			db := storetest.SQLite(t)
			do(t, db, func(tx *store.Tx) error {
				one, other := reserved(1), reserved(2)
				one.State, one.ChangedAt, other.State = certificate.Revoked, storetest.Epoch(), certificate.Good
				if err := tx.InsertCertificate(one); err != nil {
					return err
				}
				if err := tx.InsertCertificate(other); err != nil {
					return err
				}
				_, err := tx.Exec(statement)
				return err
			})
			err := db.View(context.Background(), func(tx *store.Tx) error {
				_, err := tx.Certificate(serial(1))
				return err
			})
			if err == nil || fault.Is(err, fault.RowNotFound) {
				t.Errorf("believed: %v", err)
			}
		})
	}
}

func someCertificate(t *testing.T, name string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: storetest.Epoch()}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestAuthority_rows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		now := storetest.Epoch()
		root, issuing := someCertificate(t, "root"), someCertificate(t, "issuing")
		first := certificate.Authority{ID: "root", Version: 1, Role: certificate.Root, Active: true, Cert: root, Sealed: []byte{}, MadeAt: now}
		second := certificate.Authority{
			ID: "one", Version: 1, Role: certificate.Issuing, Active: true, Issuer: "root", Cert: issuing, Chain: [][]byte{root, root}, Sealed: []byte{1}, MadeAt: now.Add(1000),
		}
		third := second
		third.ID, third.MadeAt = "two", now.Add(2000)
		do(t, db, func(tx *store.Tx) error {
			for _, a := range []certificate.Authority{first, second} {
				if err := tx.InsertAuthority(a); err != nil {
					return err
				}
			}
			if err := tx.InsertAuthority(third); !fault.Is(err, fault.RowConflict) {
				t.Errorf("two active ones: %v", err)
			}
			return nil
		})
		second.Active = false
		do(t, db, func(tx *store.Tx) error { // as a rollover does
			if err := tx.UpdateAuthority(second); err != nil {
				return err
			}
			return tx.InsertAuthority(third)
		})
		if err := db.Do(context.Background(), func(tx *store.Tx) error { return tx.UpdateAuthority(second) }); !fault.Is(err, fault.RowConflict) {
			t.Errorf("an update of an earlier version: %v", err)
		}
		second.Version = 2
		view(t, db, func(tx *store.Tx) error {
			got, err := tx.Authorities()
			if d := cmp.Diff([]certificate.Authority{first, second, third}, got, cmpopts.EquateEmpty()); d != "" || err != nil {
				t.Error(err, d)
			}
			return nil
		})
		do(t, db, func(tx *store.Tx) error { // somebody with the database puts a root of their own in
			_, err := tx.Exec(`UPDATE authorities SET certificate = $1 WHERE id = 'root'`, issuing)
			return err
		})
		view(t, db, func(tx *store.Tx) error {
			if got, err := tx.Authorities(); err != nil || len(got) != 2 || got[0].ID != "one" {
				t.Errorf("a strange root is shown: %v, %v", got, err)
			}
			return nil
		})
	})
}

func TestCRL_numbers_are_given_once_and_a_roots_list_is_kept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		db := open()
		numbers := map[int64]bool{}
		for range 3 {
			do(t, db, func(tx *store.Tx) error {
				n, err := tx.NextCRLNumber("root")
				numbers[n] = true
				return err
			})
		}
		if !numbers[1] || !numbers[2] || !numbers[3] {
			t.Error(numbers)
		}
		do(t, db, func(tx *store.Tx) error {
			if _, err := tx.KeptCRL("root"); !fault.Is(err, fault.RowNotFound) {
				t.Errorf("none was kept: %v", err)
			}
			if n, err := tx.NextCRLNumber("issuing"); n != 1 || err != nil {
				t.Errorf("another's numbers: %d, %v", n, err)
			}
			return tx.KeepCRL("root", []byte{9})
		})
		view(t, db, func(tx *store.Tx) error {
			if list, err := tx.KeptCRL("root"); err != nil || !bytes.Equal(list, []byte{9}) {
				t.Errorf("%x, %v", list, err)
			}
			return nil
		})
	})
}
