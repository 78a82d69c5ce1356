//go:build browser

package browser

import (
	"strings"
	"testing"

	"chave/test/browser/chromium"
)

// tabTo walks with the Tab key until the focus is where it should be. Wherever it rests on the way must be visible, and visibly focused.
func (v *visitor) tabTo(css string) {
	v.T.Helper()
	for range 60 {
		v.Keys("\t")
		var at struct {
			There, Seen, Marked bool
			What                string
		}
		v.Ask(`(e => {
			if (!e || e === document.body) return {there: false, seen: true, marked: true, what: 'nothing'};
			const r = e.getBoundingClientRect(), s = getComputedStyle(e);
			return {
				there: e.matches('`+css+`'), what: e.outerHTML.slice(0, 100),
				seen: r.width > 0 && r.height > 0 && r.bottom > 0 && r.top < innerHeight,
				marked: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== 'none',
			};
		})(document.activeElement)`, &at)
		if !at.Seen || !at.Marked {
			v.T.Errorf("focus rests unseen (in view %v, marked %v) on %s", at.Seen, at.Marked, at.What)
		}
		if at.There {
			return
		}
	}
	v.T.Fatalf("sixty Tabs do not reach %s", css)
}

func TestJourney_by_keyboard_alone(t *testing.T) {
	for name, look := range looks() {
		t.Run(name, func(t *testing.T) {
			home := again(t)
			v := visit(t, home, "oksana", "keyboard-"+name, look)
			clients, err := home.Clients(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range clients {
				if c.ID == "hospital" {
					v.Go(c.URL)
				}
			}
			v.tabTo(`form[action="/signin"] button`)
			v.KeyToNextPage("\r")

			v.See("#identifier")
			v.tabTo("#identifier")
			v.Keys(v.identifier)
			v.Shot("who")
			v.KeyToNextPage("\r")

			v.See("#pin")
			v.tabTo("#pin")
			v.Keys("000000") // wrong first: the summary takes the focus and leads to the field
			v.KeyToNextPage("\r")
			if v.Sees("#code") {
				v.tabTo("#code")
				v.Keys(v.code())
				v.KeyToNextPage("\r")
			}
			v.See("#problems, h1")
			focused := ""
			v.Until("the focus", `document.activeElement && document.activeElement !== document.body`)
			v.Ask(`document.activeElement.id || document.activeElement.localName`, &focused)
			if focused != "problems" && focused != "h1" {
				t.Errorf("after a mistake the focus is on %q, not on the summary or the heading", focused)
			}
			v.Shot("mistake")
			if v.Sees("#identifier") {
				v.tabTo("#identifier")
				var typed string
				v.Ask(`document.activeElement.value`, &typed)
				if typed != v.identifier {
					t.Errorf("what was typed is lost: %q", typed)
				}
				v.KeyToNextPage("\r")
				v.See("#pin")
			}
			v.tabTo("#pin")
			v.Keys(v.pin)
			v.KeyToNextPage("\r")
			v.See("#code")
			v.tabTo("#code")
			code := v.code()
			v.Keys(code[:3] + " " + code[3:]) // as some phones show it
			v.Shot("code")
			v.KeyToNextPage("\r")

			v.tabTo("button[name=decision][value=allow]")
			v.Shot("share")
			v.KeyToNextPage("\r")
			v.inside("hospital", "Oksana Mykolaivna Tkachenko")
		})
	}
}

func TestJourney_without_script(t *testing.T) {
	for name, look := range looks() {
		t.Run(name, func(t *testing.T) {
			look.NoScript = true
			v := visit(t, again(t), "duarte", "noscript-"+name, look)
			v.open("tax")
			v.who()
			if v.Sees(".secret button") {
				t.Error("a script ran: the button that shows the PIN is one's work")
			}
			v.enterPIN()
			v.enterCode()
			v.share()
			v.inside("tax", "Duarte Nuno Patrício Valadão")
			v.Press("form[action='/signout'] button")
			for range 3 { // each hop that a script would take is a button without it
				if v.Sees("main form button") {
					v.Shot("leaving")
					v.Press(forward)
				}
			}
			if !strings.HasSuffix(v.Address(), "/signed-out") {
				t.Errorf("signing out ends at %s", v.Address())
			}
			v.Shot("signed-out")
		})
	}
}

func TestJourney_the_language_is_the_browser_s_until_somebody_chooses(t *testing.T) {
	home := again(t)
	for _, c := range []struct{ accept, lang, other string }{{"pt-PT,pt;q=0.9,en;q=0.5", "pt", "en"}, {"en-GB,en;q=0.9", "en", "pt"}, {"uk-UA", "", "en"}} {
		v := visit(t, home, "marcus", "language-"+c.accept[:2], chromium.Phone(c.accept))
		v.Go(home.Portal)
		var lang string
		v.Ask(`document.documentElement.lang.slice(0, 2)`, &lang)
		if c.lang != "" && lang != c.lang {
			t.Errorf("%s: the portal speaks %s", c.accept, lang)
		}
		v.open("hospital")
		v.See("#identifier")
		v.Ask(`document.documentElement.lang.slice(0, 2)`, &lang)
		if lang == c.other {
			continue
		}
		v.Press(".langs a[hreflang^=" + c.other + "]")
		v.See("#identifier")
		v.Ask(`document.documentElement.lang.slice(0, 2)`, &lang)
		if lang != c.other {
			t.Errorf("%s: the switch to %s leads to %s", c.accept, c.other, lang)
		}
		v.who()
		v.See("#pin")
		v.Ask(`document.documentElement.lang.slice(0, 2)`, &lang)
		if lang != c.other {
			t.Errorf("%s: the choice of %s is forgotten at the next step", c.accept, c.other)
		}
		v.Shot("pin")
	}
}
