package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// bench is where steps are done: the tree, the place for their output, and the environment's promise.
type bench struct {
	top, logs string
	out       io.Writer // what people watch
	log       io.Writer // the full output of the step at work
	ci        bool
}

// step is one thing that must hold.
type step struct {
	name, about string
	needs       []need
	limit       time.Duration
	long        bool // not part of the whole; only when named
	do          func(ctx context.Context, b *bench) (says string, skips []string, err error)
}

// take does one step, whatever happens inside, and tells the watcher how it went.
func (b *bench) take(ctx context.Context, s step) (r result) {
	began := time.Now()
	r = result{step: s.name, verdict: held}
	defer func() {
		r.took = time.Since(began)
		fmt.Fprintf(b.out, "%-14s %-8s %8s  %s\n", r.step, r.verdict, brief(r.took), r.says)
	}()
	for _, n := range s.needs {
		if !n.have(b) {
			r.verdict, r.says = skipped, "needs "+n.name+": "+n.hint
			return r
		}
	}
	fmt.Fprintf(b.out, "%-14s …                  %s\n", s.name, s.about)
	path := filepath.Join(b.logs, s.name+".log")
	file, err := os.Create(path)
	if err != nil {
		r.verdict, r.says = broken, err.Error()
		return r
	}
	defer file.Close()
	kept := &tail{most: 80}
	b.log = io.MultiWriter(file, kept)
	if s.limit == 0 {
		s.limit = 15 * time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	r.says, r.skips, err = s.do(ctx, b)
	if err == nil {
		return r
	}
	r.verdict = broken
	fmt.Fprintf(b.out, "%s\n", strings.Join(kept.lines, "\n"))
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		r.says = "took longer than " + brief(s.limit)
		return r
	}
	rel, _ := filepath.Rel(b.top, path)
	r.says = strings.TrimSpace(r.says+" "+err.Error()) + " (all of it: " + rel + ")"
	return r
}

// run starts a program in the top of the tree; its output goes to the step's log. When time is up the program goes with all its children.
func (b *bench) run(ctx context.Context, env []string, name string, args ...string) error {
	return b.runIn(ctx, b.top, env, b.log, name, args...)
}

// read is run with the output handed back as well.
func (b *bench) read(ctx context.Context, env []string, name string, args ...string) (string, error) {
	var text bytes.Buffer
	err := b.runIn(ctx, b.top, env, io.MultiWriter(b.log, &text), name, args...)
	return text.String(), err
}

func (b *bench) runIn(ctx context.Context, dir string, env []string, out io.Writer, name string, args ...string) error {
	fmt.Fprintf(b.log, "$ %s\n", strings.Join(append([]string{name}, args...), " "))
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return nil
}

// tail remembers the last lines written to it.
type tail struct {
	most  int
	lines []string
	rest  string
}

func (t *tail) Write(p []byte) (int, error) {
	parts := strings.Split(t.rest+string(p), "\n")
	t.rest = parts[len(parts)-1]
	t.lines = append(t.lines, parts[:len(parts)-1]...)
	if over := len(t.lines) - t.most; over > 0 {
		t.lines = t.lines[over:]
	}
	return len(p), nil
}
