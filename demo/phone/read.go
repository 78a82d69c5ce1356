package phone

import (
	"regexp"
	"slices"
	"strings"
)

// sixDigits finds a code as phones do: six digits that are not part of a longer number.
var sixDigits = regexp.MustCompile(`(?:^|[^0-9+])([0-9]{6})(?:[^0-9]|$)`)

// readCode reads the one-time code out of a message.
func readCode(text string) (string, bool) {
	m := sixDigits.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// contact is the form in which recipients are compared: an e-mail address in lower case, a phone
// number as its digits without leading "00". A query whose "+" arrived as a space still matches.
func contact(to string) string {
	to = strings.ToLower(strings.TrimSpace(to))
	if strings.Contains(to, "@") {
		return to
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, to)
	return strings.TrimPrefix(digits, "00")
}

func sortNewestFirst(list []Message) {
	slices.SortStableFunc(list, func(a, b Message) int { return b.At.Compare(a.At) })
}
