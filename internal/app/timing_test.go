//go:build !race

package app

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// The race detector makes time mean nothing, so this file is not built with it.

// TestA6_R3_26 measures wrong PINs for six people and for six numbers that nobody has, in turn and each as often first, so that the machine's noise, and where
// rows happen to lie, hit both alike. The medians may differ by no more than a fifth of the spread that either shows by itself, or a quarter of a
// millisecond. What a stranger could use shows every time, what a busy machine adds does not: it is measured up to three times.
func TestA6_R3_26_known_and_unknown_identifiers_take_the_same_time(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for some seconds")
	}
	n := newNode(t, func(s *Settings) { s.Policy.PINTries, s.Policy.CodesPerAddress = 1000000, 1000000 })
	visitors := map[string][]*visitor{}
	for i, phone := range []string{beatrizPhone, "+351929943618", "+351929944725", "+351929945831", "+351929946942", "+351929947056"} {
		for who, number := range map[string]string{"known": phone, "unknown": fmt.Sprintf("+3519299000%02d", i)} {
			v := n.visitor()
			v.toPIN(number)
			visitors[who] = append(visitors[who], v)
		}
	}
	for range 3 {
		took := wrongPINs(visitors, 24)
		median := func(x []float64) float64 { slices.Sort(x); return x[len(x)/2] }
		spread := func(x []float64) float64 { return x[len(x)*9/10] - x[len(x)/10] }
		known, unknown := median(took["known"]), median(took["unknown"])
		bound := math.Max(250, max(spread(took["known"]), spread(took["unknown"]))/5)
		t.Logf("known %.0f us, unknown %.0f us, allowed %.0f us", known, unknown, bound)
		if math.Abs(known-unknown) <= bound {
			return
		}
	}
	t.Error("a stranger can tell known and unknown identifiers apart")
}

// wrongPINs measures answers in microseconds; the first rounds only warm up.
func wrongPINs(visitors map[string][]*visitor, rounds int) map[string][]float64 {
	took := map[string][]float64{}
	order := []string{"known", "unknown"}
	for round := range rounds {
		for i := range visitors["known"] {
			slices.Reverse(order)
			for _, who := range order {
				began := time.Now()
				visitors[who][i].answer("pin", "550137")
				if round >= 3 {
					took[who] = append(took[who], float64(time.Since(began).Microseconds()))
				}
			}
		}
	}
	return took
}
