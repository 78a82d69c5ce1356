// Package arrows holds the shape of the house: which room may import which, how large a file may grow, what a package may be
// called. docs/architecture.md draws the same picture for people; this package is the half that fails a build.
//
// It reads the tree as it is, with the go command and the Go parser, and owns nothing else.
package arrows
