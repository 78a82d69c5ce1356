package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// linter is pinned: a newer one may find more, and then it is our choice when.
const linter = "v2.15.0"

// tags are the build tags of kits that need more than Go. `go test ./...` leaves them out.
const tags = "interop,browser,torture"

// steps lists everything, in the order in which a mistake is found soonest.
func steps() []step {
	return []step{
		{name: "format", about: "gofmt has nothing to change", do: format},
		{name: "modules", about: "go.mod and go.sum are complete, tidy and unaltered", do: modules},
		{name: "vet", about: "go vet, kits included", do: func(ctx context.Context, b *bench) (string, []string, error) {
			return "", nil, b.run(ctx, nil, "go", "vet", "-tags", tags, "./...")
		}},
		{name: "build", about: "the one binary, static", do: build},
		{name: "unit", about: "all tests that need only Go, arrows and documents included", do: func(ctx context.Context, b *bench) (string, []string, error) {
			return b.goTest(ctx, nil, "./...")
		}},
		{name: "databases", about: "the storage suite on SQLite, on PostgreSQL and on PostgreSQL at SERIALIZABLE", needs: []need{postgres()}, do: databases},
		{name: "keystore", about: "every key in a PKCS#11 device, which SoftHSM2 plays", needs: []need{compiler(), softHSM()}, do: device},
		{name: "rules", about: "requirement ids in test names", do: func(ctx context.Context, b *bench) (string, []string, error) {
			text, err := b.read(ctx, nil, "go", "run", "./test/rules")
			lines := strings.Split(strings.TrimSpace(text), "\n")
			return lines[len(lines)-1], nil, err
		}},
		{name: "lint", about: "golangci-lint " + linter, limit: 25 * time.Minute, do: lint},
		{name: "race", about: "all tests again under the race detector", needs: []need{compiler(), postgres()}, limit: 25 * time.Minute, do: race},
		{name: "bench", about: "every benchmark once", do: benchmarks},
		{name: "fuzz", about: "every fuzz target for a few seconds", limit: 20 * time.Minute, do: func(ctx context.Context, b *bench) (string, []string, error) {
			return fuzz(ctx, b, "5s", anyTarget)
		}},
		{name: "interop", about: "clients written by others sign in, refresh and sign out", needs: []need{
			folder("test/interop"), node(), authlib(), chromium(), program("curl", "curl", "ca-certificates"), program("openssl", "openssl"),
			mellon(), samlSchemas(), program("xmlsec1", "xmlsec1"), program("xmllint", "libxml2-utils"),
			zeep(), maven(), program("javac", "default-jdk-headless"), program("pdfsig", "poppler-utils"), program("qpdf", "qpdf"), program("mutool", "mupdf-tools"),
		}, do: interop},
		{name: "browser", about: "journeys in headless Chromium, every page through axe", needs: []need{folder("test/browser"), chromium(), node()}, do: browser},
		{name: "torture-smoke", about: "five kills for each database, then nothing acknowledged may be missing", needs: []need{folder("test/torture"), postgres()}, do: func(ctx context.Context, b *bench) (string, []string, error) {
			return torture(ctx, b, "5")
		}},
		{name: "load-smoke", about: "the load driver against a small population", needs: []need{folder("test/load"), postgres()}, do: func(ctx context.Context, b *bench) (string, []string, error) {
			return "", nil, b.run(ctx, nil, "go", "run", "./test/load", "smoke")
		}},

		{name: "torture", about: "two hundred kills for each database", long: true, needs: []need{folder("test/torture"), postgres()}, limit: 4 * time.Hour, do: func(ctx context.Context, b *bench) (string, []string, error) {
			return torture(ctx, b, "200")
		}},
		{name: "fuzz-long", about: "what strangers' XML, base64 and JSON reach first, ten minutes each (FUZZ_TIME=10m, FUZZ=name: only these, any target)", long: true, limit: 24 * time.Hour, do: fuzzLong},
		{name: "fuzz-keep", about: "keep the inputs found that reach code no kept one does, under testdata/fuzz (FUZZ=name)", long: true, limit: time.Hour, do: fuzzKeep},
	}
}

func format(ctx context.Context, b *bench) (string, []string, error) {
	args := []string{"-l"}
	for _, dir := range []string{"client", "cmd", "demo", "internal", "test"} {
		if folder(dir).have(b) {
			args = append(args, dir)
		}
	}
	text, err := b.read(ctx, nil, "gofmt", args...)
	if err == nil && strings.TrimSpace(text) != "" {
		err = errors.New("gofmt would change these files")
	}
	return "", nil, err
}

func modules(ctx context.Context, b *bench) (string, []string, error) {
	for _, args := range [][]string{{"mod", "download"}, {"mod", "verify"}, {"mod", "tidy", "-diff"}} {
		if err := b.run(ctx, nil, "go", args...); err != nil {
			return "go " + strings.Join(args, " ") + ":", nil, err
		}
	}
	return "", nil, nil
}

func build(ctx context.Context, b *bench) (string, []string, error) {
	binary := filepath.Join(b.top, "bin", "chave")
	if err := b.run(ctx, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-o", binary, "./cmd/chave"); err != nil {
		return "", nil, err
	}
	info, err := os.Stat(binary)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("bin/chave, %.1f MB", float64(info.Size())/1e6), nil, nil
}

// databases runs the storage suite by itself, so that its line in the summary says that PostgreSQL really was there.
func databases(ctx context.Context, b *bench) (string, []string, error) {
	return b.goTest(ctx, nil, "-count=1", "./internal/outside/store/...")
}

// device builds what only the tag pkcs11 has: it needs C, so that no other step sees it.
func device(ctx context.Context, b *bench) (string, []string, error) {
	env := []string{"CGO_ENABLED=1"}
	if err := b.run(ctx, env, "go", "vet", "-tags", "pkcs11", "./internal/outside/keystore/...", "./cmd/chave"); err != nil {
		return "", nil, err
	}
	// The suites of all that signs, over keys that are in the device.
	return b.goTest(ctx, env, "-count=1", "-tags", "pkcs11", "-timeout", "15m", "./internal/outside/keystore/...", "./internal/core/signing", "./internal/wire/scmd",
		"./internal/wire/csc", "./internal/wire/pki", "./internal/page/sign")
}

func race(ctx context.Context, b *bench) (string, []string, error) {
	return b.goTest(ctx, []string{"CGO_ENABLED=1", "GORACE=halt_on_error=1"}, "-race", "-timeout", "20m", "./internal/...", "./demo/...", "./cmd/...")
}

// lint builds the pinned linter once into bin, and then uses it.
func lint(ctx context.Context, b *bench) (string, []string, error) {
	binary := filepath.Join(b.top, "bin", "golangci-lint")
	version, err := b.read(ctx, nil, binary, "version")
	if err != nil || !strings.Contains(version, strings.TrimPrefix(linter, "v")) {
		env := []string{"GOBIN=" + filepath.Dir(binary), "GOFLAGS=", "CGO_ENABLED=0"}
		if err := b.run(ctx, env, "go", "install", "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@"+linter); err != nil {
			return "", nil, err
		}
	}
	return "", nil, b.run(ctx, nil, binary, "run", "--timeout", "15m", "--allow-serial-runners")
}

var (
	fuzzTarget      = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	benchmarkTarget = regexp.MustCompile(`(?m)^func (Benchmark\w+)\(`)
)

// target is a function of a test file, found by name.
type target struct{ dir, name string }

// targets finds fuzz targets or benchmarks by reading the files: asking each test binary would mean linking them all.
func targets(top string, form *regexp.Regexp) ([]target, error) {
	var found []target
	err := filepath.WalkDir(top, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git" || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(top, filepath.Dir(path))
		for _, m := range form.FindAllSubmatch(text, -1) {
			found = append(found, target{"./" + filepath.ToSlash(dir), string(m[1])})
		}
		return err
	})
	return found, err
}

func benchmarks(ctx context.Context, b *bench) (string, []string, error) {
	found, err := targets(b.top, benchmarkTarget)
	if err != nil {
		return "", nil, err
	}
	var dirs []string
	for _, f := range found {
		if !slices.Contains(dirs, f.dir) {
			dirs = append(dirs, f.dir)
		}
	}
	if len(dirs) == 0 {
		return "there are none", nil, nil
	}
	args := append([]string{"test", "-run", "^$", "-bench", ".", "-benchtime", "1x"}, dirs...)
	return fmt.Sprintf("%d benchmarks", len(found)), nil, b.run(ctx, nil, "go", args...)
}

func interop(ctx context.Context, b *bench) (string, []string, error) {
	if err := b.npm(ctx, "test/interop"); err != nil {
		return "", nil, err
	}
	if err := b.maven(ctx, "test/interop/dss"); err != nil {
		return "", nil, err
	}
	return b.goTest(ctx, nil, "-count=1", "-tags", "interop", "-timeout", "14m", "./test/interop/...", "./test/examples/...")
}

func browser(ctx context.Context, b *bench) (string, []string, error) {
	if err := b.npm(ctx, "test/browser"); err != nil {
		return "", nil, err
	}
	return b.goTest(ctx, nil, "-count=1", "-p", "1", "-tags", "browser", "-timeout", "14m", "./test/browser/...")
}

// torture tells the kit how many kills each database gets.
func torture(ctx context.Context, b *bench, kills string) (string, []string, error) {
	return b.goTest(ctx, []string{"CHAVE_KILLS=" + kills}, "-count=1", "-tags", "torture", "-timeout", "4h", "./test/torture/...")
}
