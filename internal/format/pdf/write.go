package pdf

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
)

// put writes a value in as few octets as is plain to read.
func put(b *bytes.Buffer, value any) {
	switch v := value.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int:
		b.WriteString(strconv.Itoa(v))
	case real:
		b.WriteString(string(v))
	case name:
		putName(b, v)
	case text:
		putText(b, v)
	case ref:
		fmt.Fprintf(b, "%d %d R", v.num, v.gen)
	case array:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(' ')
			}
			put(b, item)
		}
		b.WriteByte(']')
	case dict:
		b.WriteString("<<")
		for _, e := range v {
			b.WriteByte('\n')
			putName(b, e.key)
			b.WriteByte(' ')
			put(b, e.value)
		}
		b.WriteString("\n>>")
	case stream:
		put(b, v.dict.with("Length", len(v.data)))
		b.WriteString("\nstream\n")
		b.Write(v.data)
		b.WriteString("\nendstream")
	}
}

func putName(b *bytes.Buffer, n name) {
	b.WriteByte('/')
	for i := range len(n) {
		if c := n[i]; c < '!' || c > '~' || c == '#' || delimiter(c) {
			fmt.Fprintf(b, "#%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
}

// putText writes a string in parentheses when it is ASCII, else in hexadecimal, so that no octet needs more than one escape.
func putText(b *bytes.Buffer, t text) {
	for i := range len(t) {
		if t[i] < ' ' || t[i] > '~' {
			fmt.Fprintf(b, "<%X>", string(t))
			return
		}
	}
	b.WriteByte('(')
	for i := range len(t) {
		if c := t[i]; c == '(' || c == ')' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(t[i])
	}
	b.WriteByte(')')
}

// update collects the objects of a new revision.
type update struct {
	f       *File
	objects map[ref][]byte
	top     int
}

func (f *File) update() *update { return &update{f: f, objects: map[ref][]byte{}, top: f.top} }

// replace gives an object that exists a new value.
func (u *update) replace(r ref, value any) {
	var b bytes.Buffer
	put(&b, value)
	u.objects[r] = b.Bytes()
}

// reserve takes the next free object number.
func (u *update) reserve() ref {
	u.top++
	return ref{u.top, 0}
}

func (u *update) add(value any) ref {
	r := u.reserve()
	u.replace(r, value)
	return r
}

// close writes the revision as it follows the file's octets: objects in the order of their numbers, a cross-reference section of the file's own kind, the trailer.
// It also tells at which offset of the new file each object's value begins.
func (u *update) close() (tail []byte, at map[ref]int, err error) {
	if u.top > limitNumber {
		return nil, nil, tooComplex("object numbers")
	}
	newest := u.f.revisions[len(u.f.revisions)-1].sections[0]
	var b bytes.Buffer
	base := len(u.f.data)
	if c := u.f.data[base-1]; c != '\n' && c != '\r' {
		b.WriteByte('\n')
	}
	refs := make([]ref, 0, len(u.objects)+1)
	for r := range u.objects {
		refs = append(refs, r)
	}
	slices.SortFunc(refs, func(a, b ref) int { return cmp.Compare(a.num, b.num) })
	at = map[ref]int{}
	offsets := make([]int, 0, len(refs)+1)
	for _, r := range refs {
		offsets = append(offsets, base+b.Len())
		fmt.Fprintf(&b, "%d %d obj\n", r.num, r.gen)
		at[r] = base + b.Len()
		b.Write(u.objects[r])
		b.WriteString("\nendobj\n")
	}
	trailer := u.f.now().trailer().without("Prev", "XRefStm", "Type").with("Prev", newest.at)
	trailer = trailer.with("ID", u.identity(b.Bytes()))
	start := base + b.Len()
	if newest.table {
		putTable(&b, refs, offsets)
		b.WriteString("trailer\n")
		put(&b, trailer.with("Size", u.top+1))
	} else {
		self := u.reserve()
		putXRefStream(&b, trailer.with("Size", u.top+1), self, append(refs, self), append(offsets, start))
	}
	fmt.Fprintf(&b, "\nstartxref\n%d\n%%%%EOF\n", start)
	if base+b.Len() > limitFile {
		return nil, nil, tooComplex("octets in the file")
	}
	return b.Bytes(), at, nil
}

// identity keeps the file's first identifier and makes a second one from what is added (§14.4): the same update gives the same one.
func (u *update) identity(added []byte) array {
	sum := sha256.Sum256(added)
	second := text(sum[:16])
	if old, err := u.f.now().array(u.f.now().trailer().at("ID")); err == nil && len(old) == 2 {
		if first, ok := old[0].(text); ok {
			return array{first, second}
		}
	}
	return array{second, second}
}

// runs cuts sorted references into stretches of consecutive numbers.
func runs(refs []ref, each func(first, count int)) {
	for from := 0; from < len(refs); {
		to := from + 1
		for to < len(refs) && refs[to].num == refs[to-1].num+1 {
			to++
		}
		each(from, to-from)
		from = to
	}
}

func putTable(b *bytes.Buffer, refs []ref, offsets []int) {
	b.WriteString("xref\n")
	runs(refs, func(first, count int) {
		fmt.Fprintf(b, "%d %d\n", refs[first].num, count)
		for i := first; i < first+count; i++ {
			fmt.Fprintf(b, "%010d %05d n\r\n", offsets[i], refs[i].gen)
		}
	})
}

// putXRefStream leaves the entries uncompressed: they are few, and the octets then depend on no version of a compressor.
func putXRefStream(b *bytes.Buffer, trailer dict, self ref, refs []ref, offsets []int) {
	var rows bytes.Buffer
	index := array{}
	runs(refs, func(first, count int) {
		index = append(index, refs[first].num, count)
		for i := first; i < first+count; i++ {
			at := offsets[i]
			rows.Write([]byte{1, byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at), byte(refs[i].gen >> 8), byte(refs[i].gen)})
		}
	})
	d := append(pairs("Type", name("XRef"), "W", array{1, 4, 2}, "Index", index), trailer...)
	fmt.Fprintf(b, "%d 0 obj\n", self.num)
	put(b, stream{dict: d, data: rows.Bytes()})
	b.WriteString("\nendobj")
}
