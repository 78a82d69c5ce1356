package xmldsig

import "github.com/beevik/etree"

// binding is one namespace declaration.
type binding struct{ prefix, uri string }

// scope is the declarations in force, innermost last.
type scope []binding

// lookup resolves a prefix; no prefix and no default namespace is "", which is there always.
func (s scope) lookup(prefix string) (string, bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].prefix == prefix {
			return s[i].uri, true
		}
	}
	if prefix == "xml" {
		return spaceXML, true
	}
	return "", prefix == ""
}

// isDeclaration tells whether an attribute, by prefix and local name, declares a namespace.
func isDeclaration(space, key string) bool { return space == "xmlns" || space == "" && key == "xmlns" }

// declared is the prefix that a declaration binds; "" for the default namespace.
func declared(space, key string) string {
	if space == "" {
		return ""
	}
	return key
}

// namespaceOf resolves a prefix where the element stands; "" for the default namespace.
func namespaceOf(e *etree.Element, prefix string) string {
	if prefix == "xml" {
		return spaceXML
	}
	for ; e != nil; e = e.Parent() {
		for _, a := range e.Attr {
			if isDeclaration(a.Space, a.Key) && declared(a.Space, a.Key) == prefix {
				return a.Value
			}
		}
	}
	return ""
}

func isQName(prefix, local string) bool {
	return (prefix == "" || IsNCName(prefix)) && IsNCName(local)
}

// IsNCName tells whether s is a name without colon (Namespaces in XML 1.0 §3), which is what an xs:ID must be.
func IsNCName(s string) bool {
	for i, r := range s {
		if !nameStart(r) && (i == 0 || !nameOnly(r)) {
			return false
		}
	}
	return s != ""
}

// nameStart tells whether a name may begin with r (XML 1.0 §2.3, without the colon).
func nameStart(r rune) bool {
	switch {
	case r < 0x80:
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
	case r < 0x370:
		return r >= 0xc0 && r != 0xd7 && r != 0xf7 && r <= 0x2ff
	}
	return r <= 0x37d || r >= 0x37f && r <= 0x1fff || r == 0x200c || r == 0x200d || r >= 0x2070 && r <= 0x218f ||
		r >= 0x2c00 && r <= 0x2fef || r >= 0x3001 && r <= 0xd7ff || r >= 0xf900 && r <= 0xfdcf || r >= 0xfdf0 && r <= 0xfffd ||
		r >= 0x10000 && r <= 0xeffff
}

// nameOnly tells whether r may stand in a name behind its first character, beside those that may begin one.
func nameOnly(r rune) bool {
	return r >= '0' && r <= '9' || r == '-' || r == '.' || r == 0xb7 || r >= 0x300 && r <= 0x36f || r == 0x203f || r == 0x2040
}
