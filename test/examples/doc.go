// Package examples holds the programs that docs/testing-your-service.md shows. They run against a demo in `make interop`.
package examples
