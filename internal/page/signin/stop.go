package signin

import (
	"time"

	"chave/internal/page/ui"
)

// Ending names why a sign-in stands still or is over. Its texts are `signin.stop.ENDING.title`, `.text` and, where there is something to
// do, `.next`.
type Ending string

// The endings. Those from Blocked to NotEligible are told only after the person proved something (R3.27).
const (
	WrongBrowser    Ending = "wrong_browser" // begun elsewhere, or the cookie is lost
	Expired         Ending = "expired"
	Unknown         Ending = "unknown"
	Passed          Ending = "passed" // back button, second tab: this step has been answered
	Waiting         Ending = "waiting"
	TriesUsedUp     Ending = "tries_used_up" // the last step of the ladder for this kind of browser; said of unknown identifiers too
	Blocked         Ending = "blocked"
	DocumentExpired Ending = "document_expired"
	Ended           Ending = "ended"      // cancelled, replaced, or no active key
	NoPIN           Ending = "no_pin"     // the temporary PIN is too old
	NoChannel       Ending = "no_channel" // neither phone nor e-mail
	LevelTooLow     Ending = "level_too_low"
	NotEligible     Ending = "not_eligible"
	TooManyCodes    Ending = "too_many_codes"
	NotShared       Ending = "not_shared" // a required attribute was refused or is missing
	Unavailable     Ending = "unavailable"
	Refused         Ending = "refused" // the person said no and the service gave no address to return to
	SignedOut       Ending = "signed_out"
	Changed         Ending = "changed" // the new PIN is in force
	UnknownService  Ending = "unknown_service"
	BadReturn       Ending = "bad_return"
	Closed          Ending = "closed"   // the service is closed
	Finished        Ending = "finished" // over already; nothing is handed out twice
)

// Endings lists them all, for the storybook and for the test that each has its texts.
func Endings() []Ending {
	return []Ending{
		WrongBrowser, Expired, Unknown, Passed, Waiting, TriesUsedUp, Blocked, DocumentExpired, Ended, NoPIN, NoChannel, LevelTooLow, NotEligible,
		TooManyCodes, NotShared, Unavailable, Refused, SignedOut, Changed, UnknownService, BadReturn, Closed, Finished,
	}
}

// Stop is a page that ends a sign-in or makes it wait. It always offers a next step: back to the service, trying again, or help.
type Stop struct {
	Task
	Ending  Ending
	Code    string    // fault code, "CH-1204"; empty for an ending that is no fault
	Until   time.Time // Waiting, TooManyCodes: until when
	Cancel  bool      // the transaction lives: "back to the service" posts `cancel=1` to Action and delivers the refusal
	Again   string    // local path where the person can try again or go on; empty hides the button
	Counter bool      // name the counter as the place to go
}

// Page implements ui.View.
func (v Stop) Page() ui.Page {
	return v.page("signin/stop", "signin.stop."+string(v.ending())+".title", "Service", v.Service.Name, "Until", v.Until)
}

func (v Stop) ending() Ending {
	if v.Ending == "" {
		return Unavailable
	}
	return v.Ending
}

// Sign is the icon that goes with the ending: a good end looks like one, and a wait does not look like a refusal.
func (v Stop) Sign() string {
	switch v.ending() {
	case Changed, SignedOut, Finished:
		return "ok"
	case Refused:
		return "info"
	case Waiting, TooManyCodes, Expired, Closed:
		return "clock"
	case Blocked, TriesUsedUp, DocumentExpired, Ended:
		return "lock"
	default:
		return "warning"
	}
}
