package pdf

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// draft builds small files for the tests: objects by number, written in that order.
type draft struct {
	objects map[int]string
	trailer string // further entries
}

// document is a page with a line of text.
func document() draft {
	return draft{objects: map[int]string{
		1: "<< /Type /Catalog /Pages 2 0 R >>",
		2: "<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
		3: "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		4: written("BT /F1 24 Tf 72 720 Td (Contrato de arrendamento) Tj ET"),
		5: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}}
}

func (d draft) with(num int, body string) draft {
	out := draft{objects: map[int]string{}, trailer: d.trailer}
	for n, b := range d.objects {
		out.objects[n] = b
	}
	out.objects[num] = body
	return out
}

// written is a stream object of plain octets.
func written(s string) string {
	return fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(s), s)
}

func (d draft) numbers() []int {
	var list []int
	for n := range d.objects {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}

// classic closes the file with a cross-reference table.
func (d draft) classic() []byte {
	b, offsets := d.body("1.7")
	at := b.Len()
	nums := d.numbers()
	fmt.Fprintf(b, "xref\n0 1\n0000000000 65535 f \n")
	for _, n := range nums {
		fmt.Fprintf(b, "%d 1\n%010d 00000 n \n", n, offsets[n])
	}
	fmt.Fprintf(b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", nums[len(nums)-1]+1, d.trailer, at)
	return b.Bytes()
}

// streamed closes the file with a cross-reference stream.
func (d draft) streamed() []byte {
	b, offsets := d.body("1.5")
	nums := d.numbers()
	self := nums[len(nums)-1] + 1
	offsets[self] = b.Len()
	var rows []byte
	var index strings.Builder
	for _, n := range append(nums, self) {
		fmt.Fprintf(&index, "%d 1 ", n)
		rows = append(rows, 1, byte(offsets[n]>>16), byte(offsets[n]>>8), byte(offsets[n]), 0)
	}
	fmt.Fprintf(b, "%d 0 obj\n<< /Type /XRef /Size %d /Root 1 0 R /W [1 3 1] /Index [%s] /Length %d %s >>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n",
		self, self+1, &index, len(rows), d.trailer, rows, offsets[self])
	return b.Bytes()
}

func (d draft) body(version string) (*bytes.Buffer, map[int]int) {
	b := &bytes.Buffer{}
	fmt.Fprintf(b, "%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n", version)
	offsets := map[int]int{}
	for _, n := range d.numbers() {
		offsets[n] = b.Len()
		fmt.Fprintf(b, "%d 0 obj\n%s\nendobj\n", n, d.objects[n])
	}
	return b, offsets
}

// both gives a draft in its two shapes.
func both(d draft) map[string][]byte {
	return map[string][]byte{"table": d.classic(), "stream": d.streamed()}
}

// morning is the tests' clock.
func morning() time.Time {
	return time.Date(2026, 3, 14, 9, 26, 53, 0, time.FixedZone("WEST", 3600))
}

// opened opens a file that must open.
func opened(t testing.TB, data []byte) *File {
	t.Helper()
	f, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// signed puts made-up octets where a signature goes.
func signed(t testing.TB, data []byte, field Field) []byte {
	t.Helper()
	p, err := opened(t, data).Prepare(field)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Attach(madeUp)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// madeUp looks like DER from outside.
var madeUp = []byte("\x30\x10a signature.....")

func signatures(t testing.TB, data []byte) []Signature {
	t.Helper()
	list, err := opened(t, data).Signatures()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// program skips a test by name when a tool is missing. Where everything was promised to run, it fails.
func program(t *testing.T, tool string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", tool)
		}
		t.Skipf("needs %s", tool)
	}
	return path
}

// whole asks qpdf about a file's structure; warnings count.
func whole(t *testing.T, data []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), program(t, "qpdf"), "--check", path).CombinedOutput(); err != nil || strings.Contains(string(out), "WARNING") {
		t.Errorf("qpdf: %v\n%s", err, out)
	}
}
