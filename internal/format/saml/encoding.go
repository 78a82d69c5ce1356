package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// DecodePOST undoes the POST binding: plain base64 of at most max octets of XML. Line breaks and spaces inside are tolerated, and a '+'
// that arrived as a space is repaired (cmd-authentication §1.2).
func DecodePOST(value string, max int) ([]byte, error) {
	readings, err := decode(value, max)
	if err != nil {
		return nil, err
	}
	for _, doc := range readings {
		if utf8.Valid(doc) {
			return doc, nil
		}
	}
	return readings[0], nil // whatever it is, the XML reader will say
}

// DecodeRedirect undoes the Redirect binding: base64 (already URL-decoded) of raw DEFLATE, inflated to at most max octets.
func DecodeRedirect(value string, max int) ([]byte, error) {
	// DEFLATE makes nothing longer by more than a few octets per block, so what is longer than the limit was made to be.
	readings, err := decode(value, max+max/64+64)
	if err != nil {
		return nil, err
	}
	var doc []byte
	for _, packed := range readings {
		if doc, err = inflate(packed, max); err == nil {
			return doc, nil
		}
	}
	return nil, err
}

func inflate(packed []byte, max int) ([]byte, error) {
	in := bytes.NewReader(packed)
	out, err := io.ReadAll(io.LimitReader(flate.NewReader(in), int64(max)+1))
	if len(out) > max {
		return nil, refuse(ReasonTooLarge, "inflated")
	}
	if err != nil || in.Len() > 0 {
		return nil, refuse(ReasonDeflate, "")
	}
	return out, nil
}

// decode reads base64 as clients send it, broken into lines, padded or not, and with each '+' possibly turned into a space by form
// encoding. It returns the readings that are base64, the likelier first; more than one only where a space can be either layout or a plus.
//
// Form encoding loses all pluses or none, so one plus that is still there makes every space layout.
func decode(value string, max int) ([][]byte, error) {
	if len(value) > max/2*3+64 { // 4/3 for base64, the rest for line breaks
		return nil, refuse(ReasonTooLarge, "base64")
	}
	texts := [][]byte{tidy(value, func(bool) bool { return false })}
	if len(texts[0]) < len(value) && !strings.Contains(value, "+") && strings.Contains(strings.Trim(value, layout), " ") {
		every := tidy(value, func(bool) bool { return true })
		inside := tidy(value, func(atBreak bool) bool { return !atBreak })
		texts = [][]byte{every, inside, texts[0]}
	}
	var readings [][]byte
	var failed error
	for _, text := range texts {
		b, err := decodeText(text, max)
		if err != nil {
			failed = err
			continue
		}
		readings = append(readings, b)
	}
	if len(readings) == 0 {
		return nil, failed
	}
	return readings, nil
}

// layout is what may stand around base64 and between its lines.
const layout = " \t\r\n"

// tidy drops layout, and makes a plus of each space for which plus says so; it is told whether a line break or tab is next to that space.
func tidy(value string, plus func(atBreak bool) bool) []byte {
	value = strings.Trim(value, layout)
	text := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		switch c := value[i]; c {
		case '\r', '\n', '\t':
		case ' ':
			if plus(strings.IndexByte("\r\n\t", value[i-1]) >= 0 || strings.IndexByte("\r\n\t", value[i+1]) >= 0) {
				text = append(text, '+')
			}
		default:
			text = append(text, c)
		}
	}
	return text
}

func decodeText(text []byte, max int) ([]byte, error) {
	text = bytes.TrimRight(text, "=")
	if len(text) == 0 {
		return nil, refuse(ReasonBase64, "empty")
	}
	if base64.RawStdEncoding.DecodedLen(len(text)) > max {
		return nil, refuse(ReasonTooLarge, "")
	}
	out := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, err := base64.RawStdEncoding.Decode(out, text)
	if err != nil {
		return nil, refuse(ReasonBase64, "")
	}
	return out[:n], nil
}

// EncodePOST makes the form field of the POST binding: base64 on one line.
func EncodePOST(doc []byte) string { return base64.StdEncoding.EncodeToString(doc) }

// EncodeRedirect makes the parameter of the Redirect binding, not yet URL-encoded: raw DEFLATE, then base64.
func EncodeRedirect(doc []byte) string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if _, writing := w.Write(doc); errors.Join(err, writing, w.Close()) != nil {
		panic("saml: deflating into memory failed") // neither the level nor a buffer can be at fault
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}
