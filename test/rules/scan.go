package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// idForm is what an id looks like in the list and in strings.
var idForm = regexp.MustCompile(`^(?:R[0-9]\.[0-9]{2}|[ABNET][0-9]{1,2})$`)

// scan finds ids in the names of tests below a folder, with where they stand.
func scan(top string) (map[string][]string, error) {
	found := map[string][]string{}
	err := walkTests(top, func(path string) error { return scanFile(path, found) })
	return found, err
}

func scanFile(path string, found map[string][]string) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	said := map[ast.Node]bool{} // strings that are said when a test fails: they name nothing
	note := func(at token.Pos, ids []string) {
		for _, id := range ids {
			found[id] = append(found[id], fmt.Sprintf("%s:%d", path, files.Position(at).Line))
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			note(n.Pos(), idsOfFunction(n.Name.Name))
		case *ast.CallExpr:
			if f, ok := n.Fun.(*ast.SelectorExpr); ok && saysSomething(f.Sel.Name) {
				for _, arg := range n.Args {
					said[arg] = true
				}
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING && !said[n] {
				if text, err := strconv.Unquote(n.Value); err == nil {
					note(n.Pos(), idsOfText(text))
				}
			}
		}
		return true
	})
	return nil
}

func saysSomething(method string) bool {
	return slices.Contains([]string{"Error", "Errorf", "Fatal", "Fatalf", "Log", "Logf", "Skip", "Skipf"}, method)
}

// idsOfFunction reads TestR3_17_R3_22_wrong_codes as R3.17 and R3.22, TestA13_B1_exact as A13 and B1.
func idsOfFunction(name string) []string {
	rest, ok := strings.CutPrefix(name, "Test")
	if !ok {
		if rest, ok = strings.CutPrefix(name, "Fuzz"); !ok {
			return nil
		}
	}
	var ids []string
	words := strings.Split(rest, "_")
	for i, word := range words {
		if len(word) == 2 && word[0] == 'R' && i+1 < len(words) {
			word += "." + words[i+1]
		}
		if idForm.MatchString(word) {
			ids = append(ids, word)
		}
	}
	return ids
}

// idsOfText reads the ids at the beginning of a subtest's name: "R1.25, R1.26 the last day". Something must follow them.
func idsOfText(text string) []string {
	var ids []string
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,:/", r) })
	for i, word := range words {
		if !idForm.MatchString(word) {
			return ids
		}
		if i == len(words)-1 {
			return nil
		}
		ids = append(ids, word)
	}
	return nil
}
