package pdf

import (
	"errors"
	"image"
	"image/color"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// mark is a stamp as the product makes them.
func mark(x, y, w, h float64) *Stamp {
	return &Stamp{Page: 1, X: x, Y: y, Width: w, Height: h, Picture: square(), Lines: []string{
		"Inês Conceição Łukasiewicz", "14-03-2026 09:26 +01:00", "Chave (TESTE) - não qualificada"}}
}

// square is red, and clear in one corner.
func square() image.Image {
	p := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for y := range 40 {
		for x := range 40 {
			if x > 10 || y > 10 {
				p.Set(x, y, color.NRGBA{R: 200, A: 255})
			}
		}
	}
	return p
}

func turned(degrees int) draft {
	d := document()
	return d.with(2, strings.Replace(d.objects[2], "/MediaBox", "/Rotate "+strconv.Itoa(degrees)+" /MediaBox", 1))
}

func TestStamp_stands_upright_where_it_was_put_on_turned_pages(t *testing.T) {
	for _, degrees := range []int{0, 90, 180, 270, -90} {
		t.Run(strconv.Itoa(degrees), func(t *testing.T) {
			data := turned(degrees).classic()
			w, h, _, err := opened(t, data).PageSize(1)
			if err != nil {
				t.Fatal(err)
			}
			if wide := degrees%180 != 0; (w == 842) != wide || (h == 595) != wide {
				t.Errorf("shown as %v by %v", w, h)
			}
			out := signed(t, data, Field{At: morning(), Stamp: mark(w-230, 20, 210, 60)})
			if p := signatures(t, out)[0].Page; p != 1 {
				t.Errorf("shown on page %d", p)
			}
			whole(t, out)
			dir := t.TempDir()
			path := filepath.Join(dir, "a.pdf")
			if err := os.WriteFile(path, out, 0o600); err != nil {
				t.Fatal(err)
			}
			text, err := exec.CommandContext(t.Context(), program(t, "pdftotext"), "-bbox", path, "-").Output()
			if err != nil {
				t.Fatal(err)
			}
			line := ""
			for l := range strings.Lines(string(text)) {
				if strings.Contains(l, "Łukasiewicz") {
					line = l
				}
			}
			var at [4]float64
			for i, key := range []string{"xMin", "yMin", "xMax", "yMax"} {
				_, after, _ := strings.Cut(line, key+`="`)
				number, _, _ := strings.Cut(after, `"`)
				at[i], _ = strconv.ParseFloat(number, 64)
			}
			if line == "" || at[0] < w-230 || at[2] > w-20 || at[1] < h-80 || at[3] > h-20 || at[2]-at[0] < at[3]-at[1] {
				t.Errorf("the name is at %v of %v by %v\n%s", at, w, h, text)
			}
		})
	}
}

func TestStamp_refuses_a_place_outside_the_page(t *testing.T) {
	f := opened(t, document().classic())
	for _, st := range []Stamp{
		{Page: 0, Width: 10, Height: 10}, {Page: 2, Width: 10, Height: 10}, {Page: 1}, {Page: 1, X: -1, Width: 10, Height: 10},
		{Page: 1, X: 590, Width: 10, Height: 10}, {Page: 1, Y: 840, Width: 10, Height: 10}, {Page: 1, X: math.NaN(), Width: 10, Height: 10},
		{Page: 1, Width: math.Inf(1), Height: 10},
	} {
		if _, err := f.Prepare(Field{Stamp: &st}); !errors.Is(err, ErrPlace) {
			t.Errorf("%+v: %v", st, err)
		}
	}
}

func TestStamp_refuses_what_is_too_much(t *testing.T) {
	f := opened(t, document().classic())
	for name, st := range map[string]Stamp{
		"lines":   {Lines: make([]string, limitLines+1)},
		"letters": {Lines: []string{strings.Repeat("a", 4*limitLetter+1)}},
		"picture": {Picture: image.NewGray(image.Rect(0, 0, 1, limitPicture+1))},
		"nothing": {Picture: image.NewGray(image.Rect(0, 0, 0, 0))},
	} {
		st.Page, st.Width, st.Height = 1, 100, 50
		if _, err := f.Prepare(Field{Stamp: &st}); !errors.Is(err, ErrField) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFace_shows_the_letters_of_names(t *testing.T) {
	f, err := stampFace()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range "ABCXYZabcxyz0189 ÁÀÂÃÇÉÊÍÓÔÕÚÜáàâãçéêíóôõúüñßøæœŁłŠšŽžĐđĞğİıŐőŰűȘșȚțāēķļņŵŷạếộ-–—…€«»“”’()/:@ΑΩαωАЯая" {
		if f.glyphs[c] == 0 {
			t.Errorf("%c is missing", c)
		}
	}
	for in, want := range map[string]string{"e\u0301\u0302": "é", "a\tb": "a b", "日": "?", "ﬁ": "f"} {
		if got := string(f.letters(in)); got != want {
			t.Errorf("%q is shown as %q", in, got)
		}
	}
}

func TestFace_subset_carries_the_parts_of_composed_letters(t *testing.T) {
	f, err := stampFace()
	if err != nil {
		t.Fatal(err)
	}
	s := f.subset([]rune("çã"))
	if len(s.widths) < 5 || len(s.file) > 8000 {
		t.Errorf("%d glyphs, %d octets", len(s.widths), len(s.file))
	}
	again, err := openFace(append(s.file[:len(s.file):len(s.file)], 0))
	if err == nil {
		t.Errorf("a subset has no map of characters, and yet: %v", again)
	}
}
