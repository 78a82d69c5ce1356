package pdf

import "errors"

// annotations explains pages on which nothing but the list of annotations changed, and annotations that did.
func (c *comparison) annotations() error {
	if len(c.open) == 0 {
		return nil
	}
	pages, err := c.old.pages()
	if err != nil {
		return err
	}
	widgets, err := c.widgets()
	if err != nil {
		return err
	}
	for _, p := range pages {
		was, errA := c.old.dict(p.ref)
		is, errB := c.now.dict(p.ref)
		if err := errors.Join(errA, errB); err != nil {
			return err
		}
		if is == nil || !only(differ(was, is), "Annots") {
			continue
		}
		before, errA := c.old.array(was.at("Annots"))
		after, errB := c.now.array(is.at("Annots"))
		if err := errors.Join(errA, errB); err != nil {
			return err
		}
		delete(c.open, p.ref.num)
		c.explain(was.at("Annots"))
		had, has := writings(before), writings(after)
		for _, a := range after {
			if r, ok := a.(ref); !had[writing(a)] && !(ok && widgets[r]) {
				c.note(Annotated, "")
			}
		}
		for _, a := range before {
			if !has[writing(a)] {
				c.note(Annotated, "")
			}
			if err := c.annotation(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// writings makes a set of values: most are references, but an annotation may also stand in the list itself.
func writings(list array) map[string]bool {
	set := map[string]bool{}
	for _, v := range list {
		set[writing(v)] = true
	}
	return set
}

// annotation explains one that was changed in place.
func (c *comparison) annotation(value any) error {
	r, ok := value.(ref)
	if !ok || !c.open[r.num] {
		return nil
	}
	was, errA := c.old.dict(r)
	is, errB := c.now.dict(r)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if was == nil || was.at("Subtype") == nil || was.at("Subtype") == name("Widget") || !equal(is.at("Subtype"), was.at("Subtype")) {
		return nil
	}
	delete(c.open, r.num)
	c.note(Annotated, "")
	return nil
}

// widgets are the looks of all fields now: a page may gain those of a new signature.
func (c *comparison) widgets() (map[ref]bool, error) {
	_, fields, err := c.now.form()
	if err != nil {
		return nil, err
	}
	all := map[ref]bool{}
	for _, f := range fields {
		for _, w := range f.widgets {
			all[w] = true
		}
	}
	return all, nil
}
