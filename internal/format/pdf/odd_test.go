package pdf

import (
	"fmt"
	"testing"
)

// odd are values of every kind, for places where another kind belongs.
func odd() []string {
	return []string{"null", "true", "-1", "99999999999999999999", "0.5", "(s)", "/N", "[]", "[null]", "[<< >>]", "[3 0 R 3 0 R]", "<< >>", "<< /Kids [3 0 R] /T (x) >>", "3 0 R", "7 0 R", "77 0 R"}
}

// variants are a value, and every dictionary entry in it, replaced by odd ones.
func variants(t *testing.T, body string) []string {
	list := odd()
	v, err := (&lexer{buf: []byte(body)}).value(0)
	if err != nil {
		t.Fatal(err)
	}
	d, ok := v.(dict)
	if !ok {
		return list
	}
	for _, e := range d {
		for _, o := range odd() {
			list = append(list, body[:e.from]+o+body[e.to:])
		}
	}
	return list
}

// Nothing that stands in a file where it should not makes us fall: all that comes of it is a named error. Both before the signature and in a revision behind it.
func TestOdd_values_in_every_place_are_answered_by_name(t *testing.T) {
	d := form().with(1, "<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R /Metadata 12 0 R /Perms << /DocMDP 13 0 R >> /DSS 14 0 R >>").
		with(8, "<< /Type /Annot /Subtype /Widget /FT /Sig /T (assinatura) /Rect [10 50 200 90] /P 3 0 R /V 13 0 R /Lock << /Action /Include /Fields [(x)] /P 3 >> >>").
		with(13, "<< /Type /Sig /SubFilter /ETSI.CAdES.detached /ByteRange [0 10 20 30] /Contents <00> /M (D:2026) /Name (I) /Reference [<< /TransformMethod /DocMDP /TransformParams << /P 3 >> >>] >>").
		with(14, "<< /Certs [15 0 R] /VRI << /A << /Cert [15 0 R] >> >> >>").with(15, written("c"))
	if err := attempt(d.classic()); err != nil {
		t.Fatal(err)
	}
	clean := signed(t, d.classic(), Field{Reserve: 32})
	tried := 0
	try := func(what string, data []byte) {
		tried++
		defer func() {
			if p := recover(); p != nil {
				t.Fatalf("%s: %v", what, p)
			}
		}()
		if err := attempt(data); err != nil && !named(err) {
			t.Errorf("%s: %v", what, err)
		}
		f, err := Open(data)
		if err != nil {
			return
		}
		f.DSS()
		for _, name := range []string{"", "nome", "assinatura", "x"} {
			p, err := f.Prepare(Field{Name: name, Reserve: 16, Stamp: &Stamp{Page: 1, Width: 20, Height: 10}})
			if err != nil {
				if !named(err) {
					t.Errorf("%s: %v", what, err)
				}
				continue
			}
			out, err := p.Attach([]byte("0"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Open(out); err != nil {
				t.Errorf("%s: what we signed does not open: %v", what, err)
			}
		}
	}
	for _, n := range d.numbers() {
		if n == 4 || n == 9 || n == 12 || n == 15 { // streams
			continue
		}
		for _, v := range variants(t, d.objects[n]) {
			try(fmt.Sprintf("object %d as %s", n, v), d.with(n, v).classic())
			try(fmt.Sprintf("object %d later as %s", n, v), amend(t, clean, map[int]string{n: v}))
		}
	}
	if tried < 1000 {
		t.Errorf("only %d tried", tried)
	}
}
