package main

import (
	"bytes"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chave/test/drive"
)

// TestDemo_bank_has_a_contract_signed walks as a person does: into the bank, the contract, PIN and code on Chave's page, and back.
func TestDemo_bank_has_a_contract_signed(t *testing.T) {
	r := demo(t)
	var who person
	var pin string
	for i, p := range read[[]signer](t, r.Tester+"/people") {
		if p.Signing {
			who, pin = read[[]person](t, r.Tester+"/people")[i], *p.SignPIN
			break
		}
	}
	page, b := r.visit(t, who, *who.PIN, "bank", drive.Allow)
	bank := page.URL
	press := func(t *testing.T, page drive.Page, action string, fill map[string]string, button drive.Button) drive.Page {
		t.Helper()
		forms, err := drive.Forms(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range forms {
			if action != "" && f.Action.Path != action || !holds(f, fill) {
				continue
			}
			if page, err = b.PostFrom(t.Context(), page.URL.Scheme+"://"+page.URL.Host, f.Action, f.With(fill, button)); err == nil {
				page, err = b.Follow(t.Context(), page, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			return page
		}
		t.Fatalf("no form for %q on %s\n%s", action, page.URL, page.Body)
		return page
	}
	code := func() string {
		return read[[]struct{ Code string }](t, r.Tester+"/inbox?to="+url.QueryEscape(*who.Phone))[0].Code
	}
	// arrive goes as far as the page that asks for the signature PIN.
	arrive := func(t *testing.T, page drive.Page) drive.Page {
		t.Helper()
		page = press(t, page, "/contract", nil, drive.Button{})
		for range 6 {
			switch body := string(page.Body); {
			case strings.Contains(body, `name="sign_pin"`):
				return page
			case strings.Contains(body, `name="decision"`):
				page = press(t, page, "", nil, drive.Button{Name: "decision", Value: "allow"})
			case strings.Contains(body, `name="code"`):
				page = press(t, page, "", map[string]string{"code": code()}, drive.Button{})
			case strings.Contains(body, `name="pin"`):
				page = press(t, page, "", map[string]string{"pin": *who.PIN}, drive.Button{})
			case strings.Contains(body, `name="identifier"`):
				page = press(t, page, "", map[string]string{"identifier": *who.Phone}, drive.Button{})
			}
		}
		t.Fatalf("rests at %s\n%s", page.URL, page.Body)
		return page
	}
	t.Run("no is no", func(t *testing.T) {
		asked := arrive(t, page)
		forms, err := drive.Forms(asked)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range forms {
			if f.Values.Get("cancel") != "" {
				got, err := b.PostFrom(t.Context(), asked.URL.Scheme+"://"+asked.URL.Host, f.Action, f.Values)
				if err == nil {
					got, err = b.Follow(t.Context(), got, nil)
				}
				if err != nil || !bytes.Contains(got.Body, []byte("You did not sign")) {
					t.Fatalf("%v\n%s", err, got.Body)
				}
				page = got
				return
			}
		}
		t.Fatal("no way out")
	})
	page = arrive(t, page)
	if page.URL.Host == bank.Host || !bytes.Contains(page.Body, []byte("Account contract.pdf")) {
		t.Fatalf("the PIN is asked at %s\n%s", page.URL, page.Body)
	}
	page = press(t, page, "", map[string]string{"sign_pin": pin}, drive.Button{})
	page = press(t, page, "", map[string]string{"code": code()}, drive.Button{})
	if page.URL.Host != bank.Host || !bytes.Contains(page.Body, []byte("Contract signed")) || !bytes.Contains(page.Body, []byte("/check")) {
		t.Fatalf("%s\n%s", page.URL, page.Body)
	}
	file, err := b.Get(t.Context(), bank.ResolveReference(&url.URL{Path: "/contract.pdf"}))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	contract, root := filepath.Join(dir, "contract.pdf"), filepath.Join(dir, "root.pem")
	if err := os.WriteFile(contract, file.Body, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root, []byte(read[map[string]string](t, r.Tester+"/certs")["root"]), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), []string{"verify", contract, "--root", root}, strings.NewReader(""), &out, new(bytes.Buffer)); err != nil || !strings.Contains(out.String(), "B-LT") {
		t.Errorf("%v\n%s", err, out.String())
	}
	if tool, err := exec.LookPath("qpdf"); err == nil {
		if said, err := exec.CommandContext(t.Context(), tool, "--check", contract).CombinedOutput(); err != nil {
			t.Errorf("qpdf: %v\n%s", err, said)
		}
	}
}

// holds tells whether a form is the one with these fields.
func holds(f drive.Form, fill map[string]string) bool {
	for name := range fill {
		if !f.Has(name) {
			return false
		}
	}
	return true
}
