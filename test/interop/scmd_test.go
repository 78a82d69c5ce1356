//go:build interop

package interop

import (
	"os/exec"
	"testing"
)

// TestPython_zeep drives both signature services with Debian's zeep, strict, from the contracts that the server serves.
func TestPython_zeep(t *testing.T) {
	const python = "/usr/bin/python3"
	need(t, "zeep (Debian: python3-zeep python3-cryptography)", exec.Command(python, "-c", "import zeep, cryptography").Run() == nil)
	for name, flags := range map[string][]string{"http": nil, "https": {"--tls"}} {
		t.Run(name, func(t *testing.T) {
			v := arrive(t, "tax", flags...)
			script(t, v.surroundings(t, "REQUESTS_CA_BUNDLE"), python, "-B", "python/zeep_client.py")
			script(t, v.surroundings(t, "REQUESTS_CA_BUNDLE"), python, "-B", "python/integrate_example.py")
		})
	}
}

// TestNode_soap drives both with the soap library of npm.
func TestNode_soap(t *testing.T) {
	need(t, "node", installed("node"))
	need(t, "soap (make interop installs it)", exists("node/node_modules/soap"))
	for name, flags := range map[string][]string{"http": nil, "https": {"--tls"}} {
		t.Run(name, func(t *testing.T) {
			v := arrive(t, "tax", flags...)
			script(t, v.surroundings(t, "NODE_EXTRA_CA_CERTS"), "node", "node/soap.mjs")
		})
	}
}
