package faoauth

import (
	"strings"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/service"
)

// readNames understands a list of attribute names, and refuses what no request may hold: nothing at all, more or longer names than there can be, a name under none of
// the known roots.
func readNames(names []string) ([]consent.Asked, error) {
	if len(names) == 0 || len(names) > maxNames {
		return nil, fault.New(fault.AttributesInvalid)
	}
	var all []consent.Asked
	for _, name := range names {
		if len(name) > maxName {
			return nil, fault.New(fault.AttributesInvalid)
		}
		asked, ok := consent.ReadAsked(name)
		if !ok {
			return nil, fault.New(fault.AttributesInvalid)
		}
		all = append(all, asked)
	}
	return all, nil
}

// mayAsk checks a request's names against the registration, and gives the attributes to ask the person for.
//
// A name that nothing supplies, known or unknown under a known root, is let through and answered NotAvailable: clients send obsolete and misspelt names and expect an
// answer (question 5.17). A name of an attribute that exists, but that the registration does not list, is refused with invalid_request, the whole request with it:
// it is a mistake in the registration or in the client, and a person must not be sent through a sign-in that cannot give what it was for (question 5.38).
func mayAsk(s service.Service, all []consent.Asked) ([]consent.Ask, error) {
	if !s.OAuth.AnyAttributes && !consent.KnowsSomebody(all) {
		return nil, fault.New(fault.AttributesInvalid)
	}
	var asks []consent.Ask
	for _, name := range consent.Wanted(all) {
		if !s.MayAsk(service.WireOAuth, name) {
			return nil, fault.New(fault.AttributeNotAllowed).With("Name", string(name))
		}
		listed, _ := s.Allowed(name)
		asks = append(asks, consent.Ask{Name: name, Required: listed.Required})
	}
	return asks, nil
}

// asWritten is the names of a list as they came.
func asWritten(all []consent.Asked) []string {
	var names []string
	for _, asked := range all {
		names = append(names, asked.As)
	}
	return names
}

// inScope tells whether a name is one of those that a token was asked for: the same words, or another spelling of the same attribute with the same parameters.
func inScope(name string, asked consent.Asked, scope []consent.Asked) bool {
	for _, one := range scope {
		if strings.TrimSpace(one.As) == strings.TrimSpace(name) {
			return true
		}
		if one.Spelling.URI == asked.Spelling.URI && sameParams(one.Params, asked.Params) {
			return true
		}
	}
	return false
}

func sameParams(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for key, value := range a {
		if other, there := b[key]; !there || other != value {
			return false
		}
	}
	return true
}
