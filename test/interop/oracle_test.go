//go:build interop

package interop

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dss is the European Commission's validation library in a process of its own, with the demonstration's root as its only anchor.
type dss struct {
	t     *testing.T
	tasks io.Writer
	said  *bufio.Scanner
}

// opinion is what it says of one file: an indication such as "TOTAL_PASSED:null:PAdES-BASELINE-T" for each signature, or why it could not read it.
type opinion struct {
	signatures []string
	err        string
}

func (o opinion) String() string {
	if o.err != "" {
		return "error: " + o.err
	}
	return strings.Join(o.signatures, " ")
}

func newDSS(t *testing.T, root *x509.Certificate) *dss {
	t.Helper()
	need(t, "java", installed("java"))
	path, err := os.ReadFile("dss/classpath.txt")
	need(t, "EU DSS (make interop fetches it)", err == nil)
	// The heap is bounded: other tests run beside this one.
	cmd := exec.Command("java", "-Xmx512m", "-cp", string(bytes.TrimSpace(path)), "dss/Judge.java", keepPEM(t, filepath.Join(t.TempDir(), "root.pem"), root))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("DSS ended badly: %v\n%.2000s", err, errs.String())
		}
	})
	said := bufio.NewScanner(out)
	said.Buffer(nil, 1<<20)
	return &dss{t: t, tasks: in, said: said}
}

// judge asks about one file. online lets it ask for certificates' status; offline it has only what the file brings along.
func (d *dss) judge(way, file, detached string) opinion {
	d.t.Helper()
	if detached == "" {
		detached = "-"
	}
	if _, err := io.WriteString(d.tasks, way+"\t"+file+"\t"+detached+"\n"); err != nil {
		d.t.Fatal(err)
	}
	if !d.said.Scan() {
		d.t.Fatalf("DSS says nothing of %s: %v", file, d.said.Err())
	}
	answer := strings.Split(d.said.Text(), "\t")
	if answer[0] != file || len(answer) < 2 {
		d.t.Fatalf("DSS answers %q for %s", d.said.Text(), file)
	}
	if answer[1] == "error" {
		return opinion{err: answer[len(answer)-1]}
	}
	return opinion{signatures: answer[2:]}
}

// run gives what a program says on both its outputs.
func run(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// must runs a program that must succeed.
func must(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := run(name, args...)
	if err != nil {
		t.Errorf("%s %s: %v\n%.2000s", name, args[0], err, out)
	}
	return out
}

// sections splits what pdfsig says into one text for each signature; fields that nobody signed are left out.
func sections(said string) (all []string) {
	for _, one := range strings.Split(said, "Signature #")[1:] {
		if !strings.Contains(one, "form field is not signed") {
			all = append(all, one)
		}
	}
	return all
}
