package xmldsig

import (
	"bytes"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// gate reads the octets once, front to back, before any parser sees them, and keeps out what no SAML message needs: it counts, so that a
// bomb costs one pass over bounded octets and no tree; and it leaves only elements, text and CDATA for the parser behind it. What it
// returns is the document without byte-order mark, declaration and (if the limits say so) comments, and with the
// white space inside attribute values normalised as XML 1.0 §3.3.3 asks, which the standard library leaves out.
func gate(data []byte, l Limits) ([]byte, error) {
	if len(data) > l.Bytes {
		return nil, refuse(ReasonTooLarge, "octets")
	}
	if !utf8.Valid(data) {
		return nil, refuse(ReasonEncoding, "not UTF-8")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	rest, err := skipDeclaration(data)
	if err != nil {
		return nil, err
	}
	s := scan{in: rest, out: make([]byte, 0, len(rest)), limits: l}
	for s.at < len(s.in) {
		if err := s.next(); err != nil {
			return nil, err
		}
	}
	return s.out, nil
}

// declaration is the only form of the XML declaration that is read: version 1.0, and UTF-8 if it names an encoding.
const declaration = `^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.0"|'1\.0')` +
	`(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([A-Za-z][A-Za-z0-9._-]*)"|'([A-Za-z][A-Za-z0-9._-]*)'))?` +
	`(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>`

func declarationForm() *regexp.Regexp { return regexp.MustCompile(declaration) }

func skipDeclaration(data []byte) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte("<?xml")) || len(data) < 6 || !isSpace(data[5]) {
		return data, nil
	}
	// The two ways in which nearly everybody writes it are not worth a regular expression.
	for _, usual := range []string{`<?xml version="1.0" encoding="UTF-8"?>`, `<?xml version="1.0" encoding="utf-8"?>`, `<?xml version="1.0"?>`} {
		if rest, ok := bytes.CutPrefix(data, []byte(usual)); ok {
			return rest, nil
		}
	}
	end := bytes.Index(data, []byte("?>"))
	if end < 0 || end > 200 {
		return nil, refuse(ReasonMalformed, "declaration")
	}
	m := declarationForm().FindSubmatch(data[:end+2])
	if m == nil {
		return nil, refuse(ReasonMalformed, "declaration")
	}
	if named := string(m[1]) + string(m[2]); named != "" && !bytes.EqualFold([]byte(named), []byte("utf-8")) {
		return nil, refuse(ReasonEncoding, "declared")
	}
	return data[end+2:], nil
}

// scan is the gate at work.
type scan struct {
	in, out         []byte
	at              int
	depth, elements int
	limits          Limits
}

// next takes one piece: text up to markup, a reference, or one tag.
func (s *scan) next() error {
	rest := s.in[s.at:]
	switch {
	case rest[0] == '&':
		n, err := reference(rest)
		if err != nil {
			return err
		}
		s.keep(n)
	case rest[0] != '<':
		n := bytes.IndexAny(rest, "<&")
		if n < 0 {
			n = len(rest)
		}
		s.keep(n)
	case bytes.HasPrefix(rest, []byte("<!")):
		return s.declaration(rest)
	case bytes.HasPrefix(rest, []byte("<?")):
		return refuse(ReasonInstruction, "")
	case bytes.HasPrefix(rest, []byte("</")):
		n := bytes.IndexByte(rest, '>')
		if n < 0 || s.depth == 0 {
			return refuse(ReasonMalformed, "end tag")
		}
		s.depth--
		s.keep(n + 1)
	default:
		return s.startTag()
	}
	return nil
}

// keep copies n octets through.
func (s *scan) keep(n int) {
	s.out = append(s.out, s.in[s.at:s.at+n]...)
	s.at += n
}

// declaration takes what begins with "<!": a comment or CDATA; anything else belongs to a DTD.
func (s *scan) declaration(rest []byte) error {
	if body, ok := bytes.CutPrefix(rest, []byte("<![CDATA[")); ok {
		n := bytes.Index(body, []byte("]]>"))
		if n < 0 || s.depth == 0 {
			return refuse(ReasonMalformed, "CDATA")
		}
		s.keep(len("<![CDATA[") + n + len("]]>"))
		return nil
	}
	body, ok := bytes.CutPrefix(rest, []byte("<!--"))
	if !ok {
		return refuse(ReasonDTD, "")
	}
	if !s.limits.Comments {
		return refuse(ReasonComment, "")
	}
	n := bytes.Index(body, []byte("--"))
	if n < 0 || !bytes.HasPrefix(body[n:], []byte("-->")) {
		return refuse(ReasonMalformed, "comment")
	}
	s.at += len("<!--") + n + len("-->")
	return nil
}

// startTag takes one start tag whole and counts its attributes by their opening quotes.
func (s *scan) startTag() error {
	if s.elements++; s.elements > s.limits.Elements {
		return refuse(ReasonTooLarge, "elements")
	}
	if s.depth++; s.depth > s.limits.Depth {
		return refuse(ReasonTooLarge, "depth")
	}
	attributes, quote := 0, byte(0)
	for i := s.at + 1; i < len(s.in); {
		c := s.in[i]
		switch {
		case quote == 0 && c == '>':
			if s.in[i-1] == '/' {
				s.depth--
			}
			s.keep(i + 1 - s.at)
			return nil
		case c == '<':
			return refuse(ReasonMalformed, "tag inside a tag")
		case quote == 0:
			if c == '"' || c == '\'' {
				quote = c
				if attributes++; attributes > s.limits.Attributes {
					return refuse(ReasonTooLarge, "attributes")
				}
			}
			i++
		case c == quote:
			quote = 0
			i++
		case c == '&':
			n, err := reference(s.in[i:])
			if err != nil {
				return err
			}
			i += n
		case c == '\n' || c == '\t' || c == '\r':
			// A line break or tab that was written as such is a space; one written as a reference stays what it is.
			s.keep(i - s.at)
			s.out = append(s.out, ' ')
			if c == '\r' && i+1 < len(s.in) && s.in[i+1] == '\n' {
				i++
			}
			i++
			s.at = i
		default:
			i++
		}
	}
	return refuse(ReasonMalformed, "start tag")
}

// reference returns the length of the reference that stands at the start of b: one of the five entities, or a number of a character that XML may hold.
func reference(b []byte) (int, error) {
	end := bytes.IndexByte(b[:min(len(b), 16)], ';')
	if end < 2 {
		return 0, refuse(ReasonEntity, "reference")
	}
	name := string(b[1:end])
	switch name {
	case "lt", "gt", "amp", "quot", "apos":
		return end + 1, nil
	}
	if name[0] != '#' {
		return 0, refuse(ReasonEntity, "")
	}
	digits, base := name[1:], 10
	if len(digits) > 0 && digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || !isChar(rune(n)) || n > utf8.MaxRune {
		return 0, refuse(ReasonMalformed, "character reference")
	}
	return end + 1, nil
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// isChar tells whether XML 1.0 can hold a character (§2.2).
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= 0x10ffff
}
