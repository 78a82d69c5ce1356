package audit

import "time"

// Row is one event as it is stored.
type Row struct {
	ID         string
	At         time.Time
	Kind       Kind
	Commitment []byte
	Seq        int64 // place in the log; meaningless until sealed

	// Salt and Payload are nil once erased. Unreadable says why they could not be opened.
	Salt, Payload []byte
	Unreadable    error
}

// Log is how far the log has come.
type Log struct {
	Size int64
	Head string // the latest signed note; empty for an empty log
}

// Tile is up to 256 neighbouring hashes of one level of the tree: at level 0 leaves, at level 1 roots of 256 leaves, and so on (C2SP tlog-tiles, height
// 8). Data is the hashes one after the other.
type Tile struct {
	Level int
	N     int64
	Data  []byte
}

// StoredHead is one signed head as it is stored.
type StoredHead struct {
	Size int64
	Note string
}

// HeadKey is one key that signs heads. The store seals it as a whole and binds it to its serial, so that only who has the keystore can
// make Verify trust a key.
type HeadKey struct {
	Serial   int64     `json:"-"` // 1, 2, …; the highest signs
	MadeAt   time.Time `json:"made_at"`
	Verifier string    `json:"verifier"` // C2SP note verifier key
	Private  []byte    `json:"private"`  // as HeadSigner made it: sealed once more
}

// Tail is what is committed and not sealed yet.
type Tail struct {
	Count  int64
	Oldest time.Time // zero when there is none
}

// LogTx is what a transaction must offer to the sealer and to Verify.
type LogTx interface {
	Tx

	// AuditLog reads the log's size and latest head.
	AuditLog() (Log, error)
	// UnsealedAudit gives up to limit rows without a place in the log, oldest first, without their payloads.
	UnsealedAudit(limit int) ([]Row, error)
	// UnsealedTail counts them.
	UnsealedTail() (Tail, error)
	// AppendAudit gives the ids the places from size on, writes the tiles, adds the head, and sets the size, if the log still has that size and each
	// of the ids still waits; else fault.RowConflict.
	AppendAudit(size int64, ids []string, tiles []Tile, head StoredHead) error
	// AuditRows gives the rows with from ≤ seq < to in order of seq.
	AuditRows(from, to int64) ([]Row, error)
	// StrayAudit gives up to limit rows whose seq lies outside 0 ≤ seq < size.
	StrayAudit(size int64, limit int) ([]Row, error)
	// AuditTiles gives the tiles of a level with from ≤ n < to in order of n.
	AuditTiles(level int, from, to int64) ([]Tile, error)
	// StrayTiles gives up to limit tiles, without data, that a log of this size cannot have.
	StrayTiles(size int64, limit int) ([]Tile, error)
	// AuditHeads gives up to limit heads with a size above after, smallest first.
	AuditHeads(after int64, limit int) ([]StoredHead, error)
	// EraseAudit erases salt and payload of up to limit sealed rows that happened before an instant, in the order of the log, of kinds that Use says yes or no
	// to. It remembers how far it came, and tells whether it stopped at the limit.
	EraseAudit(uses bool, before time.Time, limit int) (more bool, err error)
	// HeadKeys lists all keys, oldest first. One that does not open has an empty Verifier.
	HeadKeys() ([]HeadKey, error)
	// InsertHeadKey adds a key; fault.RowConflict when its serial is taken.
	InsertHeadKey(HeadKey) error
}
