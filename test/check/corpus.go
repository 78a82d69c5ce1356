package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
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

func (b *bench) keep(ctx context.Context, f target, cache string) (kept, of int, err error) {
	found, err := os.ReadDir(cache)
	if err != nil || len(found) == 0 {
		return 0, 0, nil //nolint:nilerr // a target that nobody has fuzzed on this machine has no cache
	}
	scene, err := os.MkdirTemp("", "chave-corpus-") // the tests run here, beside a copy of what they read
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(scene)
	from := filepath.Join(b.top, f.dir, "testdata")
	if _, err := os.Stat(from); err == nil {
		if err := os.CopyFS(filepath.Join(scene, "testdata"), os.DirFS(from)); err != nil {
			return 0, 0, err
		}
	}
	corpus := filepath.Join(scene, "testdata", "fuzz", f.name)
	if err := os.MkdirAll(corpus, 0o755); err != nil {
		return 0, 0, err
	}
	program := filepath.Join(scene, "program.test")
	if err := b.run(ctx, nil, "go", "test", "-c", "-cover", "-coverpkg=chave/internal/...", "-o", program, f.dir); err != nil {
		return 0, 0, err
	}
	reached, err := b.reach(ctx, scene, program, "^"+f.name+"$") // by seeds and what is kept already
	if err != nil {
		return 0, 0, err
	}
	type input struct {
		name    string
		data    []byte
		reaches []string
	}
	var inputs []input
	for _, entry := range found {
		data, err := os.ReadFile(filepath.Join(cache, entry.Name()))
		if err != nil || len(data) > keptSize {
			continue
		}
		path := filepath.Join(corpus, entry.Name())
		if err := os.WriteFile(path, data, 0o600); err != nil {
			return 0, 0, err
		}
		got, err := b.reach(ctx, scene, program, "^"+f.name+"$/^"+entry.Name()+"$")
		if err != nil {
			return 0, 0, err
		}
		if err := os.Remove(path); err != nil {
			return 0, 0, err
		}
		var beyond []string
		for at := range got {
			if !reached[at] {
				beyond = append(beyond, at)
			}
		}
		if len(beyond) > 0 {
			inputs = append(inputs, input{entry.Name(), data, beyond})
		}
	}
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
			return kept, len(found), nil
		}
		to := filepath.Join(from, "fuzz", f.name)
		if err := os.MkdirAll(to, 0o755); err != nil {
			return kept, len(found), err
		}
		sum := sha256.Sum256(inputs[best].data)
		if err := os.WriteFile(filepath.Join(to, fmt.Sprintf("%x", sum[:8])), inputs[best].data, 0o600); err != nil {
			return kept, len(found), err
		}
		for _, at := range inputs[best].reaches {
			reached[at] = true
		}
		inputs = slices.Delete(inputs, best, best+1)
		kept++
	}
}

// reach runs some of a target's inputs and lists the statements they reach.
func (b *bench) reach(ctx context.Context, scene, program, run string) (map[string]bool, error) {
	profile := filepath.Join(scene, "profile")
	if err := b.runIn(ctx, scene, nil, b.log, program, "-test.run", run, "-test.coverprofile", profile); err != nil {
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
