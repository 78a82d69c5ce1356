package pdf

import (
	"bytes"
	"strconv"
)

// lexer reads values from octets (ISO 32000-1 §7.2, §7.3). It stops at the end of what it was given, so a revision cannot be read past its end.
type lexer struct {
	buf   []byte
	pos   int
	items int // values read for the present object
}

// The character classes of §7.2.2.
func space(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func delimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func regular(c byte) bool { return !space(c) && !delimiter(c) }

func digit(c byte) bool { return c >= '0' && c <= '9' }

// skip passes over white space and comments.
func (l *lexer) skip() {
	for l.pos < len(l.buf) {
		switch c := l.buf[l.pos]; {
		case space(c):
			l.pos++
		case c == '%':
			for l.pos < len(l.buf) && l.buf[l.pos] != '\n' && l.buf[l.pos] != '\r' {
				l.pos++
			}
		default:
			return
		}
	}
}

// peek is the octet at a distance, 0 behind the end.
func (l *lexer) peek(ahead int) byte {
	if l.pos+ahead < len(l.buf) {
		return l.buf[l.pos+ahead]
	}
	return 0
}

// run is the longest run of regular characters from here.
func (l *lexer) run() []byte {
	start := l.pos
	for l.pos < len(l.buf) && regular(l.buf[l.pos]) {
		l.pos++
	}
	return l.buf[start:l.pos]
}

// keyword reads one expected keyword.
func (l *lexer) keyword(w string) error {
	l.skip()
	if string(l.run()) != w {
		return damaged("%s expected at %d", w, l.pos)
	}
	return nil
}

// natural reads an unsigned integer.
func (l *lexer) natural() (int, error) {
	l.skip()
	run := l.run()
	n, ok := natural(run)
	if !ok {
		return 0, damaged("number expected at %d", l.pos)
	}
	return n, nil
}

func natural(run []byte) (int, bool) {
	if len(run) == 0 || len(run) > 18 {
		return 0, false
	}
	n := 0
	for _, c := range run {
		if !digit(c) {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// value reads one value; keywords that are none come back as word.
func (l *lexer) value(depth int) (any, error) {
	if depth > limitNesting {
		return nil, tooComplex("nested values")
	}
	if l.items++; l.items > limitItems {
		return nil, tooComplex("values in one object")
	}
	l.skip()
	if l.pos >= len(l.buf) {
		return nil, damaged("ends inside a value")
	}
	switch c := l.buf[l.pos]; {
	case c == '/':
		return l.name()
	case c == '(':
		return l.literal()
	case c == '<' && l.peek(1) == '<':
		return l.dict(depth)
	case c == '<':
		return l.hex()
	case c == '[':
		return l.array(depth)
	case digit(c):
		return l.numberOrRef()
	case c == '+' || c == '-' || c == '.':
		return number(l.run())
	case regular(c):
		switch run := l.run(); string(run) {
		case "null":
			return nil, nil
		case "true":
			return true, nil
		case "false":
			return false, nil
		default:
			if len(run) > 32 {
				return nil, damaged("keyword expected at %d", l.pos)
			}
			return word(run), nil
		}
	}
	return nil, damaged("no value begins so, at %d", l.pos)
}

// numberOrRef reads a number, or the three tokens of a reference.
func (l *lexer) numberOrRef() (any, error) {
	run := l.run()
	num, ok := natural(run)
	if !ok || num > limitNumber {
		return number(run)
	}
	after := l.pos
	l.skip()
	if digit(l.peek(0)) {
		if gen, ok := natural(l.run()); ok && gen <= 65535 {
			l.skip()
			if l.peek(0) == 'R' && (l.pos+1 >= len(l.buf) || !regular(l.peek(1))) {
				l.pos++
				return ref{num, gen}, nil
			}
		}
	}
	l.pos = after
	return num, nil
}

func number(run []byte) (any, error) {
	if n, err := strconv.Atoi(string(run)); err == nil {
		return n, nil
	}
	digits, points := 0, 0
	for i, c := range run {
		switch {
		case digit(c):
			digits++
		case c == '.':
			points++
		case (c == '-' || c == '+') && i == 0:
		default:
			return nil, damaged("a number is malformed")
		}
	}
	if digits == 0 || points > 1 || len(run) > 400 {
		return nil, damaged("a number is malformed")
	}
	return real(run), nil
}

func (l *lexer) name() (any, error) {
	l.pos++
	run := l.run()
	if !bytes.ContainsRune(run, '#') {
		return name(run), nil
	}
	out := make([]byte, 0, len(run))
	for i := 0; i < len(run); i++ {
		if run[i] == '#' && i+2 < len(run) && nibble(run[i+1]) >= 0 && nibble(run[i+2]) >= 0 {
			out = append(out, byte(nibble(run[i+1])<<4|nibble(run[i+2])))
			i += 2
			continue
		}
		out = append(out, run[i])
	}
	return name(out), nil
}

func nibble(c byte) int {
	switch {
	case digit(c):
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func (l *lexer) hex() (any, error) {
	l.pos++
	end := bytes.IndexByte(l.buf[l.pos:], '>')
	if end < 0 {
		return nil, damaged("ends inside a string")
	}
	run := l.buf[l.pos : l.pos+end]
	out := make([]byte, 0, len(run)/2+1)
	half := -1
	for _, c := range run {
		if space(c) {
			continue
		}
		n := nibble(c)
		switch {
		case n < 0:
			return nil, damaged("a hexadecimal string has other letters")
		case half < 0:
			half = n
		default:
			out = append(out, byte(half<<4|n))
			half = -1
		}
	}
	if half >= 0 {
		out = append(out, byte(half<<4))
	}
	l.pos += end + 1
	return text(out), nil
}

// literal reads a string in parentheses with its escapes (§7.3.4.2).
func (l *lexer) literal() (any, error) {
	l.pos++
	var out []byte
	for open := 1; l.pos < len(l.buf); l.pos++ {
		switch c := l.buf[l.pos]; c {
		case '(':
			open++
			out = append(out, c)
		case ')':
			if open--; open == 0 {
				l.pos++
				return text(out), nil
			}
			out = append(out, c)
		case '\r':
			if l.peek(1) == '\n' {
				l.pos++
			}
			out = append(out, '\n')
		case '\\':
			l.pos++
			out = l.escape(out)
		default:
			out = append(out, c)
		}
	}
	return nil, damaged("ends inside a string")
}

// escape reads what follows a reverse solidus and leaves pos on its last octet.
func (l *lexer) escape(out []byte) []byte {
	switch c := l.peek(0); c {
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case '\n':
		return out
	case '\r':
		if l.peek(1) == '\n' {
			l.pos++
		}
		return out
	default:
		if c < '0' || c > '7' {
			return append(out, c)
		}
		n := int(c - '0')
		for range 2 {
			next := l.peek(1)
			if next < '0' || next > '7' {
				break
			}
			n = n*8 + int(next-'0')
			l.pos++
		}
		return append(out, byte(n))
	}
}

func (l *lexer) array(depth int) (any, error) {
	l.pos++
	out := array{}
	for {
		l.skip()
		if l.peek(0) == ']' {
			l.pos++
			return out, nil
		}
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, isWord := v.(word); isWord {
			return nil, damaged("a keyword inside an array")
		}
		out = append(out, v)
	}
}

// dict refuses a key that comes twice: programs differ in which of the two they take.
func (l *lexer) dict(depth int) (any, error) {
	l.pos += 2
	out := dict{}
	var seen map[name]bool
	for {
		l.skip()
		if l.peek(0) == '>' && l.peek(1) == '>' {
			l.pos += 2
			return out, nil
		}
		if l.peek(0) != '/' {
			return nil, damaged("key expected at %d", l.pos)
		}
		key, err := l.name()
		if err != nil {
			return nil, err
		}
		l.skip()
		from := l.pos
		v, err := l.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if _, isWord := v.(word); isWord {
			return nil, damaged("a keyword inside a dictionary")
		}
		if len(out) == 16 {
			seen = map[name]bool{}
			for _, e := range out {
				seen[e.key] = true
			}
		}
		_, twice := seen[key.(name)]
		if seen == nil {
			_, twice = out.entry(key.(name))
		} else {
			seen[key.(name)] = true
		}
		if twice {
			return nil, damaged("a key comes twice in a dictionary")
		}
		out = append(out, entry{key: key.(name), value: v, from: from, to: l.pos})
	}
}
