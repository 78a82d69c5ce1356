package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"io"
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
// encoding. It returns one reading, or two when a space can be either layout or a plus; the likelier first.
//
// Form encoding loses all pluses or none, so one plus that is still there makes every space layout. Spaces next to line breaks and at the
// ends are layout anyway.
func decode(value string, max int) ([][]byte, error) {
	if len(value) > max/2*3+64 { // 4/3 for base64, the rest for line breaks
		return nil, refuse(ReasonTooLarge, "base64")
	}
	text, spaces := tidy(value)
	if spaces == 0 {
		b, err := decodeText(text, max)
		return [][]byte{b}, err
	}
	var readings [][]byte
	if bytes.IndexByte(text, '+') < 0 {
		if b, err := decodeText(bytes.ReplaceAll(text, []byte(" "), []byte("+")), max); err == nil {
			readings = append(readings, b)
		}
	}
	b, err := decodeText(bytes.ReplaceAll(text, []byte(" "), nil), max)
	if err == nil {
		readings = append(readings, b)
	}
	if len(readings) > 0 {
		err = nil
	}
	return readings, err
}

// tidy drops line breaks and tabs with the spaces next to them and counts the spaces that are left.
func tidy(value string) (text []byte, spaces int) {
	text = make([]byte, 0, len(value))
	atBreak := true
	for i := 0; i < len(value); i++ {
		switch c := value[i]; c {
		case '\r', '\n', '\t':
			for len(text) > 0 && text[len(text)-1] == ' ' {
				text, spaces = text[:len(text)-1], spaces-1
			}
			atBreak = true
		case ' ':
			if !atBreak {
				text, spaces = append(text, c), spaces+1
			}
		default:
			text, atBreak = append(text, c), false
		}
	}
	for len(text) > 0 && text[len(text)-1] == ' ' {
		text, spaces = text[:len(text)-1], spaces-1
	}
	return text, spaces
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
