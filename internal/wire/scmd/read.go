package scmd

import (
	"encoding/base64"
	"strings"

	"chave/internal/format/xmldsig"

	"github.com/beevik/etree"
)

// values are the members of one structure that a request gave, by name. A member that is missing and one that is nil are the same.
type values struct {
	texts  map[string]string
	inside map[string]*etree.Element
	extra  bool // something was there that the contract does not know
}

// read collects the members that the contract names, in whatever order and under whatever prefix they come, and passes over all others: newer clients send members that
// were never published (§1.3, §6.13). Names count in the contract's own namespaces and without any. One that comes twice is refused: two readers could see two values.
func read(e *etree.Element, known []member) (values, error) {
	v := values{texts: map[string]string{}, inside: map[string]*etree.Element{}}
	if e == nil {
		return v, nil
	}
	seen := map[string]bool{}
	for _, child := range e.ChildElements() {
		m, ok := named(child, known)
		if !ok {
			v.extra = true
			continue
		}
		if seen[m.name] {
			return v, undeserializable(m.name)
		}
		seen[m.name] = true
		if isNil(child) {
			continue
		}
		if !m.kind.simple() {
			v.inside[m.name] = child
			continue
		}
		text, ok := textOf(child)
		if !ok {
			return v, undeserializable(m.name)
		}
		v.texts[m.name] = text
	}
	return v, nil
}

func named(e *etree.Element, known []member) (member, bool) {
	for _, m := range known {
		if m.name != e.Tag {
			continue
		}
		switch e.NamespaceURI() {
		case spaceService, spaceData, spaceTempuri, "":
			return m, true
		}
	}
	return member{}, false
}

func isNil(e *etree.Element) bool {
	text, _ := xmldsig.AttrNS(e, spaceInstance, "nil")
	return isTrue(text)
}

// textOf joins the text of a leaf; an element inside makes it none.
func textOf(e *etree.Element) (string, bool) {
	var text strings.Builder
	for _, t := range e.Child {
		switch t := t.(type) {
		case *etree.CharData:
			text.WriteString(t.Data)
		default:
			return "", false
		}
	}
	return text.String(), true
}

// text is a member's text, empty when it did not come.
func (v values) text(name string) string { return v.texts[name] }

// binary decodes a member. XML Schema allows white space anywhere in base64Binary; what else is not base64 is nothing.
func (v values) binary(name string) ([]byte, bool) {
	text, ok := v.texts[name]
	if !ok {
		return nil, false
	}
	return decode64(text)
}

func decode64(text string) ([]byte, bool) {
	clean := strings.Map(func(r rune) rune {
		if r == ' ' || r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, text)
	b, err := base64.StdEncoding.Strict().DecodeString(clean)
	return b, err == nil
}

// hashStructure is one document of a batch, on the way in, or one signature on the way out.
type hashStructure struct {
	hash     []byte
	wellHash bool // on the way in: there was one, and it was base64
	name, id string
}

// readHashes reads the documents of a batch, at most one more than a batch may have: more of them change nothing.
func readHashes(d *door, list *etree.Element, most int) ([]hashStructure, error) {
	var all []hashStructure
	if list == nil {
		return nil, nil
	}
	for _, child := range list.ChildElements() {
		if _, ok := named(child, d.members(kindHashes)); !ok {
			continue
		}
		if len(all) > most {
			break
		}
		one, err := read(child, d.members(kindHash))
		if err != nil {
			return nil, err
		}
		h := hashStructure{name: one.text("Name"), id: one.text("id")}
		h.hash, h.wellHash = one.binary("Hash")
		all = append(all, h)
	}
	return all, nil
}
