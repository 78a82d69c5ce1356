package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

// victim is the test binary run again as a process that writes and says what was answered, until it is killed.
const victim = "CHAVE_STORE_VICTIM"

func TestMain(m *testing.M) {
	if path := os.Getenv(victim); path != "" {
		writeUntilKilled(path)
	}
	os.Exit(m.Run())
}

func crashConfig(path string) store.Config {
	return store.Config{Driver: store.SQLite, DSN: path, Vault: storetest.NewVault(), Now: storetest.Epoch}
}

func writeUntilKilled(path string) {
	db, err := store.Open(context.Background(), crashConfig(path))
	if err != nil {
		panic(err)
	}
	var mu sync.Mutex
	for caller := range 8 {
		go func() {
			for n := 0; ; n++ {
				name := fmt.Sprint(os.Getpid(), ".", caller, ".", n)
				if put(db, name, "x") != nil {
					continue
				}
				mu.Lock()
				fmt.Println(name)
				mu.Unlock()
			}
		}()
	}
	select {}
}

func TestKill_what_was_answered_is_there_after_a_kill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chave.db")
	db, err := store.Open(context.Background(), crashConfig(path))
	if err != nil {
		t.Fatal(err)
	}
	leases(t, db)
	db.Close()
	for round := range 3 {
		answered := killAfter(t, path, 300+100*round)
		db, err := store.Open(context.Background(), crashConfig(path))
		if err != nil {
			t.Fatalf("open after a kill: %v", err)
		}
		for _, name := range answered {
			if _, ok := read(t, db, name); !ok {
				t.Errorf("%s was answered and is lost", name)
			}
		}
		if err := put(db, fmt.Sprint("after-", round), "x"); err != nil {
			t.Errorf("write after a kill: %v", err)
		}
		db.Close()
	}
}

// killAfter lets a victim write until it has answered n times, kills it without warning, and returns all it answered.
func killAfter(t *testing.T, path string, n int) []string {
	t.Helper()
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), victim+"="+path)
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	var answered []string
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // a line cut short by the kill is no answer
			break
		}
		if answered = append(answered, strings.TrimSpace(line)); len(answered) == n {
			process.Process.Kill()
		}
	}
	process.Wait()
	if len(answered) < n {
		t.Fatalf("the victim answered only %d times", len(answered))
	}
	return answered
}

func TestDo_two_processes_share_one_file(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chave.db")
	var nodes []*store.DB
	for range 2 { // a server, and an operator's command beside it
		db, err := store.Open(context.Background(), crashConfig(path))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		nodes = append(nodes, db)
	}
	if err := put(leases(t, nodes[0]), "n", "x"); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for _, db := range nodes {
		for range 4 {
			all.Go(func() {
				for range 25 {
					if err := db.Do(context.Background(), func(tx *store.Tx) error {
						_, err := tx.Exec(`UPDATE leases SET until = until + 1 WHERE name = 'n'`)
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	all.Wait()
	if l, _ := read(t, nodes[0], "n"); l.until != 200 {
		t.Errorf("counted %d of 200", l.until)
	}
}
