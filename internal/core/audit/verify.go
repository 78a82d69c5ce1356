package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// pageRows is how many events are read in one transaction: whole tiles, so that a page needs one tile of each higher level.
const pageRows = 8 * tileWidth

const (
	maxProblems = 1000    // bounds what a report lists; it goes on counting
	tooMany     = 100_000 // ends the walk, so that a forged size does not send it through places that never were
	slack       = 2 * day // what retention may be late
)

// Check says what to verify and against what.
type Check struct {
	View func(ctx context.Context, fn func(LogTx) error) error
	// Origin is the name of a log that has no readable key; else its first key says.
	Origin string
	Now    func() time.Time
	// Keep is retention's setting: a payload that is gone before its time is a discrepancy. The zero Keep asks no question.
	Keep Keep
	// Elsewhere are signed heads that were kept outside this database, as Sealer.Published gave them. They alone show that a whole database was put back.
	Elsewhere []string
	// Verifiers are note verifier keys that are trusted besides those the database holds.
	Verifiers []string
}

// Trouble is a class of discrepancy.
type Trouble string

// The classes.
const (
	RowGone        Trouble = "row_gone"         // a place in the log without an event
	RowTwice       Trouble = "row_twice"        // a place with two
	RowStray       Trouble = "row_stray"        // an event with a place outside the log
	RowChanged     Trouble = "row_changed"      // id, time, kind or commitment is not what was sealed
	PayloadChanged Trouble = "payload_changed"  // does not open, does not fit the commitment, or is of another event
	PayloadEarly   Trouble = "payload_early"    // erased before its time
	PayloadLate    Trouble = "payload_late"     // still there days after its time: retention does not run
	HashGone       Trouble = "hash_gone"        // a hash of the tree is not stored
	HashChanged    Trouble = "hash_changed"     // a stored hash is not that of what lies under it
	HashStray      Trouble = "hash_stray"       // a tile this log cannot have
	HeadUnsigned   Trouble = "head_unsigned"    // signature, key or form of a head is wrong
	HeadGone       Trouble = "head_gone"        // a later head names one that is not there
	HeadOtherTree  Trouble = "head_other_tree"  // a signed head was of another tree
	HeadBeyond     Trouble = "head_beyond"      // a signed head is longer than the log: events were taken away
	KeyUnreadable  Trouble = "key_unreadable"   // a head key does not open
	SizeChanged    Trouble = "log_size_changed" // the log's size is not that of its latest head
	GaveUp         Trouble = "gave_up"          // so much is wrong that reading on tells nothing more
)

// Problem is one discrepancy. Row is the event's id where one is known; Seq its place, or a head's size.
type Problem struct {
	What   Trouble
	Row    string
	Seq    int64
	Detail string
}

// Report is what Verify found.
type Report struct {
	Size        int64 // events in the log
	Rows        int64 // events read
	Erased      int64 // of them without payload
	Heads       int64 // signed heads checked
	Tiles       int64 // tiles read
	Root        tlog.Hash
	Head        string // latest signed head
	Unsealed    int64  // committed and not sealed yet
	OldestWaits time.Duration
	Problems    []Problem // the first thousand
	Found       int64     // all of them
}

// OK tells whether the log is whole.
func (r *Report) OK() bool { return r.Found == 0 }

func (r *Report) add(p Problem) {
	if r.Found++; len(r.Problems) < maxProblems {
		r.Problems = append(r.Problems, p)
	}
}

// Verify reads the whole log in order and checks every event, hash and head. It holds a page of events at a time, in short read transactions, beside a working
// system: what is appended meanwhile is left for the next time. The error is for what kept it from looking; what it saw is in the report.
func Verify(ctx context.Context, c Check) (Report, error) {
	v := verification{Check: c}
	if err := checkOrigin(c.Origin); err != nil {
		return v.report, err
	}
	if err := v.begin(ctx); err != nil {
		return v.report, fmt.Errorf("read audit log: %w", err)
	}
	for from := int64(0); from < v.report.Size; from += pageRows {
		if err := v.page(ctx, from, min(from+pageRows, v.report.Size)); err != nil {
			return v.report, fmt.Errorf("read audit log at %d: %w", from, err)
		}
		if v.report.Found > tooMany {
			v.report.add(Problem{What: GaveUp, Seq: from})
			return v.report, nil
		}
	}
	v.end()
	return v.report, nil
}

// verification walks once along events, tiles and heads together.
type verification struct {
	Check
	report Report
	known  note.Verifiers
	edge   edge
	tiles  map[int]Tile // what was read last, by level; level 0 changes within a page

	heads     []StoredHead // of the current page, not passed yet
	lastHead  int64        // size of the head before
	elsewhere map[int64][]tlog.Hash
}

func (v *verification) begin(ctx context.Context) error {
	var (
		log    Log
		keys   []HeadKey
		tail   Tail
		rows   []Row
		strays []Tile
		beyond []StoredHead
		border error
	)
	err := v.View(ctx, func(tx LogTx) (err error) {
		if log, err = tx.AuditLog(); err != nil {
			return err
		}
		if keys, err = tx.HeadKeys(); err != nil {
			return err
		}
		if tail, err = tx.UnsealedTail(); err != nil {
			return err
		}
		if rows, err = tx.StrayAudit(log.Size, maxProblems); err != nil {
			return err
		}
		if strays, err = tx.StrayTiles(log.Size, maxProblems); err != nil {
			return err
		}
		if beyond, err = strayHeads(tx, log.Size); err != nil {
			return err
		}
		_, border = storedEdge(tx, log.Size)
		return nil
	})
	if err != nil {
		return err
	}
	v.tiles, v.elsewhere = map[int]Tile{}, map[int64][]tlog.Hash{}
	v.report.Size, v.report.Head, v.report.Unsealed = log.Size, log.Head, tail.Count
	if tail.Count > 0 {
		v.report.OldestWaits = v.Now().Sub(tail.Oldest)
	}
	for _, k := range keys {
		if k.Verifier == "" {
			v.report.add(Problem{What: KeyUnreadable, Seq: k.Serial, Detail: "head key does not open"})
		}
	}
	for _, text := range v.Verifiers {
		keys = append(keys, HeadKey{Verifier: text})
	}
	v.known, v.Origin = verifiers(keys), nameOf(keys, v.Origin)
	for _, r := range rows {
		v.report.add(Problem{What: RowStray, Row: r.ID, Seq: r.Seq, Detail: fmt.Sprintf("the log has %d events", log.Size)})
	}
	for _, t := range strays {
		v.report.add(Problem{What: HashStray, Seq: t.N, Detail: fmt.Sprintf("tile %d/%d", t.Level, t.N)})
	}
	for _, h := range beyond {
		v.report.add(Problem{What: HeadBeyond, Seq: h.Size, Detail: fmt.Sprintf("the log has %d events", log.Size)})
	}
	if border != nil {
		v.report.add(Problem{What: HashChanged, Seq: log.Size, Detail: border.Error()})
	}
	for _, text := range v.Elsewhere {
		h, err := openHead(text, v.Origin, v.known)
		switch {
		case err != nil:
			v.report.add(Problem{What: HeadUnsigned, Detail: "kept elsewhere: " + err.Error()})
		case h.Size > log.Size:
			v.report.add(Problem{What: HeadBeyond, Seq: h.Size, Detail: fmt.Sprintf("kept elsewhere; the log has %d events", log.Size)})
		default:
			v.elsewhere[h.Size] = append(v.elsewhere[h.Size], h.Root)
		}
	}
	return nil
}

// strayHeads finds heads that no log of this size can have: the first below one event and the first above the size.
func strayHeads(tx LogTx, size int64) ([]StoredHead, error) {
	lowest, err := tx.AuditHeads(math.MinInt64, 1)
	if err != nil {
		return nil, err
	}
	above, err := tx.AuditHeads(size, 1)
	if err != nil {
		return nil, err
	}
	if len(lowest) > 0 && lowest[0].Size < 1 {
		above = append(above, lowest[0])
	}
	return above, nil
}

// page is what one transaction reads. Nothing is judged inside it, since it may be run again.
type page struct {
	rows  []Row
	tiles []Tile
	heads []StoredHead
}

func (v *verification) page(ctx context.Context, from, to int64) error {
	var p page
	err := v.View(ctx, func(tx LogTx) (err error) {
		p = page{}
		if p.rows, err = tx.AuditRows(from, to); err != nil {
			return err
		}
		for level, first, end := 0, from/tileWidth, (to-1)/tileWidth+1; ; level++ {
			found, err := tx.AuditTiles(level, first, end)
			if err != nil {
				return err
			}
			p.tiles = append(p.tiles, found...)
			if v.report.Size>>(8*(level+1)) == 0 {
				break
			}
			first, end = first/tileWidth, (end-1)/tileWidth+1
		}
		p.heads, err = tx.AuditHeads(from, pageRows) // more than these cannot end in this page
		return err
	})
	if err != nil {
		return err
	}
	v.walk(from, to, p)
	return nil
}

func (v *verification) walk(from, to int64, p page) {
	for _, t := range p.tiles {
		if t.Level > 0 {
			v.tiles[t.Level] = t
		}
	}
	v.heads = p.heads
	level0 := map[int64]Tile{}
	for _, t := range p.tiles {
		if t.Level == 0 {
			level0[t.N] = t
		}
	}
	v.report.Tiles += int64(len(level0))
	rows := p.rows
	for seq := from; seq < to; seq++ {
		v.tiles[0] = level0[seq/tileWidth]
		stored, known := v.stored(0, seq)
		if !known {
			v.report.add(Problem{What: HashGone, Seq: seq, Detail: "leaf"})
		}
		seen := false
		for len(rows) > 0 && rows[0].Seq <= seq {
			r := rows[0]
			rows = rows[1:]
			if seen {
				v.report.add(Problem{What: RowTwice, Row: r.ID, Seq: seq})
				continue
			}
			seen = true
			v.row(r, stored, known)
			if !known {
				stored, known = r.leaf(), true
			}
		}
		if !seen {
			v.report.add(Problem{What: RowGone, Seq: seq})
		}
		v.edge.add(stored, v.above)
		v.headsAt(v.edge.size)
	}
}

// row checks one event against its leaf and, where it has one, its payload against the commitment.
func (v *verification) row(r Row, stored tlog.Hash, known bool) {
	v.report.Rows++
	if known && r.leaf() != stored {
		v.report.add(Problem{What: RowChanged, Row: r.ID, Seq: r.Seq, Detail: "id, time, kind or commitment"})
	}
	keep := v.Keep.of(r.Kind)
	if r.Payload != nil && keep > 0 && v.Now().After(r.At.Add(keep+slack)) {
		v.report.add(Problem{What: PayloadLate, Row: r.ID, Seq: r.Seq, Detail: "was to be erased at " + r.At.Add(keep).Format(time.RFC3339)})
	}
	switch {
	case r.Unreadable != nil:
		v.report.add(Problem{What: PayloadChanged, Row: r.ID, Seq: r.Seq, Detail: "does not open"})
	case r.Payload == nil:
		v.report.Erased++
		if keep > 0 && v.Now().Before(r.At.Add(keep)) {
			v.report.add(Problem{What: PayloadEarly, Row: r.ID, Seq: r.Seq, Detail: "was to be kept until " + r.At.Add(keep).Format(time.RFC3339)})
		}
	case !bytes.Equal(commitment(r.Salt, r.Payload), r.Commitment):
		v.report.add(Problem{What: PayloadChanged, Row: r.ID, Seq: r.Seq, Detail: "does not fit its commitment"})
	default:
		e, err := ParsePayload(r.Payload)
		if err != nil || e.ID != r.ID || !e.At.Equal(r.At) || e.Kind != r.Kind {
			v.report.add(Problem{What: PayloadChanged, Row: r.ID, Seq: r.Seq, Detail: "is of another event"})
		}
	}
}

// above compares the stored hashes of the higher levels as the tree grows past them.
func (v *verification) above(level int, index int64, h tlog.Hash) {
	if level == 0 {
		return
	}
	stored, known := v.stored(level, index)
	place := fmt.Sprintf("level %d, events %d to %d", level, index<<(8*level), (index+1)<<(8*level)-1)
	switch {
	case !known:
		v.report.add(Problem{What: HashGone, Seq: index, Detail: place})
	case stored != h:
		v.report.add(Problem{What: HashChanged, Seq: index, Detail: place})
	}
	if index%tileWidth == 0 {
		v.report.Tiles++
	}
}

func (v *verification) stored(level int, index int64) (tlog.Hash, bool) {
	t, at := v.tiles[level], int(index%tileWidth)*tlog.HashSize
	if t.N != index/tileWidth || len(t.Data) < at+tlog.HashSize || len(t.Data) > tileWidth*tlog.HashSize {
		return tlog.Hash{}, false
	}
	return tlog.Hash(t.Data[at : at+tlog.HashSize]), true
}

// headsAt checks the heads that were signed when the log had this size.
func (v *verification) headsAt(size int64) {
	for len(v.heads) > 0 && v.heads[0].Size <= size {
		one := v.heads[0]
		v.heads = v.heads[1:]
		v.head(one)
	}
	for _, root := range v.elsewhere[size] {
		if root != v.edge.root() {
			v.report.add(Problem{What: HeadOtherTree, Seq: size, Detail: "kept elsewhere"})
		}
	}
}

func (v *verification) head(one StoredHead) {
	v.report.Heads++
	bad := func(what Trouble, detail string) { v.report.add(Problem{What: what, Seq: one.Size, Detail: detail}) }
	h, err := openHead(one.Note, v.Origin, v.known)
	var unknown *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unknown):
		bad(HeadUnsigned, "by a key that is not known")
	case err != nil:
		bad(HeadUnsigned, err.Error())
	case h.Size != one.Size:
		bad(HeadUnsigned, fmt.Sprintf("its text says size %d", h.Size))
	case h.Root != v.edge.root():
		bad(HeadOtherTree, fmt.Sprintf("an event or a hash between %d and %d is not what was signed", v.lastHead, h.Size-1))
	}
	if err == nil && h.Previous != v.lastHead {
		bad(HeadGone, fmt.Sprintf("it follows size %d, the one before it here has %d", h.Previous, v.lastHead))
	}
	v.lastHead = one.Size
}

func (v *verification) end() {
	v.report.Root = v.edge.root()
	if v.report.Size == 0 && v.report.Head == "" {
		return
	}
	if v.lastHead != v.report.Size {
		v.report.add(Problem{What: SizeChanged, Seq: v.report.Size, Detail: fmt.Sprintf("the latest head has %d", v.lastHead)})
	}
	latest, err := openHead(v.report.Head, v.Origin, v.known)
	if err != nil || latest.Size != v.report.Size || latest.Root != v.report.Root {
		v.report.add(Problem{What: SizeChanged, Seq: v.report.Size, Detail: "the latest head is not of this log"})
	}
}

// Write prints a report for people and scripts: one line of counts, one for each discrepancy.
func (r *Report) Write(w io.Writer) error {
	_, err := fmt.Fprintf(w, "events %d, erased %d, heads %d, tiles %d, root %s, unsealed %d (oldest %s), discrepancies %d\n",
		r.Rows, r.Erased, r.Heads, r.Tiles, r.Root, r.Unsealed, r.OldestWaits.Round(time.Millisecond), r.Found)
	for _, p := range r.Problems {
		if err == nil {
			_, err = fmt.Fprintf(w, "%s seq=%d row=%s %s\n", p.What, p.Seq, p.Row, p.Detail)
		}
	}
	return err
}
