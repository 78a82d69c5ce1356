package rig

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver for asking whether it answers
)

// Postgres is a cluster of our own, from the Debian package, with a database called chave. It listens on a Unix socket only.
type Postgres struct {
	dir, bin   string
	attributes *syscall.SysProcAttr
	server     *Process
}

// ErrNoPostgres says that the package is not installed.
var ErrNoPostgres = errors.New("PostgreSQL is not installed (Debian package postgresql)")

// PostgresBinaries finds the newest installed version, or nothing.
func PostgresBinaries() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1])
}

// StartPostgres makes a cluster in a folder, or takes the one that is there, and runs it.
func StartPostgres(ctx context.Context, dir string) (*Postgres, error) {
	p := &Postgres{dir: dir, bin: PostgresBinaries()}
	if p.bin == "" {
		return nil, ErrNoPostgres
	}
	_, err := os.Stat(p.Data())
	fresh := errors.Is(err, os.ErrNotExist)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if p.attributes, err = unprivileged(dir); err != nil {
		return nil, err
	}
	if fresh {
		if err := p.run("initdb", "--pgdata", p.Data(), "--username=chave", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"); err != nil {
			return nil, err
		}
	}
	if err := p.Start(ctx); err != nil {
		return nil, err
	}
	if !fresh {
		return p, nil
	}
	return p, p.run("createdb", "-h", dir, "-U", "chave", "chave")
}

// unprivileged gives the folder to the user postgres when we are root, for PostgreSQL refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
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
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, os.Chown(dir, uid, gid)
}

// Start runs the server on its folder, which may be what a killed one left.
func (p *Postgres) Start(ctx context.Context) error {
	log, err := os.OpenFile(p.Log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		p.server, err = startProcess(log, p.copyAttributes(), filepath.Join(p.bin, "postgres"), "-D", p.Data(), "-k", p.dir, "-c", "listen_addresses=",
			"-c", "max_connections=100", "-c", "shared_buffers=128MB", "-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on")
		if err != nil {
			return err
		}
		again, err := p.answers(ctx)
		if err == nil || !again {
			return err
		}
	}
}

// answers waits until it does. A server that ended at once may have found what a killed one still held; then it is worth another start.
func (p *Postgres) answers(ctx context.Context) (again bool, err error) {
	db, err := sql.Open("pgx", p.dsn("postgres"))
	if err != nil {
		return false, err
	}
	defer db.Close()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return false, nil
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("PostgreSQL does not answer: %w", err)
		case <-p.server.Gone():
			<-tick.C
			return ctx.Err() == nil, errors.New("PostgreSQL ended at its start")
		case <-tick.C:
		}
	}
}

func (p *Postgres) copyAttributes() *syscall.SysProcAttr {
	if p.attributes == nil {
		return nil
	}
	return &syscall.SysProcAttr{Credential: p.attributes.Credential}
}

// run executes one of its tools as its user.
func (p *Postgres) run(tool string, args ...string) error {
	c := exec.Command(filepath.Join(p.bin, tool), args...)
	c.Dir, c.SysProcAttr = p.dir, p.copyAttributes()
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", tool, err, out)
	}
	return nil
}

// Dump is the whole database as pg_dump writes it.
func (p *Postgres) Dump(ctx context.Context) ([]byte, error) {
	c := exec.CommandContext(ctx, filepath.Join(p.bin, "pg_dump"), "-h", p.dir, "-U", "chave", "chave")
	c.Dir, c.SysProcAttr = p.dir, p.copyAttributes()
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("pg_dump: %w: %s", err, errs.String())
	}
	return out, nil
}

// DSN is what the server's settings name.
func (p *Postgres) DSN() string { return p.dsn("chave") }

func (p *Postgres) dsn(database string) string {
	return fmt.Sprintf("host=%s user=chave database=%s sslmode=disable", p.dir, database)
}

// Data is the data directory, WAL included.
func (p *Postgres) Data() string { return filepath.Join(p.dir, "data") }

// Log is where the server writes.
func (p *Postgres) Log() string { return p.dir + ".log" }

// Kill ends the server and each of its processes at once.
func (p *Postgres) Kill() {
	children := Children(p.server.PID())
	p.server.Kill()
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL) // gone by itself: good
	}
}

// Stop ends it in good order, without waiting for clients.
func (p *Postgres) Stop() {
	if p.server == nil {
		return
	}
	_ = p.server.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-p.server.Gone():
	case <-time.After(10 * time.Second):
		p.Kill()
	}
}

// CPU is the processor time of all its processes, ended ones included.
func (p *Postgres) CPU() time.Duration {
	total, _ := CPU(p.server.PID())
	for _, pid := range Children(p.server.PID()) {
		one, _ := CPU(pid)
		total += one
	}
	return total
}
