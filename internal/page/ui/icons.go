package ui

import "html/template"

// icon draws one of our own line icons on a 24 by 24 grid in the colour of the text. An unknown name gets the plain door.
func icon(name string) template.HTML {
	if name == "social_security" {
		name = "social"
	}
	path, ok := drawings[name]
	if !ok {
		path = drawings["door"]
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">` + path + `</svg>`) // #nosec G203 -- constants of this file
}

var drawings = map[string]string{ //nolint:gosec // drawings of a key, not keys
	"key":       `<circle cx="7.5" cy="12" r="4.5"/><path d="M12 12h9.5M18 12v4M21.5 12v3"/>`,
	"door":      `<path d="M6 21V3.5h12V21M3 21h18M14.5 12.5v.5"/>`,
	"tax":       `<path d="M5 3h14v18l-3-2-2 2-2-2-2 2-2-2-3 2zM9 8h6M9 12h6M9 16h3"/>`,
	"social":    `<circle cx="8" cy="8" r="3"/><circle cx="17" cy="9.5" r="2.2"/><path d="M2.5 20c0-4 2.3-6 5.5-6s5.5 2 5.5 6M15.5 14.6c3.5-.6 6 1.2 6 4.9"/>`,
	"health":    `<path d="M12 20.5S3.5 15 3.5 9.2A4.6 4.6 0 0 1 12 6.8a4.6 4.6 0 0 1 8.5 2.4C20.5 15 12 20.5 12 20.5z"/><path d="M6.5 12H10l1.5-2.5 2 4.5 1.3-2h2.7"/>`,
	"hospital":  `<path d="M4 21V6h16v15M2 21h20M12 9v6M9 12h6M10 21v-3h4v3"/>`,
	"bank":      `<path d="M3 9.5 12 4l9 5.5zM5.5 9.5v8M10 9.5v8M14 9.5v8M18.5 9.5v8M3 20.5h18"/>`,
	"education": `<path d="M2 9.5 12 5l10 4.5L12 14zM6 11.5V17c3 2.5 9 2.5 12 0v-5.5M22 9.5V16"/>`,
	"justice":   `<path d="M12 3v18M7 21h10M5 7h14M5 7l-3 7h6zM19 7l-3 7h6z"/>`,
	"work":      `<path d="M3 8h18v12H3zM8.5 8V4.5h7V8M3 13h18"/>`,
	"town":      `<path d="M3 21V10l6-4 6 4v11M15 21V12h6v9M2 21h20M7 13h.01M11 13h.01M7 17h.01M11 17h.01M18 16h.01"/>`,
	"counter":   `<path d="M3 12h18v3H3zM5 15v6M19 15v6"/><circle cx="12" cy="5.5" r="2.5"/><path d="M8 12c0-2 1.5-3 4-3s4 1 4 3"/>`,
	"phone":     `<rect x="6.5" y="2.5" width="11" height="19" rx="2"/><path d="M11 18.5h2"/>`,
	"mail":      `<path d="M3 5.5h18v13H3zM3.5 6l8.5 7 8.5-7"/>`,
	"passport":  `<rect x="5" y="2.5" width="14" height="19" rx="1.5"/><circle cx="12" cy="10" r="3.5"/><path d="M8.5 10h7M9 17.5h6"/>`,
	"card":      `<rect x="2.5" y="5" width="19" height="14" rx="2"/><circle cx="8" cy="11" r="2"/><path d="M5 16c.3-1.7 1.4-2.5 3-2.5s2.7.8 3 2.5M14 10h4.5M14 13.5h4.5"/>`,
	"ok":        `<circle cx="12" cy="12" r="9"/><path d="m7.5 12.5 3 3 6-6.5"/>`,
	"info":      `<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.5v.01"/>`,
	"warning":   `<path d="M12 3.5 22 20.5H2zM12 10v5M12 17.8v.01"/>`,
	"danger":    `<path d="M8 3h8l5 5v8l-5 5H8l-5-5V8zM12 7.5V13M12 16.3v.01"/>`,
	"lock":      `<rect x="4.5" y="10.5" width="15" height="10.5" rx="2"/><path d="M8 10.5V7a4 4 0 0 1 8 0v3.5M12 14.5v2.5"/>`,
	"clock":     `<circle cx="12" cy="12" r="9"/><path d="M12 6.5V12l3.5 2.5"/>`,
	"back":      `<path d="M20 12H4.5M10.5 6l-6 6 6 6"/>`,
	"go":        `<path d="M4 12h15.5M13.5 6l6 6-6 6"/>`,
	"out":       `<path d="M10 4H4v16h6M9 12h12M16.5 7.5 21 12l-4.5 4.5"/>`,
	"history":   `<path d="M4 5v5h5M4.5 10a8 8 0 1 1-.3 4M12 7.5V12l3 2"/>`,
	"print":     `<path d="M7 9V3h10v6M7 17H3.5V9h17v8H17M7 14h10v7H7z"/>`,
	"help":      `<circle cx="12" cy="12" r="9"/><path d="M9.3 9.5A2.7 2.7 0 0 1 14.6 10c0 1.8-2.6 2-2.6 4M12 16.8v.01"/>`,
	"paper":     `<path d="M6 2.5h8.5L19 7v14.5H6zM14 2.5V7.5h5M9 12h6.5M9 16h6.5"/>`,
	"pen":       `<path d="M3.5 20.5c2-5 5-12 11-17 3 1 4.5 3 5 5-4 5-9 7.5-13.5 8.5M3.5 20.5l3-3.5"/>`,
	"globe":     `<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18"/>`,
	"share":     `<path d="M4 12.5 9.5 18 20 6.5"/>`,
}
