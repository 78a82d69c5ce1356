package oidc

import (
	"maps"
	"slices"
	"strings"

	"chave/internal/core/consent"
)

// split parts what Chave holds, which a family may repeat, from what another body told for this one sign-in.
func split(values map[consent.Name]consent.Value) (held, fetched map[consent.Name]consent.Value) {
	held, fetched = map[consent.Name]consent.Value{}, map[consent.Name]consent.Value{}
	for name, v := range values {
		if a, ok := consent.Lookup(name); ok && a.Source == consent.Held {
			held[name] = v
		} else {
			fetched[name] = v
		}
	}
	return held, fetched
}

// with is the agreement as its first ID token tells it: with what was fetched, as far as the service is registered for it.
func (a agreement) with(fetched map[consent.Name]consent.Value, allowed func(consent.Name) bool) agreement {
	if len(fetched) == 0 {
		return a
	}
	a.Values = maps.Clone(a.Values)
	if a.Values == nil {
		a.Values = map[consent.Name]consent.Value{}
	}
	for name, v := range fetched {
		if allowed(name) {
			a.Values[name] = v
		}
	}
	return a
}

// addressClaim is OIDC Core §5.1.1. Sources tell the members under their standard names; formatted is the line that a person would read.
func addressClaim(v consent.Value) any {
	out := map[string]string{"formatted": v.Text}
	for _, member := range []string{"street_address", "locality", "region", "postal_code", "country"} {
		if text := v.Parts[member]; text != "" {
			out[member] = text
		}
	}
	return out
}

// An ID token travels in headers and cookies of services, so what goes into one is bounded.
const (
	longestPart = 1 << 10 // bytes
	allParts    = 4 << 10
)

// partsClaim is an object with the line that a person would read as text, and each part under its own name. XML documents and whatever is long, such as pictures,
// stay out: the wires of CMD tell those.
func partsClaim(v consent.Value) any {
	out, size := map[string]string{"text": v.Text}, 0
	for _, name := range slices.Sorted(maps.Keys(v.Parts)) {
		text := v.Parts[name]
		if text == "" || name == "text" || len(text) > longestPart || size+len(text) > allParts || strings.HasPrefix(text, "<") {
			continue
		}
		out[name], size = text, size+len(text)
	}
	return out
}
