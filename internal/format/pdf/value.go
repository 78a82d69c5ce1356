package pdf

import "slices"

// The kinds of value besides nil, bool and int. They are what parse makes and what put writes.
type (
	name  string // without the solidus, escapes undone
	text  string // a string object's octets
	real  string // a number with a point, as it was written
	word  string // a keyword outside values: obj, stream, xref …
	array []any
	dict  []entry
	entry struct {
		key      name
		value    any
		from, to int // where the value stands in the octets it was read from
	}
	ref    struct{ num, gen int }
	stream struct {
		dict dict
		data []byte // as in the file, filters not undone
	}
)

// at gives the value under a key, or nil.
func (d dict) at(key name) any {
	for i := range d {
		if d[i].key == key {
			return d[i].value
		}
	}
	return nil
}

// entry gives the entry under a key with its place in the file.
func (d dict) entry(key name) (entry, bool) {
	for i := range d {
		if d[i].key == key {
			return d[i], true
		}
	}
	return entry{}, false
}

// with is the dictionary with one value set; the old one stays as it was.
func (d dict) with(key name, value any) dict {
	out := slices.Clone(d)
	for i := range out {
		if out[i].key == key {
			out[i].value = value
			return out
		}
	}
	return append(out, entry{key: key, value: value})
}

// without is the dictionary less some keys.
func (d dict) without(keys ...name) dict {
	return slices.DeleteFunc(slices.Clone(d), func(e entry) bool { return slices.Contains(keys, e.key) })
}

// pairs makes a dictionary of keys and values in turn; a nil value leaves its key out.
func pairs(list ...any) dict {
	d := make(dict, 0, len(list)/2)
	for pair := range slices.Chunk(list, 2) {
		if key, value := pair[0].(string), pair[len(pair)-1]; value != nil {
			d = append(d, entry{key: name(key), value: value})
		}
	}
	return d
}
