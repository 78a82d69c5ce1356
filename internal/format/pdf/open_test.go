package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// deflated is a stream object compressed with zlib.
func deflated(t testing.TB, entries string, data []byte) string {
	t.Helper()
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("<< %s /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream", entries, z.Len(), z.Bytes())
}

// attempt opens a file and goes through everything that is asked of one.
func attempt(data []byte) error {
	f, err := Open(data)
	if err != nil {
		return err
	}
	if _, _, _, err := f.PageSize(1); err != nil {
		return err
	}
	if _, err := f.Signatures(); err != nil {
		return err
	}
	if _, err := f.Prepare(Field{}); err != nil {
		return err
	}
	_, err = f.AddDSS(DSS{Certs: [][]byte{[]byte("x")}})
	return err
}

func TestOpen_refuses_bad_files_by_name(t *testing.T) {
	classic, streamed := string(document().classic()), string(document().streamed())
	replaced := func(s, old, fresh string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("the draft has no %q", old)
		}
		return strings.Replace(s, old, fresh, 1)
	}
	hybrid := document()
	hybrid.trailer = "/XRefStm 15"
	encrypted := document()
	encrypted.trailer = "/Encrypt << /Filter /Standard >>"
	circle := document()
	circle.trailer = fmt.Sprintf("/Prev %d", strings.LastIndex(classic, "xref\n0 1"))
	huge := document()
	huge.trailer = "/Huge " + strings.Repeat("[", 200) + strings.Repeat("]", 200)
	cases := []struct {
		name string
		data string
		want error
	}{
		{"nothing", "", ErrNotPDF},
		{"a picture", "\x89PNG\r\n\x1a\n", ErrNotPDF},
		{"a page of the web", "<html><body>404</body></html>", ErrNotPDF},
		{"octets before the header", "junk\n" + classic, ErrDamaged},
		{"only a header", "%PDF-1.7\n", ErrDamaged},
		{"cut in the middle", classic[:len(classic)/2], ErrDamaged},
		{"cut at the end", classic[:len(classic)-8], ErrDamaged},
		{"octets behind the end", classic + "<script>", ErrDamaged},
		{"a second end mark", classic + "%%EOF\n", ErrDamaged},
		{"startxref elsewhere", replaced(classic, "startxref\n", "startxref\n1"), ErrDamaged},
		{"an object moved", replaced(classic, "2 0 obj", "   2 0 obj"), ErrDamaged},
		{"an entry that names another object", replaced(classic, "0000000000 65535 f \n1 1", "0000000000 65535 f \n7 1"), ErrDamaged},
		{"an entry of letters", replaced(classic, "00000 n", "00000 x"), ErrDamaged},
		{"sections in a circle", string(circle.classic()), ErrDamaged},
		{"no catalog", replaced(classic, "/Root 1 0 R", "/Root 2 0 R"), ErrDamaged},
		{"no root", replaced(classic, "/Root 1 0 R", "/Roof 1 0 R"), ErrDamaged},
		{"no size", replaced(classic, "/Size 6", "/Sine 6"), ErrDamaged},
		{"a page tree that bites its tail", string(document().with(2, "<< /Type /Pages /Kids [2 0 R] >>").classic()), ErrDamaged},
		{"no pages", string(document().with(2, "<< /Type /Pages /Kids [] >>").classic()), ErrDamaged},
		{"a page that is missing", string(document().with(2, "<< /Type /Pages /Kids [9 0 R] >>").classic()), ErrDamaged},
		{"a key twice", string(document().with(1, "<< /Type /Catalog /Pages 2 0 R /Pages 3 0 R >>").classic()), ErrDamaged},
		{"a form field twice", string(document().with(1, "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R 6 0 R] >> >>").with(6, "<< /T (a) >>").classic()), ErrDamaged},
		{"hybrid", string(hybrid.classic()), ErrHybrid},
		{"encrypted, table", string(encrypted.classic()), ErrEncrypted},
		{"encrypted, stream", string(encrypted.streamed()), ErrEncrypted},
		{"a stream of odd widths", replaced(streamed, "/W [1 3 1]", "/W [1 9 1]"), ErrDamaged},
		{"a stream too short", replaced(streamed, "/W [1 3 1]", "/W [1 3 7]"), ErrDamaged},
		{"a stream with too many entries", replaced(streamed, "/Index [1 1", "/Index [1 9000000000"), ErrTooComplex},
		{"a table with too many entries", replaced(classic, "xref\n0 1\n", "xref\n0 999999999\n"), ErrTooComplex},
		{"a stream with a filter nobody needs", replaced(streamed, "/W [1 3 1]", "/Filter /LZWDecode /W [1 3 1]"), ErrTooComplex},
		{"nested without end", string(huge.classic()), ErrTooComplex},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := attempt([]byte(c.data)); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	for shape, data := range both(document()) {
		if err := attempt(data); err != nil {
			t.Errorf("%s: %v", shape, err)
		}
	}
}

// An entry behind the end of its revision would let a later save fill in what an earlier signature seems to cover.
func TestOpen_refuses_entries_that_point_behind_their_revision(t *testing.T) {
	data := string(document().with(6, "<< >>").classic())
	at := strings.Index(data, "6 0 obj")
	bad := strings.Replace(data, fmt.Sprintf("%010d 00000 n", at), fmt.Sprintf("%010d 00000 n", len(data)), 1)
	_, err := Open([]byte(bad + fmt.Sprintf("6 0 obj\n(late)\nendobj\nxref\n0 0\ntrailer\n<< /Size 7 /Root 1 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n",
		strings.LastIndex(bad, "xref\n0 1"), len(bad)+len("6 0 obj\n(late)\nendobj\n"))))
	if !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}

func TestOpen_stops_bombs(t *testing.T) {
	zeros := make([]byte, limitStream+1)
	t.Run("a cross-reference stream that swells", func(t *testing.T) {
		b := []byte("%PDF-1.5\n")
		at := len(b)
		b = append(b, "1 0 obj\n"+deflated(t, "/Type /XRef /Size 1 /W [1 3 1] /Root 1 0 R", zeros)+"\nendobj\n"...)
		b = append(b, fmt.Sprintf("startxref\n%d\n%%%%EOF\n", at)...)
		if _, err := Open(b); !errors.Is(err, ErrTooComplex) {
			t.Error(err)
		}
	})
	t.Run("one inside another", func(t *testing.T) {
		d := document().with(1, "<< /Type /Catalog /Pages 2 0 R /DSS << /Certs [6 0 R 7 0 R] >> >>")
		d = d.with(6, deflated(t, "", zeros)).with(7, written("b"))
		if got := opened(t, d.classic()).DSS(); len(got.Certs) != 1 {
			t.Errorf("%d certificates", len(got.Certs))
		}
	})
	t.Run("lengths in a circle", func(t *testing.T) {
		d := document().with(1, "<< /Type /Catalog /Pages 2 0 R /DSS << /Certs [6 0 R] >> >>").with(6, "<< /Length 6 0 R >>\nstream\nx\nendstream")
		if got := opened(t, d.classic()).DSS(); len(got.Certs) != 0 {
			t.Error("read")
		}
	})
	t.Run("a reference to itself", func(t *testing.T) {
		if err := attempt(document().with(2, "2 0 R").classic()); !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	})
}

func TestOpen_reads_object_streams(t *testing.T) {
	f := opened(t, packedFile(t, 3))
	if n := f.Pages(); n != 3 {
		t.Errorf("%d pages", n)
	}
	out := signed(t, f.data, Field{})
	if s := signatures(t, out); len(s) != 1 || !s[0].CoversAll {
		t.Errorf("%+v", s)
	}
	whole(t, out)
}

// packedFile has its catalog, page tree and pages in object streams of a hundred, with a predicted cross-reference stream.
func packedFile(t testing.TB, pages int) []byte {
	t.Helper()
	var objects []string
	kids := &strings.Builder{}
	for i := range pages {
		fmt.Fprintf(kids, "%d 0 R ", i+3)
	}
	objects = append(objects, "<< /Type /Catalog /Pages 2 0 R >>", fmt.Sprintf("<< /Type /Pages /Count %d /MediaBox [0 0 595 842] /Kids [%s] >>", pages, kids))
	for range pages {
		objects = append(objects, "<< /Type /Page /Parent 2 0 R >>")
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
	rows := [][5]byte{{}}
	row := func(kind byte, n, m int) {
		rows = append(rows, [5]byte{kind, byte(n >> 16), byte(n >> 8), byte(n), byte(m)})
	}
	next := len(objects) + 1
	var holders []int
	for from := 0; from < len(objects); from += 100 {
		part := objects[from:min(from+100, len(objects))]
		var index, body strings.Builder
		for i, o := range part {
			fmt.Fprintf(&index, "%d %d ", from+i+1, body.Len())
			body.WriteString(o + " ")
			row(2, next+from/100, i)
		}
		holders = append(holders, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", next+from/100, deflated(t, fmt.Sprintf("/Type /ObjStm /N %d /First %d", len(part), index.Len()), []byte(index.String()+body.String())))
	}
	for _, at := range holders {
		row(1, at, 0)
	}
	self, at := len(rows), b.Len()
	row(1, at, 0)
	var predicted []byte
	var above [5]byte
	for _, r := range rows {
		predicted = append(predicted, 2)
		for i := range r {
			predicted = append(predicted, r[i]-above[i])
		}
		above = r
	}
	fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n", self,
		deflated(t, fmt.Sprintf("/Type /XRef /Size %d /W [1 3 1] /Root 1 0 R /DecodeParms << /Predictor 12 /Columns 5 >>", self+1), predicted), at)
	return b.Bytes()
}

// Issue 4, bad input: a hundred thousand objects. The bound on time is wide, for slow machines; the point is that it does not grow with the square.
func TestOpen_takes_100000_objects(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred thousand objects")
	}
	d := document()
	for n := 6; n <= 100_000; n++ {
		d.objects[n] = "<< /Type /ExtGState /CA 0.5 >>"
	}
	many := map[string][]byte{"table": d.classic(), "stream": d.streamed(), "packed": packedFile(t, 40_000)}
	for shape, data := range many {
		t.Run(shape, func(t *testing.T) {
			before := time.Now()
			out := signed(t, data, Field{Stamp: mark(10, 10, 200, 60)})
			out = signed(t, stored(t, out, DSS{Certs: [][]byte{[]byte("a")}}), Field{SubFilter: Timestamp})
			list := signatures(t, out)
			if len(list) != 2 || told(list[0].Changes) != "validation_data timestamp_added:Signature2" {
				t.Errorf("%+v", told(list[0].Changes))
			}
			if took := time.Since(before); took > 30*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestOpen_refuses_more_objects_than_its_limit(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n", limitEntries+1)
	b.WriteString(strings.Repeat("0000000000 00000 f \n", limitEntries+1))
	fmt.Fprintf(&b, "trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", at)
	if _, err := Open(b.Bytes()); !errors.Is(err, ErrTooComplex) {
		t.Error(err)
	}
}
