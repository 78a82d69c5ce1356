package main

import (
	"fmt"
	"io"
	"time"

	"chave/internal/format/ades"
	"chave/internal/text"
)

// words puts a report into the sentences that the page for checking uses. It changes no verdict.
type words struct {
	out   io.Writer
	texts *text.Catalogue
	lang  text.Lang
	err   error
}

func (w *words) line(indent, label, value string) {
	if w.err != nil {
		return
	}
	if label != "" {
		label += ": "
	}
	_, w.err = fmt.Fprintln(w.out, indent+printable(label+value))
}

func (w *words) say(key string, args ...any) string { return w.texts.T(w.lang, key, args...) }

func (w *words) report(r ades.Report) {
	verdict := "check.verdict." + string(r.Verdict)
	if len(r.Signatures) == 0 {
		verdict = "check.verdict.none"
	}
	w.line("", "", w.say(verdict))
	w.line("", "", w.say(verdict+".text"))
	w.reasons("", r.Reasons)
	for _, s := range r.Signatures {
		w.signature(r.Kind, s)
	}
	for _, s := range r.Timestamps {
		w.stamp("", s)
	}
}

func (w *words) signature(kind string, s ades.SignatureReport) {
	w.line("", "", "")
	w.line("", w.say("check.signature", "Number", s.Index), w.say("check.tag."+string(s.Verdict)))
	if s.Intact {
		w.line("  ", "", w.say("check.intact"))
	} else {
		w.line("  ", "", w.say("check.not_intact"))
	}
	w.reasons("  ", s.Reasons)
	if name := s.Signer.CommonName; name != "" {
		w.line("  ", w.say("check.who"), name)
	}
	if !s.ProvenAt.IsZero() {
		w.line("  ", w.say("check.proven"), w.texts.Moment(w.lang, s.ProvenAt))
	} else if !s.ClaimedAt.IsZero() {
		w.line("  ", w.say("check.claimed"), w.texts.Moment(w.lang, s.ClaimedAt))
	}
	if s.Level != "" {
		w.line("  ", w.say("check.level"), string(s.Level))
	}
	if s.Reason != "" {
		w.line("  ", w.say("check.said"), s.Reason)
	}
	if s.Location != "" {
		w.line("  ", w.say("check.where"), s.Location)
	}
	w.changes(kind, s)
	w.reasons("  ", s.Notes)
	for _, one := range s.Timestamps {
		w.stamp("  ", one)
	}
}

func (w *words) changes(kind string, s ades.SignatureReport) {
	switch {
	case s.CoversAll || kind != "pdf":
		w.line("  ", w.say("check.after"), w.say("check.after.nothing"))
	case len(s.Changes) == 0:
		w.line("  ", w.say("check.after"), w.say("check.after.unknown"))
	}
	for _, c := range s.Changes {
		allowed := "check.change.forbidden"
		if c.Allowed {
			allowed = "check.change.allowed"
		}
		w.line("  ", w.say("check.after"), w.say("check.change."+string(c.Kind))+" ("+w.say(allowed)+")")
	}
}

func (w *words) stamp(indent string, s ades.StampReport) {
	w.line(indent, w.say("check.stamp"), w.say("check.tag."+string(s.Verdict)))
	if !s.At.IsZero() {
		w.line(indent+"  ", w.say("check.stamp.at"), w.texts.Moment(w.lang, s.At))
	}
	if s.Authority.CommonName != "" {
		w.line(indent+"  ", w.say("check.stamp.by"), s.Authority.CommonName)
	}
	w.reasons(indent+"  ", s.Reasons)
}

func (w *words) reasons(indent string, all []ades.Reason) {
	for _, r := range all {
		var args []any
		for name, value := range r.Args {
			if at, err := time.Parse(time.RFC3339, value); err == nil {
				value = w.texts.Moment(w.lang, at)
			}
			args = append(args, name, value)
		}
		w.line(indent, "", "- "+w.say("check.reason."+string(r.Code), args...))
	}
}
