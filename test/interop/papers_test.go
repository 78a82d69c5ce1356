//go:build interop

package interop

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chave/internal/format/ades"
	"chave/internal/format/pdf"
)

// unsigned are the files of the corpus that cannot be signed, and why.
func unsigned() map[string]error {
	return map[string]error{
		"bad-circle.pdf": pdf.ErrDamaged, "bad-cut.pdf": pdf.ErrDamaged, "bad-moved.pdf": pdf.ErrDamaged, "bad-offset.pdf": pdf.ErrDamaged, "bad-tail.pdf": pdf.ErrDamaged,
		"bad-hybrid.pdf": pdf.ErrHybrid, "bad-picture.pdf": pdf.ErrNotPDF, "bad-page-of-the-web.pdf": pdf.ErrNotPDF,
		"gs-locked.pdf": pdf.ErrEncrypted, "libreoffice-locked.pdf": pdf.ErrEncrypted, "pdfcpu-locked.pdf": pdf.ErrEncrypted, "qpdf-locked-256.pdf": pdf.ErrEncrypted,
		"qpdf-locked-owner.pdf": pdf.ErrEncrypted, "reportlab-locked.pdf": pdf.ErrEncrypted,
		"signed-certified-1.pdf": pdf.ErrLocked, "signed-locked.pdf": pdf.ErrLocked,
	}
}

// paper is one document of the corpus on its way.
type paper struct {
	name     string
	original []byte
	prepared *ades.PDFPrepared
	signed   []byte // B-B
	earlier  int    // signatures it had before
}

const papersFolder = "../../internal/format/pdf/testdata/corpus"

// profile is what each level is called by DSS, and whether it may ask anybody.
var profile = []struct {
	level    ades.Level
	way, dss string
}{
	{ades.BB, "online", "PAdES-BASELINE-B"}, {ades.BT, "online", "PAdES-BASELINE-T"},
	{ades.BLT, "offline", "PAdES-BASELINE-LT"}, {ades.BLTA, "offline", "PAdES-BASELINE-LTA"},
}

// TestPapers has documents of many makers signed with a person's key over SOAP, brings them to each level with what the network serves, and asks four judges.
// Issue 4, done when 1, 2, 3.
func TestPapers_every_maker_at_every_level(t *testing.T) {
	for _, tool := range []string{"qpdf", "pdfsig", "mutool", "java"} {
		need(t, tool, installed(tool))
	}
	a := apply(t)
	judge := newDSS(t, a.root)
	beatriz := a.who("beatriz")
	chain := a.chain(beatriz)
	papers := prepare(t, ades.PDFSigning{Certificate: chain[0], Chain: chain[1:]}, beatriz.Name)
	var digests [][]byte
	for _, p := range papers {
		digests = append(digests, p.prepared.ToSign())
	}
	for i, signature := range a.sign(beatriz, digests) {
		var err error
		if papers[i].signed, err = papers[i].prepared.Attach(signature); err != nil {
			t.Fatalf("%s: %v", papers[i].name, err)
		}
	}
	dir := t.TempDir()
	helpers := a.world()
	passed, caught := map[string]int{}, 0
	for i, p := range papers {
		t.Run(p.name, func(t *testing.T) {
			for n, one := range profile {
				file := p.signed
				if one.level != ades.BB {
					var reached ades.Level
					var err error
					if file, reached, err = ades.Extend(t.Context(), p.signed, one.level, time.Now(), helpers); err != nil || reached != one.level {
						// A signature of octets without meaning cannot be brought to any level; ours beside it was made all the same.
						if p.earlier > 0 {
							t.Logf("%s: reached %s: %v", one.level, reached, err)
							continue
						}
						t.Fatalf("%s: reached %s: %v", one.level, reached, err)
					}
				}
				path := keep(t, filepath.Join(dir, string(one.level), p.name), file)
				p.tools(t, one.level, path)
				got := judge.judge(one.way, path, "")
				want := "TOTAL_PASSED:null:" + one.dss
				if p.earlier == 0 && !slices.Equal(got.signatures, []string{want}) || p.earlier > 0 && !slices.Contains(got.signatures, want) {
					t.Errorf("%s: DSS says %s", one.level, got)
					continue
				}
				passed[one.dss]++
				if p.earlier == 0 && i%4 == n { // one altered copy of each file, in turns at every level
					p.altered(t, judge, dir, one.way, file)
					caught++
				}
			}
		})
	}
	t.Logf("%d documents; DSS: %v passed; %d altered copies, all caught", len(papers), passed, caught)
}

// prepare reads the corpus and makes room for a signature in each; half of them show it.
func prepare(t *testing.T, s ades.PDFSigning, name string) (papers []*paper) {
	t.Helper()
	paths, err := filepath.Glob(papersFolder + "/*.pdf")
	if err != nil || len(paths) < 40 {
		t.Fatalf("%d files: %v", len(paths), err)
	}
	why := unsigned()
	for i, path := range paths {
		original, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		p := &paper{name: filepath.Base(path), original: original}
		one := s
		one.Field = pdf.Field{At: time.Now(), SignerName: name}
		if i%2 == 1 {
			one.Field.Stamp = &pdf.Stamp{Page: 1, X: 5, Y: 5, Width: 60, Height: 20, Lines: []string{"Assinado por " + name, "teste – não qualificada"}}
		}
		p.prepared, err = ades.PreparePDF(original, one)
		if want := why[p.name]; want != nil || err != nil {
			if want == nil || !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", p.name, err, want)
			}
			continue
		}
		if strings.HasPrefix(p.name, "signed-") {
			f, err := pdf.Open(original)
			if err != nil {
				t.Fatal(err)
			}
			before, err := f.Signatures()
			if err != nil {
				t.Fatal(err)
			}
			p.earlier = len(before)
		}
		papers = append(papers, p)
	}
	return papers
}

// tools asks what reads PDFs every day.
func (p *paper) tools(t *testing.T, level ades.Level, path string) {
	t.Helper()
	if out, err := run("qpdf", "--check", path); err != nil {
		if _, before := run("qpdf", "--check", filepath.Join(papersFolder, p.name)); before == nil {
			t.Errorf("%s: qpdf: %s", level, out)
		}
	}
	if out, err := run("mutool", "info", path); err != nil || strings.Contains(out, "repair") {
		if before, _ := run("mutool", "info", filepath.Join(papersFolder, p.name)); !strings.Contains(before, "repair") {
			t.Errorf("%s: mutool: %v %s", level, err, out)
		}
	}
	said, _ := run("pdfsig", "-nocert", path)
	all := sections(said)
	if len(all) <= p.earlier {
		t.Fatalf("%s: pdfsig finds %d signatures: %s", level, len(all), said)
	}
	if ours := all[p.earlier]; !strings.Contains(ours, "Signature is Valid") {
		t.Errorf("%s: pdfsig: %s", level, said)
	}
}

// altered changes one octet that is signed, and nothing of the file's structure.
func (p *paper) altered(t *testing.T, judge *dss, dir, way string, file []byte) {
	t.Helper()
	at := bytes.Index(file[len(p.original):], []byte("/M (D:"))
	if at < 0 {
		at = bytes.Index(file[len(p.original):], []byte("/M(D:")) - 1
	}
	if at < 0 {
		t.Fatal("the signature's time is not found")
	}
	changed := bytes.Clone(file)
	changed[len(p.original)+at+len("/M (D:")+3] ^= 1 // the year's last digit
	path := keep(t, filepath.Join(dir, "altered", p.name), changed)
	if got := judge.judge(way, path, ""); len(got.signatures) != 1 || !strings.HasPrefix(got.signatures[0], "TOTAL_FAILED") {
		t.Errorf("altered: DSS says %s", got)
	}
	if said, _ := run("pdfsig", "-nocert", path); len(sections(said)) == 0 || !strings.Contains(sections(said)[0], "Digest Mismatch") {
		t.Errorf("altered: pdfsig says %s", said)
	}
}
