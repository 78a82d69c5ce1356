package docs

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"chave/internal/core/fault"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write what is generated anew")

// same compares a generated document with the one in the tree, or writes it.
func same(t *testing.T, name, want string) {
	t.Helper()
	path := filepath.Join(top, name)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s is out of date: go test ./test/docs -update (%v)", name, err)
	}
}

const errorsHead = `# Error codes

Pages show a code in small print, JSON and redirects carry it at the beginning of ` + "`error_description`" + `. A code never changes its
meaning; sentences may. Below is what people read in English; Portuguese stands beside it in ` + "`internal/text/pt/fault.yaml`" + `.
On a running portal ` + "`/errors/CH-1203`" + ` leads to the help for a code.

The kind says what sort of refusal it is: *invalid* can never be right, *denied* was understood and refused, *not_found*, *conflict* means
somebody or something was first, *exhausted* is too much of something, *expired* was right once, *unavailable* may work later, *internal* is our
fault.
`

var groups = map[byte]string{
	'0': "Requests that never reached a rule", '1': "A sign-in as a whole", '2': "Identifier, PIN, code", '3': "Choosing a PIN",
	'4': "At a counter", '5': "For services", '6': "For services over SAML, CMD's OAuth door and QR codes",
	'7': "Signing",
}

var placeholder = regexp.MustCompile(`\{\{\s*\.\w+\s*\}\}`)

// TestErrors_list_is_the_catalogue also keeps the list: with -update it is written from the catalogue.
func TestErrors_list_is_the_catalogue(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(top, "internal/text/en/fault.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]any
	if err := yaml.Unmarshal(raw, &texts); err != nil {
		t.Fatal(err)
	}
	say := func(code fault.Code, part string) string {
		text, ok := texts["fault."+string(code)+"."+part].(string)
		if !ok {
			t.Errorf("%s has no sentence for %q", code, part)
		}
		return strings.ReplaceAll(placeholder.ReplaceAllString(text, "…"), "|", `\|`)
	}
	var b strings.Builder
	b.WriteString(errorsHead)
	group := byte(0)
	for _, code := range fault.Codes() {
		if g := code[4]; g != group {
			group = g
			title := groups[g]
			if title == "" {
				t.Errorf("%s belongs to a group without a title", code)
			}
			fmt.Fprintf(&b, "\n## %s\n\n| Code | Kind | What happened | What to do |\n|---|---|---|---|\n", title)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", code, code.Kind(), say(code, "what"), say(code, "do"))
	}
	same(t, "docs/errors.md", b.String())
}

var included = regexp.MustCompile("(?ms)^<!-- (test/examples/\\S+) -->\n```(\\w*)\n.*?^```$")

// TestExamples_shown_are_those_that_run keeps the programs inside documents equal to the files that the checks run.
func TestExamples_shown_are_those_that_run(t *testing.T) {
	shown := 0
	for name, text := range documents(t) {
		if !included.MatchString(text) {
			continue
		}
		want := included.ReplaceAllStringFunc(text, func(old string) string {
			shown++
			m := included.FindStringSubmatch(old)
			program, err := os.ReadFile(filepath.Join(top, m[1]))
			if err != nil {
				t.Error(err)
			}
			return fmt.Sprintf("<!-- %s -->\n```%s\n%s```", m[1], m[2], program)
		})
		same(t, name, want)
	}
	if shown < 2 {
		t.Errorf("%d examples are shown", shown)
	}
}
