package pdf

import (
	"errors"
	"fmt"
)

// Why a file or a request is refused. Test with errors.Is; the texts around them are for the log and never repeat what the file says.
var (
	ErrNotPDF     = errors.New("pdf: not a PDF")
	ErrEncrypted  = errors.New("pdf: encrypted")
	ErrDamaged    = errors.New("pdf: damaged")                                     // truncated, or its cross-references do not fit its objects
	ErrHybrid     = errors.New("pdf: hybrid cross-references")                     // shows different objects to old and new readers
	ErrLocked     = errors.New("pdf: locked by a signature it carries")            // DocMDP or a field lock forbids another signature
	ErrTooComplex = errors.New("pdf: beyond the limits, or uses what is not read") // also answers bombs
	ErrPlace      = errors.New("pdf: no such page, or the stamp lies outside it")
	ErrField      = errors.New("pdf: the field cannot be signed") // a name that is taken, or settings that contradict one another
	ErrTooLong    = errors.New("pdf: the signature does not fit the reserved space")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

func tooComplex(what string) error { return fmt.Errorf("%w: %s", ErrTooComplex, what) }

// The limits. They are far above what offices make and far below what would hurt the server.
const (
	limitObjects   = 200_000    // different object numbers in a file
	limitEntries   = 500_000    // entries of all cross-reference sections together
	limitRevisions = 1_000      // cross-reference sections
	limitNesting   = 100        // arrays and dictionaries inside one another
	limitItems     = 500_000    // values in one object
	limitRead      = 1 << 30    // octets of objects read for one File, over its lifetime
	limitPages     = 50_000     // leaves of the page tree
	limitStream    = 64 << 20   // octets of one decompressed stream
	limitInflated  = 256 << 20  // octets out of decompression for one File, over its lifetime
	limitFields    = 20_000     // form fields
	limitFile      = 1<<31 - 1  // octets of a file
	limitNumber    = 10_000_000 // object numbers
)
