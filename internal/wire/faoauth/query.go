package faoauth

import (
	"net/url"
	"strings"
)

const (
	maxQuery      = 16 << 10 // bytes of a request in an address
	maxParameters = 100
	maxNames      = 200  // attributes in one request; the reference's sheet lists 177
	maxName       = 2048 // bytes of one, parameters included
	maxState      = 2048 // bytes
)

// query is the parameters of an address, by name in lower case.
type query map[string][]string

// readQuery splits an address as clients of this door write it (§1.10): at each "&", then at the first "=", so that addresses and attribute names inside may hold
// "=", "?", ";" and "$" as they are. A value that is not percent-encoded properly is taken as it stands. ok is false for more than anybody needs.
func readQuery(raw string) (q query, ok bool) {
	q = query{}
	if len(raw) > maxQuery || strings.Count(raw, "&") >= maxParameters {
		return q, false
	}
	for _, pair := range strings.Split(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name = strings.ToLower(plain(name))
		q[name] = append(q[name], plain(value))
	}
	return q, true
}

// plain undoes percent-encoding, as far as it is that.
func plain(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return strings.ReplaceAll(s, "+", " ")
}

// one is a parameter's single value; ok is false when it came twice, for we and the client could each read another of the two.
func (q query) one(name string) (value string, ok bool) {
	all := q[name]
	switch len(all) {
	case 0:
		return "", true
	case 1:
		return all[0], true
	}
	return "", false
}

// words splits all values of a parameter at white space, and at the separators given.
func (q query) words(name, separators string) []string {
	var all []string
	for _, value := range q[name] {
		all = append(all, strings.FieldsFunc(value, func(r rune) bool {
			return r == ' ' || r == '\t' || r == '\r' || r == '\n' || strings.ContainsRune(separators, r)
		})...)
	}
	return all
}
