package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// name is one test by what it is called: the function, or the function and a text inside it that names a case, as in TestVerify/two Signature elements. Cases of a
// table that stands outside of functions begin with "table".
type name struct {
	pkg, text string
}

// scanNames lists the names of every test below a folder. Texts that a failing test says are no names.
func scanNames(top string) ([]name, error) {
	var all []name
	err := walkTests(top, func(path string) error {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		for _, d := range file.Decls {
			of := "table"
			switch d := d.(type) {
			case *ast.FuncDecl:
				of = d.Name.Name
				if !strings.HasPrefix(of, "Test") && !strings.HasPrefix(of, "Fuzz") {
					continue
				}
				all = append(all, name{pkg, of})
			case *ast.GenDecl:
				if d.Tok != token.VAR {
					continue
				}
			}
			for _, text := range textsIn(d) {
				all = append(all, name{pkg, of + "/" + text})
			}
		}
		return nil
	})
	return all, err
}

// walkTests visits the files that hold tests: those called so, and suites that several packages run, which live in packages called …test.
func walkTests(top string, visit func(path string) error) error {
	return filepath.WalkDir(top, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "node_modules", "testdata", "out", "bin"}, entry.Name()) ||
			entry.IsDir() && strings.HasSuffix(filepath.ToSlash(path), "test/rules") { // our own examples cover nothing
			return filepath.SkipDir
		}
		inSuite := strings.HasSuffix(filepath.Base(filepath.Dir(path)), "test")
		if entry.IsDir() || filepath.Ext(path) != ".go" || !strings.HasSuffix(path, "_test.go") && !inSuite {
			return nil
		}
		return visit(path)
	})
}

// textsIn lists the strings of a function or table, but for what it says when it fails.
func textsIn(d ast.Decl) []string {
	var texts []string
	said := map[ast.Node]bool{}
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && saysSomething(s.Sel.Name) {
				for _, arg := range n.Args {
					said[arg] = true
				}
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && !said[n] && err == nil {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts
}
