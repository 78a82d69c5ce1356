package ades

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"chave/internal/format/cms"
	"chave/internal/format/tsp"
)

// replace puts another CMS structure in the place of the last signature.
func replace(t *testing.T, file []byte, edit func(der []byte) []byte) []byte {
	t.Helper()
	list, err := signaturesOf(file)
	if err != nil {
		t.Fatal(err)
	}
	s := list[len(list)-1]
	der, err := cms.Trim(s.Contents)
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Clone(file)
	place := out[s.ByteRange[1]+1 : s.ByteRange[2]-1]
	for i := range place {
		place[i] = '0'
	}
	hex.Encode(place, edit(der))
	return out
}

// forge makes a token with whatever certificate, as an authority would that does not follow the rules.
func (w *world) forge(t *testing.T, by entity, digest []byte) []byte {
	t.Helper()
	token, err := tsp.ParseToken(w.stamp(w.tsa, crypto.SHA256, digest))
	if err != nil {
		t.Fatal(err)
	}
	s := cms.Signing{Certificate: by.cert, Chain: w.chain(), Hash: crypto.SHA256, ContentType: cms.OIDTSTInfo, Content: token.Signed.Content}
	s.MessageDigest = digestOf(crypto.SHA256, s.Content)
	attrs, err := s.Attributes()
	if err != nil {
		t.Fatal(err)
	}
	value, err := by.key.Sign(nil, digestOf(crypto.SHA256, attrs), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	der, err := s.Assemble(value)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// redraw appends a revision in which the page shows something else.
func redraw(file []byte) []byte {
	text := "BT /F1 24 Tf 72 700 Td (Outro contrato) Tj ET"
	at := bytes.LastIndex(file, []byte("startxref\n")) + len("startxref\n")
	prev := string(file[at : at+bytes.IndexByte(file[at:], '\n')])
	var b bytes.Buffer
	b.Write(file)
	start := b.Len()
	fmt.Fprintf(&b, "4 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n", len(text), text)
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n4 1\n%010d 00000 n \ntrailer\n<< /Size 100 /Root 1 0 R /Prev %s >>\nstartxref\n%d\n%%%%EOF\n", start, prev, xref)
	return b.Bytes()
}

func TestValidate_never_says_valid_for(t *testing.T) {
	type made struct {
		file []byte
		v    Validation
	}
	for _, c := range []struct {
		name string
		want Code
		verd Verdict
		make func(t *testing.T, w *world) made
	}{
		{"no signature", NoSignature, Unknown, func(_ *testing.T, w *world) made { return made{plainPDF("Contrato"), w.believing()} }},
		{"not a PDF and no signature", Malformed, Invalid, func(_ *testing.T, w *world) made { return made{[]byte("Contrato"), w.believing()} }},
		{"a signature taken out of its place", Malformed, Invalid, func(t *testing.T, w *world) made {
			return made{replace(t, w.signPDF(t, plainPDF("Contrato"), w.maria), func([]byte) []byte { return nil }), w.believing()}
		}},
		{"a signature of another file", ContentChanged, Invalid, func(t *testing.T, w *world) made {
			other := w.signPDF(t, plainPDF("Outro"), w.maria)
			list, _ := signaturesOf(other)
			der, _ := cms.Trim(list[0].Contents)
			return made{replace(t, w.signPDF(t, plainPDF("Contrato"), w.maria), func([]byte) []byte { return der }), w.believing()}
		}},
		{"a signature value of somebody else", BadSignature, Invalid, func(t *testing.T, w *world) made {
			return made{replace(t, w.signPDF(t, plainPDF("Contrato"), w.maria), func(der []byte) []byte {
				sd, _ := cms.Parse(der)
				at := bytes.Index(der, sd.Signers[0].Signature)
				der[at+12] ^= 1
				return der
			}), w.believing()}
		}},
		{"a certificate for the same key that is not the one signed for", OtherSigner, Invalid, func(t *testing.T, w *world) made {
			twin := w.issue(w.issuing, w.maria.key, form{name: "MARIA IMPOSTORA", years: 3, usage: x509.KeyUsageContentCommitment})
			return made{replace(t, w.signPDF(t, plainPDF("Contrato"), w.maria), func(der []byte) []byte {
				sd, _ := cms.Parse(der)
				before := sd.Signers[0]
				return swapSigner(t, der, before.Issuer, w.maria.cert.SerialNumber.Int64(), twin.cert)
			}), w.believing()}
		}},
		{"the signer's certificate taken away", NoCertificate, Unknown, func(t *testing.T, w *world) made {
			p := Validation{Roots: []*x509.Certificate{w.root.cert}, At: w.now, Helpers: w.helpers()}
			return made{replace(t, w.signPDF(t, plainPDF("Contrato"), w.maria), func(der []byte) []byte {
				return bytes.Replace(der, w.maria.cert.Raw, w.joao.cert.Raw, 1)
			}), p}
		}},
		{"roots that did not issue it", NoTrustedChain, Unknown, func(t *testing.T, w *world) made {
			other := w.issue(entity{}, curveKey(20), form{name: "(TESTE) Outra raiz", years: 9, usage: x509.KeyUsageCertSign, ca: true})
			v := w.believing()
			v.Roots = []*x509.Certificate{other.cert}
			return made{w.signPDF(t, plainPDF("Contrato"), w.maria), v}
		}},
		{"no roots at all", NoRoots, Unknown, func(t *testing.T, w *world) made {
			v := w.believing()
			v.Roots = nil
			return made{w.signPDF(t, plainPDF("Contrato"), w.maria), v}
		}},
		{"a certificate made by another citizen's", NoTrustedChain, Unknown, func(t *testing.T, w *world) made {
			child := w.issue(w.joao, curveKey(21), form{name: "MARIA DE EXEMPLO", years: 3, usage: x509.KeyUsageContentCommitment})
			return made{w.signPDF(t, plainPDF("Contrato"), child, func(s *PDFSigning) { s.Chain = append(s.Chain, w.joao.cert) }), w.believing()}
		}},
		{"a certificate for servers", KeyUsage, Unknown, func(t *testing.T, w *world) made {
			who := w.issue(w.issuing, curveKey(22), form{name: "www.exemplo.pt", years: 3, usage: x509.KeyUsageDigitalSignature, eku: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
			return made{w.signPDF(t, plainPDF("Contrato"), who), w.believing()}
		}},
		{"a certificate that may only encipher", KeyUsage, Unknown, func(t *testing.T, w *world) made {
			who := w.issue(w.issuing, curveKey(22), form{name: "MARIA DE EXEMPLO", years: 3, usage: x509.KeyUsageKeyEncipherment})
			return made{w.signPDF(t, plainPDF("Contrato"), who), w.believing()}
		}},
		{"RSA 1024", WeakKey, Unknown, func(t *testing.T, w *world) made {
			key, err := rsa.GenerateKey(rand.Reader, 1024)
			if err != nil {
				t.Fatal(err)
			}
			who := w.issue(w.issuing, key, form{name: "MARIA DE EXEMPLO", years: 3, usage: x509.KeyUsageContentCommitment})
			return made{w.signPDF(t, plainPDF("Contrato"), who), w.believing()}
		}},
		{"a certificate that has ended, without a time-stamp", Expired, Unknown, func(t *testing.T, w *world) made {
			file := w.signPDF(t, plainPDF("Contrato"), w.maria)
			w.now = w.now.AddDate(3, 0, 0)
			return made{file, w.believing()}
		}},
		{"a certificate that has not begun", NotYetValid, Unknown, func(t *testing.T, w *world) made {
			who := w.issue(w.issuing, curveKey(22), form{name: "MARIA DE EXEMPLO", years: 3, from: w.now.AddDate(0, 0, 1), usage: x509.KeyUsageContentCommitment})
			return made{w.signPDF(t, plainPDF("Contrato"), who), w.believing()}
		}},
		{"a revoked certificate", Revoked, Invalid, func(t *testing.T, w *world) made {
			w.revoked[w.maria.cert.SerialNumber.String()] = revocation{at: w.now.Add(-time.Hour)}
			return made{w.signPDF(t, plainPDF("Contrato"), w.maria), w.believing()}
		}},
		{"a certificate revoked before the time-stamp", Revoked, Invalid, func(t *testing.T, w *world) made {
			file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BT)
			w.revoked[w.maria.cert.SerialNumber.String()] = revocation{at: w.now.Add(-time.Minute)}
			w.now = w.now.Add(time.Hour)
			return made{file, w.believing()}
		}},
		{"a good answer brought along by whoever stole the key", Revoked, Invalid, func(t *testing.T, w *world) made {
			file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BLT)
			file = stripStamp(t, w, file)
			w.revoked[w.maria.cert.SerialNumber.String()] = revocation{at: w.now.Add(time.Minute)}
			w.now = w.now.Add(10 * time.Minute) // the old answer says it is good for an hour
			return made{file, w.believing()}
		}},
		{"a revoked issuing authority", Revoked, Invalid, func(t *testing.T, w *world) made {
			w.revoked[w.issuing.cert.SerialNumber.String()] = revocation{at: w.now.Add(-time.Hour)}
			return made{w.signPDF(t, plainPDF("Contrato"), w.maria), w.believing()}
		}},
		{"a suspended certificate", Suspended, Unknown, func(t *testing.T, w *world) made {
			w.revoked[w.maria.cert.SerialNumber.String()] = revocation{w.now.Add(-time.Hour), reasonHold}
			return made{w.signPDF(t, plainPDF("Contrato"), w.maria), w.believing()}
		}},
		{"nobody to ask", NoRevocation, Unknown, func(t *testing.T, w *world) made {
			v := w.believing()
			v.Helpers = Helpers{}
			return made{w.signPDF(t, plainPDF("Contrato"), w.maria), v}
		}},
		{"answers that are too old", StaleRevocation, Unknown, func(t *testing.T, w *world) made {
			w.lastAnswer = 2 * time.Hour
			return made{w.signPDF(t, plainPDF("Contrato"), w.maria), w.believing()}
		}},
		{"a page changed later", ChangedLater, Invalid, func(t *testing.T, w *world) made {
			return made{redraw(w.signPDF(t, plainPDF("Contrato"), w.maria)), w.believing()}
		}},
		{"a page changed after an archive time-stamp", ChangedLater, Invalid, func(t *testing.T, w *world) made {
			return made{redraw(w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BLTA)), w.believing()}
		}},
		{"octets behind the signature", Malformed, Invalid, func(t *testing.T, w *world) made {
			return made{replace(t, w.signPDF(t, plainPDF("Contrato"), w.maria), func(der []byte) []byte { return append(der, 0, 0, 0x30) }), w.believing()}
		}},
		{"a time-stamp over something else", StampBroken, Invalid, func(t *testing.T, w *world) made {
			return made{withStamp(t, w, w.stamp(w.tsa, crypto.SHA256, digestOf(crypto.SHA256, []byte("x")))), w.believing()}
		}},
		{"a time-stamp that is none", StampBroken, Invalid, func(t *testing.T, w *world) made {
			return made{withStamp(t, w, []byte{0x30, 0}), w.believing()}
		}},
		{"a time-stamp by an unknown authority", StampUntrusted, Unknown, func(t *testing.T, w *world) made {
			root := w.issue(entity{}, curveKey(20), form{name: "(TESTE) Outra raiz", years: 9, usage: x509.KeyUsageCertSign, ca: true})
			tsa := w.issue(root, curveKey(21), form{name: "(TESTE) Outra TSA", years: 5, usage: x509.KeyUsageDigitalSignature, ext: []pkix.Extension{stampsOnly}})
			return made{stampedBy(t, w, func(d []byte) []byte { return w.stamp(tsa, crypto.SHA256, d) }), w.believing()}
		}},
		{"a time-stamp by a certificate for servers", StampUsage, Unknown, func(t *testing.T, w *world) made {
			tsa := w.issue(w.issuing, curveKey(21), form{name: "(TESTE) TSA", years: 5, usage: x509.KeyUsageDigitalSignature, ext: []pkix.Extension{extension(oidEKU, true, []asn1.ObjectIdentifier{serverAuth})}})
			return made{stampedBy(t, w, func(d []byte) []byte { return w.forge(t, tsa, d) }), w.believing()}
		}},
		{"a time-stamp by a citizen", StampUsage, Unknown, func(t *testing.T, w *world) made {
			return made{stampedBy(t, w, func(d []byte) []byte { return w.forge(t, w.joao, d) }), w.believing()}
		}},
		{"a time-stamp whose authority is revoked", StampRevoked, Unknown, func(t *testing.T, w *world) made {
			file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BT)
			w.revoked[w.tsa.cert.SerialNumber.String()] = revocation{at: w.now}
			return made{file, w.believing()}
		}},
		{"a time-stamp whose authority has ended", StampExpired, Unknown, func(t *testing.T, w *world) made {
			file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BLT)
			w.now = w.now.AddDate(6, 0, 0)
			return made{file, w.believing()}
		}},
		{"a time-stamp from the future", StampOrder, Unknown, func(t *testing.T, w *world) made {
			file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BT)
			w.now = w.now.Add(-time.Hour)
			return made{file, w.believing()}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			m := c.make(t, w)
			r := validate(t, m.file, m.v)
			if r.Verdict != c.verd || !slices.Contains(codes(r), c.want) {
				t.Errorf("%s, %v; want %s, %s", r.Verdict, codes(r), c.verd, c.want)
			}
		})
	}
}

// swapSigner lets the signer information name another certificate, and brings that one along.
func swapSigner(t *testing.T, der, issuer []byte, serial int64, to *x509.Certificate) []byte {
	t.Helper()
	old := slices.Concat(issuer, []byte{2, 1, byte(serial)})
	fresh := slices.Concat(issuer, []byte{2, 1, byte(to.SerialNumber.Int64())})
	at := bytes.LastIndex(der, old)
	if at < 0 || len(old) != len(fresh) {
		t.Fatal("the signer's number was not found")
	}
	// The last place is inside the reference, or the signer information: the one that comes first after the certificates is the signer's.
	for i := 0; ; {
		n := bytes.Index(der[i:], old)
		if n < 0 {
			t.Fatal("the signer's number was not found")
		}
		at = i + n
		if at > bytes.Index(der, []byte{0x31, 0x82}) && bytes.Count(der[:at], []byte("MARIA")) > 0 {
			out := slices.Concat(der[:at], fresh, der[at+len(old):])
			if sd, err := cms.Parse(out); err == nil && sd.Signers[0].Serial.Cmp(to.SerialNumber) == 0 {
				out, err = cms.AddValidation(out, [][]byte{to.Raw}, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
		}
		i = at + 1
	}
}

// withStamp adds an attribute that holds a token to a fresh signature.
func withStamp(t *testing.T, w *world, token []byte) []byte {
	return stampedBy(t, w, func([]byte) []byte { return token })
}

func stampedBy(t *testing.T, w *world, token func(digest []byte) []byte) []byte {
	t.Helper()
	return replace(t, w.signPDF(t, plainPDF("Contrato"), w.maria), func(der []byte) []byte {
		sd, err := cms.Parse(der)
		if err != nil {
			t.Fatal(err)
		}
		out, err := cms.AddUnsigned(der, 0, cms.Attribute{Type: cms.OIDTimestamp, Values: [][]byte{token(digestOf(crypto.SHA256, sd.Signers[0].Signature))}})
		if err != nil {
			t.Fatal(err)
		}
		return out
	})
}

// stripStamp gives the same file with a signature that has no time-stamp but still its validation data behind it.
func stripStamp(t *testing.T, w *world, full []byte) []byte {
	t.Helper()
	list, err := signaturesOf(full)
	if err != nil {
		t.Fatal(err)
	}
	s := list[0]
	bare := w.signPDF(t, plainPDF("Contrato"), w.maria)
	return slices.Concat(bare, full[s.ByteRange[2]+s.ByteRange[3]:])
}

func TestValidate_every_changed_octet_of_the_signed_file_is_caught(t *testing.T) {
	w := newWorld()
	file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BT)
	list, _ := signaturesOf(file)
	r := list[0].ByteRange
	v := w.believing()
	step := 1
	if testing.Short() {
		step = 17
	}
	for i := 0; i < len(file); i += step {
		if i >= int(r[1]) && i < int(r[2]) {
			i = int(r[2]) - 1 // inside Contents see below
			continue
		}
		bent := bytes.Clone(file)
		bent[i] ^= 1
		if got := validate(t, bent, v); got.Verdict == Valid {
			t.Fatalf("octet %d (%s)", i, strconv.Quote(string(file[max(0, i-10):i+10])))
		}
	}
	der, _ := cms.Trim(list[0].Contents)
	for i := int(r[1]) + 1 + 2*len(der); i < int(r[2]); i += 997 { // what fills the place
		bent := bytes.Clone(file)
		bent[i] ^= 1
		if got := validate(t, bent, v); got.Verdict == Valid {
			t.Fatalf("octet %d of the filling", i)
		}
	}
	for i := 0; i < len(file); i += 101 {
		if got := validate(t, file[:i], v); got.Verdict == Valid {
			t.Fatalf("cut after %d octets", i)
		}
	}
}

func TestValidate_a_certificate_revoked_after_the_time_stamp_was_good_when_it_signed(t *testing.T) {
	w := newWorld()
	file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BT)
	w.revoked[w.maria.cert.SerialNumber.String()] = revocation{at: w.now.Add(time.Minute), reason: 1}
	w.now = w.now.Add(time.Hour)
	r := validate(t, file, w.believing())
	if r.Verdict != Valid || !slices.ContainsFunc(r.Signatures[0].Notes, func(n Reason) bool { return n.Code == NoteRevokedLater }) {
		t.Errorf("%s, %v, %v", r.Verdict, codes(r), r.Signatures[0].Notes)
	}
}

func TestValidate_a_certificate_that_ended_after_the_time_stamp_was_good_when_it_signed(t *testing.T) {
	w := newWorld()
	file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), BLT)
	w.now = w.now.AddDate(2, 6, 0)
	w.responder = w.issue(w.issuing, curveKey(13), form{
		name: "(TESTE) OCSP 2", years: 6, usage: x509.KeyUsageDigitalSignature, eku: w.responder.cert.ExtKeyUsage, ext: []pkix.Extension{{Id: oidNoCheck, Value: []byte{5, 0}}},
	})
	if r := validate(t, file, w.believing()); r.Verdict != Valid {
		t.Errorf("%s, %v", r.Verdict, codes(r))
	}
}

func TestValidate_SHA_1_is_not_believed(t *testing.T) {
	w := newWorld()
	content := []byte("Contrato")
	der := opensslSign(t, w, content, "-md", "sha1")
	v := w.believing()
	v.Detached = content
	if r := validate(t, der, v); r.Verdict != Unknown || !slices.Contains(codes(r), WeakHash) || !r.Signatures[0].Intact {
		t.Errorf("%s, %v", r.Verdict, codes(r))
	}
	der = opensslSign(t, w, content, "-md", "sha256")
	if r := validate(t, der, v); r.Verdict != Valid || r.Signatures[0].Level != "" {
		t.Errorf("%s, level %q, %v", r.Verdict, r.Signatures[0].Level, codes(r))
	}
}

func TestValidate_gives_up_with_its_caller(t *testing.T) {
	w := newWorld()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Validate(ctx, w.signPDF(t, plainPDF("Contrato"), w.maria), w.believing()); err == nil {
		t.Error("a report without answers")
	}
	if _, err := Validate(context.Background(), nil, Validation{}); err == nil {
		t.Error("a report without a time")
	}
}

func TestExtend_refuses_tokens_for_something_else(t *testing.T) {
	w := newWorld()
	file := w.signPDF(t, plainPDF("Contrato"), w.maria)
	h := w.helpers()
	h.Timestamp = func(_ context.Context, hash crypto.Hash, _ []byte) ([]byte, error) {
		return w.stamp(w.tsa, hash, digestOf(hash, []byte("x"))), nil
	}
	out, reached, err := Extend(context.Background(), file, BT, w.now, h)
	if err == nil || reached != BB || !bytes.Equal(out, file) {
		t.Errorf("%q, %v", reached, err)
	}
	if _, _, err := Extend(context.Background(), plainPDF("x"), BT, w.now, h); err == nil {
		t.Error("nothing is signed")
	}
	if _, _, err := Extend(context.Background(), []byte("x"), BT, w.now, h); err == nil {
		t.Error("not a PDF")
	}
}

func TestExtend_small_places_get_a_document_time_stamp(t *testing.T) {
	w := newWorld()
	file := w.signPDF(t, plainPDF("Contrato"), w.maria, func(s *PDFSigning) { s.Field.Reserve = 2600 })
	file = w.extend(t, file, BLTA)
	r := validate(t, file, w.believing())
	if r.Verdict != Valid || r.Signatures[0].Level != BLTA || len(r.Timestamps) != 2 {
		t.Errorf("%s, level %q, %d time-stamps, %v", r.Verdict, r.Signatures[0].Level, len(r.Timestamps), codes(r))
	}
}
