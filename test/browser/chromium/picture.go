package chromium

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Shot keeps a picture of the whole page under the browser's folder, numbered in the order of the journey.
func (w *Window) Shot(step string) {
	w.T.Helper()
	w.shots++
	if err := w.save(fmt.Sprintf("%s-%02d-%s", w.Name, w.shots, step), true); err != nil {
		w.T.Errorf("picture of %s: %v", step, err)
	}
}

func (w *Window) save(name string, whole bool) error {
	if w.b.Pictures == "" {
		return nil
	}
	data, err := w.capture(whole)
	if err != nil {
		return err
	}
	path := filepath.Join(w.b.Pictures, name+".png")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

func (w *Window) capture(whole bool) ([]byte, error) {
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, func(ctx context.Context, tab *chromedp.Target) ([]byte, error) {
		r, err := cdp.Call(ctx, tab, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: &whole, OptimizeForSpeed: &whole})
		if err != nil {
			return nil, err
		}
		return r.Data, nil
	})
}

// Portrait writes what the window shows now to a file that is small enough to commit: at most 256 colours, which pages of plain colours do not miss.
func (w *Window) Portrait(path string) {
	w.T.Helper()
	data, err := w.capture(false)
	if err == nil {
		data, err = small(data)
	}
	if err == nil {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil {
		w.T.Errorf("portrait %s: %v", path, err)
	}
}

// small rewrites a picture with a palette of its most frequent colours; the others take the nearest.
func small(data []byte) ([]byte, error) {
	source, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	bounds := source.Bounds()
	count := map[color.RGBA]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[plain(source.At(x, y))]++
		}
	}
	palette := make(color.Palette, 0, 256)
	for len(palette) < 256 && len(count) > 0 {
		var best color.RGBA
		most := 0
		for c, n := range count {
			if n > most || n == most && (c.R < best.R || c.R == best.R && c.G < best.G) {
				best, most = c, n
			}
		}
		palette = append(palette, best)
		delete(count, best)
	}
	nearest := map[color.RGBA]uint8{}
	out := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := plain(source.At(x, y))
			at, known := nearest[c]
			if !known {
				at = uint8(palette.Index(c))
				nearest[c] = at
			}
			out.SetColorIndex(x, y, at)
		}
	}
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out)
	return b.Bytes(), err
}

// plain drops the last two bits of each channel, in which only the smoothing of letters differs.
func plain(c color.Color) color.RGBA {
	r, g, b, _ := c.RGBA()
	round := func(v uint32) uint8 { return uint8(min(255, (v>>8+2)&^3)) }
	return color.RGBA{round(r), round(g), round(b), 255}
}

// Print shows the page as paper would, until Screen.
func (w *Window) Print() { w.T.Helper(); w.medium("print") }

// Screen shows the page as a screen does.
func (w *Window) Screen() { w.T.Helper(); w.medium("") }

func (w *Window) medium(name string) {
	w.T.Helper()
	w.do(chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: name})
		return err
	}))
}

// PDF is the page as it would be printed on A4.
func (w *Window) PDF() []byte {
	w.T.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	data, err := chromedp.Run(ctx, chromedp.PrintToPDF(chromedp.PDFPaper(chromedp.PaperA4)))
	if err != nil {
		w.fail("print: %v", err)
	}
	return data
}
