//go:build browser

package browser

import (
	"testing"

	"chave/test/browser/chromium"
	"chave/test/browser/country"
)

// visitor is somebody at a browser, with what only they know.
type visitor struct {
	*chromium.Window
	home                            *country.Country
	identifier, country, pin, phone string
}

// visit seats a person of the country at a window. They use their phone number; phone is where codes arrive, be it an e-mail address.
func visit(t *testing.T, home *country.Country, id, name string, look chromium.Look) *visitor {
	t.Helper()
	p, err := home.Person(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{Window: on.browser.Open(t, name, look), home: home}
	for _, contact := range []*string{p.Email, p.Phone} {
		if contact != nil {
			v.phone = *contact
		}
	}
	v.identifier = v.phone
	if p.PIN != nil {
		v.pin = *p.PIN
	}
	return v
}

// forward presses the button that goes forward, which on every step is the first of the page's first form.
const forward = "main form button:not([type=button])"

func (v *visitor) who() {
	v.T.Helper()
	v.See("#identifier")
	v.Type("#identifier", v.identifier)
	if v.country != "" {
		v.Choose("#country", v.country)
	}
	v.Shot("who")
	v.Press(forward)
}

func (v *visitor) enterPIN() {
	v.T.Helper()
	v.See("#pin")
	v.Type("#pin", v.pin)
	v.Shot("pin")
	v.Press(forward)
}

func (v *visitor) enterCode() {
	v.T.Helper()
	v.See("#code")
	v.Type("#code", v.code())
	v.Shot("code")
	v.Press(forward)
}

// code is the newest on the person's phone.
func (v *visitor) code() string {
	v.T.Helper()
	code, err := v.home.Code(v.T.Context(), v.phone)
	if err != nil {
		v.T.Fatal(err)
	}
	return code
}

func (v *visitor) choosePIN(pin string) {
	v.T.Helper()
	v.See("#new_pin")
	v.Type("#new_pin", pin)
	v.Type("#new_pin_again", pin)
	v.Shot("choose")
	v.Press(forward)
	v.pin = pin
}

func (v *visitor) share() {
	v.T.Helper()
	v.See("button[name=decision][value=allow]")
	v.Shot("share")
	v.Press("button[name=decision][value=allow]")
}

// prove is what signing in asks of somebody whom the browser does not know yet.
func (v *visitor) prove() {
	v.T.Helper()
	v.who()
	v.enterPIN()
	v.enterCode()
}

// open goes to a service's front page and presses "sign in".
func (v *visitor) open(service string) {
	v.T.Helper()
	clients, err := v.home.Clients(v.T.Context())
	if err != nil {
		v.T.Fatal(err)
	}
	for _, c := range clients {
		if c.ID == service {
			v.Go(c.URL)
			v.Shot(service)
			v.Press("form[action='/signin'] button")
			return
		}
	}
	v.T.Fatalf("there is no service %q", service)
}

// inside waits for the service's own page and what it shows.
func (v *visitor) inside(service string, says ...string) {
	v.T.Helper()
	v.See("form[action='/signout']")
	v.Says(says...)
	v.Shot("inside-" + service)
}
