package pdf

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// formField is one field of the document's form that carries a value (a terminal one, §12.7.3).
type formField struct {
	ref     ref
	name    string // fully qualified
	kind    any    // FT, its own or inherited
	value   any    // V
	dict    dict
	widgets []ref // itself, when it is its only widget
}

// form gives the document's form and its fields; nil when it has none.
func (v view) form() (dict, []formField, error) {
	root, err := v.catalog()
	if err != nil {
		return nil, nil, err
	}
	form, err := v.dict(root.at("AcroForm"))
	if err != nil || form == nil {
		return nil, nil, err
	}
	top, err := v.array(form.at("Fields"))
	if err != nil {
		return nil, nil, err
	}
	w := fieldWalk{v: v, seen: map[ref]bool{}}
	for _, item := range top {
		if err := w.node(item, formField{}, 0); err != nil {
			return nil, nil, err
		}
	}
	return form, w.found, nil
}

type fieldWalk struct {
	v     view
	seen  map[ref]bool
	found []formField
}

func (w *fieldWalk) node(item any, above formField, depth int) error {
	r, ok := item.(ref)
	if !ok {
		return damaged("a field is no reference")
	}
	switch {
	case depth > limitNesting:
		return tooComplex("fields inside fields")
	case w.seen[r]:
		return damaged("a field comes twice in the form")
	case len(w.seen) == limitFields:
		return tooComplex("fields")
	}
	w.seen[r] = true
	d, err := w.v.dict(r)
	if err != nil || d == nil { // a field that is missing is null, and nothing
		return err
	}
	self := formField{ref: r, name: above.name, kind: d.at("FT"), value: d.at("V"), dict: d}
	if self.kind == nil {
		self.kind = above.kind
	}
	if self.value == nil {
		self.value = above.value
	}
	if t, err := w.v.text(d.at("T")); err != nil {
		return err
	} else if t != "" {
		self.name = strings.TrimPrefix(above.name+"."+t, ".")
	}
	kids, err := w.v.array(d.at("Kids"))
	if err != nil {
		return err
	}
	fields, err := w.split(kids, &self)
	if err != nil {
		return err
	}
	for _, kid := range fields {
		if err := w.node(kid, self, depth+1); err != nil {
			return err
		}
	}
	if len(fields) == 0 {
		if len(kids) == 0 && d.at("Subtype") == name("Widget") {
			self.widgets = []ref{r}
		}
		w.found = append(w.found, self)
	}
	return nil
}

// split tells a field's children that are fields from those that are only its widgets: these have no name.
func (w *fieldWalk) split(kids array, self *formField) (fields array, err error) {
	for _, kid := range kids {
		r, ok := kid.(ref)
		if !ok {
			return nil, damaged("a field is no reference")
		}
		d, err := w.v.dict(r)
		if err != nil {
			return nil, err
		}
		switch {
		case d == nil:
		case d.at("T") != nil || d.at("Kids") != nil:
			fields = append(fields, r)
		default:
			self.widgets = append(self.widgets, r)
		}
	}
	return fields, nil
}

// text resolves a text string and gives it in UTF-8; anything else is empty.
func (v view) text(value any) (string, error) {
	value, err := v.resolve(value)
	if err != nil {
		return "", err
	}
	t, _ := value.(text)
	return decodeText(string(t)), nil
}

// decodeText reads UTF-16 with its mark, UTF-8 with its mark, and takes the rest for Latin-1, which PDFDocEncoding is for the letters of names.
func decodeText(s string) string {
	switch {
	case strings.HasPrefix(s, "\xfe\xff"), strings.HasPrefix(s, "\xff\xfe"):
		high := 0
		if s[0] == 0xff {
			high = 1
		}
		var units []uint16
		for i := 2; i+1 < len(s); i += 2 {
			units = append(units, uint16(s[i+high])<<8|uint16(s[i+1-high]))
		}
		return string(utf16.Decode(units))
	case strings.HasPrefix(s, "\xef\xbb\xbf") && utf8.ValidString(s):
		return s[3:]
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// encodeText writes a text string: ASCII as it is, else UTF-16 with its mark.
func encodeText(s string) text {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			out := []byte{0xfe, 0xff}
			for _, u := range utf16.Encode([]rune(s)) {
				out = append(out, byte(u>>8), byte(u))
			}
			return text(out)
		}
	}
	return text(s)
}
