package pdf

import (
	"bytes"
	"crypto"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// refused names the files of the corpus that cannot be signed, and why. All others can.
func refused() map[string]error {
	return map[string]error{
		"bad-circle.pdf": ErrDamaged, "bad-cut.pdf": ErrDamaged, "bad-moved.pdf": ErrDamaged, "bad-offset.pdf": ErrDamaged, "bad-tail.pdf": ErrDamaged,
		"bad-hybrid.pdf": ErrHybrid, "bad-picture.pdf": ErrNotPDF, "bad-page-of-the-web.pdf": ErrNotPDF,
		"gs-locked.pdf": ErrEncrypted, "libreoffice-locked.pdf": ErrEncrypted, "pdfcpu-locked.pdf": ErrEncrypted, "qpdf-locked-256.pdf": ErrEncrypted,
		"qpdf-locked-owner.pdf": ErrEncrypted, "reportlab-locked.pdf": ErrEncrypted,
		"signed-certified-1.pdf": ErrLocked, "signed-locked.pdf": ErrLocked,
	}
}

// corpus reads the files, by name.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/corpus/*.pdf")
	if err != nil || len(paths) < 45 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	files := map[string][]byte{}
	total := 0
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(p)] = data
		if total += len(data); len(data) > 60<<10 || total > 2<<20 {
			t.Errorf("%s makes the corpus too large", p)
		}
	}
	return files
}

// Issue 4, done when 3.
func TestCorpus_signs_and_reads_back_or_says_why_not(t *testing.T) {
	why := refused()
	for file, data := range corpus(t) {
		t.Run(file, func(t *testing.T) {
			before := bytes.Clone(data)
			f, err := Open(data)
			var p *Prepared
			if err == nil {
				p, err = f.Prepare(Field{At: morning(), SignerName: "Inês Conceição", Reserve: 512})
			}
			if want := why[file]; want != nil || err != nil {
				if !errors.Is(err, want) || p != nil {
					t.Errorf("%v, want %v", err, want)
				}
				return
			}
			earlier := signatures(t, data)
			out, err := p.Attach(madeUp)
			if err != nil {
				t.Fatal(err)
			}
			if digest := signatures(t, out)[len(earlier)].Digest(crypto.SHA256); !bytes.Equal(digest, p.Digest(crypto.SHA256)) {
				t.Error("another digest than was signed")
			}
			// Then a visible one on the last page, what proves both in later years, and a timestamp over all.
			last := opened(t, out)
			w, h, _, err := last.PageSize(last.Pages())
			if err != nil {
				t.Fatal(err)
			}
			stamp := mark(w/10, h/10, w/3, h/8)
			stamp.Page = last.Pages()
			out = signed(t, out, Field{At: morning(), Stamp: stamp, Reserve: 512})
			out = stored(t, out, DSS{Certs: [][]byte{[]byte("certificate of " + file)}, CRLs: [][]byte{[]byte("list")}})
			out = signed(t, out, Field{SubFilter: Timestamp, Reserve: 512})
			if !bytes.Equal(before, data) || !bytes.HasPrefix(out, before) {
				t.Error("the input was changed")
			}
			list := signatures(t, out)
			if len(list) != len(earlier)+3 {
				t.Fatalf("%d signatures", len(list))
			}
			want := "signature_added:" + list[len(earlier)+1].Field + " validation_data timestamp_added:" + list[len(earlier)+2].Field
			if s := list[len(earlier)]; !s.Covers || told(s.Changes) != want {
				t.Errorf("first: %v %s", s.Covers, told(s.Changes))
			}
			if s := list[len(earlier)+1]; !s.Covers || s.Page != stamp.Page || told(s.Changes) != "validation_data timestamp_added:"+list[len(earlier)+2].Field {
				t.Errorf("second: %v page %d %s", s.Covers, s.Page, told(s.Changes))
			}
			if s := list[len(earlier)+2]; !s.CoversAll || !s.Timestamp {
				t.Errorf("timestamp: %+v", s)
			}
		})
	}
}

// What was sound for qpdf stays so; what it warned of, it warns of as before.
func TestCorpus_stays_sound_for_qpdf(t *testing.T) {
	qpdf := program(t, "qpdf")
	check := func(data []byte) (string, error) {
		path := filepath.Join(t.TempDir(), "a.pdf")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), qpdf, "--check", path).CombinedOutput()
		return strings.ReplaceAll(string(out), path, "a.pdf"), err
	}
	why := refused()
	for file, data := range corpus(t) {
		if why[file] != nil {
			continue
		}
		if out, err := check(signed(t, data, Field{At: morning(), Stamp: &Stamp{Page: 1, Width: 100, Height: 40, Lines: []string{"Inês"}}})); err != nil {
			if _, before := check(data); before == nil {
				t.Errorf("%s: %s", file, out)
			}
		}
	}
}

// Any octet that is changed changes the digest or the reading.
func TestCorpus_a_changed_octet_does_not_stay_hidden(t *testing.T) {
	data := signed(t, corpus(t)["hand-form.pdf"], Field{At: morning(), Reserve: 64})
	was := signatures(t, data)[0]
	for i := range data {
		if from := int(was.ByteRange[1]); i > from && i < int(was.ByteRange[2])-1 {
			continue // the signature itself, which its own mathematics guards
		}
		changed := bytes.Clone(data)
		changed[i] ^= 0x01
		f, err := Open(changed)
		if err != nil {
			continue
		}
		list, err := f.Signatures()
		if err != nil || len(list) == 0 {
			continue
		}
		if s := list[0]; s.Covers && bytes.Equal(s.Digest(crypto.SHA256), was.Digest(crypto.SHA256)) {
			t.Errorf("octet %d", i)
		}
	}
}
