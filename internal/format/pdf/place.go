package pdf

import "math"

// widgetFlags are Print and Locked: printed like the page, and not to be moved (§12.5.3).
const widgetFlags = 4 | 128

// create makes a new field, its own widget, on its page. An invisible one sits on the first page without an area.
func (s *signing) create() error {
	at, rect, look := 1, array{0, 0, 0, 0}, any(nil)
	var turned any
	if s.Stamp != nil {
		at = s.Stamp.Page
	}
	p, err := s.f.page(at)
	if err != nil {
		return err
	}
	if st := s.Stamp; st != nil {
		if err := p.holds(*st); err != nil {
			return err
		}
		b := p.user(st.X, st.Y, st.Width, st.Height)
		rect = array{point(b.x0), point(b.y0), point(b.x1), point(b.y1)}
		r, err := s.u.appearance(*st, st.Width, st.Height, p.rotate)
		if err != nil {
			return err
		}
		look = pairs("N", r)
		if p.rotate != 0 {
			turned = pairs("R", p.rotate)
		}
	}
	self := s.u.reserve()
	s.u.replace(self, pairs(
		"Type", name("Annot"), "Subtype", name("Widget"), "FT", name("Sig"), "T", encodeText(s.Name), "F", widgetFlags,
		"Rect", rect, "P", p.ref, "V", s.value, "MK", turned, "AP", look))

	s.created = self
	return s.annotate(p.ref, self)
}

// holds checks that a stamp lies on the page.
func (p leaf) holds(st Stamp) error {
	w, h := p.size()
	const slack = 0.01 // rounding of whoever computed the corner
	for _, n := range []float64{st.X, st.Y, st.Width, st.Height} {
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return ErrPlace
		}
	}
	if st.Width < 1 || st.Height < 1 || st.X < -slack || st.Y < -slack || st.X+st.Width > w+slack || st.Y+st.Height > h+slack {
		return ErrPlace
	}
	return nil
}

// annotate adds a widget to its page's annotations and leaves the others as they are.
func (s *signing) annotate(page, widget ref) error {
	v := s.f.now()
	d, err := v.dict(page)
	if err != nil {
		return err
	}
	old := d.at("Annots")
	list, err := v.array(old)
	if err != nil {
		return err
	}
	list = append(list[:len(list):len(list)], widget)
	if r, ok := old.(ref); ok {
		s.u.replace(r, list)
		return nil
	}
	s.u.replace(page, d.with("Annots", list))
	return nil
}

// fill signs a field that the document has. It stays where its maker put it; only its value and look are new.
func (s *signing) fill(field formField) error {
	v := s.f.now()
	lock, err := v.dict(field.dict.at("Lock"))
	if err != nil {
		return err
	}
	s.lock = lock
	d := field.dict.with("V", s.value)
	if len(field.widgets) > 0 && s.Stamp != nil {
		at := field.widgets[0]
		widget, err := v.dict(at)
		if err != nil {
			return err
		}
		b, err := v.box(widget.at("Rect"))
		if err != nil {
			return err
		}
		if b != nil {
			look, err := s.look(widget, *b)
			if err != nil {
				return err
			}
			if at == field.ref {
				d = d.with("AP", look)
			} else {
				s.u.replace(at, widget.with("AP", look))
			}
		}
	}
	s.u.replace(field.ref, d)
	return nil
}

// look draws the stamp at the size of an existing widget, upright on its page.
func (s *signing) look(widget dict, b box) (dict, error) {
	w, h, rotate := b.x1-b.x0, b.y1-b.y0, 0
	list, err := s.f.pages()
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		if p.ref == widget.at("P") {
			rotate = p.rotate
		}
	}
	if rotate%180 != 0 {
		w, h = h, w
	}
	r, err := s.u.appearance(*s.Stamp, w, h, rotate)
	return pairs("N", r), err
}

// references writes what the signature forbids from then on: DocMDP for one that certifies, FieldMDP where the field's maker asked for a lock.
func (s *signing) references() error {
	if s.Certify > 0 {
		s.shape = append(s.shape, pairs("Type", name("SigRef"), "TransformMethod", name("DocMDP"),
			"TransformParams", pairs("Type", name("TransformParams"), "P", s.Certify, "V", name("1.2"))))
	}
	if s.lock == nil {
		return nil
	}
	root, err := s.f.now().root()
	if err != nil {
		return err
	}
	s.shape = append(s.shape, pairs("Type", name("SigRef"), "TransformMethod", name("FieldMDP"), "Data", root,
		"TransformParams", pairs("Type", name("TransformParams"), "Action", s.lock.at("Action"), "Fields", s.lock.at("Fields"), "P", s.lock.at("P"), "V", name("1.2"))))
	return nil
}

// enter makes the form and the catalog know the signature, merging with what they hold.
func (s *signing) enter(form dict, isNew bool) error {
	v := s.f.now()
	root, err := v.root()
	if err != nil {
		return err
	}
	catalog, changed := s.catalog, false
	before := form
	form = form.with("SigFlags", 3) // signatures exist; only append
	if old, ok := before.at("SigFlags").(int); ok {
		form = form.with("SigFlags", old|3)
	}
	if isNew {
		old := before.at("Fields")
		list, err := v.array(old)
		if err != nil {
			return err
		}
		list = append(list[:len(list):len(list)], s.created)
		if r, ok := old.(ref); ok {
			s.u.replace(r, list)
		} else {
			form = form.with("Fields", list)
		}
	}
	switch held := catalog.at("AcroForm").(type) {
	case ref:
		if before == nil { // it points to nothing
			catalog, changed = catalog.with("AcroForm", s.u.add(form)), true
		} else {
			s.u.replace(held, form)
		}
	case nil:
		catalog, changed = catalog.with("AcroForm", s.u.add(form)), true
	default:
		catalog, changed = catalog.with("AcroForm", form), true
	}
	if s.Certify > 0 {
		perms, err := v.dict(catalog.at("Perms"))
		if err != nil {
			return err
		}
		catalog, changed = catalog.with("Perms", perms.with("DocMDP", s.value)), true
	}
	if changed {
		s.u.replace(root, catalog)
	}
	return nil
}
