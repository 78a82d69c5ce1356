package signin

import "chave/internal/page/ui"

// Confirm asks a last time before a key is cancelled: there is no way back (R5.09).
type Confirm struct {
	Task
}

// Page implements ui.View.
func (v Confirm) Page() ui.Page { return v.page("signin/confirm", "signin.confirm.title") }
