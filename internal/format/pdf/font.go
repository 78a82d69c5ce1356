package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// face is the font of stamps, taken apart as OpenType names its tables. It comes from this package's source, so only its tests expect it to be other than sound.
type face struct {
	tables  map[string][]byte
	glyphs  map[rune]int
	unit    int // font units per em
	metrics int // glyphs with an advance of their own
	long    bool
}

var errFont = errors.New("pdf: the font of stamps is damaged")

// stampFace opens the font. It takes about a millisecond, and nothing is kept.
func stampFace() (*face, error) {
	z, err := zlib.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(fontFile)))
	if err != nil {
		return nil, errFont
	}
	data, err := io.ReadAll(io.LimitReader(z, 1<<20))
	if err != nil {
		return nil, errFont
	}
	return openFace(data)
}

func openFace(data []byte) (*face, error) {
	if len(data) < 12 {
		return nil, errFont
	}
	f := &face{tables: map[string][]byte{}}
	for i := range int(binary.BigEndian.Uint16(data[4:])) {
		at := 12 + 16*i
		if at+16 > len(data) {
			return nil, errFont
		}
		from, size := int(binary.BigEndian.Uint32(data[at+8:])), int(binary.BigEndian.Uint32(data[at+12:]))
		if from > len(data) || size > len(data)-from {
			return nil, errFont
		}
		f.tables[string(data[at:at+4])] = data[from : from+size]
	}
	for tag, size := range map[string]int{"head": 54, "hhea": 36, "maxp": 32, "hmtx": 4, "cmap": 4, "loca": 4, "glyf": 4} {
		if len(f.tables[tag]) < size {
			return nil, errFont
		}
	}
	f.unit = int(binary.BigEndian.Uint16(f.tables["head"][18:]))
	f.long = binary.BigEndian.Uint16(f.tables["head"][50:]) == 1
	f.metrics = int(binary.BigEndian.Uint16(f.tables["hhea"][34:]))
	if f.unit == 0 || f.metrics == 0 || len(f.tables["hmtx"]) < 4*f.metrics {
		return nil, errFont
	}
	f.glyphs = characters(f.tables["cmap"])
	return f, nil
}

// characters reads the map of format 4, which holds all of Unicode's first plane.
func characters(cmap []byte) map[rune]int {
	out := map[rune]int{}
	u16 := func(at int) int {
		if at < 0 || at+2 > len(cmap) {
			return 0
		}
		return int(binary.BigEndian.Uint16(cmap[at:]))
	}
	for i := range u16(2) {
		at := u16(4+8*i+4)<<16 | u16(4+8*i+6)
		if u16(at) != 4 {
			continue
		}
		n := u16(at+6) / 2
		for s := range n {
			last, first := u16(at+14+2*s), u16(at+16+2*n+2*s)
			delta, offset := u16(at+16+4*n+2*s), u16(at+16+6*n+2*s)
			for c := first; c <= last && c < 0xffff; c++ {
				g := c
				if offset != 0 {
					if g = u16(at + 16 + 6*n + 2*s + offset + 2*(c-first)); g == 0 {
						continue
					}
				}
				if g = (g + delta) & 0xffff; g != 0 {
					out[rune(c)] = g
				}
			}
		}
	}
	return out
}

// letters turns text into what the font can show. A letter that it lacks loses its marks, and becomes a question mark if that does not help.
func (f *face) letters(s string) []rune {
	var out []rune
	for _, c := range norm.NFC.String(s) {
		switch {
		case c < ' ':
			c = ' '
		case f.glyphs[c] == 0 && unicode.Is(unicode.Mn, c):
			continue
		case f.glyphs[c] == 0:
			if base := []rune(norm.NFKD.String(string(c))); len(base) > 0 && f.glyphs[base[0]] != 0 {
				c = base[0]
			} else {
				c = '?'
			}
		}
		out = append(out, c)
	}
	return out
}

// advance is the width of a glyph in font units.
func (f *face) advance(glyph int) int {
	return int(binary.BigEndian.Uint16(f.tables["hmtx"][4*min(glyph, f.metrics-1):]))
}

// width of a line at size 1.
func (f *face) width(line []rune) float64 {
	n := 0
	for _, c := range line {
		n += f.advance(f.glyphs[c])
	}
	return float64(n) / float64(f.unit)
}

// outline is a glyph's drawing; empty for blanks.
func (f *face) outline(glyph int) []byte {
	loca, glyf := f.tables["loca"], f.tables["glyf"]
	var from, to int
	if f.long && 4*glyph+8 <= len(loca) {
		from, to = int(binary.BigEndian.Uint32(loca[4*glyph:])), int(binary.BigEndian.Uint32(loca[4*glyph+4:]))
	} else if !f.long && 2*glyph+4 <= len(loca) {
		from, to = 2*int(binary.BigEndian.Uint16(loca[2*glyph:])), 2*int(binary.BigEndian.Uint16(loca[2*glyph+2:]))
	}
	if from > to || to > len(glyf) {
		return nil
	}
	return glyf[from:to]
}

// components visits the places in a composed glyph's drawing where its parts are named (OpenType, table glyf).
func components(outline []byte, visit func(at int)) {
	if len(outline) < 12 || int16(binary.BigEndian.Uint16(outline)) >= 0 {
		return
	}
	for at := 10; at+4 <= len(outline); {
		flags := binary.BigEndian.Uint16(outline[at:])
		visit(at + 2)
		at += 6
		if flags&1 != 0 { // arguments of two octets
			at += 2
		}
		switch {
		case flags&8 != 0:
			at += 2
		case flags&0x40 != 0:
			at += 4
		case flags&0x80 != 0:
			at += 8
		}
		if flags&0x20 == 0 { // no more parts
			return
		}
	}
}

// subset is the part of a face that a stamp needs, with its glyphs numbered anew.
type subset struct {
	file   []byte
	number map[rune]int
	widths array // in thousandths of an em, by new number
	used   []rune
}

// subset cuts the face down to some letters.
func (f *face) subset(letters []rune) subset {
	s := subset{number: map[rune]int{}}
	order := []int{0}
	fresh := map[int]int{0: 0}
	take := func(glyph int) int {
		n, ok := fresh[glyph]
		if !ok {
			n = len(order)
			fresh[glyph] = n
			order = append(order, glyph)
		}
		return n
	}
	for _, c := range letters {
		if _, ok := s.number[c]; !ok {
			s.number[c] = take(f.glyphs[c])
			s.used = append(s.used, c)
		}
	}
	var glyf, hmtx, loca []byte
	for i := 0; i < len(order); i++ { // composed glyphs make the list longer
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		outline := slices.Clone(f.outline(order[i]))
		components(outline, func(at int) {
			binary.BigEndian.PutUint16(outline[at:], uint16(take(int(binary.BigEndian.Uint16(outline[at:])))))
		})
		glyf = append(glyf, outline...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		width := f.advance(order[i])
		bearing := uint16(0)
		if at := 4*order[i] + 2; order[i] < f.metrics && at+2 <= len(f.tables["hmtx"]) {
			bearing = binary.BigEndian.Uint16(f.tables["hmtx"][at:])
		}
		hmtx = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(hmtx, uint16(width)), bearing)
		s.widths = append(s.widths, (width*1000+f.unit/2)/f.unit)
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	head, hhea, maxp := slices.Clone(f.tables["head"]), slices.Clone(f.tables["hhea"]), slices.Clone(f.tables["maxp"])
	binary.BigEndian.PutUint16(head[50:], 1)
	binary.BigEndian.PutUint16(hhea[34:], uint16(len(order)))
	binary.BigEndian.PutUint16(maxp[4:], uint16(len(order)))
	s.file = container(map[string][]byte{"glyf": glyf, "head": head, "hhea": hhea, "hmtx": hmtx, "loca": loca, "maxp": maxp})
	return s
}

// container writes tables as a font file, with its checksums.
func container(tables map[string][]byte) []byte {
	tags := make([]string, 0, len(tables))
	for tag := range tables {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	power, shift := 1, 0
	for power*2 <= len(tags) {
		power, shift = power*2, shift+1
	}
	out := binary.BigEndian.AppendUint32(nil, 0x00010000)
	for _, n := range []int{len(tags), power * 16, shift, (len(tags) - power) * 16} {
		out = binary.BigEndian.AppendUint16(out, uint16(n))
	}
	binary.BigEndian.PutUint32(tables["head"][8:], 0)
	at := 12 + 16*len(tags)
	var body bytes.Buffer
	headAt := 0
	for _, tag := range tags {
		if tag == "head" {
			headAt = at
		}
		t := tables[tag]
		out = append(out, tag...)
		for _, n := range []uint32{checksum(t), uint32(at), uint32(len(t))} {
			out = binary.BigEndian.AppendUint32(out, n)
		}
		body.Write(t)
		for at += len(t); at%4 != 0; at++ {
			body.WriteByte(0)
		}
	}
	out = append(out, body.Bytes()...)
	binary.BigEndian.PutUint32(out[headAt+8:], 0xB1B0AFBA-checksum(out))
	return out
}

func checksum(data []byte) uint32 {
	var sum uint32
	for len(data) > 0 {
		var word [4]byte
		copy(word[:], data)
		sum += binary.BigEndian.Uint32(word[:])
		data = data[min(4, len(data)):]
	}
	return sum
}
