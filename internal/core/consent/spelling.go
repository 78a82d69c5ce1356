package consent

import (
	"slices"
	"strings"

	"chave/internal/core/citizen"
)

// Spelling is one attribute name of Portugal's interoperability catalogue (cmd-authentication.md §1.9): which attribute it tells, to holders of which documents, and
// how it is written there. Both CMD wires answer through it, so that they cannot differ.
type Spelling struct {
	URI  string
	Name Name // empty when nothing supplies it: always NotAvailable
	// Means lists the ways of signing in that can supply it; those of a way that was not used come empty (R5.14). Today everybody signs in with a key.
	Means []Means
	// For lists the holders for whom this spelling has a value, where those are fewer than the attribute's; nil for no narrowing.
	For []Holder
	// Needs lists spellings that must be asked for in the same request (R6.12).
	Needs []string
	// Params lists parameters without which its source cannot answer.
	Params   []string
	cardOnly bool // of a citizen card, and of no other document
	write    func(Value) string
}

// Means is a way of signing in, as far as it decides what can be told.
type Means string

// The means of cmd-authentication.md §1.9. Only keys sign in here so far.
const (
	ByKey         Means = "key"
	ByCard        Means = "card"
	ByEIDAS       Means = "eidas"
	ByCertificate Means = "certificate" // a profession's, or the government's
)

// SkipConsentURI is the control attribute PassarConsentimento (cmd-authentication.md §1.4.2): it asks for a page to be skipped and tells nothing of anybody.
const SkipConsentURI = "http://interop.gov.pt/MDC/FA/PassarConsentimento"

// Asked is one attribute name as a service wrote it.
type Asked struct {
	As       string // echoed exactly, parameters included
	Spelling Spelling
	Params   map[string]string
}

// ReadAsked understands a name: white space around it, parameters after a question mark separated by dollar signs, aliases. ok is false for a name under none of
// the known roots, which is an error; one that is unknown under a known root has a Spelling without Name and is NotAvailable (question 5.17).
func ReadAsked(as string) (asked Asked, ok bool) {
	uri, params, _ := strings.Cut(strings.TrimSpace(as), "?")
	asked = Asked{As: as, Params: readParams(params)}
	if asked.Spelling, ok = spellings()[canonical(uri)]; ok {
		return asked, true
	}
	asked.Spelling = Spelling{URI: uri}
	for _, root := range []string{"http://interop.gov.pt/", "http://eidas.europa.eu/attributes/", "http://autenticacao.cartaodecidadao.pt/"} {
		if strings.HasPrefix(uri, root) {
			return asked, true
		}
	}
	return asked, false
}

// readParams reads key=value pairs; the first of two with the same key counts.
func readParams(text string) map[string]string {
	if text == "" {
		return nil
	}
	params := map[string]string{}
	for _, pair := range strings.Split(text, "$") {
		key, value, _ := strings.Cut(pair, "=")
		if _, twice := params[key]; key != "" && !twice {
			params[key] = value
		}
	}
	return params
}

// Answer is what a service gets for one name: the text, empty unless the state is Available, and the state. all is the whole request (R6.12).
func (a Asked) Answer(all []Asked, r Answered) (string, State) {
	s := a.Spelling
	switch {
	case s.Name == "", s.For != nil && !slices.Contains(s.For, r.Holder), s.cardOnly && r.Document != citizen.CitizenCard, len(a.Lacking(all)) > 0:
		return "", NotAvailable
	}
	v, state := r.Of(s.Name)
	if state != Available {
		return "", state
	}
	text := v.Text
	if s.write != nil {
		text = s.write(v)
	}
	if text == "" { // never Available without a value: the desktop middleware would crash (§1.9.1)
		return "", NotAvailable
	}
	return text, Available
}

// Lacking lists what the request should have had for this name to be answered: other names, and parameters of its own (R6.12). It is for the integrator's eyes.
func (a Asked) Lacking(all []Asked) []string {
	var missing []string
	for _, need := range a.Spelling.Needs {
		if !slices.ContainsFunc(all, func(other Asked) bool { return other.Spelling.URI == need }) {
			missing = append(missing, need)
		}
	}
	for _, param := range a.Spelling.Params {
		if a.Params[param] == "" {
			missing = append(missing, "?"+param)
		}
	}
	return missing
}

// Wanted lists the attributes that a request is about, in the catalogue's order: what the person is asked to share. A name that cannot be answered asks for none.
func Wanted(all []Asked) []Name {
	var names []Name
	for _, attribute := range Catalogue() {
		if slices.ContainsFunc(all, func(a Asked) bool { return a.Spelling.Name == attribute.Name && len(a.Lacking(all)) == 0 }) {
			names = append(names, attribute.Name)
		}
	}
	return names
}

// ParamsOf gathers the parameters of a request for Query.Params: attribute, last part of the spelling and key with a dot between each, as in
// powers.ENTERPRISE.NIPC. Where one name came twice with different parameters, the first counts.
func ParamsOf(all []Asked) map[string]string {
	params := map[string]string{}
	for _, a := range all {
		for key, value := range a.Params {
			at := string(a.Spelling.Name) + "." + lastPart(a.Spelling.URI) + "." + key
			if _, twice := params[at]; a.Spelling.Name != "" && !twice {
				params[at] = value
			}
		}
	}
	return params
}

// KnowsSomebody tells whether a request holds the smallest set by which at least one kind of resident can be known (cmd-authentication.md §1.9.2): the NIC, the number
// of a document (alone or in its triple, question 5.30), or the four of eIDAS.
func KnowsSomebody(all []Asked) bool {
	asks := func(uri string) bool {
		return slices.ContainsFunc(all, func(a Asked) bool { return a.Spelling.URI == uri })
	}
	return asks(mdc+"NIC") || asks(mdc+"DocNumber") ||
		asks(eidas+"PersonIdentifier") && asks(eidas+"CurrentFamilyName") && asks(eidas+"CurrentGivenName") && asks(eidas+"DateOfBirth")
}
