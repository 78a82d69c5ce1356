//go:build interop

package interop

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chave/internal/format/ades"
	"chave/internal/format/pdf"
	"chave/test/drive"
)

var signedLink = regexp.MustCompile(`/sign/[a-z2-7]{26}/files/[a-z2-7]{26}`)

// atDesk takes one document through the pages, as a person does, and gives what they download.
func (a *application) atDesk(who signer, name string, content []byte, place ...string) []byte {
	a.t.Helper()
	b := a.enter(who, "/sign")
	ctx := a.t.Context()
	page, err := b.Upload(ctx, a.page("/sign"), "documents", name, content)
	if err == nil {
		page, err = b.Follow(ctx, page, nil)
	}
	step := func(name string, fill ...string) {
		if err != nil {
			return
		}
		values := url.Values{"step": {name}}
		for i := 0; i+1 < len(fill); i += 2 {
			values.Set(fill[i], fill[i+1])
		}
		if page, err = b.Post(ctx, page.URL, values); err == nil {
			page, err = b.Follow(ctx, page, nil)
		}
		if err == nil && page.Status != 200 {
			err = fmt.Errorf("%s answered %d", name, page.Status)
		}
	}
	step("place", place...)
	step("pin", "sign_pin", *who.SignPIN)
	if err == nil {
		var code string
		if code, err = (drive.Door{URL: a.Tester, Lines: a.lines}).Code(ctx, *who.Phone); err == nil {
			step("code", "code", code)
		}
	}
	if err != nil {
		a.t.Fatalf("%s: %v", name, err)
	}
	link := signedLink.Find(page.Body)
	if link == nil {
		a.t.Fatalf("nothing to download at %s", page.URL.Path)
	}
	if page, err = b.Get(ctx, a.page(string(link))); err != nil || page.Status != 200 {
		a.t.Fatalf("download: %d %v", page.Status, err)
	}
	return page.Body
}

func corpusFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(papersFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestSigning_people_sign_one_after_another takes a document through the pages of two people: what the second gets carries both signatures, and every
// judge finds both good. Issue 4, what to build 6 and 7.
func TestSigning_people_sign_one_after_another(t *testing.T) {
	for _, tool := range []string{"qpdf", "pdfsig", "mutool", "java"} {
		need(t, tool, installed(tool))
	}
	a := apply(t)
	judge := newDSS(t, a.root)
	dir := t.TempDir()
	beatriz, oksana := a.who("beatriz"), a.who("oksana")
	good := func(t *testing.T, name string, file []byte, signatures int) string {
		t.Helper()
		path := keep(t, filepath.Join(dir, name), file)
		got := judge.judge("offline", path, "")
		if want := strings.TrimSpace(strings.Repeat("TOTAL_PASSED:null:PAdES-BASELINE-LT ", signatures)); got.String() != want {
			t.Errorf("DSS says %s", got)
		}
		must(t, "qpdf", "--check", path)
		said, _ := run("pdfsig", "-nocert", path)
		if strings.Count(said, "Signature is Valid") != signatures {
			t.Errorf("pdfsig: %s", said)
		}
		return path
	}
	for _, name := range []string{"libreoffice.pdf", "chromium.pdf"} {
		t.Run(name, func(t *testing.T) {
			original := corpusFile(t, name)
			once := a.atDesk(beatriz, name, original, "stamp", "visible", "page", "1", "corner", "bottom_left")
			twice := a.atDesk(oksana, name, once, "stamp", "visible", "page", "1", "corner", "top_right")
			if !bytes.HasPrefix(once, original) || !bytes.HasPrefix(twice, once) {
				t.Error("what was there before is not kept as it was")
			}
			good(t, "once-"+name, once, 1)
			path := good(t, "twice-"+name, twice, 2)
			t.Run("the stamps are seen", func(t *testing.T) {
				before, after := must(t, "mutool", "draw", "-F", "txt", filepath.Join(papersFolder, name), "1"), must(t, "mutool", "draw", "-F", "txt", path, "1")
				for _, who := range []signer{beatriz, oksana} {
					surname := who.Name[strings.LastIndex(who.Name, " ")+1:]
					if strings.Contains(before, surname) || !strings.Contains(after, surname) {
						t.Errorf("%s is not on the page:\n%s", surname, after)
					}
				}
			})
			t.Run("the first person's part altered", func(t *testing.T) {
				at := bytes.Index(twice[len(original):], []byte("/M (D:"))
				if at < 0 {
					t.Fatal("the signature's time is not found")
				}
				changed := bytes.Clone(twice)
				changed[len(original)+at+len("/M (D:")+3] ^= 1
				got := judge.judge("offline", keep(t, filepath.Join(dir, "altered-"+name), changed), "")
				if strings.Contains(got.String(), "TOTAL_PASSED") || strings.Count(got.String(), "TOTAL_FAILED") != 2 {
					t.Errorf("DSS says %s", got)
				}
			})
		})
	}
	t.Run("a signature that certifies", func(t *testing.T) { certified(t, a, judge, dir, beatriz, oksana) })
}

// certified has one person certify a document, and another sign it where the first allows that.
func certified(t *testing.T, a *application, judge *dss, dir string, first, second signer) {
	original := corpusFile(t, "gs-1.7.pdf")
	one, two := a.chain(first), a.chain(second)
	for level := 1; level <= 3; level++ {
		prepared, err := ades.PreparePDF(original, ades.PDFSigning{Field: pdf.Field{At: time.Now(), SignerName: first.Name, Certify: level}, Certificate: one[0], Chain: one[1:]})
		if err != nil {
			t.Fatal(err)
		}
		file, err := prepared.Attach(a.sign(first, [][]byte{prepared.ToSign()})[0])
		if err != nil {
			t.Fatal(err)
		}
		want := 1
		again, err := ades.PreparePDF(file, ades.PDFSigning{Field: pdf.Field{At: time.Now(), SignerName: second.Name}, Certificate: two[0], Chain: two[1:]})
		switch {
		case level == 1:
			if !errors.Is(err, pdf.ErrLocked) {
				t.Errorf("nothing may be added, but %v", err)
			}
		case err != nil:
			t.Fatalf("level %d: %v", level, err)
		default:
			want = 2
			if file, err = again.Attach(a.sign(second, [][]byte{again.ToSign()})[0]); err != nil {
				t.Fatal(err)
			}
		}
		file, reached, err := ades.Extend(t.Context(), file, ades.BLT, time.Now(), a.world())
		if err != nil || reached != ades.BLT {
			t.Fatalf("level %d: reached %s: %v", level, reached, err)
		}
		path := keep(t, filepath.Join(dir, fmt.Sprintf("certified-%d.pdf", level)), file)
		if got := judge.judge("offline", path, ""); got.String() != strings.TrimSpace(strings.Repeat("TOTAL_PASSED:null:PAdES-BASELINE-LT ", want)) {
			t.Errorf("level %d: DSS says %s", level, got)
		}
		if said, _ := run("pdfsig", "-nocert", path); strings.Count(said, "Signature is Valid") != want {
			t.Errorf("level %d: pdfsig: %s", level, said)
		}
	}
}
