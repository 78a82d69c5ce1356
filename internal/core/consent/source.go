package consent

import (
	"context"
	"errors"
	"strings"
)

// ErrWithheld is a source's answer that it may not tell this service.
var ErrWithheld = errors.New("the source may not tell")

// SomeWithheld is ErrWithheld for some of the names; values of others may come beside it.
type SomeWithheld []Name

// Error names attributes, never values.
func (s SomeWithheld) Error() string {
	var names []string
	for _, n := range s {
		names = append(names, string(n))
	}
	return ErrWithheld.Error() + ": " + strings.Join(names, ", ")
}

// Is makes it an ErrWithheld.
func (SomeWithheld) Is(target error) bool { return target == ErrWithheld }

// Query is what a source is asked about one person. It names the person by no more than the source needs to find them.
type Query struct {
	Number  string // of this question, for the source's own record; random
	Service string // id of the service that will learn the answer
	Names   []Name
	Subject Subject           // whose data; a provider sends on only the identifiers that its source knows people by
	Params  map[string]string // see ParamsOf; a source is given those of its own attributes
}

// Provider asks one source. It returns what it was told, by name: a name that is missing has no value. It must return soon after ctx ends, and keeps nothing. Its
// errors go into the log as they are, so they say nothing of the person; ErrWithheld and SomeWithheld are answers rather than errors.
type Provider interface {
	Fetch(ctx context.Context, q Query) (map[Name]Value, error)
}

// SourcesOf lists the sources that hold any of the names, each once, Chave excepted.
func SourcesOf(names []Name) []Source {
	var all []Source
	seen := map[Source]bool{Held: true}
	for _, name := range names {
		if a, ok := Lookup(name); ok && !seen[a.Source] {
			seen[a.Source] = true
			all = append(all, a.Source)
		}
	}
	return all
}

// NamesOf keeps the names that a source holds.
func NamesOf(source Source, names []Name) []Name {
	var its []Name
	for _, name := range names {
		if a, ok := Lookup(name); ok && a.Source == source {
			its = append(its, name)
		}
	}
	return its
}

// KnownSources lists the bodies that attributes of the catalogue can come from.
func KnownSources() []Source {
	return []Source{AddressRegister, CardIssuer, SocialSecurity, Health, TransportOffice, PowersOfAttorney}
}
