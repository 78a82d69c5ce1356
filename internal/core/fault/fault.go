// Package fault is the one error type of Chave.
//
// A fault has three readers: code reads its Kind, the person reads the sentence that the text catalogue keeps under its Code, and the
// log reads the wrapped cause. Nobody outside sees the cause. An error that is not a fault is internal: Of turns it into CH-1000.
// The package never renders text and never decides an HTTP status or a protocol error: each edge has one file for that.
package fault

import (
	"errors"
	"fmt"
)

// Kind tells code what class of refusal this is. Each wire maps kinds to its own answers in one place.
type Kind string

// The kinds. Their zero value is not a kind: an unclassified error is internal.
const (
	Invalid     Kind = "invalid"     // the caller sent something that can never be right
	Denied      Kind = "denied"      // understood, and refused
	NotFound    Kind = "not_found"   // no such thing, or not for this caller
	Conflict    Kind = "conflict"    // somebody else was first; reading again shows the new state
	Exhausted   Kind = "exhausted"   // too many tries or too much of something
	Expired     Kind = "expired"     // was right once, its time is over
	Unavailable Kind = "unavailable" // something we depend on does not answer; trying later may work
	Internal    Kind = "internal"    // our fault
)

// Error is a refusal with a stable code. Field names the form field it concerns, if any. Args fill the sentence's placeholders
// as name, value pairs and never hold a secret.
type Error struct {
	Code  Code
	Field string
	Args  []any
	cause error
}

// New makes a fault of the catalogue.
func New(code Code) *Error { return &Error{Code: code} }

// On names the form field that the fault concerns.
func (e *Error) On(field string) *Error {
	e.Field = field
	return e
}

// With adds a placeholder's value for the sentence. It must never be a secret: sentences reach pages and logs.
func (e *Error) With(name string, value any) *Error {
	e.Args = append(e.Args, name, value)
	return e
}

// Because keeps the cause for the log.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Kind is the class that the catalogue gives the code.
func (e *Error) Kind() Kind { return e.Code.Kind() }

// Error is for the log: it holds the cause's text and must not be shown to anybody outside.
func (e *Error) Error() string {
	s := string(e.Code) + " " + e.Code.name()
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// Is lets errors.Is(err, fault.New(code)) match by code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// Of finds the fault in err, or classes err as internal. Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New(InternalError).Because(err)
}

// Is tells whether err is a fault of this code.
func Is(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// IsKind tells whether err is a fault of this kind. A plain error is Internal.
func IsKind(err error, kind Kind) bool { return err != nil && Of(err).Kind() == kind }

// Wrap says what was being done, and keeps the fault inside.
func Wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}
