// Package draft owns documents between upload and download: what a person is about to sign, and what came of it.
//
// A folder holds the documents that are signed together and how far their signing is: where the stamp stands, which operation of core/signing was begun, what it
// gave. Each document's bytes lie sealed, in parts of one mebibyte, so that taking one in or giving it out needs the memory of one part. Everything is gone after an
// hour.
//
// The package never looks into a document, never signs, and shows nobody anything but its owner.
package draft
