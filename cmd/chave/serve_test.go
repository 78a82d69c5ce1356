package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// chave runs one command and returns what it said.
func chave(t *testing.T, args ...string) (out, errs string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	err = run(t.Context(), args, strings.NewReader(""), &o, &e)
	return o.String(), e.String(), err
}

// installation writes a settings file that works, with a root key.
func installation(t *testing.T) (config string) {
	t.Helper()
	dir := t.TempDir()
	if _, _, err := chave(t, "keystore", "init", filepath.Join(dir, "root.key")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "services"), 0o700); err != nil {
		t.Fatal(err)
	}
	config = filepath.Join(dir, "chave.yaml")
	write(t, config, `
issuer: http://localhost:9443
listen: 127.0.0.1:0
database: {path: `+filepath.Join(dir, "chave.db")+`}
keystore: {root_key_file: `+filepath.Join(dir, "root.key")+`}
sms: {url: "http://127.0.0.1:9", body: '{"to":"{{.To}}","text":"{{.Text}}"}'}
services: `+filepath.Join(dir, "services")+`
`)
	return config
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const clinic = `
id: clinic
name: {pt: Clínica, en: Clinic}
redirect_uris: ["https://clinic.example/cb"]
secret: 0123456789abcdef0123456789abcdef
attributes: [{name: nic, required: true}]
`

func TestServe_check_reports_every_problem_at_once(t *testing.T) {
	config := installation(t)
	if out, _, err := chave(t, "serve", "--check", "--config", config); err != nil || !strings.Contains(out, "in order") {
		t.Fatalf("%q, %v", out, err)
	}
	for _, one := range []struct {
		name, text string
		want       []string
	}{
		{"unknown key", "issuer: https://a.example\nlistne: x\n", []string{"listne"}},
		{"several problems", "issuer: http://a.example/x\nkeystore: {root_key_file: /does/not/exist}\n", []string{"issuer:", "listen:", "database.path:", "keystore.root_key_file:", "sms.url"}},
		{"plain http away from this machine", "issuer: http://a.example\nlisten: x\n", []string{"must be https"}},
	} {
		t.Run(one.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bad.yaml")
			write(t, path, one.text)
			_, _, err := chave(t, "serve", "--check", "--config", path)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range one.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in:\n%v", want, err)
				}
			}
		})
	}
	t.Run("a bad registration", func(t *testing.T) {
		write(t, filepath.Join(filepath.Dir(config), "services", "bad.yaml"), "id: X\nname: {pt: a}\nredirect_uris: ['http://evil.example/cb']\nattributes: [{name: nope}]\n")
		_, _, err := chave(t, "serve", "--check", "--config", config)
		if err == nil {
			t.Fatal("accepted")
		}
		for _, want := range []string{"id:", "name.en:", "redirect_uris[0]:", "secret:", "attributes[0].name:"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q is not in:\n%v", want, err)
			}
		}
	})
}

func TestServe_refuses_the_demos_keys(t *testing.T) {
	config := installation(t)
	root := filepath.Join(filepath.Dir(config), "root.key")
	if err := os.Remove(root); err != nil {
		t.Fatal(err)
	}
	if _, err := demoSecret(root); err != nil {
		t.Fatal(err)
	}
	if _, _, err := chave(t, "serve", "--check", "--config", config); err == nil {
		t.Fatal("a demo's root key was accepted")
	}
}

func TestAdmin_bootstrap_once_and_services(t *testing.T) {
	config := installation(t)
	bootstrap := []string{
		"admin", "--config", config, "bootstrap", "--given-names", "Ana", "--surnames", "Made-Up", "--birth-date", "1980-01-02", "--nationality", "PRT",
		"--type", "citizen_card", "--number", "994101376ZZ0", "--expires", "2090-01-01", "--phone", "+351929941207",
	}
	out, _, err := chave(t, bootstrap...)
	if err != nil || !strings.Contains(out, "Temporary PIN") {
		t.Fatalf("%q, %v", out, err)
	}
	if _, _, err := chave(t, bootstrap...); err == nil || !strings.Contains(err.Error(), "operator already") {
		t.Fatalf("a second first operator: %v", err)
	}
	file := filepath.Join(t.TempDir(), "clinic.yaml")
	write(t, file, clinic)
	out, errs, err := chave(t, "admin", "--config", config, "service", "save", file)
	if err != nil || !strings.Contains(out, "registered: clinic") || !strings.Contains(errs, "passport, residence_permit, residence_card") {
		t.Fatalf("%q, %q, %v: PAIN-11 the groups that are shut out are named", out, errs, err)
	}
	out, _, err = chave(t, "admin", "--config", config, "service", "show", "clinic")
	if err != nil || strings.Contains(out, "0123456789abcdef") || !strings.Contains(out, `"shuts_out"`) {
		t.Fatalf("%q, %v", out, err)
	}
	if out, _, err = chave(t, "audit", "verify", "--config", config); err != nil || !strings.Contains(out, "the record verifies") {
		t.Fatalf("%q, %v", out, err)
	}
	if out, _, err = chave(t, "admin", "--config", config, "service", "remove", "clinic"); err != nil {
		t.Fatalf("%q, %v", out, err)
	}
	if out, _, err = chave(t, "admin", "--config", config, "service", "list"); err != nil || strings.Contains(out, "clinic") {
		t.Fatalf("%q, %v", out, err)
	}
}
