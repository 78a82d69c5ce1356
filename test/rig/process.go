package rig

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a program we started.
type Process struct {
	cmd  *exec.Cmd
	gone chan struct{}
	err  error
}

func startProcess(out *os.File, attributes *syscall.SysProcAttr, program string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(program, args...), gone: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = dieWithUs(attributes)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(program), err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.gone)
	}()
	return p, nil
}

// PID is its number.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Gone closes when it has ended.
func (p *Process) Gone() <-chan struct{} { return p.gone }

// Kill ends it with SIGKILL and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // already gone: that is what we want
	<-p.gone
}

// Stop asks it to end, and kills it when it takes too long.
func (p *Process) Stop(patience time.Duration) error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.gone:
		return p.err
	case <-timer.C:
		p.Kill()
		return fmt.Errorf("%s did not end within %s", filepath.Base(p.cmd.Path), patience)
	}
}

// CPU is the processor time a process and its ended children have used, from /proc/PID/stat (proc(5)): user and system, in ticks of 10 ms.
func CPU(pid int) (time.Duration, error) {
	words, err := copied(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the name in brackets, which may hold blanks: count from the bracket.
	at := 0
	for i, w := range words {
		if strings.HasSuffix(w, ")") {
			at = i
		}
	}
	if len(words) < at+16 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(words))
	}
	ticks := int64(0)
	for _, field := range words[at+12 : at+16] { // utime, stime, cutime, cstime
		ticks += number(field)
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// Busy is the processor time that everything on the machine has used since it started, and that a host has taken from it.
func Busy() (time.Duration, error) {
	words, err := copied("/proc/stat")
	if err != nil {
		return 0, err
	}
	if len(words) < 9 {
		return 0, fmt.Errorf("/proc/stat has %d words", len(words))
	}
	ticks := int64(0)
	for i, field := range words[1:9] { // user, nice, system, idle, iowait, irq, softirq, steal
		if i != 3 && i != 4 {
			ticks += number(field)
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// Memory is what a process holds now and held at most, in bytes (VmRSS and VmHWM).
func Memory(pid int) (now, most int64, err error) {
	words, err := copied(fmt.Sprintf("/proc/%d/status", pid))
	for i := range words {
		switch words[i] {
		case "VmRSS:":
			now = number(words[i+1]) << 10
		case "VmHWM:":
			most = number(words[i+1]) << 10
		}
	}
	return now, most, err
}

// Children are the processes whose parent is pid.
func Children(pid int) []int {
	names, _ := filepath.Glob("/proc/[0-9]*/stat")
	var all []int
	for _, name := range names {
		words, err := copied(name)
		if err != nil {
			continue // ended meanwhile
		}
		for i, w := range words {
			if strings.HasSuffix(w, ")") && i+2 < len(words) && words[i+2] == strconv.Itoa(pid) {
				all = append(all, int(number(words[0])))
				break
			}
		}
	}
	return all
}
