package pdf

import (
	"bytes"
	"errors"
	"slices"
)

// comparison explains, object by object, what one revision did. Whatever it cannot explain is Content: the rules below are what is known to be harmless, and an
// attacker has to find a way among them.
//
// Two traps decide the shape of the rules. An object may serve twice, say as a form's drawing and as a page's; so an object changed in place counts as explained only
// where nothing else referred to it. And a signed page may refer to an object that does not exist yet; so a new object needs an explanation too, if something
// old points at its number.
type comparison struct {
	old, now view
	refs     map[int]int  // references to each number, as of old
	open     map[int]bool // changed, and still to be explained
	found    []Change
}

func (c *comparison) note(kind ChangeKind, field string) {
	if !slices.ContainsFunc(c.found, func(x Change) bool { return x.Kind == kind && x.Field == field }) {
		c.found = append(c.found, Change{Kind: kind, Field: field})
	}
}

// run explains the objects that a revision touched.
func (c *comparison) run(touched []*place) error {
	for _, p := range touched {
		was := c.old.f.place(p.num, c.old.revision)
		if was == nil && c.refs[p.num]+c.refs[unread] == 0 {
			continue // new, and nobody waited for it
		}
		same, err := c.same(p.num, was)
		if err != nil {
			return err
		}
		if !same {
			c.open[p.num] = true
		}
	}
	for _, rule := range []func() error{c.catalog, c.form, c.validation, c.information, c.annotations} {
		err := rule()
		if errors.Is(err, ErrDamaged) {
			c.note(Content, "")
		} else if err != nil {
			return err
		}
	}
	if len(c.open) > 0 {
		c.note(Content, "")
	}
	return c.recount(touched)
}

// same tells whether an object was only written again. A cross-reference stream that takes its predecessor's number changes nothing that is shown.
func (c *comparison) same(num int, was *place) (bool, error) {
	is := c.now.f.place(num, c.now.revision)
	if was == nil || is == nil || was == is {
		return was == is, nil
	}
	a, errA := c.old.load(reference(was), 0)
	b, errB := c.now.load(reference(is), 0)
	if err := errors.Join(errA, errB); err != nil {
		if errors.Is(err, ErrTooComplex) {
			return false, err
		}
		return false, nil
	}
	s, ok1 := a.(stream)
	t, ok2 := b.(stream)
	if ok1 && ok2 && c.refs[num] == 0 && s.dict.at("Type") == name("XRef") && t.dict.at("Type") == name("XRef") {
		return true, nil
	}
	return equal(a, b) && reference(was) == reference(is), nil
}

func reference(p *place) ref {
	if p.kind == packed {
		return ref{p.num, 0}
	}
	return ref{p.num, p.gen}
}

// equal compares two values as they would be written.
func equal(a, b any) bool { return writing(a) == writing(b) }

func writing(v any) string {
	var b bytes.Buffer
	put(&b, v)
	return b.String()
}

// differ lists the keys under which two dictionaries hold different values.
func differ(a, b dict) []name {
	var keys []name
	for _, e := range a {
		if !equal(e.value, b.at(e.key)) {
			keys = append(keys, e.key)
		}
	}
	for _, e := range b {
		if a.at(e.key) == nil && e.value != nil {
			keys = append(keys, e.key)
		}
	}
	return keys
}

// only tells whether all keys are among the given ones.
func only(keys []name, allowed ...name) bool {
	return !slices.ContainsFunc(keys, func(k name) bool { return !slices.Contains(allowed, k) })
}

// explain takes an object changed in place off the list, if nothing but one reference leads to it.
func (c *comparison) explain(value any) {
	if r, ok := value.(ref); ok && c.refs[r.num] <= 1 {
		delete(c.open, r.num)
	}
}

// changed tells whether a value leads to an object that is still to be explained.
func (c *comparison) changed(value any) bool {
	r, ok := value.(ref)
	return ok && c.open[r.num]
}

// catalog compares the roots of the document. Entries with rules of their own are looked at by these.
func (c *comparison) catalog() error {
	a, errA := c.old.root()
	b, errB := c.now.root()
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if a != b {
		c.note(Content, "")
		return nil
	}
	was, errA := c.old.catalog()
	is, errB := c.now.catalog()
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if only(differ(was, is), "AcroForm", "DSS", "Metadata", "Extensions", "Version") {
		delete(c.open, a.num)
	}
	return nil
}

// validation explains a DSS that was added or grew.
func (c *comparison) validation() error {
	was, errA := c.old.catalog()
	is, errB := c.now.catalog()
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	a, b := was.at("DSS"), is.at("DSS")
	if equal(a, b) && !c.changed(a) && !c.reaches(a) {
		return nil
	}
	if b == nil {
		c.note(Content, "") // taking validation data away harms who comes later
		return nil
	}
	c.note(ValidationData, "")
	c.explain(a)
	d, err := c.old.dict(a)
	if err != nil {
		return err
	}
	for _, key := range []name{"Certs", "OCSPs", "CRLs"} {
		c.explain(d.at(key))
	}
	c.explain(d.at("VRI"))
	vri, err := c.old.dict(d.at("VRI"))
	for _, e := range vri {
		c.explain(e.value)
	}
	return err
}

// reaches tells whether one of the lists of a DSS was changed while its dictionary was not.
func (c *comparison) reaches(dss any) bool {
	d, err := c.old.dict(dss)
	if err != nil {
		return true
	}
	for _, key := range []name{"Certs", "OCSPs", "CRLs", "VRI"} {
		if c.changed(d.at(key)) {
			return true
		}
	}
	return false
}

// information explains the document's description, in its two forms.
func (c *comparison) information() error {
	was, errA := c.old.catalog()
	is, errB := c.now.catalog()
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	for _, pair := range [][2]any{{was.at("Metadata"), is.at("Metadata")}, {c.old.trailer().at("Info"), c.now.trailer().at("Info")}} {
		if !equal(pair[0], pair[1]) || c.changed(pair[0]) {
			c.note(Metadata, "")
		}
	}
	if m, ok := was.at("Metadata").(ref); ok && c.changed(m) {
		value, err := c.now.resolve(m)
		if err != nil {
			return err
		}
		if st, ok := value.(stream); ok && st.dict.at("Type") == name("Metadata") {
			c.explain(m)
		}
	}
	// Info hangs on the trailer: with any other reference to it, it is something else besides.
	if r, ok := c.old.trailer().at("Info").(ref); ok && c.refs[r.num] == 0 {
		delete(c.open, r.num)
	}
	return nil
}
