package pdf

// section reads the cross-reference section at an offset; room is how many entries may still come.
func (f *File) section(at, room int) (section, error) {
	l := &lexer{buf: f.data, pos: at}
	l.skip()
	if digit(l.peek(0)) {
		return f.xrefStream(at, room)
	}
	if err := l.keyword("xref"); err != nil {
		return section{}, err
	}
	s := section{at: at, table: true}
	for {
		l.skip()
		if !digit(l.peek(0)) {
			break
		}
		first, err := l.natural()
		if err != nil {
			return s, err
		}
		count, err := l.natural()
		if err != nil {
			return s, err
		}
		if count > room-len(s.entries) || first > limitNumber || first+count > limitNumber {
			return s, tooComplex("cross-reference entries")
		}
		for n := first; n < first+count; n++ {
			p, err := l.tableEntry(n)
			if err != nil {
				return s, err
			}
			s.entries = append(s.entries, p)
		}
	}
	if err := l.keyword("trailer"); err != nil {
		return s, err
	}
	v, err := l.value(0)
	if err != nil {
		return s, err
	}
	d, ok := v.(dict)
	if !ok {
		return s, damaged("the trailer is no dictionary")
	}
	s.trailer, s.after = d, l.pos
	return s, nil
}

// tableEntry reads one line of a table (§7.5.4). An object in use at offset 0 is how several makers write an unused number.
func (l *lexer) tableEntry(num int) (place, error) {
	at, err := l.natural()
	if err != nil {
		return place{}, err
	}
	gen, err := l.natural()
	if err != nil {
		return place{}, err
	}
	l.skip()
	switch string(l.run()) {
	case "f":
		return place{num: num, kind: free}, nil
	case "n":
		if at == 0 {
			return place{num: num, kind: free}, nil
		}
		return place{num: num, kind: plain, at: at, gen: gen}, nil
	}
	return place{}, damaged("a cross-reference entry is neither free nor in use")
}

// xrefStream reads a cross-reference stream (§7.5.8).
func (f *File) xrefStream(at, room int) (section, error) {
	s := section{at: at}
	l := &lexer{buf: f.data, pos: at}
	for range 2 {
		if _, err := l.natural(); err != nil {
			return s, err
		}
	}
	if err := l.keyword("obj"); err != nil {
		return s, err
	}
	// Its length must be written in it: there is nothing yet by which a reference could be followed.
	v, err := f.body(l, nil)
	if err != nil {
		return s, err
	}
	st, ok := v.(stream)
	if !ok || st.dict.at("Type") != name("XRef") {
		return s, damaged("no cross-reference section where one is said to be")
	}
	s.after = l.pos
	if st.dict.at("Encrypt") != nil {
		return s, ErrEncrypted
	}
	data, err := f.inflate(st)
	if err != nil {
		return s, err
	}
	s.trailer = st.dict.without("Type", "Index", "W", "Length", "Filter", "DecodeParms", "DL")
	s.entries, err = xrefEntries(st.dict, data, room)
	return s, err
}

func xrefEntries(d dict, data []byte, room int) ([]place, error) {
	var w [3]int
	widths, ok := d.at("W").(array)
	if !ok || len(widths) < 3 {
		return nil, damaged("a cross-reference stream says no widths")
	}
	for i := range w {
		n, ok := widths[i].(int)
		if !ok || n < 0 || n > 7 {
			return nil, damaged("a cross-reference stream says odd widths")
		}
		w[i] = n
	}
	size := w[0] + w[1] + w[2]
	if size == 0 {
		return nil, damaged("a cross-reference stream says odd widths")
	}
	ranges, ok := d.at("Index").(array)
	if !ok {
		ranges = array{0, d.at("Size")}
	}
	if len(ranges)%2 != 0 {
		return nil, damaged("a cross-reference stream has an odd Index")
	}
	var out []place
	for i := 0; i < len(ranges); i += 2 {
		first, ok1 := ranges[i].(int)
		count, ok2 := ranges[i+1].(int)
		if !ok1 || !ok2 || first < 0 || count < 0 {
			return nil, damaged("a cross-reference stream has an odd Index")
		}
		if first > limitNumber || count > room-len(out) || first+count > limitNumber {
			return nil, tooComplex("cross-reference entries")
		}
		if count*size > len(data) {
			return nil, damaged("a cross-reference stream is too short")
		}
		for n := first; n < first+count; n++ {
			p, err := streamEntry(n, w, data[:size])
			if err != nil {
				return nil, err
			}
			out = append(out, p)
			data = data[size:]
		}
	}
	return out, nil
}

func streamEntry(num int, w [3]int, row []byte) (place, error) {
	field := func(width, missing int) int {
		if width == 0 {
			return missing
		}
		n := 0
		for _, c := range row[:width] {
			n = n<<8 | int(c)
		}
		row = row[width:]
		return n
	}
	kindOf, second, third := field(w[0], 1), field(w[1], 0), field(w[2], 0)
	switch kindOf {
	case 0:
		return place{num: num, kind: free}, nil
	case 1:
		if second == 0 {
			return place{num: num, kind: free}, nil
		}
		return place{num: num, kind: plain, at: second, gen: third}, nil
	case 2:
		return place{num: num, kind: packed, at: second, gen: third}, nil
	}
	return place{}, damaged("a cross-reference entry of unknown kind")
}
