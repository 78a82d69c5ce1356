// Package store keeps everything Chave must remember, in SQLite or PostgreSQL, with one SQL text for both.
//
// It owns the connections, the transactions, the schema, the sealing of personal columns and the translation of
// driver errors into kinds of fault. There is one file per core package; each implements that package's small Tx
// interface on *Tx, and a compile-time assertion says so. It holds no rule of the scheme: who may do what, and when,
// is decided in core, inside the function that Do runs.
//
// What it promises, whatever the engine:
//
//   - Do answers only after the commit has reached the disk. The settings this rests on are checked on every
//     connection when it is opened, and a connection without them is refused.
//   - A function given to Do may be run again, so it does nothing but read and write rows.
//   - After a statement has failed, nothing more of that function can take effect, even if it ignores the error.
//   - A View sees one moment and never waits for a writer.
//   - Personal columns are sealed and bound to their row; what must be found again is found by a keyed index.
//
// What it never does: sequences, advisory locks, LISTEN/NOTIFY, triggers, or any statement a distributed
// PostgreSQL-compatible engine would refuse. A test reads all SQL text to hold this.
package store
