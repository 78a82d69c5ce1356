package mykey

import (
	"time"

	"chave/internal/page/ui"
)

// History is the holder's own record of sign-ins and answers, for as long as it is kept (R0.05, R5.04).
type History struct {
	Own
	Days   int     // how long lines are kept
	Visits []Visit // newest first
	Months []Month // oldest first, for the chart; the handler counts
	More   bool    // there are older lines than those shown
}

// Visit is one line.
type Visit struct {
	Name     string // the service's
	Category string
	At       time.Time
	Outcome  string   // signed_in, refused, stopped
	Level    int      // 0 hides it
	Means    []string // pin, sms, email
	New      bool     // from a browser not seen before
}

// Tag is the icon kind of the outcome.
func (v Visit) Tag() string {
	switch v.Outcome {
	case "signed_in":
		return "ok"
	case "refused":
		return "info"
	default:
		return "warning"
	}
}

// Month is how often services were opened in one month.
type Month struct {
	Year  int
	Month time.Month
	Count int
}

// Page implements ui.View.
func (v History) Page() ui.Page { return v.page("key/history", "key.history.title", "history") }

// Bar is one bar of the chart, in the drawing's own units: 48 wide per month, 100 high.
type Bar struct {
	Month      time.Month
	Count      int
	X, Y, High int
	Middle     int // where the words stand
	Above      int // where the number stands
}

// Bars measures the chart. The highest bar fills it; a month with any sign-in is never invisible.
func (v History) Bars() []Bar {
	most := 1
	for _, m := range v.Months {
		most = max(most, m.Count)
	}
	var bars []Bar
	for i, m := range v.Months {
		high := 100 * m.Count / most
		if m.Count > 0 {
			high = max(high, 4)
		}
		bars = append(bars, Bar{Month: m.Month, Count: m.Count, X: i*48 + 8, Y: 120 - high, High: high, Middle: i*48 + 24, Above: 114 - high})
	}
	return bars
}

// Wide is the chart's width in its own units.
func (v History) Wide() int { return 48 * len(v.Months) }
