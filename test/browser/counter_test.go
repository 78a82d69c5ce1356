//go:build browser

package browser

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"chave/demo/people"
)

// traveller is the person of the demonstration who has a passport and no key, with what the passport says.
func traveller(t *testing.T) (people.Person, people.Document) {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	all, err := people.Load(time.Now().In(zone))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Register && p.Documents[0].Type == people.Passport {
			return p, p.Documents[0]
		}
	}
	t.Fatal("the demonstration has nobody with a passport to register")
	return people.Person{}, people.Document{}
}

// desk is an operator at the counter.
type desk struct{ *visitor }

// begin signs the operator in and opens a case.
func (d desk) begin() {
	d.T.Helper()
	d.Go(d.home.Portal + "/counter")
	d.prove()
	d.See("main form button")
	d.Shot("counter")
	d.Press("main form button")
	d.See("#type-passport")
}

// document types what a passport says, the zone included, with a slip in the number first: the desk must say where.
func (d desk) document(p people.Person, doc people.Document) {
	d.T.Helper()
	d.Touch("#type-passport")
	d.Shot("type")
	d.Press(forward)
	d.See("#zone")
	d.Paste("#zone", p.MRZ(doc))
	d.Paste("#number", "X"+doc.Number[1:])
	d.Choose("#issuer", doc.Country)
	d.Choose("#expires", doc.Expires.Format(time.DateOnly))
	d.Paste("#surnames", p.Surnames)
	d.Paste("#given_names", p.GivenNames)
	d.Choose("#birth_date", p.BirthDate.Format(time.DateOnly))
	d.Choose("#nationality", p.Nationality)
	d.Press(forward)
	d.See("#number[aria-invalid=true]")
	d.Shot("slip")
	d.Type("#number", doc.Number)
	d.Shot("document")
	d.Press(forward)
}

// attest passes the registry's answer, which knows no foreign passport, and confirms what the operator looked at.
func (d desk) attest() {
	d.T.Helper()
	d.Until("the registry's answer", `document.readyState === 'complete' && document.querySelector('main a.button, #comparison, input[type=checkbox]')`)
	if d.Sees("main .actions a.button:not(.second)") {
		d.Shot("registry")
		d.Press("main .actions a.button:not(.second)")
	}
	d.See("main input[type=checkbox]")
	d.Shot("attest")
	var ids []string
	d.Ask(`[...document.querySelectorAll('main input[type=checkbox]')].map(e => e.id)`, &ids)
	for _, id := range ids {
		d.Touch("#" + id)
	}
	d.Press(forward)
}

// contacts proves the phone with the code that arrives on it.
func (d desk) contacts(phone string) {
	d.T.Helper()
	d.See("#phone")
	d.Type("#phone", phone)
	d.Shot("phone")
	d.Press("form:has(#phone) button")
	d.See("#phone_code")
	code, err := d.home.Code(d.T.Context(), phone)
	if err != nil {
		d.T.Fatal(err)
	}
	d.Type("#phone_code", code)
	d.Shot("phone-code")
	d.Press("form:has(#phone_code) button")
	d.See("form:has(input[name=do][value=done]) button")
	d.Shot("proven")
	d.Press("form:has(input[name=do][value=done]) button")
}

// issue passes the numbers, which a traveller does not have, and reads the temporary PIN off the page.
func (d desk) issue(t *testing.T, name string) (pin string) {
	t.Helper()
	d.See("#nif")
	if !d.Sees(".notice.warning") {
		t.Error("PAIN-11: the desk does not say which services will not know somebody without numbers")
	}
	d.Shot("numbers")
	d.Press(forward)
	pin = d.Read(".secret-pin")
	if !regexp.MustCompile(`^\d{6,8}$`).MatchString(pin) {
		t.Fatalf("the temporary PIN is %d characters, not six to eight digits", len(pin))
	}
	d.Says(name)
	d.Shot("pin")
	d.Print()
	d.Shot("pin-on-paper")
	for css, shown := range map[string]bool{".slip": true, ".secret-pin": true, "header.top .bar": false, "footer.foot": false, ".unprinted": false, "[data-print]": false} {
		if d.Sees(css) != shown {
			t.Errorf("on paper, %s is shown: %v, want %v", css, !shown, shown)
		}
	}
	if pages := strings.Count(string(d.PDF()), "/Type /Page\n"); pages != 1 {
		t.Errorf("the slip takes %d sheets", pages)
	}
	d.Screen()
	return pin
}

func TestJourney_a_foreign_resident_gets_a_key_with_a_passport_and_uses_it(t *testing.T) {
	for name, look := range looks() {
		t.Run(name, func(t *testing.T) {
			home := again(t)
			p, passport := traveller(t)
			d := desk{visit(t, home, "filipa", "counter-"+name, look)}
			d.begin()
			d.document(p, passport)
			d.attest()
			d.contacts(p.Phone)
			temporary := d.issue(t, p.FullName())
			d.Press("main a.button:not(.second)")
			d.Shot("first")

			t.Log("R3.06 the temporary PIN does nothing but choose a PIN")
			v := visit(t, home, p.ID, "first-"+name, look)
			v.identifier, v.country, v.pin, v.phone = passport.Number, passport.Country, temporary, p.Phone
			v.Go(home.Portal + "/key")
			v.prove()
			v.choosePIN("480275")
			v.See("main .card")
			v.Shot("key")

			t.Log("the desk sees that the first sign-in is done")
			d.Press("main .actions a.button:not(.second)")
			d.Says(map[string]string{"pt-PT": "escolheu o seu PIN", "en-GB": "chosen their PIN"}[look.Language])
			d.Shot("done")

			t.Log("the hospital, with passport number, PIN and code, in another browser")
			h := visit(t, home, p.ID, "hospital-"+name, look)
			h.identifier, h.country, h.pin, h.phone = passport.Number, passport.Country, v.pin, p.Phone
			h.open("hospital")
			h.prove()
			h.share()
			h.inside("hospital", p.FullName(), "urn:chave:level:3")
		})
	}
}
