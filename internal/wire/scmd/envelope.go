package scmd

import (
	"strings"

	"chave/internal/format/xmldsig"

	"github.com/beevik/etree"
)

// The namespaces of envelopes.
const (
	spaceSOAP11     = "http://schemas.xmlsoap.org/soap/envelope/"
	spaceInstance   = "http://www.w3.org/2001/XMLSchema-instance"
	spaceAddressing = "http://www.w3.org/2005/08/addressing"
	spaceOlderAddr  = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
	actorNext       = "http://schemas.xmlsoap.org/soap/actor/next"
)

const (
	maxBody     = 1 << 20   // bytes; a batch of a hundred documents with the longest names has about 150 kB
	maxStranger = 128 << 10 // of callers that sent no login
)

// limits bound what is read of an envelope: every batch that fits the body is counted, not refused as XML.
func limits() xmldsig.Limits {
	return xmldsig.Limits{Bytes: maxBody, Depth: 32, Elements: 16384, Attributes: 64, Comments: true}
}

// envelope is what a request says: which operation, and with what.
type envelope struct {
	name string         // local name of the body's first child
	args *etree.Element // that child; nil when the body is empty
}

// readEnvelope takes a SOAP 1.1 envelope apart. Prefixes mean nothing, headers that may be ignored are. Errors are *soapFault.
//
// Nothing here follows references, entities or addresses, and the reader refuses every DTD before a parser sees it.
func readEnvelope(body []byte) (envelope, error) {
	root, err := xmldsig.Parse(body, limits())
	if err != nil {
		return envelope{}, malformed(err)
	}
	if root.Tag != "Envelope" {
		return envelope{}, malformed(nil)
	}
	if root.NamespaceURI() != spaceSOAP11 {
		return envelope{}, versionMismatch()
	}
	var content *etree.Element
	for _, child := range root.ChildElements() {
		if child.NamespaceURI() != spaceSOAP11 {
			continue
		}
		switch child.Tag {
		case "Header":
			if content != nil {
				return envelope{}, malformed(nil)
			}
			if !understood(child) {
				return envelope{}, notUnderstood()
			}
		case "Body":
			if content != nil {
				return envelope{}, malformed(nil)
			}
			content = child
		}
	}
	if content == nil {
		return envelope{}, malformed(nil)
	}
	children := content.ChildElements()
	if len(children) == 0 {
		return envelope{}, nil
	}
	return envelope{name: children[0].Tag, args: children[0]}, nil
}

// understood tells whether each header that must be understood is of WS-Addressing, which zeep and others add and which changes nothing here (§1.2).
func understood(header *etree.Element) bool {
	for _, one := range header.ChildElements() {
		must, _ := xmldsig.AttrNS(one, spaceSOAP11, "mustUnderstand")
		actor, _ := xmldsig.AttrNS(one, spaceSOAP11, "actor")
		space := one.NamespaceURI()
		addressing := space == spaceAddressing || space == spaceOlderAddr
		if isTrue(must) && (actor == "" || actor == actorNext) && !addressing {
			return false
		}
	}
	return true
}

// isTrue reads a boolean of XML Schema.
func isTrue(text string) bool {
	text = strings.TrimSpace(text)
	return text == "1" || text == "true"
}

// dispatch finds the operation. The body says it; SOAPAction only speaks where the body's child is no operation, because clients send it quoted, bare, empty, as
// "null", wrong or not at all (§1.2), and because whoever believes both can be told two things.
func (d *door) dispatch(e envelope, action string) *operation {
	if op := d.find(e.name); op != nil {
		return op
	}
	action = strings.Trim(strings.TrimSpace(action), `"'`)
	if name, ok := strings.CutPrefix(action, d.actions); ok {
		return d.find(name)
	}
	return nil
}
