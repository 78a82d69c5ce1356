// Package chromium opens a real browser without a screen and acts in it the way a person does: it looks for what can be seen, presses it with a mouse
// where nothing covers it, types on a keyboard, and waits for the next page. A step that cannot be done fails the test with a picture of the page.
//
// It knows nothing about the product. Every window has cookies of its own, like another person's machine.
package chromium

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is one Chromium with a fresh profile.
type Browser struct {
	ctx  context.Context
	stop []context.CancelFunc

	// Pictures is the folder for pictures; empty takes none.
	Pictures string
}

// Start runs Chromium. More flags are name=value, or a name alone.
func Start(ctx context.Context, pictures string, flags ...string) (*Browser, error) {
	options := []chromedp.ExecAllocatorOption{
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("disable-default-apps", true), chromedp.Flag("disable-extensions", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("lang", "en-GB"), chromedp.Env("LANGUAGE=en_GB"),
		chromedp.Flag("disable-features", "Translate,MediaRouter,OptimizationHints"), chromedp.Flag("password-store", "basic"),
		chromedp.Flag("proxy-server", "direct://"),
	}
	for _, flag := range flags {
		name, value, named := strings.Cut(flag, "=")
		if named {
			options = append(options, chromedp.Flag(name, value))
		} else {
			options = append(options, chromedp.Flag(name, true))
		}
	}
	b := &Browser{Pictures: pictures}
	allocator, stop := chromedp.NewExecAllocator(ctx, options...)
	b.stop = append(b.stop, stop)
	b.ctx, stop = chromedp.NewContext(allocator)
	b.stop = append(b.stop, stop)
	if err := chromedp.Do(b.ctx); err != nil {
		b.Close()
		return nil, fmt.Errorf("start Chromium: %w", err)
	}
	return b, nil
}

// Close ends Chromium and removes its profile.
func (b *Browser) Close() {
	_ = chromedp.Cancel(b.ctx) // already gone: that is what we want
	for i := len(b.stop) - 1; i >= 0; i-- {
		b.stop[i]()
	}
}

// Look is what a window is like.
type Look struct {
	Width, Height int64
	Scale         float64 // device pixels per CSS pixel; 1 when 0
	Touch         bool    // a phone: the viewport tag counts, fingers instead of a mouse
	Language      string  // Accept-Language, such as pt-PT
	NoScript      bool    // pages run no script
}

// Phone and Desk are the two widths at which everything must work.
func Phone(language string) Look {
	return Look{Width: 360, Height: 740, Scale: 2, Touch: true, Language: language}
}

// Desk is a wide window.
func Desk(language string) Look { return Look{Width: 1280, Height: 900, Language: language} }

// Window is one person's browser window.
type Window struct {
	T    testing.TB
	Name string // begins the names of its pictures

	ctx   context.Context
	b     *Browser
	look  Look
	shots int
	left  int // pages left so far: the mark on each

	mu         sync.Mutex
	complaints []string // errors of scripts and of the content policy, requests to elsewhere
}

// patience is how long a page may take; a machine under load is slow, not wrong.
const patience = 30 * time.Second

// Open opens a window with cookies of its own. It closes with the test, which fails if any page complained about a script or the content policy.
func (b *Browser) Open(t testing.TB, name string, look Look) *Window {
	t.Helper()
	ctx, stop := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	w := &Window{T: t, Name: name, ctx: ctx, b: b}
	if err := chromedp.Listen(ctx, w.hear); err != nil {
		t.Fatal(err)
	}
	w.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if _, err := cdp.Call(ctx, tab, log.Enable, cdp.Empty{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, tab, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Lisbon"})
		return err
	}))
	w.Wear(look)
	t.Cleanup(func() {
		for _, c := range w.Complaints() {
			t.Errorf("%s: a page complained: %s", name, c)
		}
		stop()
	})
	return w
}

// Wear gives the window another size or language; it counts from the next page.
func (w *Window) Wear(look Look) {
	w.T.Helper()
	w.look = look
	scale := look.Scale
	if scale == 0 {
		scale = 1
	}
	options := []chromedp.EmulateViewportOption{chromedp.EmulateScale(scale)}
	if look.Touch {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulatePortrait, chromedp.EmulateTouch)
	}
	w.do(chromedp.EmulateViewport(look.Width, look.Height, options...), chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		if look.Language != "" {
			headers := network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": look.Language}}
			if _, err := cdp.Call(ctx, tab, network.SetExtraHTTPHeaders, headers); err != nil {
				return err
			}
		}
		_, err := cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: look.NoScript})
		return err
	}))
}

// hear collects what the developer's console would show in red.
func (w *Window) hear(event any) {
	said := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		said = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil && e.ExceptionDetails.Exception.Description != "" {
			said += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		// A page that answers 403 or 422 is reported too; only what a page itself asked for matters.
		own := e.Entry.Source == log.EntrySourceNetwork && !strings.Contains(e.Entry.URL, "/assets/")
		if e.Entry.Level == log.EntryLevelError && !own {
			said = string(e.Entry.Source) + ": " + e.Entry.Text + " " + e.Entry.URL
		}
	case *network.EventRequestWillBeSent:
		// Everything is on this machine; a request to anywhere else tells a stranger who is signing in where.
		if at, err := url.Parse(e.Request.URL); err == nil && strings.HasPrefix(at.Scheme, "http") && at.Hostname() != "localhost" && at.Hostname() != "127.0.0.1" {
			said = "third party: " + e.Request.URL
		}
	}
	if said == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.complaints = append(w.complaints, said)
}

// Tab opens another tab of the same window: the same person, the same cookies.
func (w *Window) Tab() *Window {
	w.T.Helper()
	ctx, stop := chromedp.NewContext(w.ctx)
	tab := &Window{T: w.T, Name: w.Name + "-tab", ctx: ctx, b: w.b}
	if err := chromedp.Listen(ctx, tab.hear); err != nil {
		w.T.Fatal(err)
	}
	tab.Wear(w.look)
	w.T.Cleanup(func() {
		for _, c := range tab.Complaints() {
			w.T.Errorf("%s: a page complained: %s", tab.Name, c)
		}
		stop()
	})
	return tab
}

// Complaints takes what pages have complained about so far.
func (w *Window) Complaints() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.complaints
	w.complaints = nil
	return all
}

func (w *Window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.T.Fatalf("%s: %v", w.Name, err)
	}
}
