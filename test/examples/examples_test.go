//go:build interop

package examples

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"chave/test/browser/country"
)

var demo *country.Country

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "chave-examples-")
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	program, err := country.Build(ctx, dir)
	if err == nil {
		demo, err = country.Start(ctx, program, dir)
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	demo.Stop()
	cancel()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func TestExamples_sign_in(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
	}{
		{"sh", []string{"sh", "sign-in.sh"}},
		{"python", []string{"/usr/bin/python3", "sign_in.py"}},
		{"node", []string{"node", "sign-in.mjs"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
			cmd.Env = append(os.Environ(), "CHAVE_TESTER="+demo.Tester, "CHAVE_ISSUER="+demo.Issuer)
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var learned struct{ Sub, Name, Birthdate string }
			if err := json.Unmarshal(out, &learned); err != nil || learned.Sub == "" || learned.Name == "" || learned.Birthdate == "" {
				t.Errorf("the hospital learned %q, %v", out, err)
			}
		})
	}
}

func TestB9_documents_name_all_that_is_published(t *testing.T) {
	page, err := os.ReadFile("../../docs/openid-connect.md")
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, demo.Issuer+"/.well-known/openid-configuration", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := demo.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var published map[string]any
	if err := json.Unmarshal(raw, &published); err != nil {
		t.Fatal(err)
	}
	if published["issuer"] != demo.Issuer {
		t.Errorf("issuer %v", published["issuer"])
	}
	for name, value := range published {
		switch v := value.(type) {
		case string:
			path := strings.TrimPrefix(v, demo.Issuer)
			if path != "" && !strings.Contains(string(page), "`"+path+"`") {
				t.Errorf("docs/openid-connect.md does not name %s, %s", name, path)
			}
		case []any:
			if name != "scopes_supported" && name != "claims_supported" && name != "prompt_values_supported" && name != "response_modes_supported" && name != "token_endpoint_auth_methods_supported" {
				continue
			}
			for _, one := range v {
				if !strings.Contains(string(page), "`"+one.(string)+"`") {
					t.Errorf("docs/openid-connect.md does not name %v of %s", one, name)
				}
			}
		}
	}
}
