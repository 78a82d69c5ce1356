package cms

import (
	"bytes"
	"crypto"
	"testing"
)

// What Parse accepts can be written again, is read the same, and no input verifies that the key did not sign.
func FuzzParse(f *testing.F) {
	w := people()
	der := sign(f, signing(w.ec, crypto.SHA256, content), w.ec.key)
	f.Add(der)
	full, err := AddValidation(der, [][]byte{w.other.cert.Raw}, [][]byte{{0x30, 0}}, [][]byte{envelope([]byte{0x30, 0})})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	with := signing(w.ec, crypto.SHA256, content)
	with.Content, with.SigningTime = content, day
	f.Add(sign(f, with, w.ec.key))
	f.Add([]byte{0x30, 0x80, 0x06, 0x01, 0x2a, 0x24, 0x80, 0x04, 0x01, 'a', 0, 0, 0, 0})
	other := []byte("another content")
	f.Fuzz(func(t *testing.T, in []byte) {
		if trimmed, err := Trim(in); err == nil && len(trimmed) > len(in) {
			t.Fatal("trimming made it longer")
		}
		sd, err := Parse(in)
		if err != nil {
			return
		}
		for i := range sd.Signers {
			s := &sd.Signers[i]
			_, _, _ = s.SigningTime(), s.Timestamps(), s.Policy()
			for _, c := range append(sd.Certificates, w.ec.cert, w.other.cert) {
				_ = s.Verify(c, Digest(sd.Content))
			}
			if s.Verify(w.ec.cert, Digest(other)) == nil {
				t.Fatal("verifies over another content")
			}
			out, err := AddUnsigned(in, i, Attribute{Type: testOID, Values: [][]byte{{5, 0}}})
			if err != nil {
				t.Fatal(err)
			}
			again, err := Parse(out)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.Signers[i].RawSigned, s.RawSigned) || !bytes.Equal(again.Signers[i].Signature, s.Signature) || !bytes.Equal(again.Content, sd.Content) {
				t.Fatal("what was signed is not kept")
			}
		}
	})
}
