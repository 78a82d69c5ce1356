package pki_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/fault"
	"chave/internal/outside/pki"
	"chave/internal/outside/pki/ocsp"

	judge "golang.org/x/crypto/ocsp"
)

var passphrase = []byte("four words are a passphrase")

// ask gives the answer about a certificate as another client reads it.
func ask(t *testing.T, a *pki.Authority, issued certificate.Issued) *judge.Response {
	t.Helper()
	leaf, issuing := parse(t, issued.DER), parse(t, issued.Chain[1])
	request, err := judge.CreateRequest(leaf, issuing, nil)
	if err != nil {
		t.Fatal(err)
	}
	der, _, err := a.AnswerOCSP(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := judge.ParseResponseForCert(der, leaf, issuing)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestS9_the_root_is_kept_apart(t *testing.T) {
	h := open(t)
	h.roots = false
	a := h.node(t)
	ctx := context.Background()
	file := filepath.Join(t.TempDir(), "root.pem")
	if _, err := a.Issue(ctx, certificate.Subject{Person: resident(), Public: personal(t), NotAfter: h.clock().AddDate(1, 0, 0)}); !fault.Is(err, fault.AuthorityMissing) {
		t.Errorf("before the ceremony: %v", err)
	}
	if err := a.Tend(ctx); err != nil {
		t.Errorf("an installation where nobody signs: %v", err)
	}
	if err := a.Init(ctx, file, []byte("short")); err == nil {
		t.Error("a short passphrase")
	}
	if err := a.Init(ctx, file, passphrase); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := a.Init(ctx, filepath.Join(t.TempDir(), "another.pem"), passphrase); !errors.Is(err, pki.ErrExists) {
		t.Errorf("a second hierarchy: %v", err)
	}
	if n := len(h.keys.made); n != 3 {
		t.Errorf("the keystore made %d keys; the root's is none of issuing, OCSP, TSA", n)
	}
	issued := issue(t, h, a)
	if got := ask(t, a, issued); got.Status != judge.Good {
		t.Errorf("%+v", got)
	}
	out, err := tool(t, nil, "openssl", "pkey", "-in", file, "-passin", "pass:"+string(passphrase), "-noout", "-check")
	if err != nil || !strings.Contains(out, "Key is valid") {
		t.Errorf("another program does not open the root's file: %s", out)
	}
}

func TestRollover_the_one_before_goes_on_answering(t *testing.T) {
	h := open(t)
	h.roots = false
	a, b := h.node(t), h.node(t) // two nodes; the ceremony takes place on one
	ctx := context.Background()
	file := filepath.Join(t.TempDir(), "root.pem")
	if err := a.Init(ctx, file, passphrase); err != nil {
		t.Fatal(err)
	}
	before := issue(t, h, b)
	h.advance(time.Hour)
	for name, err := range map[string]error{
		"another passphrase": a.Rollover(ctx, file, []byte("four words, but others")),
		"no file":            a.Rollover(ctx, file+"x", passphrase),
	} {
		if err == nil {
			t.Error(name)
		}
	}
	if err := a.Rollover(ctx, file, passphrase); err != nil {
		t.Fatal(err)
	}
	h.advance(time.Minute)
	after := issue(t, h, b)
	if bytes.Equal(before.Chain[1], after.Chain[1]) || !bytes.Equal(before.Chain[2], after.Chain[2]) {
		t.Error("not a new issuing authority under the same root")
	}
	h.change(t, before.Serial, certificate.Revoked, certificate.Superseded)
	for _, node := range []*pki.Authority{a, b} {
		if got := ask(t, node, before); got.Status != judge.Revoked {
			t.Errorf("the one before: %+v", got)
		}
		if got := ask(t, node, after); got.Status != judge.Good {
			t.Errorf("the new one: %+v", got)
		}
		list, err := node.List(ctx, parse(t, before.DER), nil)
		if err != nil {
			t.Fatal(err)
		}
		if l := parseList(t, list); len(l.RevokedCertificateEntries) != 1 || l.CheckSignatureFrom(parse(t, before.Chain[1])) != nil {
			t.Errorf("%d entries", len(l.RevokedCertificateEntries))
		}
	}
	var text strings.Builder
	if err := a.Show(ctx, &text); err != nil || strings.Count(text.String(), "issuing  ") != 2 || !strings.Contains(text.String(), "ends 2027-06-11") {
		t.Errorf("%v\n%s", err, text.String())
	}
}

func TestRevoke_an_issuing_authority_shows_in_the_roots_list(t *testing.T) {
	h := open(t)
	h.roots = false
	a := h.node(t)
	ctx := context.Background()
	file := filepath.Join(t.TempDir(), "root.pem")
	if err := a.Init(ctx, file, passphrase); err != nil {
		t.Fatal(err)
	}
	issued := issue(t, h, a)
	issuing := parse(t, issued.Chain[1])
	if err := a.Revoke(ctx, issued.Serial, certificate.KeyCompromise); !errors.Is(err, pki.ErrNotForHere) {
		t.Errorf("a person's: %v", err)
	}
	if err := a.Revoke(ctx, pki.SerialText(issuing.SerialNumber), certificate.KeyCompromise); err != nil {
		t.Fatal(err)
	}
	if err := a.RootList(ctx, file, passphrase); err != nil {
		t.Fatal(err)
	}
	list, err := a.List(ctx, issuing, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := parseList(t, list)
	if len(l.RevokedCertificateEntries) != 1 || l.RevokedCertificateEntries[0].SerialNumber.Cmp(issuing.SerialNumber) != 0 || l.Number.Int64() != 2 {
		t.Errorf("%+v", l)
	}
	if _, err := a.Status(ctx, issuing, nil); !fault.Is(err, fault.StatusUnavailable) {
		t.Errorf("the root has no responder: %v", err)
	}
}

func TestRevoke_a_timestamp_authority_stamps_no_more(t *testing.T) {
	h := open(t)
	a := h.node(t)
	ctx := context.Background()
	first, err := a.TimestampCertificate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Revoke(ctx, pki.SerialText(first.SerialNumber), certificate.KeyCompromise); err != nil {
		t.Fatal(err)
	}
	h.advance(time.Minute)
	next, err := a.TimestampCertificate(ctx)
	if err != nil || next.Equal(first) {
		t.Errorf("the one that was revoked goes on: %v", err)
	}
	der, err := a.Status(ctx, first, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := judge.ParseResponse(der, nil); err != nil || got.Status != judge.Revoked {
		t.Errorf("%+v, %v", got, err)
	}
	issued := issue(t, h, a)
	if err := a.Revoke(ctx, pki.SerialText(ask(t, a, issued).Certificate.SerialNumber), 0); !errors.Is(err, pki.ErrNoStatus) {
		t.Errorf("a responder's: %v", err)
	}
}

func TestAnswerOCSP_says_try_later_when_the_keystore_is_gone_and_recovers(t *testing.T) {
	h := open(t)
	a := h.node(t)
	issued := issue(t, h, a)
	request, err := judge.CreateRequest(parse(t, issued.DER), parse(t, issued.Chain[1]), nil)
	if err != nil {
		t.Fatal(err)
	}
	h.keys.fail(errors.New("the module went away"))
	der, _, err := a.AnswerOCSP(context.Background(), request)
	if err == nil || !bytes.Equal(der, ocsp.Refuse(ocsp.TryLater)) {
		t.Errorf("%x, %v", der, err)
	}
	h.keys.fail(nil)
	if got := ask(t, a, issued); got.Status != judge.Good {
		t.Errorf("%+v", got)
	}
}

func TestTend_replaces_responders_and_clocks_before_they_end(t *testing.T) {
	h := open(t)
	a := h.node(t)
	ctx := context.Background()
	issued := issue(t, h, a)
	first, err := a.TimestampCertificate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	h.advance(340 * 24 * time.Hour)
	if err := a.Tend(ctx); err != nil {
		t.Fatal(err)
	}
	h.advance(30 * 24 * time.Hour) // the responder of the first year has ended
	if err := a.Tend(ctx); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, a, issued); got.Status != judge.Good || got.Certificate == nil || !h.clock().Before(got.Certificate.NotAfter) {
		t.Errorf("%+v", got)
	}
	if next, err := a.TimestampCertificate(ctx); err != nil || next.Equal(first) {
		t.Errorf("a clock's key signs for a year: %v", err)
	}
	h.advance(13 * 365 * 24 * time.Hour) // the issuing authority has ended: in the demo another hierarchy comes by itself
	if again := issue(t, h, a); bytes.Equal(again.Chain[2], issued.Chain[2]) {
		t.Error("the same root, whose key is gone")
	}
}
