// Package keystore holds the secrets that must not lie in the database: the roots from which the keys of PINs,
// codes, lookups and sealed columns are derived, and under which private signing keys rest.
//
// A thief with the whole database and no keystore can test no PIN, find no person and sign nothing (blueprint §4.1,
// §4.3). A thief with the keystore and no database has keys that open nothing. That split is all this package is for.
//
// [Soft] keeps a root of 32 bytes from a file, a passphrase or memory. Its operations are those
// a hardware module offers too (keyed hash, seal, open, make a key, sign), and package keystoretest says what any back
// end must do, so that PKCS#11 or a remote signer can take its place without its users noticing. [Store] is all of it;
// each user in core declares an interface of its own, with only the methods it calls.
//
// # What is derived from a root
//
//	root ── HKDF-Extract ──┬─ Expand "key id"          4 bytes, public, names the generation in rows and sealed values
//	                       ├─ Expand "mac"  + label    HMAC-SHA-256 key
//	                       └─ Expand "seal" + label    AES-256-GCM key
//
// Labels are constants of the calling code ("pin", "index/phone", "column/citizen.name"), one for each purpose, so that a
// value made for one purpose is worthless for another. They are never built from data: derived keys are kept in memory
// by label.
//
// # Rotation
//
// A keystore knows one current root and any number of older ones. New values are always made under the current one;
// older ones are read as long as their root is configured. Rows that hold a keyed hash store [Soft.CurrentKey] beside it and
// check it with [Soft.MACWith]; sealed values carry the key id themselves ([Soft.SealedUnder]). A root may be removed
// when no row names it any more. Removing it earlier makes those rows unreadable for good.
//
// # People's keys
//
// A person's signing key rests in two layers (blueprint §4.2): sealed like every private key, and around that locked under
// HKDF(keyed hash of context and secret), the secret being what core/signing makes of the signature PIN. So the database alone opens
// nothing, nor does the keystore alone. Whoever holds both, and may compute with the keystore at leisure, can still try all PINs: with
// [Soft] that takes minutes, with a device as long as the device takes for each. A key is lent to one function and wiped after it.
//
// # What it never does
//
// It stores nothing, logs nothing, and returns no key. Signing keys leave it only sealed, or as a crypto.Signer that
// prints as [redacted]. It counts no tries and knows no permit: whoever may ask for a person's key is decided before.
package keystore
