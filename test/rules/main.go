// Command rules lists which requirement ids appear in test names, which are left, and why.
//
// A name is the name of a test function (TestR3_17_three_wrong_codes, TestA13_B1_exact) or a string in a test that begins with ids ("R1.26 passport
// ends on its own day"), as subtests and tables have them. requirements.txt says what each id asks. The command fails when a name carries an id that
// is not listed, when an id of must.txt has no test.
//
// The wires of the Portuguese scheme have a list of their own, wires.txt: each item names the tests that hold it, by folder and by the test's name or its
// case's; and docs/compat.md may name no test that is not there.
//
// It only reads names. Whether a test is any good is for people.
package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed requirements.txt
var requirementsText string

//go:embed must.txt
var mustText string

func main() {
	top := "."
	if len(os.Args) > 1 {
		top = os.Args[1]
	}
	if err := run(os.Stdout, top); err != nil {
		fmt.Fprintln(os.Stderr, "rules:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, top string) error {
	list, err := parseRequirements(requirementsText)
	if err != nil {
		return err
	}
	must, err := parseMust(mustText, list)
	if err != nil {
		return err
	}
	found, err := scan(top)
	if err != nil {
		return err
	}
	items, err := parseItems(wiresText)
	if err != nil {
		return err
	}
	names, err := scanNames(top)
	if err != nil {
		return err
	}
	problems := []error{reportItems(out, items, names), checkCovered(list, items)}
	for _, path := range []string{"docs/compat.md", "docs/saml.md"} {
		text, err := os.ReadFile(filepath.Join(top, path))
		if err != nil {
			return err
		}
		problems = append(problems, checkDocument(path, string(text), names))
	}
	return errors.Join(append(problems, report(out, list, must, found))...)
}

// requirement is one line of the list.
type requirement struct {
	id, state, asks, reason string
}

func parseRequirements(text string) ([]requirement, error) {
	var list []requirement
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 3 || !idForm.MatchString(fields[0]) {
			return nil, fmt.Errorf("requirements.txt:%d: want id, state, words", n+1)
		}
		asks, reason, _ := strings.Cut(strings.Join(fields[2:], " "), " | ")
		r := requirement{fields[0], fields[1], asks, reason}
		switch {
		case !slices.Contains([]string{"test", "item", "later", "paper", "fact"}, r.state):
			return nil, fmt.Errorf("requirements.txt:%d: unknown state %q", n+1, r.state)
		case (r.state == "test") != (r.reason == ""):
			return nil, fmt.Errorf("requirements.txt:%d: %s: what has no test needs a reason, and only that", n+1, r.id)
		case slices.ContainsFunc(list, func(o requirement) bool { return o.id == r.id }):
			return nil, fmt.Errorf("requirements.txt:%d: %s is listed twice", n+1, r.id)
		}
		list = append(list, r)
	}
	return list, nil
}

func parseMust(text string, list []requirement) ([]string, error) {
	var must []string
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for _, id := range strings.Fields(line) {
			if !slices.ContainsFunc(list, func(r requirement) bool { return r.id == id && r.state == "test" }) {
				return nil, fmt.Errorf("must.txt: %s is not one of the ids that want a test", id)
			}
			must = append(must, id)
		}
	}
	return must, nil
}

func report(out io.Writer, list []requirement, must []string, found map[string][]string) error {
	var problems []error
	var covered, open, waiting []string
	listed := map[string]bool{}
	for _, r := range list {
		listed[r.id] = true
		tests := len(found[r.id])
		switch {
		case tests > 0:
			covered = append(covered, fmt.Sprintf("  %-6s %3d  %s", r.id, tests, r.asks))
		case r.state == "test":
			open = append(open, fmt.Sprintf("  %-6s      %s", r.id, r.asks))
			if slices.Contains(must, r.id) {
				problems = append(problems, fmt.Errorf("%s must have a test: %s", r.id, r.asks))
			}
		default:
			waiting = append(waiting, fmt.Sprintf("  %-6s %-5s %s: %s", r.id, r.state, r.asks, r.reason))
		}
	}
	for id, where := range found {
		if !listed[id] {
			problems = append(problems, fmt.Errorf("%s is in no list, but %s carries it", id, where[0]))
		}
	}
	for _, part := range []struct {
		title string
		lines []string
	}{
		{"Covered, and by how many tests", covered},
		{"Left: wanted here, without a test yet", open},
		{"Not here, and why", waiting},
	} {
		fmt.Fprintf(out, "%s (%d)\n%s\n\n", part.title, len(part.lines), strings.Join(part.lines, "\n"))
	}
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	fmt.Fprintf(out, "%d ids: %d covered, %d left, %d elsewhere or on paper; %d of them must be covered\n",
		len(list), len(covered), len(open), len(waiting), len(must))
	return errors.Join(problems...)
}
