package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestNotice_names_every_library_in_the_binary(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(top, "NOTICE"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, word := range strings.FieldsFunc(string(raw), func(r rune) bool { return strings.ContainsRune(" ,;\n", r) }) {
		named[word] = true
	}
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "./cmd/chave")
	list.Dir = top
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := map[string]bool{}
	for _, module := range strings.Fields(string(out)) {
		if module != "chave" && !linked[module] && !named[module] {
			t.Errorf("NOTICE does not name %s", module)
		}
		linked[module] = true
	}
	for word := range named {
		if (strings.HasPrefix(word, "github.com/") || strings.HasPrefix(word, "golang.org/x/")) && !linked[word] {
			t.Errorf("NOTICE names %s, which is not linked", word)
		}
	}
}
