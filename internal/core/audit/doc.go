// Package audit owns the append-only record of decisions.
//
// An event is inserted in the transaction of the decision it records, unlinked, so that busy transactions never wait for each other. A leased sealer appends
// committed events in batches to a Merkle log (C2SP tlog) with signed heads. A leaf holds only a salted commitment to the event's payload, so
// that the payload can be erased when its time is up (R0.05) and the log still verifies. The package never records a secret, a name or a number.
package audit
