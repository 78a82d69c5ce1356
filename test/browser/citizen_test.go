//go:build browser

package browser

import (
	"strings"
	"testing"
)

func TestJourney_a_citizen_signs_in_with_the_phone_number(t *testing.T) {
	for name, look := range looks() {
		t.Run(name, func(t *testing.T) {
			v := visit(t, again(t), "beatriz", "citizen-"+name, look)
			english := strings.HasPrefix(look.Language, "en")
			v.open("tax")
			v.prove()
			v.share()
			v.inside("tax", "Beatriz Amélia Conceição Sequeira", "399410139", "urn:chave:level:3")

			t.Log("R5.09 a second service asks for consent and for nothing else")
			v.open("bank")
			v.See("button[name=decision]")
			if v.Sees("#identifier") || v.Sees("#pin") || v.Sees("#code") {
				t.Error("the second service asked who it is once more")
			}
			v.Shot("second-service")
			v.Press("button[name=decision][value=deny]")
			v.See("form[action='/signin']")
			want := "Disse que não"
			if english {
				want = "You said no"
			}
			v.Says(want, "access_denied")
			v.Shot("refused")

			t.Log("what is shared once is shared again without asking, until the person signs out")
			v.open("hospital")
			v.share()
			v.inside("hospital", "Beatriz Amélia Conceição Sequeira")
			v.Press("form[action='/signout'] button")
			v.See("main")
			v.Until("the way back to the service", `location.pathname === '/signed-out' || document.querySelector('form[action="/oauth2/logout"]')`)
			v.Shot("signed-out")
		})
	}
}
