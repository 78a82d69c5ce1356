package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"chave/internal/format/ades"
)

type signer struct {
	Phone   *string
	SignPIN *string `json:"sign_pin"`
	Signing bool
}

// typist answers the command's questions as a person would: the code is read from the phone once it is asked for.
type typist struct {
	bytes.Buffer
	to    io.Writer
	pin   string
	code  func() string
	wrong int // codes that are typed wrong before the right one
}

func (p *typist) Write(b []byte) (int, error) {
	switch text := string(b); {
	case strings.HasPrefix(text, "Signature PIN"):
		go io.WriteString(p.to, p.pin+"\n")
	case strings.HasPrefix(text, "Code") && p.wrong > 0:
		p.wrong--
		go func() {
			if p.code() == "000000" {
				io.WriteString(p.to, "000001\n")
				return
			}
			io.WriteString(p.to, "000000\n")
		}()
	case strings.HasPrefix(text, "Code"):
		go func() { io.WriteString(p.to, p.code()+"\n") }()
	}
	return p.Buffer.Write(b)
}

// paper is a PDF of one page, copied to where a test may write beside it.
func paper(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../internal/format/pdf/testdata/corpus/hand-table.pdf")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "lease.pdf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if own, ok := errors.AsType[*exiting](err); ok {
		return own.code
	}
	return 1
}

func TestSign_and_verify_against_a_demo(t *testing.T) {
	r := demo(t)
	var who signer
	for _, p := range read[[]signer](t, r.Tester+"/people") {
		if p.Signing {
			who = p
			break
		}
	}
	dir := t.TempDir()
	root := filepath.Join(dir, "root.pem")
	if err := os.WriteFile(root, []byte(read[map[string]string](t, r.Tester+"/certs")["root"]), 0o600); err != nil {
		t.Fatal(err)
	}
	sign := func(t *testing.T, pin string, wrong int, args ...string) (said string, err error) {
		t.Helper()
		in, to := io.Pipe()
		defer in.Close()
		person := &typist{to: to, pin: pin, wrong: wrong, code: func() string {
			return read[[]struct{ Code string }](t, r.Tester+"/inbox?to="+url.QueryEscape(*who.Phone))[0].Code
		}}
		args = append([]string{"sign", "--server", r.Issuer, "--demo", r.Tester, "--phone", *who.Phone}, args...)
		err = run(t.Context(), args, in, new(bytes.Buffer), person)
		return person.String(), err
	}
	verify := func(t *testing.T, path string, more ...string) (string, int) {
		t.Helper()
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"verify", path}, more...), strings.NewReader(""), &out, new(bytes.Buffer))
		return out.String(), exitCode(err)
	}
	file := paper(t)
	signed := filepath.Join(filepath.Dir(file), "lease-signed.pdf")

	t.Run("R4.15 a file signed to last is good for whoever believes the root", func(t *testing.T) {
		said, err := sign(t, *who.SignPIN, 1, file)
		if err != nil || !strings.Contains(said, `"lease.pdf" will be signed by`) {
			t.Fatalf("%v\n%s", err, said)
		}
		if strings.Contains(said, *who.SignPIN) {
			t.Error("the PIN was shown")
		}
		report, code := verify(t, signed, "--root", root)
		if code != 0 || !strings.HasPrefix(report, "The signature is good") || !strings.Contains(report, "B-LT") {
			t.Errorf("%d\n%s", code, report)
		}
		if report, code = verify(t, signed, "--root", root, "--offline"); code != 0 {
			t.Errorf("from the file alone: %d\n%s", code, report)
		}
		if report, _ = verify(t, signed, "--root", root, "--lang", "pt"); !strings.Contains(report, "Assin") {
			t.Errorf("not in Portuguese:\n%s", report)
		}
	})
	t.Run("nothing is good without a root", func(t *testing.T) {
		if report, code := verify(t, signed); code != exitUnknown || !strings.HasPrefix(report, "This could not be decided") {
			t.Errorf("%d\n%s", code, report)
		}
	})
	t.Run("a changed file is not good", func(t *testing.T) {
		data, err := os.ReadFile(signed)
		if err != nil {
			t.Fatal(err)
		}
		data[bytes.Index(data, []byte("/MediaBox"))+12] ^= 1
		changed := filepath.Join(dir, "changed.pdf")
		if err := os.WriteFile(changed, data, 0o600); err != nil {
			t.Fatal(err)
		}
		report, code := verify(t, changed, "--root", root, "--json")
		var got ades.Report
		if err := json.Unmarshal([]byte(report), &got); err != nil || code != exitInvalid || got.Verdict != ades.Invalid {
			t.Errorf("%d %v\n%s", code, err, report)
		}
	})
	t.Run("what is not signed, not there or mistyped could not be checked", func(t *testing.T) {
		for _, args := range [][]string{{file, "--root", root}, {filepath.Join(dir, "none.pdf")}, {file, "--root", file}, {file, "--rot", root}} {
			if report, code := verify(t, args[0], args[1:]...); code != exitUnknown {
				t.Errorf("%v: %d\n%s", args, code, report)
			}
		}
	})
	t.Run("nothing is overwritten", func(t *testing.T) {
		if _, err := sign(t, *who.SignPIN, 0, file); err == nil || !strings.Contains(err.Error(), "there already") {
			t.Error(err)
		}
	})
	t.Run("a second signature leaves the first good", func(t *testing.T) {
		twice := filepath.Join(dir, "twice.pdf")
		if said, err := sign(t, *who.SignPIN, 0, signed, "--out", twice, "--level", "B-LTA", "--reason", "I agree too"); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		if report, code := verify(t, twice, "--root", root); code != 0 || !strings.Contains(report, "Signature 2") || !strings.Contains(report, "I agree too") {
			t.Errorf("%d\n%s", code, report)
		}
	})
	t.Run("R5.09 a wrong PIN signs nothing and asks for no code", func(t *testing.T) {
		out := filepath.Join(dir, "never.pdf")
		said, err := sign(t, "193746", 0, file, "--out", out)
		if _, missing := os.Stat(out); err == nil || strings.Contains(said, "Code sent") || !errors.Is(missing, os.ErrNotExist) {
			t.Errorf("%v\n%s", err, said)
		}
	})
	t.Run("a timestamp authority that is gone leaves a file of a lower level, and says so", func(t *testing.T) {
		out := filepath.Join(dir, "lower.pdf")
		_, err := sign(t, *who.SignPIN, 0, file, "--out", out, "--tsa", r.Issuer+"/nothing")
		if err == nil || !strings.Contains(err.Error(), "only at level B-B") {
			t.Fatal(err)
		}
		if report, code := verify(t, out, "--root", root); code == exitInvalid || !strings.Contains(report, "B-B") {
			t.Errorf("%d\n%s", code, report)
		}
	})
}

func TestSign_refuses_before_anything_is_asked(t *testing.T) {
	file := paper(t)
	for says, args := range map[string][]string{
		"only https":     {file, "--server", "http://chave.example"},
		"--application":  {file},
		"not an address": {file, "--server", "chave"},
	} {
		err := run(t.Context(), append([]string{"sign", "--phone", "+351910000000"}, args...), strings.NewReader(""), new(bytes.Buffer), new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestAsker_gives_up_when_interrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, to := io.Pipe()
		a := newAsker(streams{In: in, Err: new(bytes.Buffer)})
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err := a.ask(ctx, "?"); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		a.close()
		_ = to.Close()
	})
}

func TestPrintable_keeps_names_from_commanding_the_terminal(t *testing.T) {
	if got := printable("Zoë \x1b[2J\u202eÁgua"); strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, "Zoë") {
		t.Errorf("%q", got)
	}
}
