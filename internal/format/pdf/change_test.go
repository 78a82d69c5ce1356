package pdf

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// amend appends a revision that sets objects, by whoever; in the file's own kind of cross-references.
func amend(t testing.TB, data []byte, objects map[int]string) []byte {
	t.Helper()
	u := opened(t, data).update()
	for n, body := range objects {
		u.objects[ref{n, 0}] = []byte(body)
		u.top = max(u.top, n)
	}
	tail, _, err := u.close()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Concat(data, tail)
}

// told writes changes shortly: kind, field, and ! where not allowed.
func told(list []Change) string {
	var words []string
	for _, c := range list {
		w := string(c.Kind)
		if c.Field != "" {
			w += ":" + c.Field
		}
		if !c.Allowed {
			w += "!"
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// form is a document with a text field, a check box of two states, an empty signature field, a comment, and a description.
func form() draft {
	d := document()
	d = d.with(1, "<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R /Metadata 12 0 R >>")
	d = d.with(3, "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> /XObject << /X 99 0 R >> >> /Annots [7 0 R 8 0 R 10 0 R] >>")
	d = d.with(6, "<< /Fields [7 0 R 8 0 R] /DA (/Helv 0 Tf) /DR << /Font << /Helv 5 0 R >> >> >>")
	d = d.with(7, "<< /Type /Annot /Subtype /Widget /FT /Tx /T (nome) /Rect [10 10 200 30] /P 3 0 R /AP << /N 9 0 R >> >>")
	d = d.with(8, "<< /Type /Annot /Subtype /Widget /FT /Sig /T (assinatura) /Rect [10 50 200 90] /P 3 0 R >>")
	d = d.with(9, "<< /Type /XObject /Subtype /Form /BBox [0 0 190 20] /Length 0 >>\nstream\n\nendstream")
	d = d.with(10, "<< /Type /Annot /Subtype /Text /Rect [300 300 320 320] /Contents (ver) >>")
	d = d.with(11, "<< /Title (Contrato) >>")
	d = d.with(12, "<< /Type /Metadata /Subtype /XML /Length 4 >>\nstream\n<x/>\nendstream")
	d.trailer = "/Info 11 0 R"
	return d
}

func TestChanges_tells_what_later_revisions_did(t *testing.T) {
	page := form().objects[3]
	cases := []struct {
		name    string
		certify int
		do      map[int]string
		want    string
	}{
		{"nothing but the same again", 0, map[int]string{4: form().objects[4], 3: page}, ""},
		{"a field filled", 0, map[int]string{7: strings.Replace(form().objects[7], "/P", "/V (Inês) /P", 1)}, "form_filled:nome"},
		{"a field filled, its drawing changed in place", 2, map[int]string{7: strings.Replace(form().objects[7], "/P", "/V (Inês) /P", 1), 9: written("0 0 m")}, "form_filled:nome"},
		{"a field filled where nothing may change", 1, map[int]string{7: strings.Replace(form().objects[7], "/P", "/V (Inês) /P", 1)}, "form_filled:nome!"},
		{"a field moved", 0, map[int]string{7: strings.Replace(form().objects[7], "10 10", "10 400", 1)}, "content!"},
		{"page content changed", 3, map[int]string{4: written("BT (Contrato) Tj ET")}, "content!"},
		{"a page object with other content", 0, map[int]string{3: strings.Replace(page, "4 0 R", "50 0 R", 1), 50: written("")}, "content!"},
		{"a page added", 0, map[int]string{2: "<< /Type /Pages /Kids [3 0 R 50 0 R] /Count 2 /MediaBox [0 0 595 842] >>", 50: "<< /Type /Page /Parent 2 0 R >>"}, "content!"},
		{"an object that the signed page was waiting for", 3, map[int]string{99: written("0 0 m")}, "content!"},
		{"an object that nobody refers to", 1, map[int]string{60: written("0 0 m")}, ""},
		{"a font changed", 0, map[int]string{5: "<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>"}, "content!"},
		{"a comment added", 0, map[int]string{3: strings.Replace(page, "10 0 R]", "10 0 R 50 0 R]", 1), 50: "<< /Type /Annot /Subtype /FreeText /Rect [0 0 9 9] >>"}, "annotation!"},
		{"a comment added where that is allowed", 3, map[int]string{3: strings.Replace(page, "10 0 R]", "10 0 R 50 0 R]", 1), 50: "<< /Type /Annot /Subtype /FreeText /Rect [0 0 9 9] >>"}, "annotation"},
		{"a comment changed", 2, map[int]string{10: strings.Replace(form().objects[10], "ver", "rever", 1)}, "annotation!"},
		{"a comment removed", 3, map[int]string{3: strings.Replace(page, " 10 0 R]", "]", 1)}, "annotation"},
		{"the title changed", 0, map[int]string{11: "<< /Title (Outro) >>"}, "metadata"},
		{"the metadata changed", 1, map[int]string{12: "<< /Type /Metadata /Subtype /XML /Length 4 >>\nstream\n<y/>\nendstream"}, "metadata!"},
		{"the metadata made something else", 0, map[int]string{12: written("0 0 m")}, "metadata content!"},
		{"an action on opening", 0, map[int]string{1: "<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R /Metadata 12 0 R /OpenAction << /S /JavaScript /JS (x) >> >>"}, "content!"},
		{"the form with a script", 0, map[int]string{6: strings.Replace(form().objects[6], "/DA", "/XFA (x) /DA", 1)}, "content!"},
		{"a text field added", 0, map[int]string{6: strings.Replace(form().objects[6], "8 0 R]", "8 0 R 50 0 R]", 1), 50: "<< /FT /Tx /T (mais) >>"}, "content!"},
		{"a signature field added", 3, map[int]string{6: strings.Replace(form().objects[6], "8 0 R]", "8 0 R 50 0 R]", 1), 50: "<< /FT /Sig /T (mais) >>"}, "annotation"},
		{"a field removed", 0, map[int]string{6: strings.Replace(form().objects[6], "7 0 R ", "", 1)}, "content!"},
	}
	for _, c := range cases {
		for shape, data := range both(form()) {
			t.Run(c.name+" "+shape, func(t *testing.T) {
				// The signature's own objects follow the draft's, so the numbers that the cases use are still free. Its field is in the form from then on.
				data = signed(t, data, Field{Name: "assinatura", Certify: c.certify, Reserve: 64})
				do := map[int]string{}
				for n, body := range c.do {
					if n == 6 {
						body = strings.Replace(body, "/DA", "/SigFlags 3 /DA", 1)
					}
					do[n] = body
				}
				if _, ok := do[1]; ok || c.certify > 0 && do[6] != "" {
					do = merged(t, data, do)
				}
				s := signatures(t, amend(t, data, do))[0]
				if got := told(s.Changes); got != c.want || !s.Covers || s.CoversAll {
					t.Errorf("got %q, want %q; %+v", got, c.want, s.Covers)
				}
			})
		}
	}
}

// merged gives the present catalog the entries of a new one.
func merged(t *testing.T, data []byte, do map[int]string) map[int]string {
	root, err := opened(t, data).now().catalog()
	if err != nil {
		t.Fatal(err)
	}
	if body, ok := do[1]; ok {
		v, err := (&lexer{buf: []byte(body)}).value(0)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range v.(dict) {
			root = root.with(e.key, e.value)
		}
		var b bytes.Buffer
		put(&b, root)
		do[1] = b.String()
	}
	return do
}

func TestChanges_of_an_empty_signature_field(t *testing.T) {
	data := signed(t, form().classic(), Field{Name: "Primeira", Reserve: 64})
	over := amend(t, data, map[int]string{8: strings.Replace(form().objects[8], "/P", "/AP << /N 9 0 R >> /P", 1)})
	if got := told(signatures(t, over)[0].Changes); got != "content!" {
		t.Errorf("drawn over: %q", got)
	}
	filled := signed(t, data, Field{Name: "assinatura", Stamp: &Stamp{Page: 1, Lines: []string{"Inês"}}})
	if got := told(signatures(t, filled)[0].Changes); got != "signature_added:assinatura" {
		t.Errorf("signed: %q", got)
	}
}

func TestChanges_of_signing_on_to_the_archive_are_allowed(t *testing.T) {
	for _, c := range []struct {
		certify int
		want    string
	}{
		{0, "validation_data signature_added:Signature2 timestamp_added:Signature3 validation_data"},
		{2, "validation_data signature_added:Signature2 timestamp_added:Signature3 validation_data"},
	} {
		for shape, data := range both(form()) {
			t.Run(shape, func(t *testing.T) {
				data = signed(t, data, Field{Certify: c.certify, Stamp: &Stamp{Page: 1, X: 10, Y: 10, Width: 100, Height: 40}})
				data = stored(t, data, DSS{Certs: [][]byte{[]byte("a")}, OCSPs: [][]byte{[]byte("b")}})
				data = signed(t, data, Field{Stamp: &Stamp{Page: 1, X: 10, Y: 60, Width: 100, Height: 40}})
				data = signed(t, data, Field{SubFilter: Timestamp})
				data = stored(t, data, DSS{Certs: [][]byte{[]byte("a"), []byte("c")}, CRLs: [][]byte{[]byte("d")}})
				list := signatures(t, data)
				if got := told(list[0].Changes); got != c.want {
					t.Errorf("first: %q", got)
				}
				if got := told(list[2].Changes); got != "validation_data" {
					t.Errorf("timestamp: %q", got)
				}
				whole(t, data)
			})
		}
	}
}

func stored(t testing.TB, data []byte, d DSS) []byte {
	t.Helper()
	out, err := opened(t, data).AddDSS(d)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDSS_merges_and_repeats_nothing(t *testing.T) {
	data := stored(t, document().classic(), DSS{Certs: [][]byte{[]byte("a"), []byte("a")}})
	data = stored(t, data, DSS{Certs: [][]byte{[]byte("a"), []byte("b")}, CRLs: [][]byte{[]byte("c")}})
	got := opened(t, data).DSS()
	if len(got.Certs) != 2 || string(got.Certs[0]) != "a" || string(got.Certs[1]) != "b" || len(got.OCSPs) != 0 || len(got.CRLs) != 1 {
		t.Errorf("%q", got)
	}
	again := stored(t, data, DSS{Certs: [][]byte{[]byte("b")}})
	if len(again) != len(data) {
		t.Error("an update without anything new")
	}
}

func TestDSS_reads_entries_for_single_signatures(t *testing.T) {
	d := document().with(1, "<< /Type /Catalog /Pages 2 0 R /DSS << /Certs [6 0 R] /VRI << /AB << /Cert [6 0 R] /OCSP [7 0 R] >> >> >> >>").
		with(6, written("cert")).with(7, written("ocsp"))
	if got := opened(t, d.classic()).DSS(); len(got.Certs) != 1 || len(got.OCSPs) != 1 {
		t.Errorf("%q", got)
	}
	if got := opened(t, stored(t, d.classic(), DSS{CRLs: [][]byte{[]byte("c")}})).DSS(); len(got.Certs) != 1 || len(got.OCSPs) != 1 || len(got.CRLs) != 1 {
		t.Errorf("%q", got)
	}
}

func TestPermission_of_signatures_that_a_file_carries_is_honoured(t *testing.T) {
	locked := func(lock string) draft {
		d := form()
		return d.with(8, strings.Replace(d.objects[8], "/P", "/Lock "+lock+" /P", 1))
	}
	plain := form().classic()
	cases := []struct {
		name  string
		data  []byte
		next  string
		level int
		want  error
	}{
		{"nothing stated", signed(t, plain, Field{Name: "assinatura"}), "B", 0, nil},
		{"no changes at all", signed(t, plain, Field{Certify: 1}), "assinatura", 1, ErrLocked},
		{"forms and signatures", signed(t, plain, Field{Certify: 2}), "assinatura", 2, nil},
		{"annotations too", signed(t, plain, Field{Certify: 3}), "B", 3, nil},
		{"all fields locked", signed(t, locked("<< /Type /SigFieldLock /Action /All >>").classic(), Field{Name: "assinatura"}), "B", 0, ErrLocked},
		{"this field locked", signed(t, locked("<< /Action /Include /Fields [(B) (C)] >>").classic(), Field{Name: "assinatura"}), "B", 0, ErrLocked},
		{"another field locked", signed(t, locked("<< /Action /Include /Fields [(C)] >>").classic(), Field{Name: "assinatura"}), "B", 0, nil},
		{"all but this field locked", signed(t, locked("<< /Action /Exclude /Fields [(B)] >>").classic(), Field{Name: "assinatura"}), "B", 0, nil},
		{"all but another field locked", signed(t, locked("<< /Action /Exclude /Fields [(C)] >>").classic(), Field{Name: "assinatura"}), "B", 0, ErrLocked},
		{"a lock that forbids everything", signed(t, locked("<< /Action /Include /Fields [(C)] /P 1 >>").classic(), Field{Name: "assinatura"}), "B", 1, ErrLocked},
		{"a lock not in force yet", locked("<< /Action /All >>").classic(), "B", 0, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := opened(t, c.data)
			p, err := f.Permission()
			if err != nil || p.Level != c.level {
				t.Errorf("%+v %v", p, err)
			}
			if _, err := f.Prepare(Field{Name: c.next}); !errors.Is(err, c.want) {
				t.Errorf("another signature: %v", err)
			}
			if _, err := f.Prepare(Field{SubFilter: Timestamp}); err != nil {
				t.Errorf("a timestamp: %v", err)
			}
			if _, err := f.AddDSS(DSS{CRLs: [][]byte{[]byte("x")}}); err != nil {
				t.Errorf("validation data: %v", err)
			}
			if _, err := f.Prepare(Field{Certify: 2}); len(signatures(t, c.data)) > 0 && !errors.Is(err, ErrLocked) {
				t.Errorf("certifying later: %v", err)
			}
		})
	}
}
