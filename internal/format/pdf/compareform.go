package pdf

import "errors"

// form explains signatures, timestamps and what was filled in.
func (c *comparison) form() error {
	wasForm, was, errA := c.old.form()
	isForm, is, errB := c.now.form()
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if err := c.formDict(wasForm, isForm); err != nil {
		return err
	}
	before := map[ref]*formField{}
	for i := range was {
		before[was[i].ref] = &was[i]
	}
	for i := range is {
		now := &is[i]
		old := before[now.ref]
		delete(before, now.ref)
		if old == nil {
			if err := c.added(*now); err != nil {
				return err
			}
			continue
		}
		if old.name != now.name || !equal(old.kind, now.kind) {
			c.note(Content, "")
		}
		if err := c.field(*old, *now); err != nil {
			return err
		}
	}
	if len(before) > 0 { // fields that are gone
		c.note(Content, "")
	}
	return nil
}

// formDict compares the entries of the form itself.
func (c *comparison) formDict(was, is dict) error {
	rootWas, errA := c.old.catalog()
	rootIs, errB := c.now.catalog()
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	keys := differ(was, is)
	held := rootWas.at("AcroForm")
	switch {
	case is == nil && was != nil, !only(keys, "Fields", "SigFlags", "DR", "DA", "NeedAppearances"):
		c.note(Content, "")
		return nil
	case !only(keys, "Fields", "SigFlags"):
		c.note(FormFilled, "")
	}
	c.explain(held)
	if held != nil && rootIs.at("AcroForm") == nil {
		c.note(Content, "")
	}
	// Every difference that the list of fields makes is seen in the fields.
	c.explain(was.at("Fields"))
	return nil
}

// added explains a field that is new.
func (c *comparison) added(f formField) error {
	value, err := c.now.dict(f.value)
	switch {
	case f.kind != name("Sig"):
		c.note(Content, "")
	case errors.Is(err, ErrDamaged):
		c.note(Content, "")
	case err != nil:
		return err
	case value == nil:
		c.note(Annotated, "")
	default:
		c.filled(f.name, value)
	}
	return nil
}

// filled notes a signature that was put into a field.
func (c *comparison) filled(field string, value dict) {
	if value.at("Type") == name("DocTimeStamp") {
		c.note(TimestampAdded, field)
	} else {
		c.note(SignatureAdded, field)
	}
}

// field compares a field with itself.
func (c *comparison) field(was, is formField) error {
	signature := was.kind == name("Sig")
	before, err := c.old.resolve(was.value)
	if err != nil {
		return err
	}
	if signature && before != nil {
		// Signed already: nothing of it may change. What is still open about it stays open, and is Content.
		if !equal(was.value, is.value) {
			c.note(Content, "")
		}
		return nil
	}
	if signature {
		value, err := c.now.dict(is.value)
		if err != nil || value == nil { // still empty: what changed of it stays open
			return err
		}
		c.filled(is.name, value)
	}
	if c.open[was.ref.num] {
		keys := differ(was.dict, is.dict)
		switch {
		case signature && only(keys, "V", "AP", "F", "M", "MK", "P", "Type"):
		case !signature && only(keys, "V", "AP", "AS", "M", "MK", "I", "RV", "DA"):
			c.note(FormFilled, was.name)
		default:
			return nil
		}
		delete(c.open, was.ref.num)
	}
	if !signature && c.changed(was.value) {
		c.note(FormFilled, was.name)
		c.explain(was.value)
	}
	for _, w := range was.widgets {
		if err := c.widget(w, was); err != nil {
			return err
		}
	}
	return nil
}

// widget explains a field's look: that of its widgets, and drawings changed in place.
func (c *comparison) widget(at ref, of formField) error {
	was, err := c.old.dict(at)
	if err != nil {
		return err
	}
	if c.open[at.num] {
		is, err := c.now.dict(at)
		if err != nil {
			return err
		}
		if is != nil && only(differ(was, is), "AP", "AS", "M", "MK", "F") {
			delete(c.open, at.num)
			if of.kind != name("Sig") {
				c.note(FormFilled, of.name)
			}
		}
	}
	if len(c.open) == 0 {
		return nil
	}
	look, err := c.old.dict(was.at("AP"))
	if err != nil {
		return err
	}
	for _, e := range look {
		states, err := c.old.resolve(e.value)
		if err != nil {
			return err
		}
		drawings := dict{e}
		if d, ok := states.(dict); ok {
			drawings = append(drawings, d...)
		}
		for _, drawing := range drawings {
			if c.changed(drawing.value) {
				c.explain(drawing.value)
				c.note(FormFilled, of.name)
			}
		}
	}
	return nil
}
