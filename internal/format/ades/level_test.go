package ades

import (
	"context"
	"crypto"
	"crypto/x509/pkix"
	"encoding/json"
	"testing"
	"time"

	"chave/internal/format/pdf"
)

func TestS14_every_PAdES_level_is_made_and_recognised(t *testing.T) {
	for _, to := range []Level{BB, BT, BLT, BLTA} {
		t.Run(string(to), func(t *testing.T) {
			w := newWorld()
			file := w.signPDF(t, plainPDF("Contrato"), w.maria)
			w.now = w.now.Add(time.Second)
			file = w.extend(t, file, to)
			w.now = w.now.Add(time.Minute)
			v := w.believing()
			if to.rank() >= BLT.rank() {
				v.Helpers = Helpers{} // the file must speak for itself
			}
			r := validate(t, file, v)
			s := r.Signatures[0]
			if r.Verdict != Valid || s.Verdict != Valid || !s.Intact || s.Level != to {
				t.Errorf("%s, %s, level %q, %v", r.Verdict, s.Verdict, s.Level, codes(r))
			}
			if len(s.Chain) != 3 || s.Signer.CommonName != "MARIA DE EXEMPLO" || s.Signer.Number != "BI12345678" || len(s.Revocation) != 2 {
				t.Errorf("%+v", s)
			}
			if s.ProvenAt.IsZero() != (to == BB) {
				t.Errorf("proven at %v", s.ProvenAt)
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestS14_every_CAdES_level_is_made_and_recognised(t *testing.T) {
	content := []byte("Contrato")
	for _, to := range []Level{BB, BT, BLT} {
		t.Run(string(to), func(t *testing.T) {
			w := newWorld()
			p, err := PrepareCMS(CMSSigning{Digest: digestOf(crypto.SHA256, content), Certificate: w.maria.cert, Chain: w.chain(), At: w.now})
			if err != nil {
				t.Fatal(err)
			}
			value, _ := w.maria.key.Sign(nil, p.ToSign(), p.Hash())
			der, err := p.Attach(value)
			if err != nil {
				t.Fatal(err)
			}
			out, reached, err := ExtendCMS(context.Background(), der, to, w.now, w.helpers())
			if err != nil || reached != to {
				t.Fatalf("%q, %v", reached, err)
			}
			v := w.believing()
			v.Detached = content
			if to == BLT {
				v.Helpers = Helpers{}
			}
			r := validate(t, out, v)
			if s := r.Signatures[0]; r.Verdict != Valid || s.Level != to || !s.ClaimedAt.Equal(w.now) {
				t.Errorf("%s, level %q, %v", r.Verdict, s.Level, codes(r))
			}
			v.Detached = []byte("Contrat0")
			if r := validate(t, out, v); r.Verdict != Invalid || r.Signatures[0].Intact {
				t.Errorf("another content: %s", r.Verdict)
			}
			v.Detached = nil
			if r := validate(t, out, v); r.Verdict != Unknown || codes(r)[0] != NoContent {
				t.Errorf("no content: %s, %v", r.Verdict, codes(r))
			}
		})
	}
}

func TestS14_a_file_outlives_its_certificates_by_renewal(t *testing.T) {
	w := newWorld()
	file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BLTA)
	check := func(want Verdict) {
		t.Helper()
		v := w.believing()
		v.Helpers = Helpers{}
		r := validate(t, file, v)
		if r.Verdict != want {
			t.Fatalf("in %d: %s, %v", w.now.Year(), r.Verdict, codes(r))
		}
		if want == Valid && r.Signatures[0].Level != BLTA {
			t.Errorf("in %d: level %q", w.now.Year(), r.Signatures[0].Level)
		}
	}
	w.now = day.AddDate(4, 0, 0) // signer and OCSP responder have ended, the time-stamp authority has not
	check(Unknown)               // nobody says today that the authority of the last time-stamp is still good
	w.responder = w.issue(w.issuing, curveKey(13), form{name: "(TESTE) OCSP 2", years: 6, from: w.now.AddDate(0, -1, 0), usage: w.responder.cert.KeyUsage, eku: w.responder.cert.ExtKeyUsage, ext: []pkix.Extension{{Id: oidNoCheck, Value: []byte{5, 0}}}})
	file = w.extend(t, file, BLTA)
	check(Valid)
	w.tsa = w.issue(w.issuing, curveKey(14), form{name: "(TESTE) TSA 2", years: 12, from: w.now.AddDate(0, -1, 0), usage: w.tsa.cert.KeyUsage, ext: []pkix.Extension{stampsOnly}})
	w.now = day.AddDate(4, 6, 0)
	file = w.extend(t, file, BLTA)
	w.now = day.AddDate(9, 0, 0) // now the first authority has ended too
	v := w.believing()
	if r := validate(t, file, v); r.Verdict != Valid || len(r.Timestamps) != 3 || !r.Signatures[0].ProvenAt.Equal(day) {
		t.Errorf("%s, %v, proven at %v", r.Verdict, codes(r), r.Signatures[0].ProvenAt)
	}
}

func TestS14_several_people_sign_one_after_another(t *testing.T) {
	w := newWorld()
	file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BT)
	w.now = w.now.Add(time.Hour)
	file = w.extend(t, w.signPDF(t, file, w.joao), BLTA)
	r := validate(t, file, w.believing())
	if r.Verdict != Valid || len(r.Signatures) != 2 || len(r.Timestamps) != 1 {
		t.Fatalf("%s, %v", r.Verdict, codes(r))
	}
	for i, name := range []string{"MARIA DE EXEMPLO", "JOÃO DE EXEMPLO"} {
		if s := r.Signatures[i]; s.Index != i+1 || s.Signer.CommonName != name || s.Level != BLTA {
			t.Errorf("%d: %q, level %q", s.Index, s.Signer.CommonName, s.Level)
		}
	}
	if len(r.Signatures[0].Changes) == 0 || r.Signatures[0].Changes[0].Kind != pdf.SignatureAdded {
		t.Errorf("%+v", r.Signatures[0].Changes)
	}
}

func TestPreparePDF_is_the_same_on_every_node(t *testing.T) {
	w := newWorld()
	s := PDFSigning{Field: pdf.Field{At: w.now}, Certificate: w.maria.cert, Chain: w.chain()}
	a, err := PreparePDF(plainPDF("Contrato"), s)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := PreparePDF(plainPDF("Contrato"), s)
	if string(a.ToSign()) != string(b.ToSign()) {
		t.Error("two nodes ask for two signatures")
	}
	if _, err := a.Attach([]byte("not a signature")); err == nil {
		t.Error("a value that is no signature gives a file")
	}
	value, _ := w.joao.key.Sign(nil, a.ToSign(), crypto.SHA256)
	if out, err := a.Attach(value); err == nil || out != nil {
		t.Error("another key's signature gives a file")
	}
}

func TestExtend_keeps_what_was_reached(t *testing.T) {
	for name, c := range map[string]struct {
		break_ func(w *world)
		to     Level
		want   Level
	}{
		"no time-stamp":               {func(w *world) { w.noTSA = true }, BLTA, BB},
		"nobody answers":              {func(w *world) { w.offline = true }, BLTA, BT},
		"the certificate was revoked": {func(w *world) { w.revoked[w.maria.cert.SerialNumber.String()] = revocation{at: day.Add(-time.Hour)} }, BLTA, BT},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			file := w.signPDF(t, plainPDF("Contrato"), w.maria)
			c.break_(w)
			out, reached, err := Extend(context.Background(), file, c.to, w.now, w.helpers())
			if err == nil || reached != c.want {
				t.Errorf("reached %q, %v", reached, err)
			}
			fresh := newWorld()
			r := validate(t, out, fresh.believing())
			if r.Verdict != Valid || r.Signatures[0].Level != c.want {
				t.Errorf("%s, level %q, %v", r.Verdict, r.Signatures[0].Level, codes(r))
			}
		})
	}
}
