// Package signing owns signatures that people make with a key of their own: switching signing on, and one operation from what is asked to what is signed.
//
//	prepare ─▶ waiting ─▶ confirmed ─▶ spent ─▶ signed
//	              └────────────┴──────────┴─▶ dead
//
// Prepare checks everything that needs no private key, the signature PIN among it, and stores exactly which digests are to be signed, for whom, for which application. The
// person confirms with a code that names the documents. A permit comes of that, which one compare-and-set spends; only who spent it reaches the keystore.
// No function signs a digest without a permit (blueprint §3; CEN EN 419 241-1, sole control level 2).
//
// What unlocks the key comes from the person's PIN. Between PIN and code it travels sealed in the operation's row, and the seal is bound to the person, the key, the
// application and the list of digests (T2): a row in which any of them was changed does not open.
//
// The package never sees a private key, a document or a certificate authority's key. It knows no protocol.
package signing
