package consent

import (
	"strings"
	"sync"
)

const (
	mdc     = "http://interop.gov.pt/MDC/Cidadao/"
	dadosCC = "http://interop.gov.pt/DadosCC/Cidadao/"
)

// spellings is the table by URI.
var spellings = sync.OnceValue(func() map[string]Spelling {
	all := map[string]Spelling{}
	for _, s := range [][]Spelling{citizenSpellings()} {
		for _, one := range s {
			all[one.URI] = one
		}
	}
	return all
})

func canonical(uri string) string { return uri }

func readParams(text string) map[string]string {
	if text == "" {
		return nil
	}
	params := map[string]string{}
	for _, pair := range strings.Split(text, "$") {
		key, value, _ := strings.Cut(pair, "=")
		params[key] = value
	}
	return params
}

func citizenSpellings() []Spelling {
	return []Spelling{
		{URI: mdc + "NIC", Name: NIC},
		{URI: mdc + "NomeCompleto", Name: FullName},
	}
}

// Answer is what a service gets for one name: the text, empty unless the state is Available, and the state. all is the whole request (R6.12).
func (a Asked) Answer(all []Asked, r Answered) (string, State) {
	v, state := r.Of(a.Spelling.Name)
	if state != Available {
		return "", state
	}
	text := v.Text
	if a.Spelling.write != nil {
		text = a.Spelling.write(v)
	}
	if text == "" {
		return "", NotAvailable
	}
	return text, Available
}

// KnowsSomebody tells whether a request holds the smallest set by which at least one kind of resident can be known (cmd-authentication.md §1.9.2).
func KnowsSomebody(all []Asked) bool {
	for _, a := range all {
		if a.Spelling.Name == NIC || a.Spelling.URI == mdc+"DocNumber" {
			return true
		}
	}
	return false
}
