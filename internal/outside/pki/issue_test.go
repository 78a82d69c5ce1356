package pki_test

import (
	"context"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

func TestIssue_gives_a_chain_that_verifies(t *testing.T) {
	h := open(t)
	a := h.node(t)
	issued := issue(t, h, a)
	if len(issued.Chain) != 3 {
		t.Fatalf("%d certificates", len(issued.Chain))
	}
	leaf, issuing, root := parse(t, issued.Chain[0]), parse(t, issued.Chain[1]), parse(t, issued.Chain[2])
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	between.AddCert(issuing)
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: h.clock(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Error(err)
	}
	if got := leaf.Subject.SerialNumber; got != "PASAF-ABC123456" {
		t.Errorf("serialNumber %s", got)
	}
	if got := leaf.Subject.CommonName; got != "AURÉLIA QUITÉRIA BANDEIRINHA" {
		t.Errorf("common name %s", got)
	}
	if got := issuing.Subject.CommonName; got != "(TESTE) EC de Chave Móvel Digital de Assinatura Digital 00001" {
		t.Errorf("issuing authority %s", got)
	}
	row := read(t, h, issued.Serial)
	if row.State != certificate.Good || row.Person != "person-1" || len(row.TBS) == 0 || row.Profile != "person" {
		t.Errorf("%+v", row)
	}
}

func read(t *testing.T, h *house, serial string) (row certificate.Certificate) {
	t.Helper()
	err := h.db.View(context.Background(), func(tx *store.Tx) (err error) {
		row, err = tx.Certificate(serial)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestS8_a_bad_order_is_refused_before_anything_is_on_record(t *testing.T) {
	h := open(t)
	a := h.node(t)
	if err := a.Ensure(context.Background()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*certificate.Subject){
		"no number":          func(s *certificate.Subject) { s.Person.Documents = nil },
		"a control letter":   func(s *certificate.Subject) { s.Person.GivenNames = "Au\x07rélia" },
		"no name":            func(s *certificate.Subject) { s.Person.GivenNames, s.Person.Surnames = "", "" },
		"no key":             func(s *certificate.Subject) { s.Public = nil },
		"ended before begun": func(s *certificate.Subject) { s.NotAfter = h.clock().Add(-time.Hour) },
		"eleven years":       func(s *certificate.Subject) { s.NotAfter = h.clock().AddDate(11, 0, 0) },
		"not born":           func(s *certificate.Subject) { s.Person.BirthDate.Year = 2090 },
	} {
		t.Run(name, func(t *testing.T) {
			s := certificate.Subject{Person: resident(), Public: personal(t), NotAfter: h.clock().AddDate(1, 0, 0)}
			spoil(&s)
			if _, err := a.Issue(context.Background(), s); !fault.Is(err, fault.CertificateRefused) {
				t.Errorf("%v", err)
			}
		})
	}
	left := reservedRows(t, h)
	if len(left) != 0 {
		t.Errorf("%d rows", len(left))
	}
}

func reservedRows(t *testing.T, h *house) (left []certificate.Certificate) {
	t.Helper()
	if err := h.db.View(context.Background(), func(tx *store.Tx) (err error) {
		left, err = tx.ReservedCertificates(h.clock().Add(time.Hour), 10)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return left
}

// From our side both look alike: the answer to the last commit did not come. Only reading tells them apart.
func TestIssue_when_the_last_commit_gives_no_answer(t *testing.T) {
	for _, c := range []struct {
		name string
		step store.Step
		want certificate.State
	}{
		{"never written", store.StepCommit, certificate.Reserved},
		{"written, reply lost", store.StepCommitted, certificate.Good},
	} {
		t.Run(c.name, func(t *testing.T) {
			faults := &storetest.Faults{}
			h := open(t, storetest.WithInject(faults.Inject))
			a := h.node(t)
			if err := a.Ensure(context.Background()); err != nil {
				t.Fatal(err)
			}
			h.keys.signed = func() { faults.Fail(c.step, 1, errors.New("connection lost")) }
			issued, err := a.Issue(context.Background(), certificate.Subject{Person: resident(), Public: personal(t), NotAfter: h.clock().AddDate(1, 0, 0)})
			left := reservedRows(t, h)
			switch c.want {
			case certificate.Reserved:
				if !fault.Is(err, fault.StoreUnavailable) || len(left) != 1 {
					t.Errorf("%v, %d reserved", err, len(left))
				}
			default:
				if err != nil || len(left) != 0 || read(t, h, issued.Serial).State != c.want {
					t.Errorf("%v, %d reserved", err, len(left))
				}
			}
		})
	}
}

func TestIssue_what_was_interrupted_is_revoked_later(t *testing.T) {
	h := open(t)
	a := h.node(t)
	if err := a.Ensure(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.keys.fail(errors.New("the module went away"))
	_, err := a.Issue(context.Background(), certificate.Subject{Person: resident(), Public: personal(t), NotAfter: h.clock().AddDate(1, 0, 0)})
	if !fault.Is(err, fault.KeystoreUnavailable) {
		t.Fatal(err)
	}
	left := reservedRows(t, h)
	if len(left) != 1 {
		t.Fatalf("%d rows", len(left))
	}
	h.keys.fail(nil)
	h.advance(2 * time.Hour)
	if err := a.Tend(context.Background()); err != nil {
		t.Fatal(err)
	}
	if row := read(t, h, left[0].Serial); row.State != certificate.Revoked {
		t.Errorf("%s", row.State)
	}
	issue(t, h, a) // and it works again without a restart
}
