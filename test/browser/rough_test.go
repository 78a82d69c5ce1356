//go:build browser

package browser

import (
	"testing"
	"time"

	"chave/test/browser/chromium"
)

// What people do to browsers: go back, press twice, open a second tab, leave for a while. Each must land on a page that says what to do.

func TestRough_back_button_and_reload(t *testing.T) {
	v := visit(t, again(t), "yolanda", "back", chromium.Phone("en-GB"))
	v.open("hospital")
	v.who()
	v.enterPIN()
	v.See("#code")
	v.Back() // to the page of the PIN, which has passed
	// Chromium takes it out of its memory as it was left, PIN and all; the page must notice and ask for itself anew.
	v.Until("the step that is due", `document.querySelector('#code') || document.querySelector('main a.button')`)
	v.Shot("back")
	if !v.Sees("#code") {
		v.Press("main a.button")
	}
	v.enterCode()
	v.share()
	v.inside("hospital", "Yolanda Beatriz Quispe Mamani")
	v.Back() // to the share page of a sign-in that is over
	v.See("h1")
	v.Shot("back-after-the-end")
	if v.Sees("button[name=decision]") {
		v.Press("button[name=decision][value=allow]")
		v.See("h1")
		v.Shot("sent-after-the-end")
		if v.Sees("form[action='/signout']") && !v.Sees("main") {
			t.Error("an old page signs in once more")
		}
	}
}

func TestRough_two_tabs(t *testing.T) {
	v := visit(t, again(t), "harpreet", "tabs", chromium.Desk("en-GB"))
	v.open("hospital")
	v.See("#identifier")
	other := *v
	other.Window = v.Tab()
	other.open("hospital")
	other.prove() // the second tab gets there first
	v.prove()     // and the first goes on as if nothing were
	other.share()
	other.inside("hospital", "Harpreet Kaur Sandhu")
	v.share()
	v.inside("hospital", "Harpreet Kaur Sandhu")
}

func TestRough_pressed_twice_without_script(t *testing.T) {
	look := chromium.Phone("pt-PT")
	look.NoScript = true // script would swallow the second press
	v := visit(t, again(t), "dulcineia", "twice", look)
	v.open("hospital")
	v.who()
	v.See("#pin")
	v.Type("#pin", v.pin)
	v.PressTwice(forward)
	v.Until("the code, or a page that leads to it", `document.querySelector('#code') || document.querySelector('main a.button')`)
	v.Shot("after-two-presses")
	if !v.Sees("#code") {
		v.Press("main a.button")
	}
	v.enterCode()
	v.share()
	v.inside("hospital", "Dulcineia Filomena Évora Lima Monteiro")
}

func TestRough_the_browser_lost_its_cookies(t *testing.T) {
	home := again(t)
	v := visit(t, home, "oksana", "cookies", chromium.Phone("en-GB"))
	v.open("hospital")
	v.See("#identifier")
	address := v.Address()
	stranger := visit(t, home, "oksana", "cookies-other", chromium.Phone("en-GB"))
	stranger.Go(address) // an address that was sent on, or a browser that forgets
	stranger.See("main h1")
	if stranger.Sees("#identifier") || stranger.Sees("#pin") {
		t.Error("somebody else's sign-in goes on in another browser")
	}
	stranger.Shot("wrong-browser")
	if !stranger.Sees("main a") && !stranger.Sees("main form") {
		t.Error("the page leads nowhere")
	}
}

func TestRough_the_sign_in_expired_meanwhile(t *testing.T) {
	home := again(t)
	v := visit(t, home, "thais", "late", chromium.Phone("pt-PT"))
	v.open("hospital")
	v.who()
	v.See("#pin")
	if err := home.Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	v.Type("#pin", v.pin)
	v.Press(forward)
	v.Shot("expired")
	if v.Sees("#code") {
		t.Error("a sign-in of an hour ago goes on")
	}
	v.See("main a.button, main form button")
	v.Press("main a.button, main form button") // the way back to the service
	v.Until("the service", `location.origin !== `+"`"+home.Portal+"`")
	v.Shot("back-at-the-service")
}
