//go:build browser

package browser

import (
	"os"
	"path/filepath"
	"testing"

	"chave/test/browser/chromium"
)

// TestPictures takes the pictures of the documents anew, when asked to by -pictures; otherwise it holds that each is there and light enough to load.
func TestPictures(t *testing.T) {
	folder := filepath.Join(top, "docs", "images")
	if *pictures {
		take(t, folder)
	}
	for _, name := range []string{"hospital-phone", "consent-desktop", "counter-desktop", "country-desktop"} {
		file, err := os.Stat(filepath.Join(folder, name+".png"))
		if err != nil {
			t.Error(err)
			continue
		}
		if file.Size() > 150_000 {
			t.Errorf("%s has %d bytes", name, file.Size())
		}
	}
}

func take(t *testing.T, folder string) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	home := again(t)
	portrait := func(w *chromium.Window, name string) {
		w.Ask(`document.activeElement.blur(), window.scrollTo(0, 0), true`, nil)
		w.Portrait(filepath.Join(folder, name+".png"))
	}
	wide := chromium.Look{Width: 1000, Height: 860, Language: "en-GB"}

	h := visit(t, home, "oksana", "pictures/hospital", chromium.Phone("en-GB"))
	h.open("hospital")
	h.prove()
	h.share()
	h.inside("hospital")
	portrait(h.Window, "hospital-phone")

	b := visit(t, home, "beatriz", "pictures/consent", wide)
	b.open("tax")
	b.prove()
	b.See("button[name=decision]")
	portrait(b.Window, "consent-desktop")

	p, passport := traveller(t)
	d := desk{visit(t, home, "filipa", "pictures/counter", wide)}
	d.begin()
	d.document(p, passport)
	d.attest()
	d.contacts(p.Phone)
	d.See("#nif")
	portrait(d.Window, "counter-desktop")

	d.Wear(chromium.Look{Width: 1280, Height: 1080, Language: "en-GB"})
	d.Go(home.Tester + "/country")
	portrait(d.Window, "country-desktop")
}
