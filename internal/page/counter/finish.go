package counter

import (
	"time"

	"chave/internal/core/credential"
	"chave/internal/page/ui"
)

// Contacts proves the phone, and the e-mail if there is one, by codes at the desk (R2.08). Each act is a form of its own with a hidden
// `do`: send_phone (`phone`, `speaks`), prove_phone (`phone_code`), send_email (`email`, `speaks`), prove_email (`email_code`), done.
type Contacts struct {
	Case
	Phone      string
	PhoneState string // "", sent, proven
	PhoneUntil time.Time
	Email      string
	EmailState string
	EmailUntil time.Time
	Speaks     string // language of the person's messages: pt or en
	NeedsPhone bool   // a foreign key cannot do without (R1.12)
}

// Page implements ui.View.
func (v Contacts) Page() ui.Page { return v.page("counter/contacts", "counter.contacts.title") }

// Ready tells whether the form that goes on is shown.
func (v Contacts) Ready() bool {
	return v.PhoneState == "proven" || (v.EmailState == "proven" && !v.NeedsPhone)
}

// Numbers completes the sector numbers and warns of the services that will not know the person without them (R2.10, PAIN-11). Fields: `nif`, `niss`, `nsns`.
type Numbers struct {
	Case
	NIF, NISS, NSNS Number
	Never           []string // names of the services that no number will open for this person: they ask for what the key never holds
}

// Number is one sector number.
type Number struct {
	Value    string
	Fixed    bool     // the registry gave it; it cannot be typed over
	Required bool     // this document cannot do without it (R1.11)
	Services []string // names of the services that need it and will not recognise the person without
}

// Page implements ui.View.
func (v Numbers) Page() ui.Page { return v.page("counter/numbers", "counter.numbers.title") }

// Refused says why there will be no key, in words to read to the person, and what they can do.
type Refused struct {
	Case
	Reason ui.Problem // its Code chooses the sentences
	Retry  string     // local path back to the form, when a slip of typing may be the cause
}

// Page implements ui.View.
func (v Refused) Page() ui.Page { return v.page("counter/refused", "counter.refused.title") }

// TemporaryPIN shows the temporary PIN once, for the screen and the printer (R2.09). It is never stored with the view.
type TemporaryPIN struct {
	Case
	PIN    credential.PIN
	Until  time.Time
	SignIn string // the address where the person chooses their own, as it is to be typed
	Next   string // local path to the page that waits for the first sign-in
}

// Page implements ui.View.
func (v TemporaryPIN) Page() ui.Page { return v.page("counter/pin", "counter.pin.title") }

// FirstSignIn waits for the person to choose a PIN: the desk journey ends with it (R2.11).
type FirstSignIn struct {
	Case
	Done   bool
	Until  time.Time // when the temporary PIN ends
	SignIn string
	// Signature is the address where the person, in their own hands, switches signing on; empty hides the offer.
	Signature string
}

// Page implements ui.View.
func (v FirstSignIn) Page() ui.Page {
	if v.Done {
		return v.page("counter/first", "counter.first.done")
	}
	return v.page("counter/first", "counter.first.title")
}

// Trail is where a case stands among its steps.
type Trail struct {
	Name    string
	Current bool
	Passed  bool
}

// Steps lists the steps of a registration with the current one marked, for the trail above each page.
func Steps(current string) []Trail {
	var all []Trail
	passed := true
	for _, name := range []string{"document", "contacts", "numbers", "pin", "first"} {
		passed = passed && name != current
		all = append(all, Trail{Name: name, Current: name == current, Passed: passed})
	}
	return all
}

// Trail marks the step of this page.
func (Type) Trail() []Trail { return Steps("document") }

// Trail marks the step of this page.
func (Document) Trail() []Trail { return Steps("document") }

// Trail marks the step of this page.
func (Registry) Trail() []Trail { return Steps("document") }

// Trail marks the step of this page.
func (Attest) Trail() []Trail { return Steps("document") }

// Trail marks the step of this page.
func (Contacts) Trail() []Trail { return Steps("contacts") }

// Trail marks the step of this page.
func (Numbers) Trail() []Trail { return Steps("numbers") }

// Trail marks the step of this page.
func (Refused) Trail() []Trail { return nil }

// Trail marks the step of this page.
func (TemporaryPIN) Trail() []Trail { return Steps("pin") }

// Trail of the last page has no current step once the person has signed in.
func (v FirstSignIn) Trail() []Trail {
	if v.Done {
		return Steps("")
	}
	return Steps("first")
}
