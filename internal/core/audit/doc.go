// Package audit owns the append-only record of decisions, and the proof that nobody has changed it.
//
// An event is inserted in the transaction of the decision it records, unlinked, so that busy transactions never wait for each other. A leased
// Sealer gives committed events their place in a Merkle log (RFC 6962 hashes, C2SP tiles) and signs its head. Verify reads it all back.
//
//	InsertAudit ──▶ row, seq NULL ──Sealer──▶ row, seq 41 ─▶ leaf 41 in the tiles ─▶ head "42 events, this root", signed
//	                                                │
//	                              payload's time is up: payload and salt go, the commitment stays, the log still verifies
//
// A leaf holds a salted commitment to the payload, never the payload (R0.05). What is committed to is sealed at rest together with its salt, so that
// neither a thief of the database nor, after erasure, the operator can guess it back.
//
// What the proof is worth: whoever can write to the database but has no keystore cannot change, add to, reorder or remove anything sealed without Verify naming
// it. They can remove events not sealed yet (a second's worth), and can put back an older copy of the whole database: against that, heads are handed
// to Sealer.Published to be kept elsewhere, and Verify compares with those it is given (A19).
//
// The package never records a secret, a name or a number, and never deletes a row.
package audit
