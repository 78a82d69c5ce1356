//go:build pkcs11

package keystoretest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"chave/internal/outside/keystore"

	"github.com/miekg/pkcs11"
)

// SoftHSM makes a token of SoftHSM2 in a folder of the test's own, without keys yet, and says how to open it. There is one such token at a time in a process, because
// a module is. The test skips where SoftHSM2 is not installed.
func SoftHSM(t testing.TB) keystore.PKCS11Config {
	t.Helper()
	module := softHSMModule(t)
	dir, err := os.MkdirTemp("", "chave-token-") // not the test's own folder: SoftHSM2 takes what follows a # in its name for a comment
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	tokens, conf, pin := filepath.Join(dir, "tokens"), filepath.Join(dir, "softhsm2.conf"), filepath.Join(dir, "pin")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(tokens, 0o700))
	must(os.WriteFile(conf, []byte("directories.tokendir = "+tokens+"\nobjectstore.backend = file\nlog.level = ERROR\n"), 0o600))
	must(os.WriteFile(pin, []byte("83629471\n"), 0o600))
	t.Setenv("SOFTHSM2_CONF", conf)
	out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", "chave test", "--so-pin", "90817263", "--pin", "83629471").CombinedOutput()
	if err != nil {
		t.Fatalf("softhsm2-util: %v\n%s", err, out)
	}
	StopModule(module)
	t.Cleanup(func() { StopModule(module) })
	return keystore.PKCS11Config{Module: module, Token: "chave test", PINFile: pin}
}

// Open opens a throw-away keystore in a new token with one generation, for a suite that is about something else. A test has one at a time.
func Open(t testing.TB) keystore.Store {
	t.Helper()
	config := SoftHSM(t)
	if _, err := keystore.InitPKCS11(config); err != nil {
		t.Fatal(err)
	}
	s, err := keystore.OpenPKCS11(config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// StopModule ends everything the process has open in a module, as a device does that loses its power. An error means that nothing was open.
func StopModule(path string) { _ = pkcs11.New(path).Finalize() }

func softHSMModule(t testing.TB) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/*/softhsm/libsofthsm2.so")
	found = append(found, "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
	_, err := exec.LookPath("softhsm2-util")
	for _, path := range found {
		if _, missing := os.Stat(path); missing == nil && err == nil {
			return path
		}
	}
	t.Skip("SoftHSM2 is not installed (Debian: softhsm2)")
	return ""
}
