package main

import (
	"bufio"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode"
)

// secret is what was typed, or a password; printed, it shows nothing.
type secret string

func (secret) String() string   { return "[redacted]" }
func (secret) GoString() string { return "[redacted]" }

// asker reads secrets: from a terminal without showing them, from anything else line by line.
type asker struct {
	out   io.Writer
	lines chan line
	ended chan struct{}
	undo  func()
}

type line struct {
	text string
	err  error
}

// newAsker reads in the background, because an interrupt must not wait for somebody to press Enter: the terminal would stay mute.
func newAsker(s streams) *asker {
	a := &asker{out: s.Err, lines: make(chan line), ended: make(chan struct{}), undo: unseen(s.In)}
	in := bufio.NewReader(io.LimitReader(s.In, 1<<16))
	go func() {
		for {
			text, err := in.ReadString('\n')
			select {
			case a.lines <- line{strings.TrimRight(text, "\r\n"), err}:
			case <-a.ended:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return a
}

func (a *asker) close() {
	close(a.ended)
	a.undo()
}

var errNoAnswer = errors.New("no answer came: nothing was signed")

func (a *asker) ask(ctx context.Context, question string) (secret, error) {
	fmt.Fprint(a.out, question)
	defer fmt.Fprintln(a.out)
	select {
	case got := <-a.lines:
		if text := strings.TrimSpace(got.text); text != "" {
			return secret(text), nil
		}
		return "", errNoAnswer
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// printable takes out what would command a terminal: names come from certificates, files and servers.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, text)
}

// pemBlocks gives the certificates of a PEM text.
func pemBlocks(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
			if block.Type == "CERTIFICATE" && !yield(block.Bytes) {
				return
			}
		}
	}
}
