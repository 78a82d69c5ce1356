package counter

import "chave/internal/page/ui"

// Held says that the person has a key already, and offers to put that one right (R3.24, R2.21).
type Held struct {
	Case
	Document ui.Document
	Reason   ui.Problem
}

// Page implements ui.View.
func (v Held) Page() ui.Page { return v.page("counter/held", "counter.held.title") }

// Trail has no step: nothing is being registered yet.
func (Held) Trail() []Trail { return nil }
