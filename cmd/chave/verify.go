package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"chave/internal/format/ades"
	"chave/internal/text"
)

// verifyCommand judges signatures, for people and for scripts. Only what was checked from end to end is called good.
type verifyCommand struct {
	File    string   `arg:"" type:"path" help:"A signed PDF, or a signature ending in .p7s."`
	Root    []string `type:"path" help:"PEM file of authorities you believe. Without any, nothing can be called good."`
	For     string   `type:"path" help:"The file that was signed, for a signature that came apart from it."`
	JSON    bool     `name:"json" help:"The report for programs."`
	Offline bool     `help:"Ask nobody: use only what the file holds."`
	Lang    string   `default:"en" enum:"en,pt" help:"Language of the report: en or pt."`
}

// Exit codes of verify, a contract with scripts.
const (
	exitInvalid = 1
	exitUnknown = 2
)

// exiting is an error that ends the process with a code of its own. With nothing to add, Error is empty: the report has said it.
type exiting struct {
	code  int
	cause error
}

func (e *exiting) Error() string {
	if e.cause == nil {
		return ""
	}
	return e.cause.Error()
}

func (e *exiting) Unwrap() error { return e.cause }

func (c *verifyCommand) Run(ctx context.Context, s streams) error {
	report, err := c.judge(ctx)
	if err != nil {
		return &exiting{exitUnknown, fmt.Errorf("could not be checked: %w", err)}
	}
	if err := c.tell(s.Out, report); err != nil {
		return &exiting{exitUnknown, err}
	}
	switch {
	case report.Verdict == ades.Valid && len(report.Signatures) > 0:
		return nil
	case report.Verdict == ades.Invalid:
		return &exiting{code: exitInvalid}
	}
	return &exiting{code: exitUnknown}
}

func (c *verifyCommand) judge(ctx context.Context) (ades.Report, error) {
	file, err := readLimited(c.File)
	if err != nil {
		return ades.Report{}, err
	}
	v := ades.Validation{At: time.Now()}
	if c.For != "" {
		if v.Detached, err = readLimited(c.For); err != nil {
			return ades.Report{}, err
		}
	}
	for _, path := range c.Root {
		data, err := os.ReadFile(path)
		if err != nil {
			return ades.Report{}, err
		}
		roots, err := readCertificates(data)
		if err != nil {
			return ades.Report{}, fmt.Errorf("%s: %w", path, err)
		}
		v.Roots = append(v.Roots, roots...)
	}
	if !c.Offline {
		web, err := newOutside("")
		if err != nil {
			return ades.Report{}, err
		}
		v.Helpers = web.helpers("")
	}
	return ades.Validate(ctx, file, v)
}

func (c *verifyCommand) tell(out io.Writer, r ades.Report) error {
	if c.JSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	texts, err := text.Load()
	if err != nil {
		return err
	}
	w := words{out: out, texts: texts, lang: text.Lang(c.Lang)}
	w.report(r)
	return w.err
}
