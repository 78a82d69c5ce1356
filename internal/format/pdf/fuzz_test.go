package pdf

import (
	"bytes"
	"errors"
	"testing"
)

// named tells whether an error is one of those that callers know.
func named(err error) bool {
	for _, known := range []error{ErrNotPDF, ErrEncrypted, ErrDamaged, ErrHybrid, ErrLocked, ErrTooComplex, ErrPlace, ErrField, ErrTooLong} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func seeds(f *testing.F) {
	for _, d := range []draft{document(), form(), turned(90)} {
		for _, data := range both(d) {
			f.Add(data)
			once := signed(f, data, Field{Reserve: 32, Certify: 2})
			f.Add(once)
			f.Add(signed(f, stored(f, once, DSS{Certs: [][]byte{[]byte("a")}}), Field{SubFilter: Timestamp, Reserve: 32}))
		}
	}
	for _, data := range corpus(f) {
		if len(data) < 4<<10 {
			f.Add(data)
		}
	}
	f.Add(packedFile(f, 2))
	f.Add([]byte("%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj"))
}

// Whatever opens can be signed or says by name why not; what was signed opens again, says so, and begins with what it was made of.
func FuzzOpen(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		file, err := Open(data)
		if err != nil {
			if !named(err) {
				t.Fatal(err)
			}
			return
		}
		p, err := file.Prepare(Field{Reserve: 32, Stamp: &Stamp{Page: 1, Width: 20, Height: 10}})
		if err != nil {
			if !named(err) {
				t.Fatal(err)
			}
			return
		}
		out, err := p.Attach(madeUp)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before, data) || !bytes.HasPrefix(out, data) {
			t.Fatal("the input was changed")
		}
		again, err := Open(out)
		if err != nil {
			t.Fatalf("what we signed does not open: %v", err)
		}
		list, err := again.Signatures()
		if err != nil && !named(err) {
			t.Fatal(err)
		}
		if err == nil && (len(list) == 0 || !list[len(list)-1].CoversAll) {
			t.Fatal("our signature does not cover what it should")
		}
	})
}

// A signature that covers the file stops doing so, or has changes behind it, once anything is appended.
func FuzzSignatures(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Open(data)
		if err != nil {
			return
		}
		list, err := file.Signatures()
		if err != nil {
			if !named(err) {
				t.Fatal(err)
			}
			return
		}
		for _, s := range list {
			if s.Covers && !bytes.HasPrefix(data, s.Signed()) {
				t.Fatal("covers other octets")
			}
			if s.CoversAll && len(bytes.TrimRight(data[len(s.Signed()):], "\r\n")) != 0 {
				t.Fatal("covers all, and yet something follows")
			}
		}
		file.DSS()
		if _, err := file.Permission(); err != nil && !named(err) {
			t.Fatal(err)
		}
	})
}
