package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// keptSize is the largest input that is kept, in bytes: the tree is read by people.
const keptSize = 16 << 10

// fuzzKeep copies from the fuzzer's cache what is worth keeping: of each target, the inputs that together reach every statement that any of them reaches and
// the target's own seeds do not. The fuzzer's cache holds hundreds that differ in less.
func fuzzKeep(ctx context.Context, b *bench) (string, []string, error) {
	found, err := chosenTargets(b.top, entrances)
	if err != nil {
		return "", nil, err
	}
	cache, err := b.read(ctx, nil, "go", "env", "GOCACHE")
	if err != nil {
		return "", nil, err
	}
	total := 0
	var problems []error
	for _, f := range found {
		kept, of, err := b.keep(ctx, f, filepath.Join(strings.TrimSpace(cache), "fuzz", "chave", f.dir, f.name))
		if err != nil {
			problems = append(problems, fmt.Errorf("%s in %s: %w", f.name, f.dir, err))
		}
		fmt.Fprintf(b.out, "  %-34s %-24s %d new of %d\n", strings.TrimPrefix(f.dir, "./"), f.name, kept, of)
		total += kept
	}
	return fmt.Sprintf("%d inputs kept", total), nil, errors.Join(problems...)
}

// scene is where a target's inputs are tried: a folder that looks to its tests as the tree does.
type scene struct {
	*bench
	target
	dir, program string
}

// input is one of the fuzzer's finds, and the statements it reaches.
type input struct {
	data    []byte
	reaches []string
}

// keep chooses among the finds of one target, and copies the chosen ones into the tree.
func (b *bench) keep(ctx context.Context, f target, cache string) (kept, of int, err error) {
	found, err := os.ReadDir(cache)
	if err != nil || len(found) == 0 {
		return 0, 0, nil //nolint:nilerr // a target that nobody has fuzzed on this machine has no cache
	}
	s := scene{bench: b, target: f}
	if s.dir, err = os.MkdirTemp("", "chave-corpus-"); err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(s.dir)
	if err := s.prepare(ctx); err != nil {
		return 0, 0, err
	}
	reached, err := s.reach(ctx, "^"+f.name+"$") // by seeds and what is kept already
	if err != nil {
		return 0, 0, err
	}
	inputs, err := s.inputs(ctx, cache, found)
	if err != nil {
		return 0, 0, err
	}
	to := filepath.Join(b.top, f.dir, "testdata", "fuzz", f.name)
	for _, one := range chooseInputs(inputs, reached) {
		if err := os.MkdirAll(to, 0o755); err != nil {
			return kept, len(found), err
		}
		sum := sha256.Sum256(one.data)
		if err := os.WriteFile(filepath.Join(to, fmt.Sprintf("%x", sum[:8])), one.data, 0o644); err != nil {
			return kept, len(found), err
		}
		kept++
	}
	return kept, len(found), nil
}

// prepare copies the testdata of all packages, for some read their neighbour's, and compiles the target's tests so that they tell which statements they reach.
func (s *scene) prepare(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Join(s.dir, s.target.dir), 0o755); err != nil {
		return err
	}
	err := filepath.WalkDir(filepath.Join(s.top, "internal"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() != "testdata" {
			return err
		}
		rel, err := filepath.Rel(s.top, path)
		if err != nil {
			return err
		}
		return copied(filepath.Join(s.dir, rel), path)
	})
	if err != nil {
		return err
	}
	s.program = filepath.Join(s.dir, "program.test")
	return s.run(ctx, nil, "go", "test", "-c", "-cover", "-coverpkg=chave/internal/...,"+s.target.dir, "-o", s.program, s.target.dir)
}

// copied copies a folder, and has the walk that found it go on beside it.
func copied(to, from string) error {
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return err
	}
	return filepath.SkipDir
}

// inputs tries each find by itself.
func (s *scene) inputs(ctx context.Context, cache string, found []os.DirEntry) ([]input, error) {
	corpus := filepath.Join(s.dir, s.target.dir, "testdata", "fuzz", s.name)
	if err := os.MkdirAll(corpus, 0o755); err != nil {
		return nil, err
	}
	var all []input
	for _, entry := range found {
		data, err := os.ReadFile(filepath.Join(cache, entry.Name()))
		if err != nil || len(data) > keptSize {
			continue
		}
		path := filepath.Join(corpus, entry.Name())
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return nil, err
		}
		got, err := s.reach(ctx, "^"+s.name+"$/^"+entry.Name()+"$")
		if gone := os.Remove(path); gone != nil {
			return nil, gone
		}
		if errors.Is(err, errOldInput) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		all = append(all, input{data, slices.Collect(maps.Keys(got))})
	}
	return all, nil
}

// chooseInputs takes the input that reaches most of what is not reached yet, the shorter of two, until none reaches more.
func chooseInputs(inputs []input, reached map[string]bool) []input {
	var chosen []input
	for {
		best, most := -1, 0
		for i, one := range inputs {
			n := 0
			for _, at := range one.reaches {
				if !reached[at] {
					n++
				}
			}
			if n > most || n == most && n > 0 && len(one.data) < len(inputs[best].data) {
				best, most = i, n
			}
		}
		if best < 0 {
			return chosen
		}
		for _, at := range inputs[best].reaches {
			reached[at] = true
		}
		chosen = append(chosen, inputs[best])
		inputs = slices.Delete(inputs, best, best+1)
	}
}

// errOldInput is an input found when the target took other arguments.
var errOldInput = errors.New("the target takes other inputs now")

// reach runs some of a target's inputs and lists the statements they reach.
func (s *scene) reach(ctx context.Context, run string) (map[string]bool, error) {
	profile := filepath.Join(s.dir, "profile")
	var text bytes.Buffer
	if err := s.runIn(ctx, filepath.Join(s.dir, s.target.dir), nil, io.MultiWriter(s.log, &text), s.program, "-test.run", run, "-test.coverprofile", profile); err != nil {
		if strings.Contains(text.String(), "in corpus entry") {
			err = errOldInput
		}
		return nil, err
	}
	file, err := os.Open(profile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reached := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if at, count, ok := strings.Cut(lines.Text(), " "); ok && !strings.HasSuffix(count, " 0") && !strings.HasPrefix(at, "mode:") {
			reached[at] = true
		}
	}
	return reached, nil
}
