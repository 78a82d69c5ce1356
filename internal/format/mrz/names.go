package mrz

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// transliterations are the letters of 9303-3 §6 A (Latin) that are not simply a letter with a mark to drop. The first
// choice is what we write; issuers may use any.
var transliterations = map[rune][]string{
	'Ä': {"AE", "A"}, 'Å': {"AA", "A"}, 'Ö': {"OE", "O"}, 'Ü': {"UE", "U", "UXX"}, 'Ñ': {"N", "NXX"},
	'Æ': {"AE"}, 'Ø': {"OE"}, 'Œ': {"OE"}, 'ẞ': {"SS"}, 'ß': {"SS"}, 'Þ': {"TH"}, 'Ð': {"D"}, 'Đ': {"D"}, 'Ħ': {"H"},
	'Ł': {"L"}, 'Ŋ': {"N"}, 'Ŧ': {"T"}, 'İ': {"I"}, 'ı': {"I"}, 'ĸ': {"Q", "K"}, 'ŉ': {"N"}, 'Ĳ': {"IJ"}, 'Ŀ': {"L"}, 'Ə': {"E"},
}

// Transliterate writes a name as a zone would: capital letters without accents, "<" for blanks and hyphens, apostrophes
// left out (9303-3 §4.6 and §6). A character that the Latin table does not know, such as a letter of another script, is
// left out and makes complete false: the name can then not be compared.
func Transliterate(name string) (zone string, complete bool) {
	var b strings.Builder
	complete = true
	for _, choices := range spell(name) {
		if len(choices) == 0 {
			complete = false
			continue
		}
		b.WriteString(choices[0])
	}
	return strings.Join(strings.FieldsFunc(b.String(), func(r rune) bool { return r == '<' }), "<"), complete
}

// spell gives for each character the ways to write it; none for one it does not know.
func spell(name string) [][]string {
	var out [][]string
	for _, r := range norm.NFC.String(name) {
		r = unicode.ToUpper(r)
		if choices, listed := transliterations[r]; listed {
			out = append(out, choices)
			continue
		}
		switch {
		case r < unicode.MaxASCII && unicode.IsLetter(r):
			out = append(out, []string{string(r)})
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), r == ',', r == '<', r == '/':
			out = append(out, []string{"<"})
		case r == '\'', r == '’', r == '‘', r == 'ʼ', r == '`', r == '´', r == '.', unicode.Is(unicode.Mn, r):
			// left out
		default:
			base := []rune(norm.NFD.String(string(r)))[0]
			if base < unicode.MaxASCII && unicode.IsLetter(base) {
				out = append(out, []string{string(base)})
			} else {
				out = append(out, nil)
			}
		}
	}
	return out
}

// sameName tells whether the name in a zone can be a spelling of the typed one. Where words are divided does not count:
// issuers differ on particles, hyphens and apostrophes. With cut, the zone may be only a beginning.
func sameName(zone, typed string, cut bool) bool {
	const longest = 200 // characters; far beyond any zone, and a bound on the work
	letters := spell(typed)
	if len(letters) > longest {
		return false
	}
	rest := map[string]bool{strings.ReplaceAll(zone, " ", ""): true} // what of the zone is left, for each way to spell so far
	for _, choices := range letters {
		if len(choices) == 0 {
			return false
		}
		if choices[0] == "<" {
			continue
		}
		next := make(map[string]bool)
		for left := range rest {
			for _, c := range choices {
				if after, ok := strings.CutPrefix(left, c); ok {
					next[after] = true
				} else if cut && strings.HasPrefix(c, left) {
					return true // the zone ends here
				}
			}
		}
		rest = next
	}
	return rest[""]
}
