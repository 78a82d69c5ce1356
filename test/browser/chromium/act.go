package chromium

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Go opens an address, as if typed, and waits for the page.
func (w *Window) Go(address string) {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		w.fail("open %s: %v", address, err)
	}
}

// Back presses the browser's own button and waits for the page before, which may come out of the browser's memory.
func (w *Window) Back() {
	w.T.Helper()
	w.leaving(func() {
		ctx, cancel := context.WithTimeout(w.ctx, patience)
		defer cancel()
		_, _ = chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](`setTimeout(() => history.back(), 0), true`)) // the page may be gone before it answers
	})
}

// point tells where the middle of an element is, once it is in view, and what lies on top of it there.
const point = `(css => {
	const all = [...document.querySelectorAll(css)].filter(e => e.getClientRects().length);
	if (!all.length) return {problem: 'nothing to see'};
	const e = all[0];
	e.scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'});
	const r = e.getClientRects()[0];
	const x = r.left + r.width / 2, y = r.top + r.height / 2;
	const top = document.elementFromPoint(x, y);
	const labels = e.labels ? [...e.labels] : [];
	if (!top || !(e.contains(top) || top.contains(e) || labels.some(l => l.contains(top))))
		return {problem: 'covered by ' + (top ? top.outerHTML.slice(0, 120) : 'nothing')};
	return {x, y};
})`

// Touch presses an element without waiting for another page.
func (w *Window) Touch(css string) {
	w.T.Helper()
	var at struct {
		Problem string
		X, Y    float64
	}
	w.Ask(point+"("+quote(css)+")", &at)
	if at.Problem != "" {
		w.fail("press %s: %s", css, at.Problem)
	}
	w.do(chromedp.MouseClickXY(at.X, at.Y))
}

// Press presses a link or a button and waits for the next page to be there.
func (w *Window) Press(css string) {
	w.T.Helper()
	w.leaving(func() { w.Touch(css) })
}

// PressTwice is an impatient hand: two presses before the page can answer the first.
func (w *Window) PressTwice(css string) {
	w.T.Helper()
	var at struct{ X, Y float64 }
	w.Ask(point+"("+quote(css)+")", &at)
	w.leaving(func() {
		w.do(chromedp.MouseClickXY(at.X, at.Y), chromedp.MouseClickXY(at.X, at.Y))
	})
}

// leaving marks the page, does what leaves it, and waits for one without the mark.
func (w *Window) leaving(act func()) {
	w.T.Helper()
	w.left++
	w.Ask(fmt.Sprintf(`document.documentElement.setAttribute('data-left', '%d'), true`, w.left), nil)
	act()
	w.Until("the next page", fmt.Sprintf(`document.readyState === 'complete' && document.documentElement.getAttribute('data-left') !== '%d'`, w.left))
}

// Type replaces what a field holds, key by key.
func (w *Window) Type(css, text string) {
	w.T.Helper()
	w.Touch(css)
	w.Ask(`document.querySelector(`+quote(css)+`).select(), true`, nil)
	w.Keys(text)
}

// Paste replaces what a field holds, at once.
func (w *Window) Paste(css, text string) {
	w.T.Helper()
	w.Touch(css)
	w.Ask(`document.querySelector(`+quote(css)+`).select(), true`, nil)
	w.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, input.InsertText, input.InsertTextParams{Text: text})
		return err
	}))
}

// Keys presses keys, wherever the focus is.
func (w *Window) Keys(text string) {
	w.T.Helper()
	w.do(chromedp.KeyEvent(text))
}

// KeyToNextPage presses a key that leaves the page.
func (w *Window) KeyToNextPage(key string) {
	w.T.Helper()
	w.leaving(func() { w.Keys(key) })
}

// Choose sets a list or a date, whose keys differ from system to system.
func (w *Window) Choose(css, value string) {
	w.T.Helper()
	got := ""
	w.Ask(`(e => { e.value = `+quote(value)+`; e.dispatchEvent(new Event('change', {bubbles: true})); return e.value })(document.querySelector(`+quote(css)+`))`, &got)
	if got != value {
		w.fail("%s cannot be set to %q", css, value)
	}
}

// Upload chooses files, given by their paths, as if picked in the browser's own window.
func (w *Window) Upload(css string, paths ...string) {
	w.T.Helper()
	w.do(chromedp.SetUploadFiles(css, paths))
}

// Ask evaluates an expression in the page and decodes its JSON. It works where pages may run no script of their own.
func (w *Window) Ask(expression string, into any) {
	w.T.Helper()
	raw, err := w.evaluate(expression, false)
	if err == nil && into != nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		w.fail("ask the page: %v", err)
	}
}

// AskLater is Ask for an expression that gives a promise.
func (w *Window) AskLater(expression string, into any) {
	w.T.Helper()
	raw, err := w.evaluate(expression, true)
	if err == nil && into != nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		w.fail("ask the page: %v", err)
	}
}

func (w *Window) evaluate(expression string, promise bool) ([]byte, error) {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[[]byte](expression, func(p *runtime.EvaluateParams) {
		if promise {
			chromedp.EvalAwaitPromise(p)
		}
	}))
}

// Until waits for an expression to become true, over any number of pages.
func (w *Window) Until(what, expression string) {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for {
		// A page on its way out answers with an error: ask the next one.
		raw, err := w.evaluate("!!("+expression+")", false)
		if err == nil && string(raw) == "true" {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			w.fail("waited in vain for %s (%v)", what, err)
		}
	}
}

// See waits until something can be seen.
func (w *Window) See(css string) {
	w.T.Helper()
	w.Until(css, `document.readyState === 'complete' && [...document.querySelectorAll(`+quote(css)+`)].some(e => e.getClientRects().length)`)
}

// Sees tells whether something can be seen now.
func (w *Window) Sees(css string) (seen bool) {
	w.T.Helper()
	w.Ask(`[...document.querySelectorAll(`+quote(css)+`)].some(e => e.getClientRects().length)`, &seen)
	return seen
}

// Read is the text of an element as it is shown, or of the page's main part when css is empty.
func (w *Window) Read(css string) (text string) {
	w.T.Helper()
	if css == "" {
		css = "main"
	}
	w.See(css)
	w.Ask(`document.querySelector(`+quote(css)+`).innerText`, &text)
	return strings.TrimSpace(text)
}

// Says fails the test unless the page's main part shows all of these.
func (w *Window) Says(wanted ...string) {
	w.T.Helper()
	text := w.Read("")
	for _, want := range wanted {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(want)) {
			w.fail("the page does not say %q", want)
		}
	}
}

// Address is that of the page.
func (w *Window) Address() (address string) {
	w.T.Helper()
	w.Ask(`location.href`, &address)
	return address
}

// Cookies are those that the window would send to these addresses.
func (w *Window) Cookies(addresses ...string) []*network.Cookie {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	all, err := chromedp.Run(ctx, func(ctx context.Context, tab *chromedp.Target) ([]*network.Cookie, error) {
		r, err := cdp.Call(ctx, tab, network.GetCookies, network.GetCookiesParams{URLs: addresses})
		if err != nil {
			return nil, err
		}
		return r.Cookies, nil
	})
	if err != nil {
		w.fail("cookies: %v", err)
	}
	return all
}

func (w *Window) fail(format string, args ...any) {
	w.T.Helper()
	said := fmt.Sprintf(format, args...)
	w.Name += "-failed"
	_ = w.save(w.Name, true) // the failure itself matters more
	// The page is given up, so lists of two hundred countries may go before its text is read.
	const text = `document.querySelectorAll('select').forEach(s => s.remove()), location.href + "\n" + (document.body ? document.body.innerText : '')`
	if raw, err := w.evaluate(text, false); err == nil {
		page := ""
		_ = json.Unmarshal(raw, &page)
		said += "\n" + page
	}
	w.T.Logf("%s: %s", w.Name, said)
	w.T.FailNow()
}

func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(text)
}
