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

// Mutations of whole files mostly break their offsets. Here the offsets are right and the objects are the fuzzer's: before signing, and in a later revision.
func FuzzObjects(f *testing.F) {
	d := form()
	for _, later := range []int{1, 3, 6, 7, 8, 10} {
		f.Add(d.objects[1], d.objects[3], d.objects[6], d.objects[7], d.objects[10], later, d.objects[later])
	}
	f.Add(d.objects[1], d.objects[3], "<< /Fields 11 0 R >>", "<< /FT /Sig /T (a) /Kids [8 0 R] /Lock << /Action /All /P 1 >> >>", "<< /Rect [0 0 1 1] >>", 7, "<< /FT << >> /V << >> >>")
	f.Add("<< /Type /Catalog /Pages 2 0 R /DSS << /Certs [9 0 R] /VRI << /A << /Cert [9 0 R] >> >> >> /Perms << /DocMDP 7 0 R >> >>", "<< /Kids [2 0 R] >>",
		"<< >>", "<< /Reference [<< /TransformMethod /DocMDP /TransformParams << /P 2 >> >>] >>", "[ << /Subtype << >> >> ]", 3, "<< /Annots 10 0 R /Rotate 90 >>")
	f.Fuzz(func(t *testing.T, catalog, page, acroForm, field, annotation string, later int, body string) {
		d := form().with(1, catalog).with(3, page).with(6, acroForm).with(7, field).with(10, annotation)
		for _, data := range both(d) {
			file, err := Open(data)
			if err != nil {
				if !named(err) {
					t.Fatal(err)
				}
				continue
			}
			if _, err := file.AddDSS(DSS{Certs: [][]byte{[]byte("c")}}); err != nil && !named(err) {
				t.Fatal(err)
			}
			p, err := file.Prepare(Field{Reserve: 16, Stamp: &Stamp{Page: 1, Width: 20, Height: 10}})
			if err != nil {
				if !named(err) {
					t.Fatal(err)
				}
				continue
			}
			out, err := p.Attach([]byte("0"))
			if err != nil {
				t.Fatal(err)
			}
			again, err := Open(out)
			if err != nil {
				t.Fatalf("what we signed does not open: %v", err)
			}
			u := again.update()
			u.objects[ref{later & 15, 0}] = []byte(body)
			tail, _, err := u.close()
			if err != nil {
				t.Fatal(err)
			}
			amended, err := Open(append(out[:len(out):len(out)], tail...))
			if err != nil {
				continue
			}
			list, err := amended.Signatures()
			if err != nil && !named(err) {
				t.Fatal(err)
			}
			for _, s := range list {
				if s.CoversAll {
					t.Fatal("covers what came after it")
				}
			}
		}
	})
}

// A value that is read, written and read again is the same value.
func FuzzValue(f *testing.F) {
	for _, s := range []string{"<< /A [1 2 R 1 0 R -1.50 (a\\(b\\051\\r\\n) <0a F> true null] /B#20C << >> >>", "(\\\r\nx\\400)", "<", "[[[", "1 0 R", "+.5", "/#", "%c\n1", "--1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := (&lexer{buf: data}).value(0)
		if err != nil {
			if !named(err) {
				t.Fatal(err)
			}
			return
		}
		if _, isWord := v.(word); isWord {
			return
		}
		once := writing(v)
		again, err := (&lexer{buf: []byte(once)}).value(0)
		if err != nil || writing(again) != once {
			t.Fatalf("%q is read as %q, %v", once, writing(again), err)
		}
	})
}
