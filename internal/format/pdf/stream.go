package pdf

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
)

// body reads the value of an object from behind its first line to endobj. resolve follows a stream's indirect length; nil refuses one.
func (f *File) body(l *lexer, resolve func(ref) (any, error)) (any, error) {
	l.items = 0
	v, err := l.value(0)
	if err != nil {
		return nil, err
	}
	if w, ok := v.(word); ok {
		if w == "endobj" { // an object without value is null
			return nil, nil
		}
		return nil, damaged("a keyword in place of a value")
	}
	l.skip()
	switch string(l.run()) {
	case "endobj":
		return v, nil
	case "stream":
	default:
		return nil, damaged("no endobj before %d", l.pos)
	}
	d, ok := v.(dict)
	if !ok {
		return nil, damaged("a stream without dictionary")
	}
	switch {
	case l.peek(0) == '\r' && l.peek(1) == '\n':
		l.pos += 2
	case l.peek(0) == '\n':
		l.pos++
	default:
		return nil, damaged("no line end behind stream")
	}
	length := d.at("Length")
	if r, indirect := length.(ref); indirect && resolve != nil {
		if length, err = resolve(r); err != nil {
			return nil, err
		}
	}
	n, ok := length.(int)
	if !ok || n < 0 || n > len(l.buf)-l.pos {
		return nil, damaged("a stream has no sensible length")
	}
	st := stream{dict: d, data: l.buf[l.pos : l.pos+n : l.pos+n]}
	l.pos += n
	for l.pos < len(l.buf) && space(l.buf[l.pos]) {
		l.pos++
	}
	if err := l.keyword("endstream"); err != nil {
		return nil, damaged("a stream is longer or shorter than it says")
	}
	return st, l.keyword("endobj")
}

// inflate undoes a stream's filters: Flate with its predictors, or none. Everything it gives counts against the File's budget.
func (f *File) inflate(st stream) ([]byte, error) {
	filters, err := listed(st.dict.at("Filter"))
	if err != nil {
		return nil, err
	}
	parms, err := listed(st.dict.at("DecodeParms"))
	if err != nil {
		return nil, err
	}
	if len(filters) > 4 || st.dict.at("F") != nil {
		return nil, tooComplex("filters of a stream")
	}
	data := st.data
	for i, filter := range filters {
		if filter != name("FlateDecode") {
			return nil, tooComplex("a filter other than Flate")
		}
		if data, err = f.flate(data); err != nil {
			return nil, err
		}
		if i < len(parms) && parms[i] != nil {
			d, ok := parms[i].(dict)
			if !ok {
				return nil, tooComplex("parameters of a filter")
			}
			if data, err = predict(data, d); err != nil {
				return nil, err
			}
		}
	}
	return data, nil
}

// listed makes a list of what may be one value or a list; nothing is an empty list.
func listed(v any) (array, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case array:
		return v, nil
	case ref:
		return nil, tooComplex("an indirect filter")
	}
	return array{v}, nil
}

func (f *File) flate(data []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, damaged("a compressed stream does not open")
	}
	room := min(limitStream, limitInflated-f.inflated)
	out, err := io.ReadAll(io.LimitReader(r, int64(room)+1))
	f.inflated += len(out)
	switch {
	case len(out) > room:
		return nil, tooComplex("octets out of decompression")
	case err != nil && !errors.Is(err, zlib.ErrChecksum):
		return nil, damaged("a compressed stream does not open")
	case err != nil:
		return nil, damaged("a compressed stream has a wrong checksum")
	}
	return out, nil
}

// predict undoes the PNG predictors (§7.4.4.4); of TIFF's only the value "none" is read.
func predict(data []byte, d dict) ([]byte, error) {
	number := func(key name, missing int) int {
		switch v := d.at(key).(type) {
		case nil:
			return missing
		case int:
			return v
		}
		return -1
	}
	predictor, colors, bits, columns := number("Predictor", 1), number("Colors", 1), number("BitsPerComponent", 8), number("Columns", 1)
	if predictor == 1 {
		return data, nil
	}
	if predictor < 10 || predictor > 15 || colors < 1 || colors > 32 || bits < 1 || bits > 16 || columns < 1 || columns > 1<<20 {
		return nil, tooComplex("a predictor")
	}
	unit := max(1, colors*bits/8)
	row := (colors*bits*columns + 7) / 8
	out := make([]byte, 0, len(data))
	above := make([]byte, row)
	for len(data) > 0 {
		if len(data) < row+1 {
			return nil, damaged("a predicted row is too short")
		}
		filter, line := data[0], data[1:row+1]
		data = data[row+1:]
		from := len(out)
		out = append(out, line...)
		if err := unfilter(filter, out[from:], above, unit); err != nil {
			return nil, err
		}
		above = out[from:]
	}
	return out, nil
}

func unfilter(filter byte, row, above []byte, unit int) error {
	for i := range row {
		var left, corner int
		if i >= unit {
			left, corner = int(row[i-unit]), int(above[i-unit])
		}
		up := int(above[i])
		switch filter {
		case 0:
		case 1:
			row[i] += byte(left)
		case 2:
			row[i] += byte(up)
		case 3:
			row[i] += byte((left + up) / 2)
		case 4:
			row[i] += byte(paeth(left, up, corner))
		default:
			return damaged("a predicted row of unknown kind")
		}
	}
	return nil
}

func paeth(left, up, corner int) int {
	p := left + up - corner
	a, b, c := distance(p, left), distance(p, up), distance(p, corner)
	switch {
	case a <= b && a <= c:
		return left
	case b <= c:
		return up
	}
	return corner
}

func distance(a, b int) int {
	if a > b {
		return a - b
	}
	return b - a
}
