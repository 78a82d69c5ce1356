package cms

import (
	"fmt"
	"slices"
)

const (
	berDepth = 32       // nesting; the deepest structure we know of has about twenty
	berSize  = 64 << 20 // octets
)

// Trim cuts the zero octets off that fill the place reserved for a signature. Anything else behind the end is refused: nothing there
// is covered by what we check, and a reader could be made to see it.
func Trim(padded []byte) ([]byte, error) {
	end, err := skip(padded, 0)
	if err != nil {
		return nil, err
	}
	for _, b := range padded[end:] {
		if b != 0 {
			return nil, fmt.Errorf("%w: octets behind the end", ErrMalformed)
		}
	}
	return padded[:end], nil
}

// header reads a tag and length. n is -1 for the indefinite form.
func header(in []byte) (tag []byte, n, size int, err error) {
	bad := fmt.Errorf("%w: tag or length", ErrMalformed)
	if len(in) < 2 {
		return nil, 0, 0, bad
	}
	i := 1
	if in[0]&0x1f == 0x1f { // long tags: not in anything we read, but somewhere in what we skip
		for i < len(in) && in[i]&0x80 != 0 {
			i++
		}
		if i++; i > 5 || i >= len(in) {
			return nil, 0, 0, bad
		}
	}
	tag = in[:i]
	l := int(in[i])
	i++
	switch {
	case l < 0x80:
		n = l
	case l == 0x80:
		if tag[0]&0x20 == 0 {
			return nil, 0, 0, bad
		}
		return tag, -1, i, nil
	default:
		l &= 0x7f
		if l > 8 || i+l > len(in) {
			return nil, 0, 0, bad
		}
		for _, b := range in[i : i+l] {
			if n > berSize>>8 {
				return nil, 0, 0, bad
			}
			n = n<<8 | int(b)
		}
		i += l
	}
	if n > len(in)-i {
		return nil, 0, 0, bad
	}
	return tag, n, i, nil
}

// skip gives the length of the first element.
func skip(in []byte, depth int) (int, error) {
	_, n, at, err := header(in)
	if err != nil {
		return 0, err
	}
	if n >= 0 {
		return at + n, nil
	}
	if depth == berDepth {
		return 0, fmt.Errorf("%w: nested too deep", ErrMalformed)
	}
	for {
		if len(in)-at >= 2 && in[at] == 0 && in[at+1] == 0 {
			return at + 2, nil
		}
		size, err := skip(in[at:], depth+1)
		if err != nil {
			return 0, err
		}
		at += size
	}
}

// normalise turns the first BER element into DER as far as lengths and strings in pieces are concerned. The order of sets is kept: whoever signed one signed it as it was.
func normalise(in []byte) (der, rest []byte, err error) {
	if len(in) > berSize {
		return nil, nil, fmt.Errorf("%w: too large", ErrMalformed)
	}
	return definite(in, 0)
}

func definite(in []byte, depth int) (der, rest []byte, err error) {
	if depth == berDepth {
		return nil, nil, fmt.Errorf("%w: nested too deep", ErrMalformed)
	}
	tag, n, at, err := header(in)
	if err != nil {
		return nil, nil, err
	}
	if tag[0]&0x20 == 0 {
		return element(tag, in[at:at+n]), in[at+n:], nil
	}
	body := in[at:]
	if n >= 0 {
		body, rest = in[at:at+n], in[at+n:]
	}
	pieces := tag[0] == 0x24 // an OCTET STRING in pieces is one string
	var content []byte
	for {
		if n >= 0 && len(body) == 0 {
			break
		}
		if n < 0 && len(body) >= 2 && body[0] == 0 && body[1] == 0 {
			rest = body[2:]
			break
		}
		var one []byte
		if one, body, err = definite(body, depth+1); err != nil {
			return nil, nil, err
		}
		if pieces {
			inner, n, at, err := header(one)
			if err != nil || inner[0] != 0x04 {
				return nil, nil, fmt.Errorf("%w: string in pieces", ErrMalformed)
			}
			one = one[at : at+n]
		}
		content = append(content, one...)
	}
	if pieces {
		return element([]byte{0x04}, content), rest, nil
	}
	return element(tag, content), rest, nil
}

// element writes a tag, the shortest length and the content.
func element(tag, content []byte) []byte {
	n := len(content)
	length := []byte{byte(n)}
	if n >= 0x80 {
		length = nil
		for ; n > 0; n >>= 8 {
			length = append(length, byte(n))
		}
		length = append(length, 0x80|byte(len(length)))
		slices.Reverse(length)
	}
	return slices.Concat(tag, length, content)
}
