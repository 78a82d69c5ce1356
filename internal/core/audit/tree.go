package audit

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// tileWidth is how many hashes a full tile has: height 8, as C2SP tlog-tiles fixes it.
const tileWidth = 256

// edge is the right border of the tree: on each level the tile that is being filled. It is all that appending and the root need, so a log of any
// length grows and is verified in a few kilobytes.
type edge struct {
	size   int64
	levels []border
}

type border struct {
	n      int64 // full tiles to the left
	hashes []tlog.Hash
}

// visit is told of each hash as it gets its place: the tile level, its index on that level, the hash.
type visit func(level int, index int64, h tlog.Hash)

func (e *edge) add(leaf tlog.Hash, seen visit) {
	e.size++
	e.put(0, leaf, seen)
}

func (e *edge) put(level int, h tlog.Hash, seen visit) {
	if level == len(e.levels) {
		e.levels = append(e.levels, border{hashes: make([]tlog.Hash, 0, tileWidth)})
	}
	b := &e.levels[level]
	if seen != nil {
		seen(level, b.n*tileWidth+int64(len(b.hashes)), h)
	}
	b.hashes = append(b.hashes, h)
	if len(b.hashes) == tileWidth {
		root := complete(b.hashes)
		b.n, b.hashes = b.n+1, b.hashes[:0]
		e.put(level+1, root, seen)
	}
}

// root is the tree's hash (RFC 6962 §2.1): complete subtrees, joined from the right, because the right ones are the small ones.
func (e *edge) root() tlog.Hash {
	var (
		root  tlog.Hash
		begun bool
	)
	for _, b := range e.levels { // level 0 is the rightmost
		rest := b.hashes
		for size := 1; len(rest) > 0; size *= 2 {
			if len(rest)&size == 0 {
				continue
			}
			part := complete(rest[len(rest)-size:])
			rest = rest[:len(rest)-size]
			if begun {
				part = tlog.NodeHash(part, root)
			}
			root, begun = part, true
		}
	}
	if !begun {
		empty, _ := tlog.TreeHash(0, nil) // cannot fail: nothing is read
		return empty
	}
	return root
}

// complete is the root over 1, 2, 4 … hashes.
func complete(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(complete(hashes[:half]), complete(hashes[half:]))
}

// storedEdge reads the border of a log of some size. ErrDamaged when the tiles are not as wide as that size makes them.
func storedEdge(tx LogTx, size int64) (edge, error) {
	e := edge{size: size}
	for level, count := 0, size; count > 0; level, count = level+1, count/tileWidth {
		b := border{n: count / tileWidth, hashes: make([]tlog.Hash, 0, tileWidth)}
		found, err := tx.AuditTiles(level, b.n, b.n+1)
		if err != nil {
			return edge{}, err
		}
		width, bytes := int(count%tileWidth), 0
		if len(found) > 0 {
			bytes = len(found[0].Data)
			b.hashes = hashesOf(found[0].Data, b.hashes)
		}
		if bytes != width*tlog.HashSize {
			return edge{}, fmt.Errorf("%w: tile %d/%d has %d bytes, want %d hashes", ErrDamaged, level, b.n, bytes, width)
		}
		e.levels = append(e.levels, b)
	}
	return e, nil
}

// hashesOf cuts a tile's data into hashes.
func hashesOf(data []byte, into []tlog.Hash) []tlog.Hash {
	for ; len(data) >= tlog.HashSize; data = data[tlog.HashSize:] {
		into = append(into, tlog.Hash(data[:tlog.HashSize]))
	}
	return into
}

// tiles collects what appending changes: tiles that became full, and the ones still open.
type tiles struct {
	index map[[2]int64]int
	all   []Tile
	open  func(level int) []tlog.Hash // what was in an open tile before
}

func tilesAfter(before edge) *tiles {
	old := make([][]tlog.Hash, len(before.levels))
	for i, b := range before.levels {
		old[i] = append([]tlog.Hash(nil), b.hashes...)
	}
	return &tiles{index: map[[2]int64]int{}, open: func(level int) []tlog.Hash {
		if level < len(old) {
			return old[level]
		}
		return nil
	}}
}

// visit adds a hash to its tile. Hashes of one tile come in order.
func (t *tiles) visit(level int, index int64, h tlog.Hash) {
	place := [2]int64{int64(level), index / tileWidth}
	i, known := t.index[place]
	if !known {
		i = len(t.all)
		t.index[place] = i
		t.all = append(t.all, Tile{Level: level, N: index / tileWidth})
		if index%tileWidth > 0 { // began before
			for _, earlier := range t.open(level) {
				t.all[i].Data = append(t.all[i].Data, earlier[:]...)
			}
		}
	}
	t.all[i].Data = append(t.all[i].Data, h[:]...)
}
