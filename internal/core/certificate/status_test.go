package certificate_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

const serial = "0123456789abcdef0123456789abcdef"

func house(t *testing.T, state certificate.State) (*store.DB, func(certificate.Change) error) {
	t.Helper()
	db := storetest.SQLite(t)
	now := storetest.Epoch()
	err := db.Do(context.Background(), func(tx *store.Tx) error {
		return tx.InsertCertificate(certificate.Certificate{
			Serial: serial, Authority: "a", Profile: "person", Person: "p", TBS: []byte{1}, State: state, NotBefore: now, NotAfter: now.Add(time.Hour),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return db, func(c certificate.Change) error {
		c.Serial, c.At, c.Rand = serial, now, rand.Reader
		return db.Do(context.Background(), func(tx *store.Tx) error { return certificate.Apply(tx, c) })
	}
}

func read(t *testing.T, db *store.DB) (row certificate.Certificate, audited int) {
	t.Helper()
	err := db.View(context.Background(), func(tx *store.Tx) (err error) {
		if row, err = tx.Certificate(serial); err != nil {
			return err
		}
		events, err := tx.UnsealedAudit(100)
		audited = len(events)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return row, audited
}

func TestApply_moves_only_along_the_picture(t *testing.T) {
	for _, c := range []struct {
		from, to certificate.State
		reason   certificate.Reason
		want     fault.Code // empty: the change is made
		written  certificate.Reason
	}{
		{certificate.Good, certificate.Revoked, certificate.KeyCompromise, "", certificate.KeyCompromise},
		{certificate.Good, certificate.Revoked, certificate.CertificateHold, "", certificate.Unspecified},
		{certificate.Good, certificate.Suspended, certificate.KeyCompromise, "", certificate.CertificateHold},
		{certificate.Suspended, certificate.Good, certificate.CertificateHold, "", certificate.Unspecified},
		{certificate.Suspended, certificate.Revoked, certificate.Superseded, "", certificate.Superseded},
		{certificate.Reserved, certificate.Revoked, certificate.Unspecified, "", certificate.Unspecified},
		{certificate.Reserved, certificate.Good, 0, fault.OperationOver, 0},
		{certificate.Reserved, certificate.Suspended, 0, fault.OperationOver, 0},
		{certificate.Revoked, certificate.Good, 0, fault.OperationOver, 0},
		{certificate.Revoked, certificate.Suspended, 0, fault.OperationOver, 0},
	} {
		t.Run(string(c.from)+" to "+string(c.to), func(t *testing.T) {
			db, apply := house(t, c.from)
			err := apply(certificate.Change{To: c.to, Reason: c.reason})
			row, audited := read(t, db)
			switch {
			case c.want != "" && (!fault.Is(err, c.want) || row.State != c.from || audited != 0):
				t.Errorf("%v, %s, %d events", err, row.State, audited)
			case c.want == "" && (err != nil || row.State != c.to || row.Reason != c.written || !row.ChangedAt.Equal(storetest.Epoch()) || audited != 1):
				t.Errorf("%v, %+v, %d events", err, row, audited)
			}
		})
	}
}

func TestApply_a_change_to_the_same_is_none(t *testing.T) {
	db, apply := house(t, certificate.Good)
	if err := apply(certificate.Change{To: certificate.Revoked, Reason: certificate.KeyCompromise}); err != nil {
		t.Fatal(err)
	}
	if err := apply(certificate.Change{To: certificate.Revoked, Reason: certificate.Superseded}); err != nil {
		t.Error(err)
	}
	if row, audited := read(t, db); row.Reason != certificate.KeyCompromise || audited != 1 {
		t.Errorf("%+v, %d events", row, audited)
	}
}

func TestGiveUp_revokes_what_an_interrupted_issuance_left(t *testing.T) {
	for _, c := range []struct {
		after time.Duration
		want  certificate.State
	}{{0, certificate.Reserved}, {time.Second, certificate.Revoked}} {
		db, _ := house(t, certificate.Reserved)
		err := db.Do(context.Background(), func(tx *store.Tx) error {
			_, err := certificate.GiveUp(tx, storetest.Epoch().Add(c.after), storetest.Epoch(), rand.Reader, 10)
			return err
		})
		if row, _ := read(t, db); err != nil || row.State != c.want {
			t.Errorf("after %v: %v, %s", c.after, err, row.State)
		}
	}
}
