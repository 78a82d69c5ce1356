//go:build browser

package browser

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"chave/test/browser/chromium"
)

// corpus is a document of the folder of PDFs that many makers made; paper is one that any person might sign.
func corpus(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(top, "internal/format/pdf/testdata/corpus", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

const paper = "groff.pdf"

// The arrow keys, as the driver names them.
const (
	left = kb.ArrowLeft
	up   = kb.ArrowUp
)

// signer is somebody who signs documents, before axe on every page they meet.
type signer struct {
	*visitor
	signPIN, axe string
	look         chromium.Look
}

func signs(t *testing.T, v *visitor, id string, look chromium.Look) *signer {
	t.Helper()
	p, err := v.home.Person(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	s := &signer{visitor: v, axe: axe(t), look: look}
	if p.SignPIN != nil {
		s.signPIN = *p.SignPIN
	}
	return s
}

// meets looks at the page as it is: nothing sticks out, and axe has nothing to say.
func (s *signer) meets(t *testing.T, step string) {
	t.Helper()
	s.Shot(step)
	var out string
	if s.Ask(sideways, &out); out != "" {
		t.Errorf("%s scrolls sideways: %s", step, out)
	}
	if s.look.NoScript { // axe waits by script; the page was loaded without and runs none of its own
		look := s.look
		look.NoScript = false
		s.Wear(look)
		defer s.Wear(s.look)
	}
	accept(t, s.Window, s.axe, step)
}

// upload chooses documents on the first page of signing.
func (s *signer) upload(t *testing.T, paths ...string) {
	t.Helper()
	s.Go(s.home.Portal + "/sign")
	s.See("#documents")
	s.meets(t, "choose")
	s.Upload("#documents", paths...)
	s.Press(forward)
}

// pin enters the signature PIN on its page.
func (s *signer) pin(pin string) {
	s.T.Helper()
	s.See("#sign_pin")
	s.Type("#sign_pin", pin)
	s.Press(forward)
}

// confirm compares what the message names with what was chosen, enters the code, and fetches the signed file.
func (s *signer) confirm(t *testing.T, name string) (signed string) {
	t.Helper()
	s.See("#code")
	s.meets(t, "code")
	all, err := s.home.Inbox(t.Context(), s.phone)
	if err != nil || len(all) == 0 {
		t.Fatalf("no message: %v", err)
	}
	if !strings.Contains(all[0].Text, name) {
		t.Errorf("R3.19 the message does not name %s: %s", name, all[0].Text)
	}
	s.Says(name)
	s.Type("#code", all[0].Code)
	s.Press(forward)
	s.See("a.button[download]")
	s.meets(t, "signed")
	return s.download(t, "a.button[download]")
}

// download fetches what a link leads to, with the window's cookies, and gives the path of a copy.
func (s *signer) download(t *testing.T, css string) string {
	t.Helper()
	var address string
	s.Ask(`document.querySelector("`+css+`").href`, &address)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Cookies(address) {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	answer, err := s.home.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.HasPrefix(string(content), "%PDF-") {
		t.Fatalf("the file does not come down: %d %v", answer.StatusCode, err)
	}
	path := filepath.Join(t.TempDir(), "signed.pdf")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// check has a file checked, which takes no account, and reads the verdict.
func (s *signer) check(t *testing.T, path string) {
	t.Helper()
	s.Go(s.home.Portal + "/check")
	s.meets(t, "check")
	s.Upload("#documents", path)
	s.Press(forward)
	s.See("section.verdict")
	s.meets(t, "report")
}

// place puts the stamp on the first page: with script by the arrow keys on the drawn page, without by its number and a corner.
func (s *signer) place(t *testing.T, script bool) {
	t.Helper()
	if !script {
		s.See("#corner")
		if s.Sees("#viewer") {
			t.Error("a viewer that cannot work is shown")
		}
		s.meets(t, "place")
		s.Type("#page", "1")
		s.Choose("#corner", "top_left")
		s.Press(forward)
		return
	}
	s.Until("the drawn page", `document.querySelector('#viewer-number').textContent && !document.querySelector('#viewer-stamp').hidden`)
	var ink bool
	s.Ask(`(c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].some((v, i) => i % 4 < 3 && v < 128))(document.querySelector('#viewer-canvas'))`, &ink)
	if !ink {
		t.Error("the page is drawn without ink")
	}
	s.meets(t, "place")
	s.tabTo("#viewer-stamp")
	s.Keys(left + left + up)
	var at struct {
		Corner, X, Y string
	}
	s.Ask(`({corner: document.querySelector('#corner').value, x: document.querySelector('#place_x').value, y: document.querySelector('#place_y').value})`, &at)
	if at.Corner != "own" || at.X == "" || at.Y == "" {
		t.Errorf("the arrow keys do not move the box: %+v", at)
	}
	s.Shot("moved")
	s.Press(forward)
}

// wholeJourney is a document's way from the upload to the verdict.
func (s *signer) wholeJourney(t *testing.T, script bool) {
	t.Helper()
	s.Go(s.home.Portal + "/sign")
	s.prove()
	s.upload(t, corpus(t, paper))
	s.place(t, script)
	s.See("#sign_pin")
	s.meets(t, "pin")
	s.pin(s.signPIN)
	s.check(t, s.confirm(t, paper))
	if !s.Sees("section.verdict.ok") || s.Sees("section.verdict.danger, section.verdict.warning") {
		t.Error("what was signed here is not said to be good")
	}
}

func TestJourney_a_passport_holder_signs_a_PDF(t *testing.T) {
	home := again(t)
	for name, look := range looks() {
		for _, script := range []bool{true, false} {
			name, look := name, look
			if !script {
				name += "-noscript"
			}
			t.Run(name, func(t *testing.T) {
				look.NoScript = !script
				s := signs(t, visit(t, home, "oksana", "sign-"+name, look), "oksana", look)
				s.wholeJourney(t, script)
				s.Says("Oksana Mykolaivna Tkachenko")
			})
		}
	}
}

func TestJourney_what_cannot_be_signed_is_said_and_nothing_is_half_signed(t *testing.T) {
	home := again(t)
	s := signs(t, visit(t, home, "marcus", "refused", chromium.Phone("en-GB")), "marcus", chromium.Phone("en-GB"))
	s.Go(home.Portal + "/sign")
	s.prove()
	for file, code := range map[string]string{"gs-locked.pdf": "CH-1732", "bad-cut.pdf": "CH-1733"} {
		s.upload(t, corpus(t, file))
		s.See("#problems, .field.wrong")
		s.Says(map[string]string{"CH-1732": "protected with a password", "CH-1733": "This PDF is damaged"}[code], code)
		s.meets(t, code)
		if s.Sees("#sign_pin, a[download]") {
			t.Errorf("%s goes on", file)
		}
	}
	t.Log("beside a good one, the refused one is named and the good one goes on")
	s.upload(t, corpus(t, "gs-locked.pdf"), corpus(t, paper))
	s.See("#corner")
	s.Says("gs-locked.pdf", "CH-1732", paper)
	s.meets(t, "one-refused")
	s.Go(home.Portal + "/key/signature")
	s.See("main .card")
	s.Says("You have signed nothing yet")
}

func TestJourney_three_wrong_signature_PINs_block_it_and_a_new_one_is_the_way_out(t *testing.T) {
	home := again(t)
	s := signs(t, visit(t, home, "harpreet", "blocked", chromium.Desk("en-GB")), "harpreet", chromium.Desk("en-GB"))
	s.Go(home.Portal + "/sign")
	s.prove()
	s.upload(t, corpus(t, paper))
	s.See("#corner")
	s.Touch("#stamp-none")
	s.Press(forward)
	for range 2 {
		s.pin("804915")
		s.See("#sign_pin[aria-invalid=true]")
	}
	s.meets(t, "wrong")
	s.pin("804915")
	s.See("main a[href='/key/signature']")
	s.Says("blocked")
	s.meets(t, "blocked")
	if s.Sees("#sign_pin") {
		t.Error("a fourth try is offered")
	}
	s.Press("main a[href='/key/signature']")
	s.See("main a.button[href='/key/signature/new']")
	s.meets(t, "signature-blocked")
	s.Press("main a.button[href='/key/signature/new']")
	if s.Sees("#pin, #identifier") {
		s.provesAgain()
	}
	s.chooseSignPIN(t, "716028")
	s.See("main a.button[href='/sign']")
	s.Says("a new certificate")
	s.meets(t, "signature-new")
	s.signPIN = "716028"
	s.Go(home.Portal + "/sign")
	s.Press(".lines.papers a[href^='/sign/']") // what was begun goes on
	s.pin(s.signPIN)
	s.confirm(t, paper)
}

// provesAgain signs in once more, from whichever step the browser is asked to begin at.
func (s *signer) provesAgain() {
	s.T.Helper()
	if s.Sees("#identifier") {
		s.who()
	}
	s.enterPIN()
	s.enterCode()
}

func (s *signer) chooseSignPIN(t *testing.T, pin string) {
	t.Helper()
	s.See("#new_sign_pin")
	s.Type("#new_sign_pin", pin)
	s.Type("#new_sign_pin_again", pin)
	var ticked bool
	if s.Ask(`document.querySelector('#sign_terms').checked`, &ticked); !ticked {
		s.Touch("#sign_terms")
	}
	s.Press(forward)
}

func TestJourney_somebody_switches_signing_on_signs_and_says_that_it_was_not_them(t *testing.T) {
	home := again(t)
	s := signs(t, visit(t, home, "tuyet", "notme", chromium.Phone("en-GB")), "tuyet", chromium.Phone("en-GB"))
	s.Go(home.Portal + "/sign")
	s.prove()
	s.See("main a.button[href='/key/signature']")
	s.meets(t, "inactive")
	s.Press("main a.button[href='/key/signature']")
	s.meets(t, "off")
	s.Press("main a.button[href='/key/signature/on']")
	if s.Sees("#pin, #identifier") {
		s.provesAgain()
	}
	s.See("#new_sign_pin")
	s.meets(t, "on")
	s.chooseSignPIN(t, s.visitor.pin)
	s.Says("CH-1705")
	s.meets(t, "same-pin")
	s.signPIN = "571936"
	s.chooseSignPIN(t, s.signPIN)
	s.See("main a.button[href='/sign']")
	s.meets(t, "switched-on")

	s.upload(t, corpus(t, paper))
	s.place(t, true)
	s.pin(s.signPIN)
	signed := s.confirm(t, paper)

	s.Go(home.Portal + "/key/signature")
	s.Says(paper)
	s.meets(t, "history")
	s.Press("form[action='/key/signature/notme'] button")
	s.See("main a[href='/key/signature/resume']")
	s.meets(t, "suspended")
	s.Go(home.Portal + "/sign")
	s.Says("suspended")
	if s.Sees("#documents") {
		t.Error("who said that it was not them may still sign")
	}
	s.meets(t, "refused")

	t.Log("the file was signed, by a certified time, before the certificate was suspended")
	s.check(t, signed)
	if !s.Sees("section.verdict.ok, section.verdict.warning") || s.Sees("section.verdict.danger") {
		t.Error("a suspension afterwards breaks what was signed before")
	}

	s.Go(home.Portal + "/key/signature")
	s.Press("main a[href='/key/signature/resume']")
	if s.Sees("#pin, #identifier") {
		s.provesAgain()
	}
	s.See("form[action='/key/signature/resume'] button")
	s.meets(t, "sure")
	s.Press("form[action='/key/signature/resume'] button")
	s.See("main a.button[href='/sign']")
	s.meets(t, "resumed")
	s.upload(t, corpus(t, paper))
	s.See("#corner")
}
