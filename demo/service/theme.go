package service

import "fmt"

// look is the face of one institution. All colours carry text at a contrast of 4.5:1 or more where
// the style sheet puts text on them (a test computes it).
type look struct {
	brand   string // headings, buttons; white text lies on it
	deep    string // hero background; white text lies on it
	tint    string // page background; dark text lies on it
	accent  string // ornaments on deep
	display string // font family of headings
}

// themes are keyed by the category of the registration.
var themes = map[string]look{
	"tax":             {brand: "#14613f", deep: "#0d3f2b", tint: "#eef5f0", accent: "#f2c14e", display: sans},
	"social_security": {brand: "#7b2a5e", deep: "#4f1640", tint: "#f8f0f5", accent: "#f49d6e", display: sans},
	"health":          {brand: "#0b6477", deep: "#073f4d", tint: "#ebf5f7", accent: "#7fd6c2", display: sans},
	"hospital":        {brand: "#a23b22", deep: "#6b2315", tint: "#fcf2ee", accent: "#ffc9a3", display: serif},
	"bank":            {brand: "#26365f", deep: "#141d38", tint: "#f1f3f8", accent: "#d9b15a", display: serif},
}

const (
	sans  = `"Noto Sans", system-ui, -apple-system, "Segoe UI", Roboto, sans-serif`
	serif = `"Noto Serif", Georgia, "Times New Roman", serif`
)

func (l look) css() []byte {
	return fmt.Appendf(nil, ":root{--brand:%s;--deep:%s;--tint:%s;--accent:%s;--display:%s}\n", l.brand, l.deep, l.tint, l.accent, l.display)
}
