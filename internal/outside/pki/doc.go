// Package pki is the certificate authority, the responder, the lists of what was revoked, and the timestamp authority.
//
// # What it owns
//
// Profiles (profile.go) say as data what a certificate of each kind looks like; package lint says whether one does. Nothing is signed that was not prepared, linted and put
// on record first, in this order:
//
//	prepare ─▶ lint a copy under a throwaway key ─▶ reserve the row ─▶ sign once ─▶ store, good
//
// A token stands between prepare and sign: it holds the very bytes that were linted, works once, and only with the issuer it was made for.
//
// # Keys
//
// A root's private key is kept apart: in a file of its own under a passphrase (rootfile.go), which only the commands of a ceremony open, or, in the demo, nowhere: it signs what
// it must and is forgotten. The others are made and lent by the keystore and lie sealed in the table, so that every node answers for every authority and replacing one is
// a row. Each key has one use: issuing, status, time (S10).
//
// # What it never does
//
// It decides nothing about people: who may have a certificate, and when one is revoked, is core's. It keeps no state that another node would need: answers and lists that it
// remembers are checked against the rows each time they are given (S7).
package pki
