package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// A ready file often lies in a folder that everybody can write to. Whoever guesses its name must not have us write into a file of their choice.
func TestReadyFile_follows_no_link_that_somebody_planted(t *testing.T) {
	dir := t.TempDir()
	victim, path := filepath.Join(dir, "victim"), filepath.Join(dir, "ready.json")
	if err := os.WriteFile(victim, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, planted := range []string{path, path + ".new"} {
		if err := os.Symlink(victim, planted); err != nil {
			t.Fatal(err)
		}
	}
	d := &country{base: map[string]string{"portal": "http://localhost:1", "tester": "http://localhost:2"}}
	if err := d.writeReady(path); err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(victim); err != nil || string(kept) != "precious" {
		t.Fatalf("the file behind the link holds %q, %v", kept, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var ready struct{ Portal string }
	if err := json.Unmarshal(data, &ready); err != nil || ready.Portal != "http://localhost:1" {
		t.Fatalf("the ready file holds %s, %v", data, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".chave*")); len(left) > 0 {
		t.Fatalf("left behind: %v", left)
	}
}
