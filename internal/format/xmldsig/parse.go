package xmldsig

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"github.com/beevik/etree"
)

// Limits bound one document, each inclusively. They hold before any tree is built.
type Limits struct {
	Bytes      int // octets as sent
	Depth      int // elements inside elements, the root being 1
	Elements   int // start tags
	Attributes int // of one element, namespace declarations included

	// Comments says that comments are removed, the text around them joined, rather than refused. Only for files kept by people.
	Comments bool
}

// DefaultLimits fit every SAML message: the longest real request asks for some two hundred attributes and stays below 100 KiB.
func DefaultLimits() Limits {
	return Limits{Bytes: 256 << 10, Depth: 32, Elements: 4096, Attributes: 64}
}

// Names that XML itself gives a meaning.
const (
	spaceXML   = "http://www.w3.org/XML/1998/namespace"
	spaceXMLNS = "http://www.w3.org/2000/xmlns/"
)

// maxScope bounds the declarations in force at one place, so that looking one up stays cheap. Real messages have about ten.
const maxScope = 128

// Parse reads one document and returns its root, whose tree holds elements and text only. Errors are *[Error].
//
// The order is the defence: [gate] counts and throws out before a parser runs, and the standard library's tokens are then checked for
// names and namespaces. The known ways in which that library's reader and writer come apart all need a name that is no QName, a directive or a
// processing instruction, and none of these gets here; [Verify] checks besides that what it returns writes the very octets it was read from.
func Parse(data []byte, l Limits) (*etree.Element, error) {
	passed, err := gate(data, l)
	if err != nil {
		return nil, err
	}
	b := builder{decoder: xml.NewDecoder(bytes.NewReader(passed))}
	for {
		t, err := b.decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse(ReasonMalformed, "syntax")
		}
		if err := b.take(t); err != nil {
			return nil, err
		}
	}
	if b.root == nil || len(b.open) > 0 {
		return nil, refuse(ReasonMalformed, "no whole element")
	}
	return b.root, nil
}

// builder turns tokens into a tree, and keeps the namespaces in scope while doing so.
type builder struct {
	decoder *xml.Decoder
	root    *etree.Element
	open    []*etree.Element
	marks   []int // how long scope was when each open element began
	scope   scope
	spaces  []string // of the attributes of the element at hand
}

func (b *builder) take(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		return b.start(t)
	case xml.EndElement:
		return b.end(t)
	case xml.CharData:
		if len(b.open) == 0 {
			if len(bytes.Trim(t, " \t\r\n")) > 0 {
				return refuse(ReasonMalformed, "text outside the root")
			}
			return nil
		}
		b.open[len(b.open)-1].AddChild(etree.NewText(string(t)))
		return nil
	default:
		return refuse(ReasonMalformed, "markup") // the gate lets none through
	}
}

func (b *builder) start(t xml.StartElement) error {
	if len(b.open) == 0 && b.root != nil {
		return refuse(ReasonMalformed, "two roots")
	}
	b.marks = append(b.marks, len(b.scope))
	e := &etree.Element{Space: t.Name.Space, Tag: t.Name.Local, Attr: make([]etree.Attr, 0, len(t.Attr))}
	for _, a := range t.Attr {
		if err := b.declare(a); err != nil {
			return err
		}
		e.Attr = append(e.Attr, etree.Attr{Space: a.Name.Space, Key: a.Name.Local, Value: a.Value})
	}
	if err := b.checkNames(e); err != nil {
		return err
	}
	if len(b.open) == 0 {
		b.root = e
	} else {
		b.open[len(b.open)-1].AddChild(e)
	}
	b.open = append(b.open, e)
	return nil
}

func (b *builder) end(t xml.EndElement) error {
	last := len(b.open) - 1
	if last < 0 || b.open[last].Tag != t.Name.Local || b.open[last].Space != t.Name.Space {
		return refuse(ReasonMalformed, "end tag")
	}
	b.scope = b.scope[:b.marks[last]]
	b.open, b.marks = b.open[:last], b.marks[:last]
	return nil
}

// declare takes an attribute that declares a namespace into scope and refuses what Namespaces in XML 1.0 §3 forbids.
func (b *builder) declare(a xml.Attr) error {
	if !isDeclaration(a.Name.Space, a.Name.Local) {
		return nil
	}
	prefix := declared(a.Name.Space, a.Name.Local)
	switch {
	case prefix == "xmlns", a.Value == spaceXMLNS, (prefix == "xml") != (a.Value == spaceXML), prefix != "" && a.Value == "":
		return refuse(ReasonMalformed, "namespace declaration")
	}
	if len(b.scope) >= maxScope {
		return refuse(ReasonTooLarge, "namespaces")
	}
	b.scope = append(b.scope, binding{prefix, a.Value})
	return nil
}

// checkNames refuses names that are not QNames, prefixes that nothing declares, and one attribute given twice under two prefixes.
func (b *builder) checkNames(e *etree.Element) error {
	if _, ok := b.scope.lookup(e.Space); !ok || e.Space == "xmlns" || !isQName(e.Space, e.Tag) {
		return refuse(ReasonMalformed, "element name")
	}
	b.spaces = b.spaces[:0]
	for i, a := range e.Attr {
		if !isQName(a.Space, a.Key) {
			return refuse(ReasonMalformed, "attribute name")
		}
		uri, ok := spaceXMLNS, true
		if !isDeclaration(a.Space, a.Key) {
			uri = ""
			if a.Space != "" {
				uri, ok = b.scope.lookup(a.Space)
			}
		}
		if !ok {
			return refuse(ReasonMalformed, "undeclared prefix")
		}
		for j, other := range e.Attr[:i] {
			if other.Key == a.Key && b.spaces[j] == uri {
				return refuse(ReasonMalformed, "attribute repeated")
			}
		}
		b.spaces = append(b.spaces, uri)
	}
	return nil
}
