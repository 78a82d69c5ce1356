package pdf

import "slices"

// Change is one thing that a later revision did.
type Change struct {
	Revision int // from 1
	Kind     ChangeKind
	Field    string // full name, for SignatureAdded, TimestampAdded and FormFilled
	// Allowed: by the DocMDP level and the locks that were in force when the signature was made. Where nothing is stated, annotations and other content are not
	// allowed: they can cover what was signed.
	Allowed bool
}

// ChangeKind is a stable word for reports.
type ChangeKind string

// The kinds, a closed set, the harmless ones first.
const (
	ValidationData ChangeKind = "validation_data" // a DSS was added or grew
	TimestampAdded ChangeKind = "timestamp_added" // a document timestamp
	SignatureAdded ChangeKind = "signature_added"
	FormFilled     ChangeKind = "form_filled"
	Metadata       ChangeKind = "metadata"   // title, author and the like
	Annotated      ChangeKind = "annotation" // added, changed or removed; also an empty signature field
	Content        ChangeKind = "content"    // pages, or anything that could not be told to be one of the others
)

// allows holds a change against what a signature permits (ISO 32000-2 §12.8.2.2.2 table 257, §12.7.5.5).
func (p Permission) allows(c Change) bool {
	switch c.Kind {
	case ValidationData, TimestampAdded:
		return true
	case Metadata:
		return p.Level != 1
	case SignatureAdded, FormFilled:
		return p.Allows(c.Field)
	case Annotated:
		return p.Level == 3
	}
	return false
}

// account fills in what came after each signature; the list is in the order of revisions.
func (f *File) account(list []Signature) error {
	if len(list) == 0 || list[0].Revision == len(f.revisions) {
		return nil
	}
	h, err := f.history(list[0].Revision - 1)
	if err != nil {
		return err
	}
	for i := range list {
		s := &list[i]
		v := f.as(s.Revision - 1)
		_, fields, err := v.form()
		if err != nil {
			return err
		}
		p, err := v.permission(fields)
		if err != nil {
			return err
		}
		for _, c := range h {
			if c.Revision > s.Revision {
				c.Allowed = p.allows(c)
				s.Changes = append(s.Changes, c)
			}
		}
	}
	return nil
}

// history lists what every revision behind the given one did.
func (f *File) history(from int) ([]Change, error) {
	refs, err := f.as(from).referred()
	if err != nil {
		return nil, err
	}
	touched := make([][]*place, len(f.revisions))
	for i := range f.places {
		p := &f.places[i]
		touched[p.revision] = append(touched[p.revision], p)
	}
	var list []Change
	for r := from + 1; r < len(f.revisions); r++ {
		c := &comparison{old: f.as(r - 1), now: f.as(r), refs: refs, open: map[int]bool{}}
		if err := c.run(touched[r]); err != nil {
			return nil, err
		}
		slices.SortStableFunc(c.found, func(a, b Change) int { return slices.Index(order(), a.Kind) - slices.Index(order(), b.Kind) })
		for _, change := range c.found {
			change.Revision = r + 1
			list = append(list, change)
		}
	}
	return list, nil
}

func order() []ChangeKind {
	return []ChangeKind{SignatureAdded, TimestampAdded, ValidationData, FormFilled, Metadata, Annotated, Content}
}
