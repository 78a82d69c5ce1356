package arrows

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// top is the repository, seen from this package.
const top = "../.."

// lineLimit is where a file has more than one idea in it.
const lineLimit = 500

// goFiles visits every Go file of the tree, whatever its build tags, with its path from the top.
func goFiles(t *testing.T, visit func(path string, text []byte, file *ast.File)) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && (name == ".git" || name == "node_modules" || name == "testdata" || name == "out" || name == "bin") {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(top, path)
		if err != nil {
			return err
		}
		seen++
		visit(filepath.ToSlash(rel), text, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("only %d Go files found: is the top of the tree still %q from here?", seen, top)
	}
}

func TestHouse_no_file_has_more_than_500_lines(t *testing.T) {
	goFiles(t, func(path string, text []byte, _ *ast.File) {
		if n := bytes.Count(text, []byte("\n")); n > lineLimit {
			t.Errorf("%s has %d lines: split it by idea", path, n)
		}
	})
}

func TestHouse_every_package_says_what_it_owns(t *testing.T) {
	said := map[string]bool{}
	goFiles(t, func(path string, _ []byte, file *ast.File) {
		dir := filepath.Dir(path)
		begins := "Package " + strings.TrimSuffix(file.Name.Name, "_test") + " "
		if file.Name.Name == "main" {
			begins = "Command "
		}
		said[dir] = said[dir] || strings.HasPrefix(file.Doc.Text(), begins)
	})
	for dir, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

func TestHouse_names_say_something(t *testing.T) {
	goFiles(t, func(path string, _ []byte, file *ast.File) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		parts := append(strings.Split(filepath.Dir(path), "/"), file.Name.Name, strings.TrimSuffix(filepath.Base(path), ".go"))
		for _, part := range parts {
			if slices.Contains(forbiddenNames, part) {
				t.Errorf("%s: %q says nothing about what is inside", path, part)
			}
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: init runs before anybody asked for it; make a constructor", path)
			}
		}
	})
}

func TestHouse_nothing_is_left_for_later(t *testing.T) {
	marks := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X:"}
	goFiles(t, func(path string, _ []byte, file *ast.File) {
		for _, group := range file.Comments {
			for _, mark := range marks {
				if strings.Contains(group.Text(), mark) {
					t.Errorf("%s: a comment says %s; do it, or open an issue", path, mark)
				}
			}
		}
	})
}
