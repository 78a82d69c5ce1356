package credential

import (
	"log/slog"

	"chave/internal/core/fault"
)

const redacted = "[redacted]"

// PIN is a typed or chosen PIN. It prints as [redacted] everywhere; only this package reads it.
type PIN struct{ digits string }

// ParsePIN accepts what may be a PIN that somebody once chose: 4 to 8 digits (R3.06). Rules for new ones are Policy.Check's.
func ParsePIN(s string) (PIN, error) {
	if len(s) < 4 || len(s) > 8 || !onlyDigits(s) {
		return PIN{}, fault.New(fault.PINMalformed).On("pin")
	}
	return PIN{s}, nil
}

// String keeps the PIN out of texts.
func (PIN) String() string { return redacted }

// GoString keeps the PIN out of %#v.
func (PIN) GoString() string { return redacted }

// LogValue keeps the PIN out of logs.
func (PIN) LogValue() slog.Value { return slog.StringValue(redacted) }

// Reveal gives the digits to the two places that must have them: the page that shows a temporary PIN once, and the demo's seeding.
func (p PIN) Reveal() string { return p.digits }

// Equal tells whether the same PIN was typed twice; both come from the same form, so time does not matter.
func (p PIN) Equal(o PIN) bool { return p.digits == o.digits }

// Code is a one-time code: six digits (R3.13).
type Code struct{ digits string }

// ParseCode accepts six digits; spaces that phones insert are ignored.
func ParseCode(s string) (Code, error) {
	var digits []byte
	for i := 0; i < len(s) && len(digits) < 7; i++ {
		if s[i] != ' ' && s[i] != '-' {
			digits = append(digits, s[i])
		}
	}
	if len(digits) != 6 || !onlyDigits(string(digits)) {
		return Code{}, fault.New(fault.CodeMalformed).On("code")
	}
	return Code{string(digits)}, nil
}

// String keeps the code out of texts.
func (Code) String() string { return redacted }

// GoString keeps the code out of %#v.
func (Code) GoString() string { return redacted }

// LogValue keeps the code out of logs.
func (Code) LogValue() slog.Value { return slog.StringValue(redacted) }

// Reveal gives the digits to the message that carries them.
func (c Code) Reveal() string { return c.digits }

func onlyDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
