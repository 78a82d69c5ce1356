package pki_test

import (
	"context"
	"crypto/x509"
	"testing"
	"time"

	"chave/internal/core/certificate"
)

func parseList(t *testing.T, der []byte) *x509.RevocationList {
	t.Helper()
	l, err := x509.ParseRevocationList(der)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// S7: two nodes, one table. No node remembers a status.
func TestS7_lists_follow_every_change_on_every_node(t *testing.T) {
	h := open(t)
	a, b := h.node(t), h.node(t)
	ctx := context.Background()
	one, two := issue(t, h, a), issue(t, h, a)
	leaf := parse(t, one.DER)
	last := int64(0)
	check := func(want int) {
		t.Helper()
		for _, node := range []interface {
			List(context.Context, *x509.Certificate, *x509.Certificate) ([]byte, error)
		}{a, b} {
			der, err := node.List(ctx, leaf, nil)
			if err != nil {
				t.Fatal(err)
			}
			l := parseList(t, der)
			if len(l.RevokedCertificateEntries) != want || l.Number.Int64() < 1 || !l.NextUpdate.Equal(l.ThisUpdate.Add(24*time.Hour)) {
				t.Errorf("%d entries, not %d; number %v", len(l.RevokedCertificateEntries), want, l.Number)
			}
			last = max(last, l.Number.Int64())
		}
	}
	check(0)
	h.advance(time.Second)
	h.change(t, one.Serial, certificate.Suspended, 0)
	check(1)
	h.advance(time.Second)
	h.change(t, two.Serial, certificate.Revoked, certificate.KeyCompromise)
	check(2)
	h.advance(time.Second)
	h.change(t, one.Serial, certificate.Good, 0)
	check(1)
	kept := last
	check(1)
	if last != kept {
		t.Error("a list was signed although nothing changed")
	}
	h.advance(2 * time.Minute)
	check(1)
	if last == kept {
		t.Error("a list is given out for ever")
	}
}
