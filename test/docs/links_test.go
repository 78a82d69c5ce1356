package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// top is the repository, seen from this package.
const top = "../.."

// documents are all Markdown files that people read, by path from the top.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "demo/*/*.md"} {
		names, err := filepath.Glob(filepath.Join(top, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			rel, err := filepath.Rel(top, name)
			if err != nil {
				t.Fatal(err)
			}
			all[filepath.ToSlash(rel)] = string(text)
		}
	}
	if len(all) < 8 {
		t.Fatalf("only %d documents found", len(all))
	}
	return all
}

var (
	linkForm  = regexp.MustCompile(`!?\[[^\]]*\]\(([^)\s]+)\)`)
	fenceForm = regexp.MustCompile("(?ms)^```.*?^```$")
	titleForm = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

func TestLinks_lead_somewhere(t *testing.T) {
	all := documents(t)
	for name, text := range all {
		for _, m := range linkForm.FindAllStringSubmatch(fenceForm.ReplaceAllString(text, ""), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			at := name
			if target != "" {
				at = filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
				if _, err := os.Stat(filepath.Join(top, at)); err != nil {
					t.Errorf("%s links to %s, which is not there", name, m[1])
					continue
				}
			}
			if anchor != "" && !anchors(all[at])[anchor] {
				t.Errorf("%s links to %s: there is no such heading", name, m[1])
			}
		}
	}
}

// anchors spells headings as code hosts do: lower case, words joined by dashes, no punctuation.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, m := range titleForm.FindAllStringSubmatch(fenceForm.ReplaceAllString(text, ""), -1) {
		found[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, m[1])] = true
	}
	return found
}

func TestDocuments_name_no_machine(t *testing.T) {
	for name, text := range documents(t) {
		for _, path := range []string{"/root/", "/home/", "/tmp/", "/Users/"} {
			if strings.Contains(text, path) {
				t.Errorf("%s names a path of one machine: %s", name, path)
			}
		}
	}
}
