package ades

import (
	"context"
	"crypto"
	"crypto/x509"
	"testing"
)

// Whatever is sent, a report comes back, and it is not valid: the root that is believed signed none of these.
func FuzzValidate(f *testing.F) {
	w := newWorld()
	file, _, err := Extend(context.Background(), w.signPDF(f, plainPDF("Contrato"), w.maria), BLTA, w.now, w.helpers())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file, []byte(nil))
	f.Add(w.signPDF(f, plainPDF("Contrato"), w.joao), []byte(nil))
	p, err := PrepareCMS(CMSSigning{Digest: digestOf(crypto.SHA256, []byte("Contrato")), Certificate: w.maria.cert, Chain: w.chain(), At: w.now})
	if err != nil {
		f.Fatal(err)
	}
	value, _ := w.maria.key.Sign(nil, p.ToSign(), p.Hash())
	der, _ := p.Attach(value)
	der, _, _ = ExtendCMS(context.Background(), der, BLT, w.now, w.helpers())
	f.Add(der, []byte("Contrato"))
	other := w.issue(entity{}, curveKey(20), form{name: "(TESTE) Outra raiz", years: 9, usage: x509.KeyUsageCertSign, ca: true})
	f.Fuzz(func(t *testing.T, file, detached []byte) {
		r, err := Validate(context.Background(), file, Validation{Roots: []*x509.Certificate{other.cert}, At: w.now, Detached: detached})
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict == Valid || len(codes(r)) == 0 {
			t.Fatalf("%+v", r)
		}
		if out, _, err := Extend(context.Background(), file, BLTA, w.now, Helpers{}); err == nil || len(out) < len(file) {
			t.Fatal("extended with nothing")
		}
	})
}
