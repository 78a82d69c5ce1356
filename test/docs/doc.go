// Package docs holds the documents to the code: links lead somewhere, commands and flags exist, settings and registrations shown are read by the
// product's own strict readers, examples are those that run, and the list of error codes is the catalogue.
//
//	go test ./test/docs -update    writes docs/errors.md and the examples inside docs/testing-your-service.md anew
//
// It judges no sentence.
package docs
