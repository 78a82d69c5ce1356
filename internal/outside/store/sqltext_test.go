package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"chave/internal/outside/store"
)

// forbidden is what a distributed PostgreSQL-compatible engine refuses or serialises, and what hides meaning.
var forbidden = map[string]*regexp.Regexp{
	"sequences":           regexp.MustCompile(`\bSERIAL\b|(?i)\b(BIG|SMALL)SERIAL\b|\bSEQUENCE\b|\bNEXTVAL\b|\bAUTOINCREMENT\b|\bGENERATED\b.*\bIDENTITY\b`),
	"advisory locks":      regexp.MustCompile(`(?i)\bpg_(try_)?advisory`),
	"LISTEN and NOTIFY":   regexp.MustCompile(`(?i)\b(LISTEN|NOTIFY|UNLISTEN)\b|\bpg_notify\b`),
	"triggers, procedure": regexp.MustCompile(`(?i)\bTRIGGER\b|\bCREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE)\b`),
	"SELECT *":            regexp.MustCompile(`(?i)SELECT\s+\*|RETURNING\s+\*`),
	"row and table locks": regexp.MustCompile(`(?i)\bFOR\s+(UPDATE|SHARE|NO\s+KEY)\b|\bSKIP\s+LOCKED\b|\bLOCK\s+TABLE\b`),
	"the database's time": regexp.MustCompile(`(?i)\bNOW\s*\(|\bCURRENT_(TIME|DATE|TIMESTAMP)\b|\bDATETIME\s*\(`),
	"its randomness":      regexp.MustCompile(`(?i)\bRANDOM\s*\(|\bgen_random_uuid\b`),
	"session settings":    regexp.MustCompile(`(?i)^\s*SET\b`),
	"one engine's words":  regexp.MustCompile(`(?i)\bINSERT\s+OR\b|\bREPLACE\s+INTO\b|\browid\b|::\w|\bILIKE\b|\bJSONB?\b`),
	"? placeholders":      regexp.MustCompile(`[=(,]\s*\?`),
}

var verbs = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER)\s`)

// exempt are texts for one engine each, which ask it about itself.
func exempt(text string) bool {
	return strings.Contains(text, "sqlite_master") || strings.Contains(text, "current_setting") ||
		strings.Contains(text, "information_schema")
}

func TestSQL_text_is_fit_for_a_distributed_engine(t *testing.T) {
	read := 0
	check := func(where, text string) {
		if !verbs.MatchString(text) || exempt(text) {
			return
		}
		read++
		for what, pattern := range forbidden {
			if found := pattern.FindString(text); found != "" {
				t.Errorf("%s: %s: %q", where, what, found)
			}
		}
		for _, word := range []string{"select ", "insert into", "update ", "delete from", " where ", " values ", " order by ", " and ", " on conflict"} {
			if strings.Contains(text, word) {
				t.Errorf("%s: keywords are upper-case: %q", where, word)
			}
		}
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					check(files.Position(lit.Pos()).String(), text)
				}
			}
			return true
		})
	}
	for name, text := range store.SchemaText(store.Postgres) {
		for _, statement := range statements(text) {
			check(name, statement)
		}
	}
	if read < 80 {
		t.Errorf("read only %d texts: is the test looking in the right place?", read)
	}
}

// statements splits a migration, without its comments.
func statements(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line, _, _ = strings.Cut(line, "--"); strings.TrimSpace(line) != "" {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	return strings.Split(strings.Join(lines, "\n"), ";")
}

func TestSchema_every_table_can_be_made_again_and_is_strict(t *testing.T) {
	for name, text := range store.SchemaText(store.SQLite) {
		for _, s := range statements(text) {
			s = strings.TrimSpace(s)
			if strings.HasPrefix(s, "CREATE") && !strings.Contains(s, "IF NOT EXISTS") {
				t.Errorf("%s: cannot be run again: %.60s", name, s)
			}
			if strings.HasPrefix(s, "CREATE TABLE") && !strings.HasSuffix(s, "STRICT") && !strings.HasSuffix(s, "STRICT, WITHOUT ROWID") {
				t.Errorf("%s: not strict: %.60s", name, s)
			}
			if strings.HasPrefix(s, "CREATE TABLE") && !strings.Contains(s, "PRIMARY KEY") {
				t.Errorf("%s: no primary key: %.60s", name, s)
			}
			if strings.Contains(s, "{{") {
				t.Errorf("%s: an unknown token: %.60s", name, s)
			}
		}
		if strings.Contains(text, "+goose Down") {
			t.Errorf("%s: goes back", name)
		}
		if strings.Contains(text, "ALTER TABLE") == strings.Contains(text, "+goose NO TRANSACTION") {
			t.Errorf("%s: CREATE goes without a transaction, ALTER alone in one", name)
		}
	}
}
