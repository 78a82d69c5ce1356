//go:build browser

package browser

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"chave/test/browser/chromium"
	"chave/test/browser/country"
)

var pictures = flag.Bool("pictures", false, "take the pictures of docs/images anew")

// top is the top of the tree, seen from this package.
const top = "../.."

// stage is what all journeys share: one demonstration and one Chromium, because both cores are needed for what is tested. Each journey starts the
// country over and opens windows of its own.
type stage struct {
	program string
	home    *country.Country
	browser *chromium.Browser
}

var on stage

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "chave-browser-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if on.program, err = country.Build(ctx, dir); err != nil {
		return 0, err
	}
	if on.home, err = country.Start(ctx, on.program, dir); err != nil {
		return 0, err
	}
	defer on.home.Stop() // once more is no harm
	out := filepath.Join(top, "out", "browser")
	if err := os.RemoveAll(out); err != nil {
		return 0, err
	}
	// Not under ctx: Chromium lives as long as the tests.
	if on.browser, err = chromium.Start(context.Background(), out); err != nil {
		return 0, err
	}
	defer on.browser.Close()
	code := m.Run()
	on.home.Stop()
	if code != 0 {
		fmt.Printf("--- the demonstration said:\n%s", on.home.Said())
	}
	return code, nil
}

// again starts the country over, so that no journey meets what another left.
func again(t *testing.T) *country.Country {
	t.Helper()
	if err := on.home.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	return on.home
}

// looks are the two widths, one in each language: between them, every journey is seen in both.
func looks() map[string]chromium.Look {
	return map[string]chromium.Look{"phone": chromium.Phone("pt-PT"), "desk": chromium.Desk("en-GB")}
}
