package xmldsig

import (
	"strings"

	"github.com/beevik/etree"
)

// Child returns the first child element of that namespace and local name, or nil. It may be called on nil.
func Child(e *etree.Element, space, local string) *etree.Element {
	if e == nil {
		return nil
	}
	for _, c := range e.Child {
		if c, ok := c.(*etree.Element); ok && Is(c, space, local) {
			return c
		}
	}
	return nil
}

// Children returns all child elements of that namespace and local name, in document order. It may be called on nil.
func Children(e *etree.Element, space, local string) []*etree.Element {
	if e == nil {
		return nil
	}
	var found []*etree.Element
	for _, c := range e.Child {
		if c, ok := c.(*etree.Element); ok && Is(c, space, local) {
			found = append(found, c)
		}
	}
	return found
}

// Is tells whether an element has that namespace and local name; space "" means no namespace. It may be called on nil.
func Is(e *etree.Element, space, local string) bool {
	return e != nil && e.Tag == local && e.NamespaceURI() == space
}

// Text returns the text directly inside an element, all pieces joined, without white space at its ends. It may be called on nil.
func Text(e *etree.Element) string {
	if e == nil {
		return ""
	}
	var b strings.Builder
	for _, c := range e.Child {
		if c, ok := c.(*etree.CharData); ok {
			b.WriteString(c.Data)
		}
	}
	return strings.Trim(b.String(), " \t\r\n")
}

// Attr returns the value of an attribute without prefix, or "". It may be called on nil.
func Attr(e *etree.Element, local string) string {
	v, _ := LookAttr(e, local)
	return v
}

// LookAttr returns the value of an attribute without prefix and whether it is there. It may be called on nil.
func LookAttr(e *etree.Element, local string) (string, bool) {
	if e == nil {
		return "", false
	}
	for _, a := range e.Attr {
		if a.Space == "" && a.Key == local {
			return a.Value, true
		}
	}
	return "", false
}

// AttrNS returns the value of an attribute of that namespace and local name, and whether it is there. It may be called on nil.
func AttrNS(e *etree.Element, space, local string) (string, bool) {
	if e == nil {
		return "", false
	}
	for _, a := range e.Attr {
		if a.Space != "" && a.Space != "xmlns" && a.Key == local && namespaceOf(e, a.Space) == space {
			return a.Value, true
		}
	}
	return "", false
}
