package pdf

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The bounds of what a stamp may say.
const (
	limitLines  = 20
	limitLetter = 300 // in one line
)

// point writes a length to a thousandth of a point.
func point(f float64) any {
	f = math.Round(f*1000) / 1000
	if f == math.Trunc(f) {
		return int(f)
	}
	return real(strings.TrimRight(strconv.FormatFloat(f, 'f', 3, 64), "0"))
}

// upright turns a drawing against the page's own turn (§12.5.5: the matrix is applied before the drawing is fitted into the rectangle).
func upright(rotate int) any {
	switch rotate {
	case 90:
		return array{0, 1, -1, 0, 0, 0}
	case 180:
		return array{-1, 0, 0, -1, 0, 0}
	case 270:
		return array{0, -1, 1, 0, 0, 0}
	}
	return nil
}

// appearance draws a stamp of a size, as displayed: a thin frame, the picture in the left third, the lines beside it.
func (u *update) appearance(st Stamp, w, h float64, rotate int) (ref, error) {
	if len(st.Lines) > limitLines {
		return ref{}, fmt.Errorf("%w: too many lines", ErrField)
	}
	var b bytes.Buffer
	resources := dict{}
	fmt.Fprintf(&b, "q 0.5 w 0.6 G 0.25 0.25 %v %v re S Q\n", point(w-0.5), point(h-0.5))
	margin := math.Min(4, math.Min(w, h)/12)
	free := box{margin, margin, w - margin, h - margin}
	if st.Picture != nil {
		r, iw, ih, err := u.picture(st.Picture)
		if err != nil {
			return ref{}, err
		}
		frame := free
		if len(st.Lines) > 0 {
			frame.x1 = frame.x0 + (free.x1-free.x0)/3
			free.x0 = frame.x1 + margin
		}
		scale := math.Min((frame.x1-frame.x0)/float64(iw), (frame.y1-frame.y0)/float64(ih))
		pw, ph := scale*float64(iw), scale*float64(ih)
		fmt.Fprintf(&b, "q %v 0 0 %v %v %v cm /Im Do Q\n", point(pw), point(ph), point((frame.x0+frame.x1-pw)/2), point((frame.y0+frame.y1-ph)/2))
		resources = append(resources, pairs("XObject", pairs("Im", r))...)
	}
	if len(st.Lines) > 0 {
		font, err := u.lines(&b, st.Lines, free)
		if err != nil {
			return ref{}, err
		}
		resources = append(resources, pairs("Font", pairs("F", font))...)
	}
	return u.add(stream{
		dict: pairs("Type", name("XObject"), "Subtype", name("Form"), "BBox", array{0, 0, point(w), point(h)}, "Matrix", upright(rotate), "Resources", resources),
		data: b.Bytes(),
	}), nil
}

// The sizes of letters, in points, and the distance of lines in letters' sizes.
const (
	largest  = 11.0
	readable = 4.5 // below it a line is cut rather than made smaller still
	leading  = 1.3
)

// lines writes text into a box and embeds the letters that it needs.
func (u *update) lines(b *bytes.Buffer, lines []string, free box) (ref, error) {
	f, err := stampFace()
	if err != nil {
		return ref{}, err
	}
	texts := make([][]rune, len(lines))
	widest := 0.0
	for i, line := range lines {
		if len(line) > 4*limitLetter {
			return ref{}, fmt.Errorf("%w: a line is too long", ErrField)
		}
		texts[i] = f.letters(line)
		widest = math.Max(widest, f.width(texts[i]))
	}
	width, height := free.x1-free.x0, free.y1-free.y0
	size := math.Min(largest, height/(leading*float64(len(lines))))
	if widest*size > width {
		size = math.Min(size, math.Max(readable, width/widest))
	}
	size = math.Floor(size*100) / 100
	if size <= 0 {
		return ref{}, ErrPlace
	}
	var all []rune
	for i := range texts {
		texts[i] = f.cut(texts[i], width/size)
		all = append(all, texts[i]...)
	}
	s := f.subset(all)
	top := (free.y0+free.y1)/2 + size*leading*float64(len(lines))/2
	fmt.Fprintf(b, "BT 0 g /F %v Tf %v TL %v %v Td\n", point(size), point(size*leading), point(free.x0), point(top-size))
	for _, line := range texts {
		b.WriteByte('<')
		for _, c := range line {
			fmt.Fprintf(b, "%04X", s.number[c])
		}
		b.WriteString("> Tj T*\n")
	}
	b.WriteString("ET\n")
	return u.font(f, s), nil
}

// cut shortens a line to a width, with an ellipsis.
func (f *face) cut(line []rune, width float64) []rune {
	if f.width(line) <= width+1e-6 {
		return line
	}
	for len(line) > 0 && f.width(line)+f.width([]rune("…")) > width {
		line = line[:len(line)-1]
	}
	return append(line[:len(line):len(line)], '…')
}

// font embeds a subset as a composite font (§9.7.4, CIDFontType2), with the way back to Unicode for search and for readers aloud.
func (u *update) font(f *face, s subset) ref {
	sum := sha256.Sum256(s.file)
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	base := name(string(tag) + "+NotoSans-Regular")
	em := func(table string, at int) int {
		t := f.tables[table]
		return int(int16(uint16(t[at])<<8|uint16(t[at+1]))) * 1000 / f.unit
	}
	file := u.add(stream{dict: pairs("Length1", len(s.file)), data: s.file})
	descriptor := u.add(pairs("Type", name("FontDescriptor"), "FontName", base, "Flags", 4,
		"FontBBox", array{em("head", 36), em("head", 38), em("head", 40), em("head", 42)},
		"ItalicAngle", 0, "Ascent", em("hhea", 4), "Descent", em("hhea", 6), "CapHeight", 714, "StemV", 80, "FontFile2", file))
	inner := u.add(pairs("Type", name("Font"), "Subtype", name("CIDFontType2"), "BaseFont", base,
		"CIDSystemInfo", pairs("Registry", text("Adobe"), "Ordering", text("Identity"), "Supplement", 0),
		"FontDescriptor", descriptor, "W", array{0, s.widths}, "CIDToGIDMap", name("Identity")))
	var back bytes.Buffer
	back.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for used := s.used; len(used) > 0; {
		n := min(100, len(used))
		fmt.Fprintf(&back, "%d beginbfchar\n", n)
		for _, c := range used[:n] {
			fmt.Fprintf(&back, "<%04X> <%04X>\n", s.number[c], c)
		}
		back.WriteString("endbfchar\n")
		used = used[n:]
	}
	back.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return u.add(pairs("Type", name("Font"), "Subtype", name("Type0"), "BaseFont", base, "Encoding", name("Identity-H"),
		"DescendantFonts", array{inner}, "ToUnicode", u.add(stream{data: back.Bytes()})))
}
