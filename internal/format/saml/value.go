package saml

import (
	"encoding/hex"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Instant writes an IssueInstant or AuthnInstant: UTC, seven fraction digits, Z (cmd-authentication §1.10).
func Instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// Second writes the bounds of conditions: UTC, whole seconds cut, Z (cmd-authentication §1.6.1).
func Second(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// ParseTime reads an xs:dateTime with up to nine fraction digits. SAML wants UTC; an offset is converted, and a time
// without any zone is taken for UTC, which is how SAML core §1.3.3 can be read. Leap seconds and hour 24 are refused.
func ParseTime(s string) (time.Time, error) {
	s = strings.Trim(s, " \t\r\n")
	m := instantForm().FindStringSubmatch(s) // time.Parse alone would let a comma and short fields through
	if m == nil {
		return time.Time{}, refuse(ReasonInstant, "")
	}
	if m[1] == "" {
		s += "Z"
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, refuse(ReasonInstant, "")
	}
	return t.UTC(), nil
}

// instantForm is compiled once: doing so for each message cost as much as reading the message.
var instantForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$`)
})

// NewID draws a message id: "_" and a random UUID (RFC 9562 §5.4). A source that fails panics: an id must not be guessable.
func NewID(source io.Reader) string {
	var b [16]byte
	if _, err := io.ReadFull(source, b[:]); err != nil {
		panic("random source failed: " + err.Error())
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return "_" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// EscapeText makes a value fit to stand between tags. Characters that XML cannot hold become U+FFFD.
func EscapeText(s string) string { return escape(s, false) }

// EscapeAttr makes a value fit to stand between double quotes. Characters that XML cannot hold become U+FFFD.
func EscapeAttr(s string) string { return escape(s, true) }

func escape(s string, attr bool) string {
	var b strings.Builder
	b.Grow(len(s) + 16)
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"' && attr:
			b.WriteString("&quot;")
		case r == '\r':
			b.WriteString("&#xD;")
		case r == '\n' && attr:
			b.WriteString("&#xA;")
		case r == '\t' && attr:
			b.WriteString("&#x9;")
		case r < 0x20 && r != '\t' && r != '\n', r == 0xfffe, r == 0xffff:
			b.WriteRune(0xfffd)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
