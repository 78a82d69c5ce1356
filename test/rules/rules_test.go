package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestIDs_of_functions_and_texts(t *testing.T) {
	for _, c := range []struct {
		of   func(string) []string
		name string
		want []string
	}{
		{idsOfFunction, "TestR3_17_three_wrong_codes_block_the_key", []string{"R3" + ".17"}},
		{idsOfFunction, "TestA13_B1_return_addresses", []string{"A" + "13", "B" + "1"}},
		{idsOfFunction, "FuzzR3_01_phone", []string{"R3" + ".01"}},
		{idsOfFunction, "TestE164_numbers", nil},
		{idsOfFunction, "TestR3_and_no_more", nil},
		{idsOfFunction, "helperR3_17", nil},
		{idsOfText, "R1" + ".25, R1.26 the last day", []string{"R1.25", "R1.26"}},
		{idsOfText, "A" + "1", nil},
		{idsOfText, "the rule R1.25 says", nil},
	} {
		if got := c.of(c.name); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestScan_ignores_what_a_failing_test_says(t *testing.T) {
	dir := t.TempDir()
	text := "package x\nfunc TestR1_03_age(t *testing.T) {\n\tt.Run(\"R1" + ".04 measure\", nil)\n\tt.Errorf(\"R1" + ".05 is missing\")\n\tfor _, c := range []struct{name string}{{\"R1" + ".08 documents\"}} {}\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "x_test.go"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := scan(dir)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for id := range found {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	if got := strings.Join(ids, " "); got != "R1.03 R1.04 R1.08" {
		t.Errorf("found %s", got)
	}
}

func TestReport(t *testing.T) {
	list := []requirement{{id: "B1", state: "test", asks: "x"}, {id: "B2", state: "later", asks: "y", reason: "z"}}
	for _, c := range []struct {
		name  string
		must  []string
		found map[string][]string
		wrong bool
	}{
		{"covered", []string{"B1"}, map[string][]string{"B1": {"a:1"}}, false},
		{"left but not promised", nil, nil, false},
		{"promised and lost", []string{"B1"}, nil, true},
		{"an id nobody lists", nil, map[string][]string{"B3": {"a:1"}}, true},
	} {
		if err := report(io.Discard, list, c.must, c.found); (err != nil) != c.wrong {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestItems_want_a_test_of_their_name(t *testing.T) {
	items, err := parseItems("# words\n0.1 | a/b | ^TestX_ | x\n0.2 | a/b | ^TestY/two cases | y\n0.3 | later | - | z\n")
	if err != nil || len(items) != 3 {
		t.Fatal(items, err)
	}
	all := []name{{"a/b/c", "TestX_does"}, {"a/b", "TestY/two cases differ"}}
	for _, c := range []struct {
		says  string
		names []name
		wrong bool
	}{
		{"held", all, false},
		{"held in another folder", []name{{"a/bc", "TestX_does"}, all[1]}, true},
		{"the case is gone", []name{all[0], {"a/b", "TestY"}}, true},
	} {
		if err := reportItems(io.Discard, items, c.names); (err != nil) != c.wrong {
			t.Errorf("%s: %v", c.says, err)
		}
	}
	covers := requirement{id: "B1", state: "item", reason: "0.1 0.2"}
	if err := checkCovered([]requirement{covers}, items); err != nil {
		t.Error(err)
	}
	covers.reason = "0.1 0.3"
	if checkCovered([]requirement{covers}, items) == nil {
		t.Error("an item for later covers a requirement")
	}
	for _, bad := range []string{"0.1 | a | x", "0.1 | a | ( | y", "0.1 | a | x | y\n0.1 | a | x | y"} {
		if _, err := parseItems(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestDocument_names_only_tests_that_are_there(t *testing.T) {
	names := []name{{"a", "TestX_does"}}
	if err := checkDocument("d.md", "held by `TestX_does`, in Testing", names); err != nil {
		t.Error(err)
	}
	if checkDocument("d.md", "held by `TestX_does_more`", names) == nil {
		t.Error("a test that is not there was believed")
	}
}

func TestLists_are_well_formed(t *testing.T) {
	if items, err := parseItems(wiresText); err != nil || len(items) < 60 {
		t.Fatal(len(items), err)
	}

	list, err := parseRequirements(requirementsText)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseMust(mustText, list); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"R1.01 test", "R1.01 maybe words", "R1.01 later words without reason", "R1.01 test words | reason", "Q1 test words"} {
		if _, err := parseRequirements(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
