package ades

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"chave/internal/format/pdf"
	"chave/internal/format/tsp"
)

// day is when the made-up people sign.
var day = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// entity is somebody with a key and a certificate.
type entity struct {
	key  crypto.Signer
	cert *x509.Certificate
}

// world is a made-up authority with all its services, and its clock.
type world struct {
	now                           time.Time
	root, issuing, responder, tsa entity
	maria, joao                   entity
	revoked                       map[string]revocation // by serial number
	next                          int64
	answerTerm                    time.Duration
	offline, noTSA                bool
	asked                         int
	lastAnswer                    time.Duration // how old an OCSP answer is when given
	noOCSPFor                     map[string]bool
}

type revocation struct {
	at     time.Time
	reason int
}

func curveKey(octet byte) crypto.Signer {
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{octet}, 32))
	if err != nil {
		panic(err)
	}
	return k
}

var (
	oidNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	oidEKU     = asn1.ObjectIdentifier{2, 5, 29, 37}
	stamping   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	serverAuth = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	stampsOnly = extension(oidEKU, true, []asn1.ObjectIdentifier{stamping})
)

func extension(id asn1.ObjectIdentifier, critical bool, value any) pkix.Extension {
	der, err := asn1.Marshal(value)
	if err != nil {
		panic(err)
	}
	return pkix.Extension{Id: id, Critical: critical, Value: der}
}

// form is what distinguishes certificates here.
type form struct {
	name   string
	years  int
	from   time.Time
	usage  x509.KeyUsage
	ca     bool
	eku    []x509.ExtKeyUsage
	ext    []pkix.Extension
	number string
	sigAlg x509.SignatureAlgorithm
}

func (w *world) issue(by entity, key crypto.Signer, f form) entity {
	w.next++
	if f.from.IsZero() {
		f.from = day.AddDate(-1, 0, 0)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(w.next), Subject: pkix.Name{Country: []string{"PT"}, CommonName: f.name, SerialNumber: f.number},
		NotBefore: f.from, NotAfter: f.from.AddDate(f.years, 0, 0), KeyUsage: f.usage, IsCA: f.ca, BasicConstraintsValid: true,
		ExtKeyUsage: f.eku, ExtraExtensions: f.ext, SignatureAlgorithm: f.sigAlg,
	}
	parent := by.cert
	if parent == nil {
		parent, by.key = tmpl, key
	}
	der, err := x509.CreateCertificate(nil, tmpl, parent, key.Public(), by.key)
	if err != nil {
		panic(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return entity{key, c}
}

func newWorld() *world {
	w := &world{now: day, revoked: map[string]revocation{}, answerTerm: time.Hour, noOCSPFor: map[string]bool{}}
	ca := x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	w.root = w.issue(entity{}, curveKey(1), form{name: "(TESTE) Raiz", years: 30, usage: ca, ca: true})
	w.issuing = w.issue(w.root, curveKey(2), form{name: "(TESTE) EC de Chave Móvel Digital", years: 20, usage: ca, ca: true})
	w.responder = w.issue(w.issuing, curveKey(3), form{
		name: "(TESTE) OCSP", years: 3, usage: x509.KeyUsageDigitalSignature, eku: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning},
		ext: []pkix.Extension{{Id: oidNoCheck, Value: []byte{5, 0}}},
	})
	w.tsa = w.issue(w.issuing, curveKey(4), form{name: "(TESTE) TSA", years: 6, usage: x509.KeyUsageDigitalSignature, ext: []pkix.Extension{stampsOnly}})
	w.maria = w.issue(w.issuing, curveKey(5), form{name: "MARIA DE EXEMPLO", years: 3, usage: x509.KeyUsageContentCommitment, number: "BI12345678"})
	w.joao = w.issue(w.issuing, curveKey(6), form{name: "JOÃO DE EXEMPLO", years: 3, usage: x509.KeyUsageContentCommitment, number: "BI87654321"})
	return w
}

func (w *world) chain() []*x509.Certificate { return []*x509.Certificate{w.issuing.cert, w.root.cert} }

var errAway = errors.New("away")

// helpers are the world's services as of its clock.
func (w *world) helpers() Helpers {
	return Helpers{
		Timestamp: func(_ context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
			if w.noTSA {
				return nil, errAway
			}
			return w.stamp(w.tsa, h, digest), nil
		},
		OCSP: func(_ context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
			w.asked++
			if w.offline || !issuer.Equal(w.issuing.cert) || w.noOCSPFor[cert.Subject.CommonName] {
				return nil, errAway
			}
			return w.answer(cert, w.responder), nil
		},
		CRL: func(_ context.Context, _, issuer *x509.Certificate) ([]byte, error) {
			w.asked++
			if w.offline {
				return nil, errAway
			}
			by := w.root
			if issuer.Equal(w.issuing.cert) {
				by = w.issuing
			}
			return w.list(by), nil
		},
	}
}

func (w *world) stamp(by entity, h crypto.Hash, digest []byte) []byte {
	w.next++
	der, err := tsp.Stamp(tsp.Responder{Signer: by.key, Certificate: by.cert, Chain: w.chain(), Policy: asn1.ObjectIdentifier{2, 999, 7}, Accuracy: time.Second},
		tsp.Request{Hash: h, Digest: digest, CertReq: true}, big.NewInt(w.next), w.now)
	if err != nil {
		panic(err)
	}
	return der
}

func (w *world) answer(cert *x509.Certificate, by entity) []byte {
	at := w.now.Add(-w.lastAnswer)
	tmpl := ocsp.Response{Status: ocsp.Good, SerialNumber: cert.SerialNumber, ThisUpdate: at, NextUpdate: at.Add(w.answerTerm), IssuerHash: crypto.SHA256}
	if !by.cert.Equal(w.issuing.cert) {
		tmpl.Certificate = by.cert
	}
	if r, ok := w.revoked[cert.SerialNumber.String()]; ok && !r.at.After(at) {
		tmpl.Status, tmpl.RevokedAt, tmpl.RevocationReason = ocsp.Revoked, r.at, r.reason
	}
	der, err := ocsp.CreateResponse(w.issuing.cert, by.cert, tmpl, by.key)
	if err != nil {
		panic(err)
	}
	return der
}

func (w *world) list(by entity) []byte {
	w.next++
	tmpl := &x509.RevocationList{Number: big.NewInt(w.next), ThisUpdate: w.now, NextUpdate: w.now.AddDate(0, 0, 7)}
	for serial, r := range w.revoked {
		n, _ := new(big.Int).SetString(serial, 10)
		tmpl.RevokedCertificateEntries = append(tmpl.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: n, RevocationTime: r.at, ReasonCode: r.reason})
	}
	der, err := x509.CreateRevocationList(nil, tmpl, by.cert, by.key)
	if err != nil {
		panic(err)
	}
	return der
}

// plainPDF is one page with a line of text.
func plainPDF(line string) []byte {
	var b bytes.Buffer
	var at []int
	obj := func(body string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	b.WriteString("%PDF-1.7\n")
	text := "BT /F1 24 Tf 72 700 Td (" + line + ") Tj ET"
	obj("<< /Type /Catalog /Pages 2 0 R >>")
	obj("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	obj("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>")
	obj(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(text), text))
	obj("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}

func (w *world) signPDF(t testing.TB, file []byte, who entity, change ...func(*PDFSigning)) []byte {
	t.Helper()
	s := PDFSigning{Field: pdf.Field{At: w.now, SignerName: who.cert.Subject.CommonName, Reason: "Contrato"}, Certificate: who.cert, Chain: w.chain()}
	for _, c := range change {
		c(&s)
	}
	p, err := PreparePDF(file, s)
	if err != nil {
		t.Fatal(err)
	}
	value, err := who.key.Sign(nil, p.ToSign(), p.Hash())
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Attach(value)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) extend(t testing.TB, file []byte, to Level) []byte {
	t.Helper()
	out, reached, err := Extend(context.Background(), file, to, w.now, w.helpers())
	if err != nil || reached != to {
		t.Fatalf("reached %q: %v", reached, err)
	}
	return out
}

// believing is the validation of somebody who believes the world's root and can ask its services.
func (w *world) believing() Validation {
	return Validation{Roots: []*x509.Certificate{w.root.cert}, At: w.now, Helpers: w.helpers()}
}

func validate(t testing.TB, file []byte, v Validation) Report {
	t.Helper()
	r, err := Validate(context.Background(), file, v)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// codes lists all reasons of a report.
func codes(r Report) []Code {
	var out []Code
	for _, x := range r.Reasons {
		out = append(out, x.Code)
	}
	for _, s := range r.Signatures {
		for _, x := range s.Reasons {
			out = append(out, x.Code)
		}
	}
	for _, s := range r.Timestamps {
		for _, x := range s.Reasons {
			out = append(out, x.Code)
		}
	}
	return out
}
