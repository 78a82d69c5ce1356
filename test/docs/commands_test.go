package docs

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")
	inline     = regexp.MustCompile("`(?:go run \\./cmd/chave|(?:\\./)?chave) ([a-z][^`]*)`")
	flagForm   = regexp.MustCompile(`(^|\s)(--?[a-z][a-z-]*)`)
)

// shown are the chave commands of a document, each as its arguments.
func shown(text string) []string {
	var all []string
	for _, m := range inline.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	for _, m := range shellBlock.FindAllStringSubmatch(text, -1) {
		for _, line := range strings.Split(strings.ReplaceAll(m[1], "\\\n", " "), "\n") {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
			for _, prefix := range []string{"./chave ", "go run ./cmd/chave "} {
				if args, ok := strings.CutPrefix(line, prefix); ok {
					all = append(all, args)
				}
			}
		}
	}
	return all
}

func TestCommands_shown_exist_with_their_flags(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the binary")
	}
	binary := filepath.Join(t.TempDir(), "chave")
	build := exec.Command("go", "build", "-o", binary, "./cmd/chave")
	build.Dir = top
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	checked := map[string]bool{}
	for name, text := range documents(t) {
		for _, args := range shown(text) {
			if checked[args] {
				continue
			}
			checked[args] = true
			// Words that begin lower-case and are no flag's value lead to the command; its help lists the flags.
			var words []string
			for _, word := range strings.Fields(flagForm.ReplaceAllString(strings.ReplaceAll(args, "=", " ="), " ")) {
				if regexp.MustCompile(`^[a-z]+$`).MatchString(word) {
					words = append(words, word)
				}
			}
			help := helpOf(binary, words)
			if help == "" {
				t.Errorf("%s shows `chave %s`, which is no command", name, args)
				continue
			}
			for _, m := range flagForm.FindAllStringSubmatch(args, -1) {
				if !strings.Contains(help, m[2]) {
					t.Errorf("%s shows `chave %s`: the command has no %s", name, args, m[2])
				}
			}
		}
	}
	if len(checked) < 8 {
		t.Errorf("only %d commands were found", len(checked))
	}
}

// helpOf asks for the help of the longest run of words that is a command; the words after it are its arguments.
func helpOf(binary string, words []string) string {
	for n := len(words); n > 0; n-- {
		out, err := exec.Command(binary, append(words[:n:n], "--help")...).Output()
		if err == nil && strings.Contains(string(out), "Usage: chave "+words[0]) {
			return string(out)
		}
	}
	return ""
}
