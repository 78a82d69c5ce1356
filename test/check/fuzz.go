package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

var anyTarget = regexp.MustCompile("")

// entrances are the packages whose fuzz targets read what a stranger sends before anybody has been believed: XML, base64, JSON, queries.
var entrances = regexp.MustCompile(`^\./internal/(format/(saml|xmldsig|xmlenc)|wire/[a-z]+|outside/(attribute|registry))$`)

// fuzzLine is what the fuzzer says about itself every three seconds.
var fuzzLine = regexp.MustCompile(`execs: (\d+) .*new interesting: (\d+) \(total: (\d+)\)`)

// fuzz runs each target whose folder matches for a while, and prints how far each got.
func fuzz(ctx context.Context, b *bench, each string, folders *regexp.Regexp) (string, []string, error) {
	found, err := chosenTargets(b.top, folders)
	if err != nil {
		return "", nil, err
	}
	var problems []error
	for _, f := range found {
		args := []string{"test", "-run", "^$", "-fuzz", "^" + f.name + "$", "-fuzztime", each, "-fuzzminimizetime", "3s", f.dir}
		text, err := b.read(ctx, nil, "go", args...)
		// When the machine is busy, the fuzzer sometimes takes the end of its own time for a failure; then there is no input that fails.
		if err != nil && strings.Contains(text, "context deadline exceeded") && !strings.Contains(text, "Failing input written") {
			text, err = b.read(ctx, nil, "go", args...)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s in %s: %w", f.name, f.dir, err))
		}
		says := "no figures"
		if all := fuzzLine.FindAllStringSubmatch(text, -1); len(all) > 0 {
			last := all[len(all)-1]
			says = fmt.Sprintf("%12s executions %6s new inputs %6s in all", last[1], last[2], last[3])
		}
		fmt.Fprintf(b.log, "%-34s %-24s %s, %s\n", strings.TrimPrefix(f.dir, "./"), f.name, says, verdictOf(err))
		if each != "5s" {
			fmt.Fprintf(b.out, "  %-34s %-24s %s, %s\n", strings.TrimPrefix(f.dir, "./"), f.name, says, verdictOf(err))
		}
	}
	return fmt.Sprintf("%d targets, %s each", len(found), each), nil, errors.Join(problems...)
}

func verdictOf(err error) string {
	if err != nil {
		return "FAILED"
	}
	return "no crash"
}

// chosenTargets are those in matching folders or, if FUZZ names some, those with that name wherever they are.
func chosenTargets(top string, folders *regexp.Regexp) ([]target, error) {
	found, err := targets(top, fuzzTarget)
	if err != nil {
		return nil, err
	}
	names := os.Getenv("FUZZ")
	form, err := regexp.Compile("^(" + names + ")$")
	if err != nil {
		return nil, fmt.Errorf("FUZZ: %w", err)
	}
	found = slices.DeleteFunc(found, func(f target) bool {
		if names != "" && folders != anyTarget {
			return !form.MatchString(f.name) && !form.MatchString(f.dir+":"+f.name)
		}
		return !folders.MatchString(f.dir)
	})
	if len(found) == 0 {
		return nil, errors.New("no fuzz target was found")
	}
	return found, nil
}

func fuzzLong(ctx context.Context, b *bench) (string, []string, error) {
	each := cmp.Or(os.Getenv("FUZZ_TIME"), "10m")
	if _, err := time.ParseDuration(each); err != nil {
		return "", nil, fmt.Errorf("FUZZ_TIME: %w", err)
	}
	return fuzz(ctx, b, each, entrances)
}
