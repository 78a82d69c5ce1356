package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCA_init_rollover_and_list(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	settings := "issuer: https://id.example\nlisten: 127.0.0.1:0\ndatabase: {driver: sqlite, path: " + at("db") + "}\n" +
		"keystore: {root_key_file: " + at("root.key") + "}\nsms: {url: 'http://127.0.0.1:1/'}\nsigning: {authority_alg: ES256}\n"
	for name, text := range map[string]string{"settings.yaml": settings, "pass": "four words are a passphrase\n"} {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	say := func(in string, args ...string) (string, error) {
		var out, errs bytes.Buffer
		err := run(context.Background(), args, strings.NewReader(in), &out, &errs)
		return out.String(), err
	}
	ca := func(in string, args ...string) (string, error) {
		return say(in, append([]string{"ca", "--config", at("settings.yaml")}, args...)...)
	}
	if _, err := say("", "keystore", "init", at("root.key")); err != nil {
		t.Fatal(err)
	}
	if _, err := ca("four words are a passphrase\nfour other words are none\n", "init", "--root", at("root.pem")); err == nil || !strings.Contains(err.Error(), "differ") {
		t.Errorf("two passphrases: %v", err)
	}
	if out, err := ca("", "init", "--root", at("root.pem"), "--passphrase-file", at("pass")); err != nil || !strings.Contains(out, "issuing  active") {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := ca("", "init", "--root", at("second.pem"), "--passphrase-file", at("pass")); err == nil {
		t.Error("a second root")
	}
	if _, err := ca("no passphrase of this root\n", "rollover", "--root", at("root.pem")); err == nil {
		t.Error("opened with another passphrase")
	}
	if out, err := ca("four words are a passphrase\n", "rollover", "--root", at("root.pem")); err != nil || !strings.Contains(out, "issuing  old") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := ca("", "root-list", "--root", at("root.pem"), "--passphrase-file", at("pass")); err != nil {
		t.Error(err)
	}
	out, err := ca("", "list")
	if err != nil || !strings.Contains(out, "00002") || !strings.Contains(out, "list 3 of") {
		t.Errorf("%v\n%s", err, out)
	}
	for line := range strings.Lines(out) {
		if fields := strings.Fields(line); fields[0] == "tsa" && fields[1] == "old" {
			if out, err := ca("", "revoke", fields[3], "--reason", "1"); err != nil || !strings.Contains(out, "revoked") {
				t.Errorf("%v\n%s", err, out)
			}
		}
	}
}
