//go:build interop

package interop

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNode_openid_client runs a certified client in Node.
func TestNode_openid_client(t *testing.T) {
	need(t, "node", installed("node"))
	need(t, "openid-client (make interop installs it)", exists("node/node_modules/openid-client"))
	for name, flags := range map[string][]string{"http": nil, "https": {"--tls"}} {
		t.Run(name, func(t *testing.T) {
			v := arrive(t, "health", flags...)
			script(t, v.surroundings(t, "NODE_EXTRA_CA_CERTS"), "node", "node/openid-client.mjs")
		})
	}
}

// TestPython_authlib runs Debian's Authlib.
func TestPython_authlib(t *testing.T) {
	// Debian's packages are seen by Debian's own interpreter only.
	const python = "/usr/bin/python3"
	need(t, "Authlib (Debian: python3-authlib python3-requests)", exec.Command(python, "-c", "import authlib, requests").Run() == nil)
	for name, flags := range map[string][]string{"http": nil, "https": {"--tls"}} {
		t.Run(name, func(t *testing.T) {
			v := arrive(t, "tax", flags...)
			script(t, v.surroundings(t, "REQUESTS_CA_BUNDLE"), python, "-B", "python/authlib_client.py")
		})
	}
}

// surroundings tell a client in another language where it is. trust names the variable by which that language learns of an authority.
func (v visit) surroundings(t *testing.T, trust string) []string {
	t.Helper()
	env := []string{"CHAVE_TESTER=" + v.Tester, "CHAVE_ISSUER=" + v.Issuer}
	if v.CA == "" {
		return env
	}
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, []byte(v.CA), 0o600); err != nil {
		t.Fatal(err)
	}
	return append(env, trust+"="+path)
}

// script runs a client in another language and makes a subtest of every check it reports: lines "ok NAME" or "not ok NAME", then "done".
func script(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(append(os.Environ(), "NO_PROXY=localhost,127.0.0.1", "no_proxy=localhost,127.0.0.1"), env...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	complete, told := false, false
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		failed, bad := strings.CutPrefix(line, "not ok ")
		check, good := strings.CutPrefix(line, "ok ")
		switch {
		case good:
			t.Run(check, func(*testing.T) {})
		case bad:
			told = true
			t.Run(failed, func(t *testing.T) { t.Error(errs.String()) })
		case line == "done":
			complete = true
		}
	}
	if (err != nil || !complete) && !told {
		t.Errorf("%s did not come to its end: %v\n%s", name, err, errs.String())
	}
}
