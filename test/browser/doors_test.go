//go:build browser

package browser

import (
	"strings"
	"testing"
)

// mainButton goes to a service's front page and presses its main button, which takes the wire that the service is registered for.
func (v *visitor) mainButton(service string) {
	v.T.Helper()
	clients, err := v.home.Clients(v.T.Context())
	if err != nil {
		v.T.Fatal(err)
	}
	for _, c := range clients {
		if c.ID == service {
			v.Go(c.URL)
			v.Shot(service)
			v.Press(forward)
			return
		}
	}
	v.T.Fatalf("there is no service %q", service)
}

func TestJourney_over_the_wires_of_each_service(t *testing.T) {
	source := axe(t)
	for name, look := range looks() {
		t.Run(name, func(t *testing.T) {
			v := visit(t, again(t), "beatriz", "doors-"+name, look)
			v.mainButton("social-security")
			v.prove()
			v.share()
			v.inside("social-security", "FAAALevel 3", "19994201733")
			examine(t, v.Window, source, "social-security, inside over SAML")
			v.Wear(look)

			t.Log("R5.23 the two doors of CMD share a session, but it is good only for what was shared before: health asks for more")
			v.mainButton("health")
			v.prove()
			v.share()
			v.inside("health", "99410137", "NotAvailable")
			if strings.Contains(v.Address(), "#") {
				t.Errorf("the token stays in the address: %s", v.Address())
			}
			examine(t, v.Window, source, "health, inside over OAuth")
			v.Wear(look)

			t.Log("A14 that session is worth nothing to a service of today")
			v.mainButton("bank")
			v.prove()
			v.share()
			v.inside("bank", "urn:chave:level:3")
			examine(t, v.Window, source, "bank, inside over SAML")
			v.Wear(look)
			v.Press("form[action='/signout'] button")
			v.Until("the bank's farewell", `location.pathname === '/signed-out' && document.readyState === 'complete'`)
			v.Shot("signed-out")

			t.Log("back in the middle: the page that sends the request makes a new one")
			v.mainButton("bank")
			v.See("#identifier")
			v.Back()
			v.See("#identifier, form[action='/saml/signin']")
			if v.Sees("form[action='/saml/signin']") {
				v.Press(forward)
			}
			v.who()
			v.See("#pin")
		})
	}
}

func TestJourney_over_SAML_without_script(t *testing.T) {
	for name, look := range looks() {
		t.Run(name, func(t *testing.T) {
			look.NoScript = true
			v := visit(t, again(t), "duarte", "doors-noscript-"+name, look)
			for _, service := range []string{"social-security", "bank"} {
				v.mainButton(service)
				v.Shot("sending")
				v.Press(forward)
				v.prove()
				v.share()
				v.Shot("back")
				v.Press(forward)
				v.inside(service)
			}
			t.Log("the OAuth door needs script, and says so")
			v.mainButton("health")
			v.prove()
			v.share()
			v.See("form[action='/signin']")
			v.Shot("fragment")
			v.Press("form[action='/signin'] button")
			v.See("button[name=decision], #identifier")
		})
	}
}
