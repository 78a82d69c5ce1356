package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTally_counts_tests_and_names_the_skipped(t *testing.T) {
	var log bytes.Buffer
	count := &tally{log: &log, output: map[string][]string{}}
	feed := strings.Join([]string{
		`{"Action":"run","Package":"p","Test":"TestGood"}`,
		`{"Action":"output","Package":"p","Test":"TestGood","Output":"quiet\n"}`,
		`{"Action":"output","Package":"p","Test":"TestGood","Output":"    a_test.go:5: 200 kills\n"}`,
		`{"Action":"output","Package":"p","Test":"TestGood","Output":"a quiet line\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestGood"}`,
		`{"Action":"output","Package":"p","Test":"TestAway","Output":"    a_test.go:7: PostgreSQL is not installed\n"}`,
		`{"Action":"skip","Package":"p","Test":"TestAway"}`,
		`{"Action":"output","Package":"p","Test":"TestBad","Output":"    a_test.go:9: got 1, want 2\n"}`,
		`{"Action":"fail","Package":"p","Test":"TestBad"}`,
		`{"Action":"output","Package":"p","Test":"TestCut","Output":"WARNING: DATA RACE\n"}`,
		`{"Action":"fail","Package":"p"}`,
		`{"Action":"pass","Package":"q"}`,
		`{"Action":"skip","Package":"no/test/files"}`,
		`words of the go command`, ``,
	}, "\n")
	for _, part := range []string{feed[:100], feed[100:]} { // events arrive in pieces
		if _, err := count.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if count.passed != 1 || count.failed != 2 || count.packages != 1 {
		t.Errorf("passed %d, failed %d, packages %d; want 1, 2, 1", count.passed, count.failed, count.packages)
	}
	if len(count.skips) != 1 || count.skips[0] != "TestAway in p (PostgreSQL is not installed)" {
		t.Errorf("skips = %q", count.skips)
	}
	for text, want := range map[string]bool{"got 1, want 2": true, "DATA RACE": true, "words of the go command": true, "200 kills": true, "quiet": false} {
		if strings.Contains(log.String(), text) != want {
			t.Errorf("log has %q = %v, want %v", text, !want, want)
		}
	}
}

func TestSummary_in_CI_a_skip_is_a_failure(t *testing.T) {
	good := result{step: "unit", verdict: held}
	for _, c := range []struct {
		name    string
		results []result
		ci      bool
		wrong   bool
	}{
		{"all held", []result{good}, true, false},
		{"a step skipped at home", []result{good, {step: "browser", verdict: skipped}}, false, false},
		{"a step skipped in CI", []result{good, {step: "browser", verdict: skipped}}, true, true},
		{"a test skipped at home", []result{{step: "unit", verdict: held, skips: []string{"TestX"}}}, false, false},
		{"a test skipped in CI", []result{{step: "unit", verdict: held, skips: []string{"TestX"}}}, true, true},
		{"in CI, a test that needs its owner's schema", []result{{step: "unit", verdict: held, skips: []string{"TestX (a.xsd is not beside this repository)"}}}, true, false},
		{"a step failed", []result{good, {step: "lint", verdict: broken}}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := summary(&out, c.results, time.Second, c.ci); (err != nil) != c.wrong {
				t.Errorf("error = %v, want one: %v", err, c.wrong)
			}
		})
	}
}

func TestTake(t *testing.T) {
	var out bytes.Buffer
	b := &bench{top: t.TempDir(), logs: t.TempDir(), out: &out}
	absent := need{name: "a pony", hint: "buy one", have: func(*bench) bool { return false }}
	do := func(err error) func(context.Context, *bench) (string, []string, error) {
		return func(ctx context.Context, b *bench) (string, []string, error) {
			if err == nil {
				return "fine", nil, b.run(ctx, []string{"SAY=hello"}, "sh", "-c", "echo $SAY")
			}
			return "", nil, err
		}
	}
	if r := b.take(t.Context(), step{name: "good", do: do(nil)}); r.verdict != held || r.says != "fine" {
		t.Errorf("good step: %+v", r)
	}
	if log, err := os.ReadFile(filepath.Join(b.logs, "good.log")); err != nil || !strings.Contains(string(log), "hello") {
		t.Errorf("the step's output was not kept: %q, %v", log, err)
	}
	if r := b.take(t.Context(), step{name: "bad", do: do(errors.New("no"))}); r.verdict != broken {
		t.Errorf("bad step: %+v", r)
	}
	if r := b.take(t.Context(), step{name: "poor", needs: []need{absent}, do: do(nil)}); r.verdict != skipped || !strings.Contains(r.says, "buy one") {
		t.Errorf("step without its need: %+v", r)
	}
	slow := func(ctx context.Context, b *bench) (string, []string, error) {
		return "", nil, b.run(ctx, nil, "sh", "-c", "sleep 60 & wait")
	}
	began := time.Now()
	if r := b.take(t.Context(), step{name: "slow", limit: 50 * time.Millisecond, do: slow}); r.verdict != broken || !strings.Contains(r.says, "longer") {
		t.Errorf("slow step: %+v", r)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("a step and its children went on for %s after their time was up", took)
	}
}

func TestChoose(t *testing.T) {
	whole, err := choose(steps(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range whole {
		if s.long {
			t.Errorf("the whole has the long step %s", s.name)
		}
		if s.do == nil || s.about == "" {
			t.Errorf("step %s does nothing or says nothing", s.name)
		}
	}
	if _, err := choose(steps(), []string{"lint", "sing"}); err == nil {
		t.Error("an unknown step was accepted")
	}
	if some, err := choose(steps(), []string{"torture"}); err != nil || len(some) != 1 {
		t.Errorf("a long step cannot be named: %v", err)
	}
}

func TestChooseInputs_keeps_the_fewest_that_reach_all(t *testing.T) {
	inputs := []input{{[]byte("long, a and b"), []string{"a", "b"}}, {[]byte("a b"), []string{"a", "b"}}, {[]byte("c"), []string{"seed", "c"}}, {[]byte("a"), []string{"a"}}, {[]byte("s"), []string{"seed"}}}
	var got []string
	for _, one := range chooseInputs(inputs, map[string]bool{"seed": true}) {
		got = append(got, string(one.data))
	}
	if strings.Join(got, "|") != "a b|c" {
		t.Errorf("kept %q", got)
	}
}

func TestBrief(t *testing.T) {
	for d, want := range map[time.Duration]string{1500 * time.Millisecond: "1.5 s", 90 * time.Second: "1m30s", 600 * time.Second: "10m00s"} {
		if got := brief(d); got != want {
			t.Errorf("brief(%s) = %q, want %q", d, got, want)
		}
	}
}
