package pdf

import "slices"

// Permission is what the signatures of a file let happen to it afterwards.
type Permission struct {
	// Level is the strictest DocMDP level that a signature states: 1 no changes, 2 forms may be filled and signatures added, 3 annotations too; 0: none is stated
	// (ISO 32000-1 §12.8.2.2; for the P of a field lock ISO 32000-2 §12.7.5.5).
	Level int
	Locks []Lock // what signed fields lock
}

// Lock says which fields a signature froze (§12.8.2.4).
type Lock struct {
	Action string   // All, Include (those listed) or Exclude (all but those listed)
	Fields []string // full names
}

// Covers tells whether a field is locked. A name also locks the fields below it.
func (l Lock) Covers(field string) bool {
	listed := slices.ContainsFunc(l.Fields, func(n string) bool {
		return field == n || len(field) > len(n) && field[:len(n)] == n && field[len(n)] == '.'
	})
	switch l.Action {
	case "Include":
		return listed
	case "Exclude":
		return !listed
	}
	return true // All, and whatever is not understood
}

// Allows tells whether another signature may go into a field of that name. Document timestamps and validation data are never forbidden (ISO 32000-2 §12.8.2.2).
func (p Permission) Allows(field string) bool {
	return p.Level != 1 && !slices.ContainsFunc(p.Locks, func(l Lock) bool { return l.Covers(field) })
}

// Permission reads what is allowed now.
func (f *File) Permission() (Permission, error) {
	_, fields, err := f.now().form()
	if err != nil {
		return Permission{}, err
	}
	return f.now().permission(fields)
}

func (v view) permission(fields []formField) (Permission, error) {
	var p Permission
	for _, field := range fields {
		if field.kind != name("Sig") {
			continue
		}
		value, err := v.dict(field.value)
		if err != nil {
			return p, err
		}
		if value == nil {
			continue
		}
		if err := v.stated(&p, field, value); err != nil {
			return p, err
		}
	}
	root, err := v.catalog()
	if err != nil {
		return p, err
	}
	perms, err := v.dict(root.at("Perms"))
	if err != nil {
		return p, err
	}
	certified, err := v.dict(perms.at("DocMDP"))
	if err != nil || certified == nil {
		return p, err
	}
	return p, v.references(&p, certified)
}

// stated adds what one signed field states: in its signature's references, and in the field's own lock.
func (v view) stated(p *Permission, field formField, value dict) error {
	if err := v.references(p, value); err != nil {
		return err
	}
	lock, err := v.dict(field.dict.at("Lock"))
	if err != nil || lock == nil {
		return err
	}
	if level, ok := lock.at("P").(int); ok {
		p.restrict(level)
	}
	l, err := v.lock(lock)
	p.Locks = append(p.Locks, l)
	return err
}

// references reads the transforms of a signature (§12.8.1, table 253).
func (v view) references(p *Permission, signature dict) error {
	list, err := v.array(signature.at("Reference"))
	if err != nil {
		return err
	}
	for _, item := range list {
		d, err := v.dict(item)
		if err != nil {
			return err
		}
		params, err := v.dict(d.at("TransformParams"))
		if err != nil {
			return err
		}
		switch d.at("TransformMethod") {
		case name("DocMDP"):
			level, ok := params.at("P").(int)
			if !ok {
				level = 2
			}
			p.restrict(level)
		case name("FieldMDP"):
			l, err := v.lock(params)
			if err != nil {
				return err
			}
			p.Locks = append(p.Locks, l)
		}
	}
	return nil
}

// restrict keeps the stricter level; one that the standard does not know counts as the strictest.
func (p *Permission) restrict(level int) {
	if level < 1 || level > 3 {
		level = 1
	}
	if p.Level == 0 || level < p.Level {
		p.Level = level
	}
}

func (v view) lock(d dict) (Lock, error) {
	action, _ := d.at("Action").(name)
	l := Lock{Action: string(action)}
	list, err := v.array(d.at("Fields"))
	if err != nil {
		return l, err
	}
	for _, item := range list {
		s, err := v.text(item)
		if err != nil {
			return l, err
		}
		l.Fields = append(l.Fields, s)
	}
	return l, nil
}
