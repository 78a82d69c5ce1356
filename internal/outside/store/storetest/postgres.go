package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"chave/internal/outside/store"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Postgres opens a fresh database in this test binary's own PostgreSQL cluster. Without the Debian package the test
// is skipped by name, or fails where CI=true promises that everything runs.
func Postgres(t testing.TB, options ...Option) *store.DB {
	t.Helper()
	return open(t, store.Config{Driver: store.Postgres, DSN: freshPostgres(t, migrated)}, options)
}

// Serializable is Postgres with SERIALIZABLE as the isolation of every transaction.
func Serializable(t testing.TB, options ...Option) *store.DB {
	t.Helper()
	dsn := freshPostgres(t, migrated) + " default_transaction_isolation=serializable"
	return open(t, store.Config{Driver: store.Postgres, DSN: dsn}, options)
}

// theCluster is the one mutable thing in this package: starting PostgreSQL takes a second or two, so the tests of
// one binary share it, each with its own database.
var theCluster struct {
	once sync.Once
	dir  string
	err  error
	life io.Closer // the server lives while this is open, and would die if it were collected

	mu   sync.Mutex
	made int
}

// What a new database starts from.
const (
	empty    = "template1"
	migrated = "chave_migrated"
)

func freshPostgres(t testing.TB, from string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("PostgreSQL is left out under -short")
	}
	bin := postgresBinaries()
	if bin == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("PostgreSQL is not installed, and CI=true allows no skips")
		}
		t.Skip("PostgreSQL is not installed (Debian package postgresql)")
	}
	c := &theCluster
	c.once.Do(func() {
		if c.dir, c.life, c.err = startPostgres(bin); c.err == nil {
			c.err = makeTemplate(c.dir)
		}
	})
	if c.err != nil {
		t.Fatalf("start PostgreSQL: %v", c.err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	name := fmt.Sprintf("test_%d", c.made)
	if err := create(c.dir, name, from); err != nil {
		t.Fatalf("create database: %v", err)
	}
	return dsn(c.dir, name)
}

func create(dir, name, from string) error {
	admin, err := sql.Open("pgx", dsn(dir, "postgres"))
	if err != nil {
		return err
	}
	defer admin.Close()
	_, err = admin.Exec("CREATE DATABASE " + name + " TEMPLATE " + from)
	return err
}

// makeTemplate migrates one database that the others are copied from: a copy takes a tenth of the time.
func makeTemplate(dir string) error {
	if err := create(dir, migrated, empty); err != nil {
		return err
	}
	db, err := store.Open(context.Background(), fill(store.Config{Driver: store.Postgres, DSN: dsn(dir, migrated)}, nil))
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(context.Background()), db.Close())
}

func dsn(dir, name string) string {
	return fmt.Sprintf("host=%s user=chave database=%s sslmode=disable", dir, name)
}

func postgresBinaries() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) > 0 {
		slices.Sort(found)
		return filepath.Dir(found[len(found)-1])
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	return ""
}

// supervise runs the server until its standard input ends, which happens when the test binary is gone, however it
// went; then it stops the server and removes the folder.
const supervise = `
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=200 -c shared_buffers=64MB \
	-c fsync=on -c synchronous_commit=on -c full_page_writes=on >"$2/log" 2>&1 </dev/null &
server=$!
cat >/dev/null
kill -INT $server
wait $server
rm -rf "$2"
`

func startPostgres(bin string) (dir string, life io.Closer, err error) {
	dir, err = os.MkdirTemp("", "chave-pg-")
	if err != nil {
		return "", nil, err
	}
	attributes, err := notRoot(dir)
	if err != nil {
		return "", nil, err
	}
	// initdb need not wait for the disk; the server, started with fsync=on, does.
	initdb := exec.Command(filepath.Join(bin, "initdb"), "--pgdata", filepath.Join(dir, "data"), "--username=chave",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	initdb.Dir = dir
	initdb.SysProcAttr = attributes
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	server := exec.Command("sh", "-c", supervise, "sh", bin, dir)
	server.Dir = dir
	server.SysProcAttr = attributes
	if life, err = server.StdinPipe(); err != nil {
		return "", nil, err
	}
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	return dir, life, answers(dir)
}

func answers(dir string) error {
	settings, err := pgx.ParseConfig(dsn(dir, "postgres"))
	if err != nil {
		return err
	}
	db := stdlib.OpenDB(*settings)
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(dir, "log"))
			return fmt.Errorf("no answer: %w: %s", err, log)
		case <-tick.C:
		}
	}
}

// notRoot gives the folder to the user postgres when we are root, because PostgreSQL refuses to run as root.
func notRoot(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
