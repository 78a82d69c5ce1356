package ades

import (
	"context"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// TestRevocation_an_answer_counts_only_when asks one question, Maria's status, and gives one answer to it.
func TestRevocation_an_answer_counts_only_when(t *testing.T) {
	answers := []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	excused := []pkix.Extension{{Id: oidNoCheck, Value: []byte{5, 0}}}
	sign := func(w *world, tmpl ocsp.Response, issuer *x509.Certificate, by entity) []byte {
		if tmpl.SerialNumber == nil {
			tmpl.SerialNumber = w.maria.cert.SerialNumber
		}
		if tmpl.ThisUpdate.IsZero() {
			tmpl.ThisUpdate, tmpl.NextUpdate = w.now, w.now.Add(time.Hour)
		}
		if tmpl.IssuerHash == 0 {
			tmpl.IssuerHash = crypto.SHA1
		}
		der, err := ocsp.CreateResponse(issuer, by.cert, tmpl, by.key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	for _, c := range []struct {
		name string
		good bool
		give func(w *world) []byte
	}{
		{"signed by the issuer itself", true, func(w *world) []byte { return sign(w, ocsp.Response{}, w.issuing.cert, w.issuing) }},
		{"signed by an excused delegate", true, func(w *world) []byte {
			return sign(w, ocsp.Response{Certificate: w.responder.cert}, w.issuing.cert, w.responder)
		}},
		{"a delegate that is not excused and not known", false, func(w *world) []byte {
			by := w.issue(w.issuing, curveKey(30), form{name: "OCSP", years: 3, usage: x509.KeyUsageDigitalSignature, eku: answers})
			return sign(w, ocsp.Response{Certificate: by.cert}, w.issuing.cert, by)
		}},
		{"a delegate without the usage", false, func(w *world) []byte {
			return sign(w, ocsp.Response{Certificate: w.joao.cert}, w.issuing.cert, w.joao)
		}},
		{"a delegate of another authority", false, func(w *world) []byte {
			other := w.issue(w.root, curveKey(31), form{name: "(TESTE) Outra EC", years: 9, usage: x509.KeyUsageCertSign, ca: true})
			by := w.issue(other, curveKey(32), form{name: "OCSP", years: 3, usage: x509.KeyUsageDigitalSignature, eku: answers, ext: excused})
			return sign(w, ocsp.Response{Certificate: by.cert}, w.issuing.cert, by)
		}},
		{"a delegate that has ended", false, func(w *world) []byte {
			by := w.issue(w.issuing, curveKey(31), form{name: "OCSP", years: 1, from: w.now.AddDate(-2, 0, 0), usage: x509.KeyUsageDigitalSignature, eku: answers, ext: excused})
			return sign(w, ocsp.Response{Certificate: by.cert}, w.issuing.cert, by)
		}},
		{"about another issuer's certificate of the same number", false, func(w *world) []byte {
			return sign(w, ocsp.Response{Certificate: w.responder.cert}, w.root.cert, w.responder)
		}},
		{"about another certificate", false, func(w *world) []byte {
			return sign(w, ocsp.Response{SerialNumber: w.joao.cert.SerialNumber, Certificate: w.responder.cert}, w.issuing.cert, w.responder)
		}},
		{"unknown", false, func(w *world) []byte {
			return sign(w, ocsp.Response{Status: ocsp.Unknown, Certificate: w.responder.cert}, w.issuing.cert, w.responder)
		}},
		{"from the future", false, func(w *world) []byte {
			return sign(w, ocsp.Response{ThisUpdate: w.now.Add(time.Hour), NextUpdate: w.now.Add(2 * time.Hour), Certificate: w.responder.cert}, w.issuing.cert, w.responder)
		}},
		{"too old", false, func(w *world) []byte {
			return sign(w, ocsp.Response{ThisUpdate: w.now.Add(-2 * time.Hour), NextUpdate: w.now.Add(-time.Hour), Certificate: w.responder.cert}, w.issuing.cert, w.responder)
		}},
		{"old and without an end", false, func(w *world) []byte {
			return sign(w, ocsp.Response{ThisUpdate: w.now.Add(-2 * time.Hour), Certificate: w.responder.cert}, w.issuing.cert, w.responder)
		}},
		{"not an answer", false, func(*world) []byte { return []byte{0x30, 0} }},
	} {
		t.Run("OCSP "+c.name, func(t *testing.T) {
			w := newWorld()
			file := w.signPDF(t, plainPDF("Contrato"), w.maria)
			v := w.believing()
			v.Helpers.CRL = func(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
				if issuer.Equal(w.issuing.cert) {
					return nil, errAway
				}
				return w.helpers().CRL(ctx, cert, issuer)
			}
			v.Helpers.OCSP = func(_ context.Context, cert, _ *x509.Certificate) ([]byte, error) {
				if !cert.Equal(w.maria.cert) {
					return nil, errAway
				}
				return c.give(w), nil
			}
			if r := validate(t, file, v); (r.Verdict == Valid) != c.good || r.Verdict == Invalid {
				t.Errorf("%s, %v", r.Verdict, codes(r))
			}
		})
	}

	point := "http://exemplo.pt/lista.crl"
	idp := func(body ...asn1.RawValue) []pkix.Extension {
		return []pkix.Extension{extension(asn1.ObjectIdentifier{2, 5, 29, 28}, true, body)}
	}
	flag := func(n int) asn1.RawValue { return asn1.RawValue{Class: 2, Tag: n, Bytes: []byte{0xff}} }
	at := func(url string) asn1.RawValue {
		name, _ := asn1.Marshal(asn1.RawValue{Class: 2, Tag: 6, Bytes: []byte(url)})
		full, _ := asn1.Marshal(asn1.RawValue{Class: 2, Tag: 0, IsCompound: true, Bytes: name})
		return asn1.RawValue{Class: 2, Tag: 0, IsCompound: true, Bytes: full}
	}
	for _, c := range []struct {
		name string
		good bool
		edit func(w *world, l *x509.RevocationList) entity
	}{
		{"whole", true, func(w *world, _ *x509.RevocationList) entity { return w.issuing }},
		{"for people's certificates", true, func(w *world, l *x509.RevocationList) entity { l.ExtraExtensions = idp(flag(1)); return w.issuing }},
		{"for authorities' certificates", false, func(w *world, l *x509.RevocationList) entity { l.ExtraExtensions = idp(flag(2)); return w.issuing }},
		{"indirect", false, func(w *world, l *x509.RevocationList) entity { l.ExtraExtensions = idp(flag(4)); return w.issuing }},
		{"the partition the certificate points at", true, func(w *world, l *x509.RevocationList) entity { l.ExtraExtensions = idp(at(point)); return w.issuing }},
		{"another partition", false, func(w *world, l *x509.RevocationList) entity {
			l.ExtraExtensions = idp(at("http://exemplo.pt/outra.crl"))
			return w.issuing
		}},
		{"a delta", false, func(w *world, l *x509.RevocationList) entity {
			l.ExtraExtensions = []pkix.Extension{extension(asn1.ObjectIdentifier{2, 5, 29, 27}, true, 1)}
			return w.issuing
		}},
		{"of the root", false, func(w *world, _ *x509.RevocationList) entity { return w.root }},
		{"by somebody with the issuer's name", false, func(w *world, _ *x509.RevocationList) entity {
			return w.issue(w.root, curveKey(33), form{name: "(TESTE) EC de Chave Móvel Digital", years: 9, usage: x509.KeyUsageCRLSign | x509.KeyUsageCertSign, ca: true})
		}},
		{"too old", false, func(w *world, l *x509.RevocationList) entity {
			l.ThisUpdate, l.NextUpdate = w.now.AddDate(0, 0, -9), w.now.AddDate(0, 0, -2)
			return w.issuing
		}},
	} {
		t.Run("CRL "+c.name, func(t *testing.T) {
			w := newWorld()
			// A certificate with an address of its list.
			tmpl := *w.maria.cert
			tmpl.SerialNumber, tmpl.CRLDistributionPoints = big.NewInt(500), []string{point}
			der, err := x509.CreateCertificate(nil, &tmpl, w.issuing.cert, w.maria.key.Public(), w.issuing.key)
			if err != nil {
				t.Fatal(err)
			}
			if w.maria.cert, err = x509.ParseCertificate(der); err != nil {
				t.Fatal(err)
			}
			file := w.signPDF(t, plainPDF("Contrato"), w.maria)
			v := w.believing()
			v.Helpers.OCSP = nil
			v.Helpers.CRL = func(_ context.Context, _, issuer *x509.Certificate) ([]byte, error) {
				if !issuer.Equal(w.issuing.cert) {
					return w.list(w.root), nil
				}
				list := &x509.RevocationList{Number: big.NewInt(9), ThisUpdate: w.now, NextUpdate: w.now.AddDate(0, 0, 7)}
				by := c.edit(w, list)
				return x509.CreateRevocationList(nil, list, by.cert, by.key)
			}
			if r := validate(t, file, v); (r.Verdict == Valid) != c.good || r.Verdict == Invalid {
				t.Errorf("%s, %v", r.Verdict, codes(r))
			}
		})
	}
}

func TestRevocation_a_delegate_that_is_not_excused_is_asked_after(t *testing.T) {
	for _, revoked := range []bool{false, true} {
		w := newWorld()
		w.responder = w.issue(w.issuing, curveKey(30), form{name: "OCSP", years: 3, usage: x509.KeyUsageDigitalSignature, eku: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}})
		w.noOCSPFor["OCSP"] = true // its own status comes from the list
		file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BT)
		if revoked {
			w.revoked[w.responder.cert.SerialNumber.String()] = revocation{at: w.now.Add(-time.Hour)}
		}
		r := validate(t, file, w.believing())
		if (r.Verdict == Valid) == revoked || r.Verdict == Invalid {
			t.Errorf("revoked %v: %s, %v", revoked, r.Verdict, codes(r))
		}
		if revoked {
			continue
		}
		file = w.extend(t, file, BLT)
		v := w.believing()
		v.Helpers = Helpers{}
		if r := validate(t, file, v); r.Verdict != Valid || r.Signatures[0].Level != BLT {
			t.Errorf("%s, level %q, %v", r.Verdict, r.Signatures[0].Level, codes(r))
		}
	}
}

func TestRevocation_an_answer_of_a_delegate_that_ended_needs_a_later_time_stamp(t *testing.T) {
	for _, to := range []Level{BLT, BLTA} {
		w := newWorld()
		short := w.responder.cert
		w.responder = w.issue(w.issuing, curveKey(30), form{name: "OCSP", years: 1, from: w.now.AddDate(0, -11, 0), usage: short.KeyUsage, eku: short.ExtKeyUsage, ext: []pkix.Extension{{Id: oidNoCheck, Value: []byte{5, 0}}}})
		file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), to)
		w.now = w.now.AddDate(0, 6, 0)
		w.noOCSPFor[w.maria.cert.Subject.CommonName] = true
		v := w.believing()
		v.Helpers.CRL = func(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
			if cert.Equal(w.maria.cert) {
				return nil, errAway
			}
			return w.helpers().CRL(ctx, cert, issuer)
		}
		w.responder = entity{curveKey(3), short}
		r := validate(t, file, v)
		if want := to == BLTA; (r.Verdict == Valid) != want {
			t.Errorf("%s: %s, %v", to, r.Verdict, codes(r))
		}
		if to == BLT && !slices.Contains(codes(r), NoRevocation) {
			t.Errorf("%v", codes(r))
		}
	}
}
