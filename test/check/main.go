// Command check does everything that CI does, in named steps with their times, and says at the end what held, what did not, and what was skipped.
//
//	go run ./test/check            all steps (this is `make check`)
//	go run ./test/check lint unit  only these, in this order
//	go run ./test/check -list      what there is
//
// As root on Debian it installs what the chosen steps need. Elsewhere it says what is missing and skips those steps by name, with a count; with
// CI=true nothing may be skipped, neither a step nor a single test. Full output of each step is kept under out/check.
//
// It knows nothing about the product but where its tests are.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// allTime bounds the whole (not steps that are named: each has its own limit), below the ninety minutes a CI run may take, so that the summary is always printed.
const allTime = 80 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(1) //nolint:gocritic // nothing is left for the deferred calls to do once the process ends
	}
}

// verdict is how a step ended.
type verdict string

const (
	held    verdict = "ok"
	broken  verdict = "FAILED"
	skipped verdict = "skipped"
)

// result is one line of the summary.
type result struct {
	step    string
	verdict verdict
	says    string
	took    time.Duration
	skips   []string // tests that skipped themselves
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(out)
	list := flags.Bool("list", false, "list the steps and end")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *list {
		for _, s := range steps() {
			fmt.Fprintf(out, "%-14s %s\n", s.name, s.about)
		}
		return nil
	}
	chosen, err := choose(steps(), flags.Args())
	if err != nil {
		return err
	}
	top, err := findTop()
	if err != nil {
		return err
	}
	b := &bench{top: top, out: out, logs: filepath.Join(top, "out", "check"), ci: os.Getenv("CI") == "true"}
	if err := os.MkdirAll(b.logs, 0o755); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d steps, %s, %d cores\n", len(chosen), runtime.Version(), runtime.NumCPU())
	if flags.NArg() == 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, allTime)
		defer cancel()
	}
	began := time.Now()
	var results []result
	for _, s := range append([]step{installFor(chosen)}, chosen...) {
		results = append(results, b.take(ctx, s))
	}
	return summary(out, results, time.Since(began), b.ci)
}

// choose picks steps by name; none named means all that are part of the whole.
func choose(all []step, names []string) ([]step, error) {
	var chosen []step
	for _, s := range all {
		if len(names) == 0 && !s.long {
			chosen = append(chosen, s)
		}
	}
	for _, name := range names {
		at := slices.IndexFunc(all, func(s step) bool { return s.name == name })
		if at < 0 {
			return nil, fmt.Errorf("there is no step %q; -list shows them", name)
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

// findTop climbs to the folder of go.mod, so that the command works from anywhere inside.
func findTop() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("run this inside the repository: there is no go.mod above")
		}
		dir = up
	}
}

// ownersFile is how a test says that it skips because a schema is absent that belongs to others: such files are compared with where somebody has put them beside the
// repository, and never copied into it, so that no checkout alone can have them. All else that a test needs can be installed.
const ownersFile = "is not beside this repository"

// summary prints the closing page and decides whether the whole held.
func summary(out io.Writer, results []result, took time.Duration, ci bool) error {
	fmt.Fprintf(out, "\n──────── summary\n")
	count := map[verdict]int{}
	var skips []string
	avoidable := 0
	for _, r := range results {
		count[r.verdict]++
		fmt.Fprintf(out, "%-14s %-8s %8s  %s\n", r.step, r.verdict, brief(r.took), r.says)
		for _, name := range r.skips {
			skips = append(skips, r.step+": "+name)
			if !strings.Contains(name, ownersFile) {
				avoidable++
			}
		}
	}
	for _, name := range skips {
		fmt.Fprintln(out, "skipped test  ", name)
	}
	fmt.Fprintf(out, "%d ok, %d failed, %d steps skipped, %d tests skipped, %s in all\n",
		count[held], count[broken], count[skipped], len(skips), brief(took))
	switch {
	case count[broken] > 0:
		return fmt.Errorf("%d of %d steps failed", count[broken], len(results))
	case ci && count[skipped]+avoidable > 0:
		return errors.New("CI=true promises that everything runs, and something was skipped")
	}
	return nil
}

func brief(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	d = d.Round(time.Second)
	return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
}
