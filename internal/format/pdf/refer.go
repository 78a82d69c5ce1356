package pdf

import (
	"bytes"
	"errors"
	"regexp"
)

// unread stands in the counts for packed objects that cannot be read: they may refer to anything.
const unread = -1

// referred counts the references to every object number in a view, those that lead nowhere included.
func (v view) referred() (map[int]int, error) {
	counts := map[int]int{}
	for i := range v.f.places {
		p := &v.f.places[i]
		if v.f.place(p.num, v.revision) != p {
			continue
		}
		if err := v.count(p, counts, 1); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// recount brings the counts from before a revision to after it.
func (c *comparison) recount(touched []*place) error {
	for _, p := range touched {
		if was := c.old.f.place(p.num, c.old.revision); was != nil {
			if err := c.old.count(was, c.refs, -1); err != nil {
				return err
			}
		}
		if is := c.now.f.place(p.num, c.now.revision); is != nil {
			if err := c.now.count(is, c.refs, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// count adds what one object refers to. An object that we cannot read may still be read by a program that repairs; its octets are searched for whatever looks like a
// reference.
func (v view) count(p *place, counts map[int]int, by int) error {
	value, err := v.load(reference(p), 0)
	switch {
	case err == nil:
		if st, ok := value.(stream); ok && st.dict.at("Type") == name("XRef") {
			value = st.dict.without("Root", "Info") // a trailer's references, which are compared by themselves
		}
		each(value, func(r ref) { counts[r.num] += by })
		return nil
	case errors.Is(err, ErrTooComplex) && v.f.spent > limitRead:
		return err
	case p.kind != plain:
		counts[unread] += by
		return nil
	}
	raw := v.f.data[p.at:v.f.revisions[p.revision].end]
	if i := bytes.Index(raw, []byte("endobj")); i >= 0 {
		raw = raw[:i]
	}
	for _, m := range looksLikeReference().FindAllSubmatch(raw, -1) {
		if n, ok := natural(m[1]); ok {
			counts[n] += by
		}
	}
	return v.f.spend(8 * len(raw))
}

func looksLikeReference() *regexp.Regexp { return regexp.MustCompile(`(\d{1,8})\s+\d{1,5}\s+R`) }

// each visits the references in a value.
func each(value any, visit func(ref)) {
	switch v := value.(type) {
	case ref:
		visit(v)
	case array:
		for _, item := range v {
			each(item, visit)
		}
	case dict:
		for _, e := range v {
			each(e.value, visit)
		}
	case stream:
		each(v.dict, visit)
	}
}
