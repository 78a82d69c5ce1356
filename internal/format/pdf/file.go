package pdf

import (
	"bytes"
	"slices"
)

// File is a PDF that was read. It holds the input's octets and gives no way to change them.
type File struct {
	data      []byte
	revisions []revision // oldest first
	places    []place
	heads     map[int]int32 // object number → its newest place
	top       int           // no object number is higher, and no trailer's Size promises more
	inflated  int           // octets that decompression has given so far
	spent     int           // octets that were read so far, some of them many times
	packs     map[int32]*pack
	packed    int // octets in packs
	leaves    []leaf
}

// revision is what one save added: objects, and one cross-reference section (two in a linearised file's first).
type revision struct {
	sections []section // newest first
	end      int       // behind %%EOF, before its line end
	next     int       // behind that line end
	trailer  dict      // that of the section by which readers begin
}

// section is one cross-reference table or stream.
type section struct {
	at, after int // where it begins; behind its trailer or its stream object
	table     bool
	trailer   dict
	entries   []place
}

// place tells where an object stands as of a revision.
type place struct {
	num      int
	older    int32 // the place before this one, -1 for none
	revision int32
	kind     kind
	gen      int // for packed ones the index within the pack
	at       int // an offset; for packed ones the number of the pack
}

type kind uint8

const (
	free kind = iota
	plain
	packed
)

// Open reads a file's structure: every cross-reference section, and for each object in use that it begins where the section says.
// The octets must not be changed while the File is used. Errors: ErrNotPDF, ErrEncrypted, ErrHybrid, ErrDamaged, ErrTooComplex.
func Open(data []byte) (*File, error) {
	if len(data) > limitFile {
		return nil, tooComplex("octets in the file")
	}
	head := data[:min(len(data), 1024)]
	if i := bytes.Index(head, []byte("%PDF-")); i < 0 {
		return nil, ErrNotPDF
	} else if i > 0 {
		return nil, damaged("octets before the header")
	}
	f := &File{data: data, heads: map[int]int32{}, packs: map[int32]*pack{}}
	sections, err := f.sections()
	if err != nil {
		return nil, err
	}
	if err := f.group(sections); err != nil {
		return nil, err
	}
	if err := f.index(); err != nil {
		return nil, err
	}
	if _, err := f.now().catalog(); err != nil {
		return nil, err
	}
	return f, nil
}

// start finds the offset at the very end of the file. Nothing but white space may follow: octets behind the last end mark belong to no revision, and a file that was cut
// short ends in such octets.
func (f *File) start() (int, error) {
	tail := bytes.TrimRight(f.data, " \t\r\n\f\x00")
	tail, ok := bytes.CutSuffix(tail, []byte("%%EOF"))
	if !ok {
		return 0, damaged("no end mark")
	}
	window := tail[max(0, len(tail)-64):]
	i := bytes.LastIndex(window, []byte("startxref"))
	if i < 0 {
		return 0, damaged("no startxref")
	}
	l := &lexer{buf: window, pos: i + len("startxref")}
	at, err := l.natural()
	if err != nil {
		return 0, err
	}
	if l.skip(); l.pos != len(window) {
		return 0, damaged("octets behind startxref")
	}
	return at, nil
}

// sections follows the chain of sections from the newest to the oldest.
func (f *File) sections() ([]section, error) {
	at, err := f.start()
	if err != nil {
		return nil, err
	}
	var list []section
	seen := map[int]bool{}
	total := 0
	for {
		if at <= 0 || at >= len(f.data) {
			return nil, damaged("a cross-reference section lies outside the file")
		}
		if seen[at] {
			return nil, damaged("cross-reference sections in a circle")
		}
		if seen[at] = true; len(list) == limitRevisions {
			return nil, tooComplex("revisions")
		}
		s, err := f.section(at, limitEntries-total)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
		total += len(s.entries)
		switch {
		case s.trailer.at("Encrypt") != nil:
			return nil, ErrEncrypted
		case s.trailer.at("XRefStm") != nil:
			return nil, ErrHybrid
		}
		prev := s.trailer.at("Prev")
		if prev == nil {
			return list, nil
		}
		n, ok := prev.(int)
		if !ok {
			return nil, damaged("Prev is no number")
		}
		at = n
	}
}

// group makes revisions of sections. A section whose predecessor lies behind it in the file is the front one of a linearised file; only the oldest revision can have one.
func (f *File) group(sections []section) error {
	for i := 0; i < len(sections); i++ {
		r := revision{sections: sections[i : i+1], trailer: sections[i].trailer}
		last := sections[i].after
		known := []int{sections[i].at}
		if i+1 < len(sections) && sections[i+1].at > sections[i].at {
			if i+2 != len(sections) {
				return damaged("cross-reference sections out of order")
			}
			r.sections, last = sections[i:], sections[i+1].after
			known = append(known, sections[i+1].at, 0)
			i++
		}
		at, end, next, err := f.end(last)
		if err != nil {
			return err
		}
		if !slices.Contains(known, at) {
			return damaged("startxref does not name the section before it")
		}
		r.end, r.next = end, next
		f.revisions = append(f.revisions, r)
	}
	slices.Reverse(f.revisions)
	before := 0
	for i := range f.revisions {
		for _, s := range f.revisions[i].sections {
			if s.at < before {
				return damaged("a cross-reference section lies in an older revision")
			}
		}
		before = f.revisions[i].end
	}
	if rest := bytes.Trim(f.data[before:], " \t\r\n\f\x00"); len(rest) != 0 {
		return damaged("the last section does not close the file")
	}
	return nil
}

// end reads startxref and the end mark that close a revision. Comments may stand before, as one maker writes them.
func (f *File) end(from int) (at, end, next int, err error) {
	l := &lexer{buf: f.data, pos: from}
	if err := l.keyword("startxref"); err != nil {
		return 0, 0, 0, err
	}
	if at, err = l.natural(); err != nil {
		return 0, 0, 0, err
	}
	for l.pos < len(l.buf) && space(l.buf[l.pos]) {
		l.pos++
	}
	if !bytes.HasPrefix(l.buf[l.pos:], []byte("%%EOF")) {
		return 0, 0, 0, damaged("no end mark behind a cross-reference section")
	}
	end = l.pos + len("%%EOF")
	next = end
	if next < len(l.buf) && l.buf[next] == '\r' {
		next++
	}
	if next < len(l.buf) && l.buf[next] == '\n' {
		next++
	}
	return at, end, next, nil
}

// index builds the history of every object and checks that each place is true.
func (f *File) index() error {
	for i := range f.revisions {
		r := &f.revisions[i]
		for _, s := range slices.Backward(r.sections) {
			if size, ok := s.trailer.at("Size").(int); ok && size > 0 && size <= limitNumber {
				f.top = max(f.top, size-1)
			} else {
				return damaged("a trailer has no sensible Size")
			}
			for _, p := range s.entries {
				if err := f.add(p, i); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (f *File) add(p place, revision int) error {
	older, known := f.heads[p.num]
	switch {
	case p.kind == free && !known:
		return nil
	case !known:
		if older = -1; len(f.heads) == limitObjects {
			return tooComplex("objects")
		}
	}
	if p.kind == plain {
		if _, err := f.header(p, f.revisions[revision].end); err != nil {
			return err
		}
	}
	p.older, p.revision = older, int32(revision)
	f.heads[p.num] = int32(len(f.places))
	f.places = append(f.places, p)
	f.top = max(f.top, p.num)
	return nil
}

// header checks that an object begins at its place and gives a lexer behind its first line.
func (f *File) header(p place, end int) (*lexer, error) {
	if p.at <= 0 || p.at >= end {
		return nil, damaged("object %d lies outside its revision", p.num)
	}
	l := &lexer{buf: f.data[:end], pos: p.at}
	num, err := l.natural()
	if err != nil || num != p.num {
		return nil, damaged("object %d is not where the cross-reference says", p.num)
	}
	gen, err := l.natural()
	if err != nil || gen != p.gen {
		return nil, damaged("object %d is not where the cross-reference says", p.num)
	}
	if err := l.keyword("obj"); err != nil {
		return nil, damaged("object %d is not where the cross-reference says", p.num)
	}
	return l, nil
}

// place finds an object as of a revision; nil when there is none.
func (f *File) place(num, revision int) *place {
	i, ok := f.heads[num]
	for ok && i >= 0 {
		p := &f.places[i]
		if int(p.revision) <= revision {
			if p.kind == free {
				return nil
			}
			return p
		}
		i = p.older
	}
	return nil
}
