package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is a line of `go test -json`.
type event struct {
	Action, Package, Test, Output string
}

// tally reads events as they come. It prints what failed and what tests report, counts the rest, and remembers the tests that skipped themselves.
type tally struct {
	log      io.Writer
	partial  []byte
	output   map[string][]string
	packages int
	passed   int
	failed   int
	skips    []string
}

func (t *tally) Write(p []byte) (int, error) {
	t.partial = append(t.partial, p...)
	for {
		line, rest, found := bytes.Cut(t.partial, []byte("\n"))
		if !found {
			return len(p), nil
		}
		t.partial = rest
		var e event
		if len(line) == 0 || line[0] != '{' || json.Unmarshal(line, &e) != nil {
			fmt.Fprintf(t.log, "%s\n", line) // the go command's own words
			continue
		}
		t.take(e)
	}
}

func (t *tally) take(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		t.output[key] = append(t.output[key], e.Output)
		return
	case "build-output":
		fmt.Fprint(t.log, e.Output)
		return
	case "pass":
		if e.Test == "" {
			t.packages++
			fmt.Fprintf(t.log, "ok %s\n", e.Package)
		} else {
			t.passed++
			for _, line := range t.output[key] {
				if strings.Contains(line, "_test.go:") { // what it had to say: figures, mostly
					fmt.Fprint(t.log, line)
				}
			}
		}
	case "skip":
		if e.Test != "" {
			t.skips = append(t.skips, e.Test+" in "+e.Package+reason(t.output[key]))
		}
	case "fail":
		if e.Test != "" {
			t.failed++
		} else {
			t.unfinished(e.Package)
		}
		fmt.Fprint(t.log, strings.Join(t.output[key], ""))
	default:
		return
	}
	delete(t.output, key)
}

// unfinished prints what tests said that never ended, because their process did: by a panic, a race, or the end of its time.
func (t *tally) unfinished(pkg string) {
	for key, lines := range t.output {
		if strings.HasPrefix(key, pkg+" ") && key != pkg+" " {
			t.failed++
			fmt.Fprint(t.log, strings.Join(lines, ""))
			delete(t.output, key)
		}
	}
}

// reason finds what a test said when it skipped itself.
func reason(output []string) string {
	for _, line := range output {
		if _, says, found := strings.Cut(line, ".go:"); found {
			if _, says, found = strings.Cut(says, ": "); found {
				return " (" + strings.TrimSpace(says) + ")"
			}
		}
	}
	return ""
}

// goTest runs tests and counts them. A run in which nothing at all was tested does not hold.
func (b *bench) goTest(ctx context.Context, env []string, args ...string) (string, []string, error) {
	t := &tally{log: b.log, output: map[string][]string{}}
	err := b.runIn(ctx, b.top, env, t, "go", append([]string{"test", "-json"}, args...)...)
	says := fmt.Sprintf("%d tests passed in %d packages", t.passed, t.packages)
	if t.failed > 0 {
		says = fmt.Sprintf("%d tests failed, %d passed;", t.failed, t.passed)
	}
	if err == nil && t.passed == 0 && len(t.skips) == 0 {
		return "", nil, fmt.Errorf("no test was found by: go test %s", strings.Join(args, " "))
	}
	return says, t.skips, err
}
