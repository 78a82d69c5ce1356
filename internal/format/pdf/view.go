package pdf

// view is the file as of one of its revisions: the document as somebody saw it who had only the octets up to there.
type view struct {
	f        *File
	revision int
}

func (f *File) now() view { return f.as(len(f.revisions) - 1) }

func (f *File) as(revision int) view { return view{f, revision} }

// pack is an object stream that was read.
type pack struct {
	data  []byte
	first int
	nums  []int
	at    []int
}

// limitPacked bounds the decompressed object streams that are kept at hand, in octets.
const limitPacked = 64 << 20

// object gives the value of an object; one that does not exist is null (§7.3.10).
func (v view) object(r ref) (any, error) { return v.load(r, 0) }

func (v view) load(r ref, depth int) (any, error) {
	if depth > 8 {
		return nil, damaged("references lead on and on")
	}
	if err := v.f.spend(32); err != nil {
		return nil, err
	}
	p := v.f.place(r.num, v.revision)
	switch {
	case p == nil:
		return nil, nil
	case p.kind == packed:
		if r.gen != 0 {
			return nil, nil
		}
		return v.unpack(p, depth)
	case p.gen != r.gen:
		return nil, nil
	}
	value, _, err := v.read(p, depth)
	return value, err
}

// read parses an object that stands by itself, and tells where it ends.
func (v view) read(p *place, depth int) (any, int, error) {
	l, err := v.f.header(*p, v.f.revisions[p.revision].end)
	if err != nil {
		return nil, 0, err
	}
	from := l.pos
	value, err := v.f.body(l, func(length ref) (any, error) { return v.load(length, depth+1) })
	if err != nil {
		return nil, 0, err
	}
	return value, l.pos, v.f.spend(l.pos - from)
}

// spend counts octets that were read, so that a file of a thousand revisions cannot have all its objects read a thousand times.
func (f *File) spend(octets int) error {
	if f.spent += octets; f.spent > limitRead {
		return tooComplex("octets to read")
	}
	return nil
}

// unpack reads an object out of its object stream. The stream is looked up in the view, as every reader does: whoever replaces the stream replaces what is in it.
func (v view) unpack(p *place, depth int) (any, error) {
	holder := v.f.place(p.at, v.revision)
	if holder == nil || holder.kind != plain {
		return nil, damaged("an object stream is missing")
	}
	id := v.f.heads[p.at]
	for &v.f.places[id] != holder {
		id = v.f.places[id].older
	}
	k, ok := v.f.packs[id]
	if !ok {
		var err error
		if k, err = v.pack(holder, depth); err != nil {
			return nil, err
		}
		if v.f.packed += len(k.data) + 16*len(k.nums); v.f.packed > limitPacked {
			clear(v.f.packs)
			v.f.packed = len(k.data) + 16*len(k.nums)
		}
		v.f.packs[id] = k
	}
	if p.gen >= len(k.nums) || k.nums[p.gen] != p.num {
		return nil, damaged("an object is not in the stream that should hold it")
	}
	l := &lexer{buf: k.data, pos: k.first + k.at[p.gen]}
	value, err := l.value(0)
	if err != nil {
		return nil, err
	}
	if _, isWord := value.(word); isWord {
		return nil, damaged("a keyword in an object stream")
	}
	return value, v.f.spend(l.pos - k.first - k.at[p.gen])
}

func (v view) pack(p *place, depth int) (*pack, error) {
	value, _, err := v.read(p, depth+1)
	if err != nil {
		return nil, err
	}
	st, ok := value.(stream)
	if !ok || st.dict.at("Type") != name("ObjStm") {
		return nil, damaged("an object stream is none")
	}
	n, ok1 := st.dict.at("N").(int)
	first, ok2 := st.dict.at("First").(int)
	data, err := v.f.inflate(st)
	if err != nil {
		return nil, err
	}
	if !ok1 || !ok2 || n < 0 || n > limitObjects || first < 0 || first > len(data) {
		return nil, damaged("an object stream with odd numbers")
	}
	k := &pack{data: data, first: first}
	l := &lexer{buf: data[:first]}
	for range n {
		num, err := l.natural()
		if err != nil {
			return nil, err
		}
		at, err := l.natural()
		if err != nil {
			return nil, err
		}
		if at > len(data)-first {
			return nil, damaged("an object lies outside its stream")
		}
		k.nums, k.at = append(k.nums, num), append(k.at, at)
	}
	return k, nil
}

// resolve follows a reference; other values are returned as they are.
func (v view) resolve(value any) (any, error) {
	for range 8 {
		r, ok := value.(ref)
		if !ok {
			return value, nil
		}
		next, err := v.object(r)
		if err != nil {
			return nil, err
		}
		value = next
	}
	return nil, damaged("references lead on and on")
}

// dict resolves a value that is a dictionary or nothing.
func (v view) dict(value any) (dict, error) {
	value, err := v.resolve(value)
	if err != nil {
		return nil, err
	}
	switch d := value.(type) {
	case nil:
		return nil, nil
	case dict:
		return d, nil
	}
	return nil, damaged("a dictionary is something else")
}

// array resolves a value that is an array or nothing.
func (v view) array(value any) (array, error) {
	value, err := v.resolve(value)
	if err != nil {
		return nil, err
	}
	switch a := value.(type) {
	case nil:
		return nil, nil
	case array:
		return a, nil
	}
	return nil, damaged("an array is something else")
}

// trailer is the one by which readers of the view begin.
func (v view) trailer() dict { return v.f.revisions[v.revision].trailer }

func (v view) root() (ref, error) {
	r, ok := v.trailer().at("Root").(ref)
	if !ok {
		return ref{}, damaged("the trailer names no catalog")
	}
	return r, nil
}

func (v view) catalog() (dict, error) {
	r, err := v.root()
	if err != nil {
		return nil, err
	}
	d, err := v.dict(r)
	if err != nil {
		return nil, err
	}
	if d == nil || d.at("Type") != name("Catalog") {
		return nil, damaged("no catalog where the trailer says")
	}
	return d, nil
}
