package arrows

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// listed is what the go command says of a package.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

func list(t *testing.T, args ...string) map[string]listed {
	t.Helper()
	// -e: a package that does not build is for the compiler to report, not for this test.
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Standard,Imports,Deps"}, args...)...)
	cmd.Dir = top
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, errs.String())
	}
	all := map[string]listed{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var one listed
		if err := dec.Decode(&one); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[one.ImportPath] = one
	}
}

func TestArrows_point_inwards(t *testing.T) {
	all := list(t, "-deps", "./...")
	checked := 0
	for path, p := range all {
		if !strings.HasPrefix(path, module) {
			continue
		}
		checked++
		for _, to := range p.Imports {
			if says := complaint(path, to, all[to].Standard || to == "C" || to == "unsafe"); says != "" {
				t.Errorf("%s %s", path, says)
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d packages of ours were seen: is the module still called %q?", checked, module)
	}
}

func TestArrows_hold_behind_every_import_of_the_core(t *testing.T) {
	for path, p := range list(t, "./internal/core/...", "./internal/format/...") {
		for _, dep := range p.Deps {
			switch dep {
			case "net/http", "database/sql", "html/template", "text/template", "os/exec":
				t.Errorf("%s reaches %s through one of its imports", path, dep)
			}
		}
	}
}

func TestArrows_keep_test_libraries_out_of_the_binary(t *testing.T) {
	for path, p := range list(t, "./cmd/chave") {
		for _, dep := range p.Deps {
			if anyUnder(dep, testOnly) {
				t.Errorf("%s links %s, which is for tests only", path, dep)
			}
		}
	}
}

// TestComplaint guards the guard: a rule that lets everything through would pass the tests above.
func TestComplaint(t *testing.T) {
	for _, c := range []struct {
		from, to string
		standard bool
		wrong    bool
	}{
		{"chave/internal/core/login", "chave/internal/core/credential", false, false},
		{"chave/internal/core/login", "chave/internal/outside/store", false, true},
		{"chave/internal/core/login", "chave/internal/page/ui", false, true},
		{"chave/internal/core/login", "chave/internal/text", false, true},
		{"chave/internal/core/login", "chave/demo/people", false, true},
		{"chave/internal/core/login", "net/http", true, true},
		{"chave/internal/core/login", "database/sql", true, true},
		{"chave/internal/core/login", "crypto/rand", true, false},
		{"chave/internal/core/login", "github.com/jackc/pgx/v5", false, true},
		{"chave/internal/core/login", "golang.org/x/crypto/argon2", false, false},
		{"chave/internal/core/login", "golang.org/x/crypto/ssh", false, true},
		{"chave/internal/format/mrz", "chave/internal/core/citizen", false, true},
		{"chave/internal/format/mrz", "chave/internal/format/ptnumber", false, true},
		{"chave/internal/format/mrz", "os", true, true},
		{"chave/internal/wire/oidc", "chave/internal/wire/saml", false, true},
		{"chave/internal/wire/oidc", "chave/internal/page/ui", false, false},
		{"chave/internal/wire/oidc", "chave/internal/page/signin", false, true},
		{"chave/internal/wire/oidc", "chave/internal/outside/store", false, true},
		{"chave/internal/wire/oidc", "github.com/go-jose/go-jose/v4", false, false},
		{"chave/internal/page/mykey", "chave/internal/page/ui", false, false},
		{"chave/internal/page/mykey", "chave/internal/page/door", false, false},
		{"chave/internal/page/mykey", "chave/internal/page/signin", false, true},
		{"chave/internal/page/mykey", "github.com/boombuler/barcode", false, true},
		{"chave/internal/page/ui", "chave/internal/page/signin", false, true},
		{"chave/internal/outside/store", "chave/internal/outside/keystore", false, true},
		{"chave/internal/outside/store/storetest", "chave/internal/outside/store", false, false},
		{"chave/internal/outside/store", "chave/internal/wire/oidc", false, true},
		{"chave/internal/app", "chave/internal/wire/oidc", false, false},
		{"chave/internal/app", "chave/demo/people", false, false},
		{"chave/internal/app", "chave/demo/phone", false, true},
		{"chave/internal/outside/notify", "chave/internal/app", false, true},
		{"chave/demo/phone", "chave/demo/people", false, false},
		{"chave/demo/phone", "chave/internal/app", false, true},
		{"chave/client", "chave/internal/core/fault", false, true},
		{"chave/cmd/chave", "chave/demo/phone", false, false},
		{"chave/attic", "fmt", true, true},
	} {
		if got := complaint(c.from, c.to, c.standard) != ""; got != c.wrong {
			t.Errorf("%s → %s: complaint = %v, want %v", c.from, c.to, got, c.wrong)
		}
	}
}
