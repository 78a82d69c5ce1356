package keystore

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is a byte string that no verb, logger or encoder prints.
type Secret []byte

// Format prints [redacted] for every verb; String alone would let %d through.
func (Secret) Format(s fmt.State, _ rune) { io.WriteString(s, redacted) }

// String returns [redacted].
func (Secret) String() string { return redacted }

// LogValue returns [redacted].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted], for JSON and other encoders.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format prints [redacted] for every verb.
func (*Soft) Format(s fmt.State, _ rune) { io.WriteString(s, "keystore.Soft "+redacted) }

// String returns [redacted].
func (*Soft) String() string { return "keystore.Soft " + redacted }

// LogValue returns [redacted].
func (*Soft) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted].
func (*Soft) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format prints [redacted] for every verb.
func (*signer) Format(s fmt.State, _ rune) { io.WriteString(s, "keystore signer "+redacted) }

// String returns [redacted].
func (*signer) String() string { return "keystore signer " + redacted }

// LogValue returns [redacted].
func (*signer) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted].
func (*signer) MarshalText() ([]byte, error) { return []byte(redacted), nil }
