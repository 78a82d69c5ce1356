package mykey

import (
	"time"

	"chave/internal/page/ui"
)

// Sessions lists where the holder is signed in, and ends any of it (ASVS 7.4.3).
type Sessions struct {
	Own
	Action   string // where ending posts (`session`)
	Sessions []Session
}

// Session is one of them.
type Session struct {
	ID       string
	Since    time.Time
	SignedIn time.Time // last time PIN and code were right
	Ends     time.Time // unless it is used
	Here     bool      // this browser's
	Services []string  // names of what was opened in it
}

// Page implements ui.View.
func (v Sessions) Page() ui.Page { return v.page("key/sessions", "key.sessions.title", "sessions") }
