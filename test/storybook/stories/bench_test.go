package stories

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkStep measures what a step of a sign-in costs to render: it is part of every sign-in's share of the processor.
func BenchmarkStep(b *testing.B) {
	site, err := Site()
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range Stories() {
		name, step := strings.CutPrefix(s.Path, "/story/signin/")
		if !step || strings.Contains(name, "-") {
			continue
		}
		r := httptest.NewRequest("GET", s.Path, nil)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				site.Render(httptest.NewRecorder(), r, s.Status, s.View)
			}
		})
	}
}
