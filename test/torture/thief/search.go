package thief

import (
	"bytes"
	"sort"
)

// Needle is one byte string to look for, and what finding it would mean.
type Needle struct {
	What  string // "phone of resident 3, national, UTF-16LE"
	Bytes []byte
}

// Hit is a needle that was found.
type Hit struct {
	Needle
	Where string // file
	At    int
	Near  string // the bytes around it, for the report
}

// shortest is the least length that is worth looking for: four bytes find each other anywhere.
const shortest = 5

// Search looks for many needles at once: the first four bytes of each position are looked up, then the needles that begin so are compared.
type Search struct {
	begins [1 << 16 / 64]uint64 // bitmap of first two bytes
	by     map[[4]byte][]Needle
}

// NewSearch prepares. Needles that are too short to mean anything are left out.
func NewSearch(needles []Needle) *Search {
	s := &Search{by: map[[4]byte][]Needle{}}
	seen := map[string]bool{}
	for _, n := range needles {
		if len(n.Bytes) < shortest || seen[string(n.Bytes)] {
			continue
		}
		seen[string(n.Bytes)] = true
		two := int(n.Bytes[0])<<8 | int(n.Bytes[1])
		s.begins[two/64] |= 1 << (two % 64)
		key := [4]byte(n.Bytes[:4])
		s.by[key] = append(s.by[key], n)
	}
	return s
}

// Size is how many different needles there are.
func (s *Search) Size() int {
	n := 0
	for _, all := range s.by {
		n += len(all)
	}
	return n
}

// In finds every needle in the hay, each once.
func (s *Search) In(where string, hay []byte) []Hit {
	var hits []Hit
	found := map[string]bool{}
	for i := 0; i+shortest <= len(hay); i++ {
		two := int(hay[i])<<8 | int(hay[i+1])
		if s.begins[two/64]&(1<<(two%64)) == 0 {
			continue
		}
		for _, n := range s.by[[4]byte(hay[i:i+4])] {
			if bytes.HasPrefix(hay[i:], n.Bytes) && !found[n.What] {
				found[n.What] = true
				hits = append(hits, Hit{n, where, i, near(hay, i, len(n.Bytes))})
			}
		}
	}
	return hits
}

func near(hay []byte, at, length int) string {
	from, to := max(0, at-24), min(len(hay), at+length+24)
	return string(bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}
		return r
	}, hay[from:to]))
}

// Digits are six digits that stand alone, and how long the word is that they stand in.
type Digits struct {
	Where string
	Near  string
	Word  int // letters, digits and the marks of base64 around and including them
}

// SixDigits finds every run of exactly six ASCII digits, by its digits.
func SixDigits(where string, hay []byte, into map[string][]Digits) {
	run := 0
	for i := 0; i <= len(hay); i++ {
		if i < len(hay) && hay[i] >= '0' && hay[i] <= '9' {
			run++
			continue
		}
		if run == 6 {
			from, to := i-6, i
			for from > 0 && inWord(hay[from-1]) {
				from--
			}
			for to < len(hay) && inWord(hay[to]) {
				to++
			}
			into[string(hay[i-6:i])] = append(into[string(hay[i-6:i])], Digits{where, near(hay, i-6, 6), to - from})
		}
		run = 0
	}
}

func inWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_' || c == '='
}

// longWord is the least length of a word that looks random: an id has 26 letters, a digest in hexadecimal more.
const longWord = 20

// Verdict says which of the known digits were found in a way that chance does not explain. controls are as random as the known ones but were never used.
func Verdict(found map[string][]Digits, known, controls []string) (betrayed []string, expected float64, inLong int) {
	long := func(code string) bool {
		for _, d := range found[code] {
			if d.Word >= longWord {
				return true
			}
		}
		return false
	}
	chance := 0
	for _, c := range controls {
		if long(c) {
			chance++
		}
	}
	var suspects []string
	for _, code := range known {
		for _, d := range found[code] {
			if d.Word < longWord {
				betrayed = append(betrayed, code+" in "+d.Where+": "+d.Near)
				break
			}
		}
		if long(code) {
			suspects = append(suspects, code)
		}
	}
	expected = float64(chance+1) / float64(len(controls)+1) * float64(len(known))
	if float64(len(suspects)) > 3+5*expected { // far beyond what chance gives
		betrayed = append(betrayed, suspects...)
	}
	sort.Strings(betrayed)
	return betrayed, expected, len(suspects)
}
