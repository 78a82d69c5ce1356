package ades

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip(name + " is not installed")
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	return string(out), err
}

func put(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// opensslSign lets openssl sign for Maria.
func opensslSign(t *testing.T, w *world, content []byte, more ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(w.maria.key)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{
		"cms", "-sign", "-binary", "-outform", "DER", "-in", put(t, dir, "in", content), "-out", filepath.Join(dir, "out"),
		"-signer", put(t, dir, "cert", pemOf(w.maria.cert)), "-inkey", put(t, dir, "key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		"-certfile", put(t, dir, "chain", pemOf(w.issuing.cert)),
	}
	if out, err := run(t, "openssl", append(args, more...)...); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	der, err := os.ReadFile(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestOracle_pdfsig_and_qpdf_take_every_level(t *testing.T) {
	for _, to := range []Level{BB, BT, BLT, BLTA} {
		t.Run(string(to), func(t *testing.T) {
			w := newWorld()
			dir := t.TempDir()
			file := w.extend(t, w.signPDF(t, plainPDF("Contrato"), w.maria), to)
			path := put(t, dir, "a.pdf", file)
			if out, err := run(t, "qpdf", "--check", path); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			out, _ := run(t, "pdfsig", "-nocert", path)
			if !strings.Contains(out, "Signature is Valid") || strings.Contains(out, "Invalid") {
				t.Errorf("pdfsig: %s", out)
			}
			file[300] ^= 1
			if out, _ := run(t, "pdfsig", "-nocert", put(t, dir, "b.pdf", file)); strings.Contains(out, "Signature #1:") && !strings.Contains(out, "Digest Mismatch") {
				t.Errorf("a flipped octet: %s", out)
			}
		})
	}
}
