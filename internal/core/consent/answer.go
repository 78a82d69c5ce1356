package consent

import (
	"slices"

	"chave/internal/core/citizen"
)

// State is what a service learns of an attribute beside its value (R5.13, cmd-authentication.md §1.6.1 and §2.3.2).
type State string

// The states. Pending exists where a service can come back; Withheld where the wire can say that the person, or the source, said no.
const (
	Available    State = "Available"
	NotAvailable State = "NotAvailable"
	Pending      State = "Pending"
	Withheld     State = "Withheld"
)

// Answered is what one sign-in settled about attributes: all that any wire needs to answer, and the same for each. It can be kept as JSON.
type Answered struct {
	Holder Holder `json:"holder"`
	// Document founds the key. The card's issuer keeps data of citizen cards only, and the holder's group also counts identity cards.
	Document citizen.DocumentType `json:"document,omitempty"`
	Shared   []Name               `json:"shared,omitempty"`
	Refused  []Name               `json:"refused,omitempty"`
	Values   map[Name]Value       `json:"values,omitempty"`
	Withheld []Name               `json:"withheld,omitempty"` // a source said that it may not tell
	Pending  []Name               `json:"pending,omitempty"`  // a source has not answered yet
}

// Of answers for one attribute of the catalogue.
func (a Answered) Of(name Name) (Value, State) {
	switch {
	case slices.Contains(a.Refused, name):
		return Value{}, Withheld
	case !slices.Contains(a.Shared, name):
		return Value{}, NotAvailable
	}
	if v, there := a.Values[name]; there {
		return v, Available
	}
	switch {
	case slices.Contains(a.Withheld, name):
		return Value{}, Withheld
	case slices.Contains(a.Pending, name):
		return Value{}, Pending
	}
	return Value{}, NotAvailable
}

// Level is what may be reported for a sign-in that reached a level: no more than each source of what was obtained vouches for (R5.20).
func (a Answered) Level(reached int) int {
	for name := range a.Values {
		if attribute, ok := Lookup(name); ok {
			reached = min(reached, attribute.Level)
		}
	}
	return reached
}
