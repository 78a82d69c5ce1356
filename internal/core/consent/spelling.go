package consent

import (
	"strings"
)

// Spelling is one attribute name of Portugal's interoperability catalogue (cmd-authentication.md §1.9): which attribute it tells, to holders of which documents, and
// how it is written there. Both CMD wires answer through it, so that they cannot differ.
type Spelling struct {
	URI  string
	Name Name // empty when nothing supplies it: always NotAvailable
	// For lists the holders for whom this spelling has a value, where those are fewer than the attribute's; nil for no narrowing.
	For []Holder
	// Needs lists spellings that must be asked for in the same request (R6.12).
	Needs []string
	write func(Value) string
}

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
