package scmd

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"
)

// answer is what an operation gives: a status, a response, or a text, as its contract says.
type answer struct {
	status      status
	signature   []byte          // nil unless the process was a single signature
	batch       []hashStructure // nil unless it was several
	certificate string          // empty unless it was for the certificate
}

// status is SignStatus. What is at fault is named; its value never comes back, because it may be a PIN (§1.3).
type status struct {
	code    string
	field   string // nil on the wire when empty
	message string // never empty: one client takes an empty one for a failed call
	process string // never nil: one client reads it without looking (§1.12)
}

// writer writes WCF's layout: prefix s for the envelope, none for the operation, a for members, i for nil. One client looks for just these letters (§1.2).
type writer struct{ bytes.Buffer }

// tag writes a start tag; attributes are name and value in turn.
func (w *writer) tag(name string, attributes ...string) {
	w.WriteByte('<')
	w.WriteString(name)
	for i := 0; i+1 < len(attributes); i += 2 {
		w.WriteByte(' ')
		w.WriteString(attributes[i])
		w.WriteString(`="`)
		w.escape(attributes[i+1])
		w.WriteByte('"')
	}
	w.WriteByte('>')
}

func (w *writer) end(name string) {
	w.WriteString("</")
	w.WriteString(name)
	w.WriteByte('>')
}

// empty writes an element without content.
func (w *writer) empty(name string, attributes ...string) {
	w.tag(name, attributes...)
	w.Truncate(w.Len() - 1)
	w.WriteString("/>")
}

func (w *writer) leaf(name, text string, attributes ...string) {
	w.tag(name, attributes...)
	w.escape(text)
	w.end(name)
}

// member writes a member of a data type; nil as i:nil.
func (w *writer) member(name, text string, present bool) {
	if present {
		w.leaf("a:"+name, text)
		return
	}
	w.empty("a:"+name, "i:nil", "true")
}

// escape writes text for XML. Line ends stay as they are: certificates have them, and parsers split on them. What XML cannot hold becomes U+FFFD.
func (w *writer) escape(text string) {
	for _, r := range text {
		switch {
		case r == '&':
			w.WriteString("&amp;")
		case r == '<':
			w.WriteString("&lt;")
		case r == '>':
			w.WriteString("&gt;")
		case r == '"':
			w.WriteString("&quot;")
		case r == '\r':
			w.WriteString("&#xD;")
		case r == '\t' || r == '\n' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000:
			w.WriteRune(r)
		default:
			w.WriteRune(utf8.RuneError)
		}
	}
}

// write makes the envelope that answers an operation.
func (a answer) write(op *operation) []byte {
	var w writer
	w.tag("s:Envelope", "xmlns:s", spaceSOAP11)
	w.tag("s:Body")
	w.tag(op.name+"Response", "xmlns", spaceService)
	result := op.name + "Result"
	switch op.out {
	case kindText:
		if a.certificate == "" {
			w.empty(result, "i:nil", "true", "xmlns:i", spaceInstance)
			break
		}
		w.leaf(result, a.certificate)
	case kindStatus:
		w.tag(result, "xmlns:a", spaceData, "xmlns:i", spaceInstance)
		a.status.write(&w)
		w.end(result)
	case kindResponse:
		w.tag(result, "xmlns:a", spaceData, "xmlns:i", spaceInstance)
		a.response(&w)
		w.end(result)
	}
	w.end(op.name + "Response")
	w.end("s:Body")
	w.end("s:Envelope")
	return w.Bytes()
}

// write writes the members of SignStatus, in the order of the contract.
func (s status) write(w *writer) {
	w.member("Code", s.code, true)
	w.member("Field", s.field, s.field != "")
	w.member("FieldValue", "", false)
	w.member("Message", s.message, true)
	w.member("ProcessId", s.process, true)
}

// response writes the members of SignResponse, in the order of the contract. At most one of the three results is there (§1.4).
func (a answer) response(w *writer) {
	if a.batch == nil {
		w.member("ArrayOfHashStructure", "", false)
	} else {
		w.tag("a:ArrayOfHashStructure")
		for _, h := range a.batch {
			w.tag("a:HashStructure")
			w.member("Hash", base64.StdEncoding.EncodeToString(h.hash), true)
			w.member("Name", h.name, true)
			w.member("id", h.id, true)
			w.end("a:HashStructure")
		}
		w.end("a:ArrayOfHashStructure")
	}
	w.member("Signature", base64.StdEncoding.EncodeToString(a.signature), a.signature != nil)
	w.tag("a:Status")
	a.status.write(w)
	w.end("a:Status")
	w.member("certificate", a.certificate, a.certificate != "")
}
