package xmldsig

import (
	"cmp"
	"slices"

	"github.com/beevik/etree"
)

// form is a canonical form: inclusive (Canonical XML 1.0) or exclusive with the prefixes that are treated inclusively. Trees from
// [Parse] hold no comments, so the forms with and without them are the same here.
type form struct {
	inclusive bool
	prefixes  []string // of InclusiveNamespaces/@PrefixList; "" stands for #default
}

// canonicalLimit bounds canonical octets. Canonical forms repeat namespace declarations, and a long one that many elements need would make gigabytes
// of a small document.
const canonicalLimit = 4 * 256 << 10

// canonical writes the canonical octets of an element and what is inside it, the element skip left out (the enveloped
// signature; nil for none). Declarations and xml: attributes of its ancestors count as the form says. The tree stays as it is.
func canonical(e *etree.Element, f form, skip *etree.Element, limit int) ([]byte, error) {
	w := writer{form: f, skip: skip, limit: limit, out: make([]byte, 0, 4<<10)}
	w.inherit(e.Parent())
	if err := w.element(e, true); err != nil {
		return nil, err
	}
	return w.out, nil
}

// writer writes one canonical form.
type writer struct {
	form     form
	skip     *etree.Element
	limit    int
	out      []byte
	inScope  scope        // of the document
	rendered scope        // of what was written
	above    []etree.Attr // xml: attributes of the ancestors, nearest last
}

// inherit takes the declarations and xml: attributes of an element's ancestors, outermost first.
func (w *writer) inherit(e *etree.Element) {
	if e == nil {
		return
	}
	w.inherit(e.Parent())
	w.declare(e)
	for _, a := range e.Attr {
		if a.Space == "xml" {
			w.above = append(w.above, a)
		}
	}
}

func (w *writer) declare(e *etree.Element) {
	for _, a := range e.Attr {
		if isDeclaration(a.Space, a.Key) {
			w.inScope = append(w.inScope, binding{declared(a.Space, a.Key), a.Value})
		}
	}
}

// element writes one element; apex is the one the canonical form begins with.
func (w *writer) element(e *etree.Element, apex bool) error {
	scopeMark, renderedMark := len(w.inScope), len(w.rendered)
	w.declare(e)
	spaces, err := w.namespaces(e, scopeMark, apex)
	if err != nil {
		return err
	}
	w.out = append(w.out, '<')
	w.name(e.Space, e.Tag)
	for _, s := range spaces {
		if s.prefix == "" {
			w.out = append(w.out, ` xmlns="`...)
		} else {
			w.out = append(w.out, ` xmlns:`...)
			w.out = append(w.out, s.prefix...)
			w.out = append(w.out, `="`...)
		}
		w.out = append(escape(w.out, s.uri, true), '"')
	}
	for _, a := range w.attributes(e, apex) {
		w.out = append(w.out, ' ')
		w.name(a.Space, a.Key)
		w.out = append(w.out, `="`...)
		w.out = append(escape(w.out, a.Value, true), '"')
	}
	w.out = append(w.out, '>')
	if err := w.children(e); err != nil {
		return err
	}
	w.out = append(w.out, "</"...)
	w.name(e.Space, e.Tag)
	w.out = append(w.out, '>')
	w.inScope, w.rendered = w.inScope[:scopeMark], w.rendered[:renderedMark]
	return nil
}

func (w *writer) children(e *etree.Element) error {
	for _, c := range e.Child {
		if len(w.out) > w.limit {
			return refuse(ReasonTooLarge, "canonical octets")
		}
		switch c := c.(type) {
		case *etree.Element:
			if c == w.skip {
				continue
			}
			if err := w.element(c, false); err != nil {
				return err
			}
		case *etree.CharData:
			w.out = escape(w.out, c.Data, false)
		default:
			return refuse(ReasonMalformed, "not from Parse")
		}
	}
	return nil
}

// namespaces chooses the declarations an element is written with, in canonical order, and notes them as written.
func (w *writer) namespaces(e *etree.Element, own int, apex bool) ([]binding, error) {
	var chosen []binding
	choose := func(prefix string) bool {
		uri, known := w.inScope.lookup(prefix)
		if !known {
			return false
		}
		// What is in force already is not written again; an absent default namespace is in force at the start.
		if has, written := w.rendered.lookup(prefix); prefix != "xml" && (!written || has != uri) {
			chosen = append(chosen, binding{prefix, uri})
			w.rendered = append(w.rendered, binding{prefix, uri})
		}
		return true
	}
	if w.form.inclusive {
		from := own
		if apex {
			from = 0
		}
		for _, b := range w.inScope[from:] {
			choose(b.prefix)
		}
	} else {
		for _, prefix := range w.form.prefixes {
			choose(prefix)
		}
		if !choose(e.Space) {
			return nil, refuse(ReasonMalformed, "undeclared prefix")
		}
		for _, a := range e.Attr {
			if a.Space != "" && a.Space != "xmlns" && !choose(a.Space) {
				return nil, refuse(ReasonMalformed, "undeclared prefix")
			}
		}
	}
	slices.SortFunc(chosen, func(a, b binding) int { return cmp.Compare(a.prefix, b.prefix) })
	return chosen, nil
}

// attributes are those of an element in canonical order: by namespace, then by local name. The first element of the
// inclusive form takes its ancestors' xml: attributes along (Canonical XML 1.0 §2.4).
func (w *writer) attributes(e *etree.Element, apex bool) []etree.Attr {
	list := make([]etree.Attr, 0, len(e.Attr))
	for _, a := range e.Attr {
		if !isDeclaration(a.Space, a.Key) {
			list = append(list, a)
		}
	}
	if apex && w.form.inclusive {
		for i := len(w.above) - 1; i >= 0; i-- {
			same := func(a etree.Attr) bool { return a.Space == "xml" && a.Key == w.above[i].Key }
			if !slices.ContainsFunc(list, same) {
				list = append(list, w.above[i])
			}
		}
	}
	if len(list) > 1 {
		spaces := make(map[string]string, 4) // resolved once, not once for each comparison
		for _, a := range list {
			if _, known := spaces[a.Space]; !known && a.Space != "" {
				spaces[a.Space], _ = w.inScope.lookup(a.Space)
			}
		}
		slices.SortFunc(list, func(a, b etree.Attr) int {
			if a.Space == b.Space {
				return cmp.Compare(a.Key, b.Key)
			}
			return cmp.Or(cmp.Compare(spaces[a.Space], spaces[b.Space]), cmp.Compare(a.Key, b.Key))
		})
	}
	return list
}

func (w *writer) name(prefix, local string) {
	if prefix != "" {
		w.out = append(w.out, prefix...)
		w.out = append(w.out, ':')
	}
	w.out = append(w.out, local...)
}

// escape appends text or an attribute value with the replacements of Canonical XML 1.0 §2.3.
func escape(out []byte, s string, attr bool) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		var by string
		switch c := s[i]; {
		case c == '&':
			by = "&amp;"
		case c == '<':
			by = "&lt;"
		case c == '>' && !attr:
			by = "&gt;"
		case c == '\r':
			by = "&#xD;"
		case c == '"' && attr:
			by = "&quot;"
		case c == '\t' && attr:
			by = "&#x9;"
		case c == '\n' && attr:
			by = "&#xA;"
		default:
			continue
		}
		out = append(append(out, s[from:i]...), by...)
		from = i + 1
	}
	return append(out, s[from:]...)
}
