//go:build browser

package browser

import (
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"chave/test/browser/chromium"
	"chave/test/storybook/stories"
)

// axe is the source of the rules, which npm ci has put here.
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("run npm ci in this folder first: %v", err)
	}
	return string(source)
}

// violation is one rule that a page breaks.
type violation struct {
	ID, Help string
	Nodes    []string
}

// inspect puts the page in the window before axe. The rules are evaluated from outside, so that the page keeps its content policy.
func inspect(w *chromium.Window, source string) []violation {
	w.T.Helper()
	w.Ask(`typeof axe === 'undefined' && (`+"function(){"+source+"\n}"+`).call(window), true`, nil)
	var found []violation
	w.AskLater(`axe.run(document, {
		runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']},
		resultTypes: ['violations'], elementRef: false,
	}).then(r => r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.target.join(' ') + ': ' + n.failureSummary)})))`, &found)
	return found
}

// accept fails the test for each rule that the page breaks.
func accept(t *testing.T, w *chromium.Window, source, where string) {
	t.Helper()
	for _, v := range inspect(w, source) {
		t.Errorf("%s: %s (%s)\n\t%s", where, v.ID, v.Help, strings.Join(v.Nodes, "\n\t"))
	}
}

// widths at which nothing may need scrolling sideways: 320 is WCAG 1.4.10, 360 a phone, 640 a desk window of 1280 at 200 % (WCAG 1.4.4).
var widths = []int64{320, 360, 640, 1280}

// sideways names what sticks out of the window, or nothing.
const sideways = `(() => {
	const wide = document.documentElement.scrollWidth;
	if (wide <= innerWidth) return '';
	const out = [...document.querySelectorAll('body *')].findLast(e => e.getBoundingClientRect().right > innerWidth);
	return wide + ' px wide: ' + (out ? out.outerHTML.slice(0, 120) : '');
})()`

// narrow names controls that a finger would miss: less than 44 px high, or wide (a tick counts together with its label).
const narrow = `[...document.querySelectorAll('button, select, textarea, input:not([type=hidden]), a.button')]
	.filter(e => e.getClientRects().length && !e.closest('.skip'))
	.map(e => ({e, r: [e, ...(e.labels && /checkbox|radio/.test(e.type) ? e.labels : [])].map(x => x.getBoundingClientRect())}))
	.filter(({r}) => Math.max(...r.map(x => x.height)) < 43.5 || Math.max(...r.map(x => x.width)) < 43.5)
	.map(({e}) => e.outerHTML.slice(0, 100))`

// shifted is how much of the page has moved since it was first shown, without anybody asking (0 is nothing, 0.1 is what people notice).
const shifted = `new Promise(done => {
	let sum = 0;
	const add = list => list.getEntries().forEach(e => { if (!e.hadRecentInput) sum += e.value });
	const o = new PerformanceObserver(add);
	o.observe({type: 'layout-shift', buffered: true});
	requestAnimationFrame(() => setTimeout(() => { add({getEntries: () => o.takeRecords()}); done(sum) }, 0));
})`

// still fails the test when the page moved under the reader.
func still(t *testing.T, w *chromium.Window, where string) {
	t.Helper()
	var moved float64
	if w.AskLater(shifted, &moved); moved > 0.02 {
		t.Errorf("%s moves while it loads: %.3f", where, moved)
	}
}

// look at the page at every width, and put it before axe at two of them.
func examine(t *testing.T, w *chromium.Window, source, where string) {
	t.Helper()
	for _, width := range widths {
		w.Wear(chromium.Look{Width: width, Height: 900})
		var out string
		w.Ask(sideways, &out)
		if out != "" {
			t.Errorf("%s at %d px scrolls sideways: %s", where, width, out)
		}
		var small []string
		if w.Ask(narrow, &small); width == 360 && len(small) > 0 {
			t.Errorf("%s has controls under 44 px: %s", where, strings.Join(small, "\n\t"))
		}
		if width == 360 || width == 1280 {
			accept(t, w, source, fmt.Sprintf("%s at %d px", where, width))
		}
	}
}

func TestAccessibility_every_page_in_every_state(t *testing.T) {
	source := axe(t)
	handler, err := stories.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	all := stories.Stories()
	for _, lang := range []string{"pt", "en"} {
		t.Run(lang, func(t *testing.T) {
			w := on.browser.Open(t, "storybook/"+lang, chromium.Desk(""))
			for _, s := range all {
				w.T = t
				leaves := strings.HasSuffix(s.Path, "/error/post") // by itself, so it is looked at without script
				w.Wear(chromium.Look{Width: 1280, Height: 900, NoScript: leaves})
				w.Go(server.URL + s.Path + "?lang=" + lang)
				if !leaves {
					still(t, w, s.Path)
				}
				examine(t, w, source, s.Path+" in "+lang)
				if lang == "pt" {
					w.Wear(chromium.Look{Width: 360, Height: 740})
				}
				w.Shot(strings.ReplaceAll(strings.TrimPrefix(s.Path, "/story/"), "/", "-"))
			}
		})
	}
	t.Logf("%d pages, 2 languages, %d widths", len(all), len(widths))
}

func TestAccessibility_the_demonstration_s_own_pages(t *testing.T) {
	source := axe(t)
	home := again(t)
	for name, language := range map[string]string{"pt": "pt-PT", "en": "en-GB"} {
		t.Run(name, func(t *testing.T) {
			look := chromium.Desk(language)
			v := visit(t, home, "thais", "demo/"+name, look)
			clients, err := home.Clients(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			page := func(where string) {
				t.Helper()
				still(t, v.Window, where)
				examine(t, v.Window, source, where+" in "+name)
				v.Shot(where)
				v.Wear(look)
			}
			for _, at := range []struct{ where, address string }{
				{"portal", home.Portal}, {"services", home.Portal + "/services"}, {"help", home.Portal + "/help"},
				{"landing", home.Tester + "/country"}, {"phone", home.Tester},
				{"integrate", home.Tester + "/integrate"}, {"integrate-tax", home.Tester + "/integrate/tax"},
				{"integrate-social-security", home.Tester + "/integrate/social-security"}, {"integrate-health", home.Tester + "/integrate/health"},
				{"integrate-bank", home.Tester + "/integrate/bank"},
			} {
				v.Go(at.address)
				page(at.where)
			}
			for i, c := range clients {
				v.Go(c.URL)
				page(c.ID)
				v.Press("form[action='/signin'] button")
				if i == 0 {
					v.prove()
				}
				v.share()
				v.inside(c.ID)
				page(c.ID + "-inside")
			}
			v.Go(clients[3].URL + "nowhere")
			page("lost")
			v.Go(home.Tester) // with messages on it by now
			page("phone-with-messages")
			v.Go(clients[0].URL)
			v.Press("form[action='/signout'] button")
			v.Until("the service's farewell", `location.pathname === '/signed-out'`)
			page("signed-out")
		})
	}
}

func TestAccessibility_the_rules_bite(t *testing.T) {
	w := on.browser.Open(t, "planted", chromium.Desk(""))
	w.Go("data:text/html,<!doctype html><html lang=en><title>planted</title><main><h1>A</h1><img src='x.png'><div style='width:3000px'>wide</div></main>")
	found := inspect(w, axe(t))
	if len(found) != 1 || found[0].ID != "image-alt" {
		t.Errorf("a picture without words gave %v", found)
	}
	var out string
	if w.Ask(sideways, &out); out == "" {
		t.Error("a page of 3000 px is said to fit")
	}
	w.Complaints() // the picture does not exist either
}
