package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

//go:embed wires.txt
var wiresText string

// item is one line of wires.txt: something that CMD's wires must do or refuse, and the names of the tests that hold it.
type item struct {
	id      string
	where   string         // the folder, with all below it; "later" when there is none yet
	pattern *regexp.Regexp // of the test's name, or of name/case
	asks    string
}

func parseItems(text string) ([]item, error) {
	var items []item
	seen := map[string]bool{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, " | ")
		if len(fields) != 4 {
			return nil, fmt.Errorf("wires.txt:%d: want id, folder, pattern, words", n)
		}
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		pattern, err := regexp.Compile(fields[2])
		switch {
		case err != nil:
			return nil, fmt.Errorf("wires.txt:%d: %w", n, err)
		case seen[fields[0]+fields[1]+fields[2]]:
			return nil, fmt.Errorf("wires.txt:%d: %s is listed twice", n, fields[0])
		}
		seen[fields[0]+fields[1]+fields[2]] = true
		items = append(items, item{fields[0], fields[1], pattern, fields[3]})
	}
	return items, nil
}

// reportItems says which tests hold each item, and fails for one that none does.
func reportItems(out io.Writer, items []item, names []name) error {
	var problems []error
	held, later := 0, 0
	fmt.Fprintln(out, "Wires of the Portuguese scheme: the one-page list, the negative tests, the wall")
	for _, one := range items {
		if one.where == "later" {
			later++
			fmt.Fprintf(out, "  %-7s later %s\n", one.id, one.asks)
			continue
		}
		var by []string
		for _, n := range names {
			if (n.pkg == one.where || strings.HasPrefix(n.pkg, one.where+"/")) && one.pattern.MatchString(n.text) {
				by = append(by, n.pkg+" "+n.text)
			}
		}
		if len(by) == 0 {
			problems = append(problems, fmt.Errorf("%s has no test named %s in %s: %s", one.id, one.pattern, one.where, one.asks))
			continue
		}
		held++
		fmt.Fprintf(out, "  %-7s %3d   %s: %s\n", one.id, len(by), one.asks, by[0])
	}
	fmt.Fprintf(out, "%d items of the wires: %d held by a test of that name, %d come later\n\n", len(items), held, later)
	return errors.Join(problems...)
}

// checkCovered wants the items that a requirement names to be listed, and not for later.
func checkCovered(list []requirement, items []item) error {
	var problems []error
	for _, r := range list {
		if r.state != "item" {
			continue
		}
		for _, id := range strings.Fields(r.reason) {
			if !slices.ContainsFunc(items, func(one item) bool { return one.id == id && one.where != "later" }) {
				problems = append(problems, fmt.Errorf("requirements.txt: %s names the item %s, which is not in wires.txt", r.id, id))
			}
		}
	}
	return errors.Join(problems...)
}

var testName = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*\b`)

// checkDocument wants every test that a document names to be there.
func checkDocument(path, text string, names []name) error {
	known := map[string]bool{}
	for _, n := range names {
		known[n.text] = true
	}
	var problems []error
	told := map[string]bool{}
	for _, named := range testName.FindAllString(text, -1) {
		if !known[named] && !told[named] {
			told[named] = true
			problems = append(problems, fmt.Errorf("%s names %s, which is no test", path, named))
		}
	}
	return errors.Join(problems...)
}
