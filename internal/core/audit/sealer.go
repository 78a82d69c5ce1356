package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/random"

	"golang.org/x/mod/sumdb/note"
)

// ErrDamaged says that what is stored of the log contradicts its latest signed head. Nothing is sealed on top of that: a signature would hide it.
// Verify says where.
var ErrDamaged = errors.New("the audit log does not agree with its signed head")

// Sealer gives committed events their place in the log. Two at once do no harm, since only one can extend a log of a given size; a lease merely spares the
// work.
type Sealer struct {
	Do     func(ctx context.Context, fn func(LogTx) error) error
	View   func(ctx context.Context, fn func(LogTx) error) error
	Keys   HeadSigner
	Origin string // names a log that begins, printable, without spaces or +: the issuer's host and "/audit". A log keeps its name
	Now    func() time.Time
	Rand   io.Reader
	Log    *slog.Logger
	Batch  int           // events per transaction; 0 means 500, which holds SQLite's writer for some milliseconds
	Every  time.Duration // pause between looks, in real time; 0 means a second
	// Published is called with each signed head after it is committed, for keeping it where the database's administrator cannot write. May be nil.
	Published func(ctx context.Context, head string)

	mu     sync.Mutex // guards opened, which belongs to serial
	opened noteSigner
	serial int64
}

// Run seals until ctx ends. A failed pass is logged and tried again: events wait, nothing is lost.
func (s *Sealer) Run(ctx context.Context) error {
	every := s.Every
	if every == 0 {
		every = time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := s.Drain(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "audit events could not be sealed", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Drain seals everything that is committed, and tells how many events that was.
func (s *Sealer) Drain(ctx context.Context) (int, error) {
	for total := 0; ; {
		n, err := s.Pass(ctx)
		total += n
		if err != nil || n < s.batch() {
			return total, err
		}
	}
}

func (s *Sealer) batch() int {
	if s.Batch > 0 {
		return s.Batch
	}
	return 500
}

// Pass seals one batch. What waits is found by having no place yet, never by time: an event that was committed late, with an early time, is not missed.
// Reading, hashing and signing happen outside the transaction that writes; it takes effect only if the log has not moved meanwhile.
func (s *Sealer) Pass(ctx context.Context) (int, error) {
	seen, err := s.look(ctx)
	if err != nil || len(seen.waiting) == 0 {
		return 0, err
	}
	if len(seen.keys) == 0 {
		if err := s.Rotate(ctx); err != nil && !fault.Is(err, fault.RowConflict) {
			return 0, err
		}
		if seen, err = s.look(ctx); err != nil || len(seen.waiting) == 0 { // another sealer made the key, and sealed
			return 0, err
		}
	}
	signer, err := s.signer(seen.keys)
	if err != nil {
		return 0, err
	}
	previous, err := s.agree(seen)
	if err != nil {
		return 0, err
	}
	changed := tilesAfter(seen.edge)
	ids := make([]string, len(seen.waiting))
	for i, r := range seen.waiting {
		ids[i] = r.ID
		seen.edge.add(r.leaf(), changed.visit)
	}
	head := Head{Origin: signer.Name(), Size: seen.edge.size, Root: seen.edge.root(), Previous: previous, At: s.Now().UTC()}
	signed, err := note.Sign(&note.Note{Text: head.Text()}, signer)
	if err != nil {
		return 0, fmt.Errorf("sign audit head: %w", err)
	}
	err = s.Do(ctx, func(tx LogTx) error {
		return tx.AppendAudit(seen.log.Size, ids, changed.all, StoredHead{head.Size, string(signed)})
	})
	if fault.Is(err, fault.RowConflict) { // another sealer was first; its events are sealed, ours are looked for again
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("append to audit log: %w", err)
	}
	if s.Published != nil {
		s.Published(ctx, string(signed))
	}
	return len(ids), nil
}

// seen is one moment of the log.
type seen struct {
	log     Log
	edge    edge
	waiting []Row
	keys    []HeadKey
}

func (s *Sealer) look(ctx context.Context) (now seen, err error) {
	if err := checkOrigin(s.Origin); err != nil {
		return now, err
	}
	err = s.View(ctx, func(tx LogTx) (err error) {
		now = seen{}
		if now.waiting, err = tx.UnsealedAudit(s.batch()); err != nil || len(now.waiting) == 0 {
			return err
		}
		if now.keys, err = tx.HeadKeys(); err != nil {
			return err
		}
		if now.log, err = tx.AuditLog(); err != nil {
			return err
		}
		now.edge, err = storedEdge(tx, now.log.Size)
		return err
	})
	return now, err
}

// agree holds the stored border against the latest signed head before anything is signed on top of it, and returns that head's size.
func (s *Sealer) agree(now seen) (int64, error) {
	if now.log.Size == 0 && now.log.Head == "" {
		return 0, nil
	}
	head, err := openHead(now.log.Head, nameOf(now.keys, s.Origin), verifiers(now.keys))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if head.Size != now.log.Size || head.Root != now.edge.root() {
		return 0, fmt.Errorf("%w: signed at size %d, stored size %d", ErrDamaged, head.Size, now.log.Size)
	}
	return head.Size, nil
}

// signer opens the newest key, once.
func (s *Sealer) signer(keys []HeadKey) (noteSigner, error) {
	if len(keys) == 0 {
		return noteSigner{}, errors.New("there is no key for audit heads")
	}
	newest := keys[len(keys)-1]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.serial == newest.Serial {
		return s.opened, nil
	}
	key, err := s.Keys.Signer(newest.Private)
	if err != nil {
		return noteSigner{}, fmt.Errorf("open audit head key %d: %w", newest.Serial, err)
	}
	name := nameOf(keys, s.Origin)
	opened, err := newNoteSigner(name, key)
	if err != nil {
		return noteSigner{}, err
	}
	if verifier, err := verifierOf(name, key.Public()); err != nil || verifier != newest.Verifier {
		return noteSigner{}, fmt.Errorf("audit head key %d is not the one its verifier names", newest.Serial)
	}
	s.opened, s.serial = opened, newest.Serial
	return opened, nil
}

// Rotate makes a new key for heads and records it. Earlier keys stay, to verify what they signed. fault.RowConflict when another node did it first.
func (s *Sealer) Rotate(ctx context.Context) error {
	if err := checkOrigin(s.Origin); err != nil {
		return err
	}
	var keys []HeadKey
	err := s.View(ctx, func(tx LogTx) (err error) {
		keys, err = tx.HeadKeys()
		return err
	})
	if err != nil {
		return err
	}
	private, public, err := s.Keys.NewSigningKey("EdDSA")
	if err != nil {
		return fmt.Errorf("make audit head key: %w", err)
	}
	fresh := HeadKey{Serial: 1, MadeAt: s.Now().UTC(), Private: private}
	if len(keys) > 0 {
		fresh.Serial = keys[len(keys)-1].Serial + 1
	}
	if fresh.Verifier, err = verifierOf(nameOf(keys, s.Origin), public); err != nil {
		return err
	}
	return s.Do(ctx, func(tx LogTx) error {
		if err := tx.InsertHeadKey(fresh); err != nil {
			return err
		}
		return tx.InsertAudit(Event{
			ID: random.ID(s.Rand), At: fresh.MadeAt, Kind: KeyRotated, Actor: "system",
			Data: map[string]string{"use": "audit", "serial": strconv.FormatInt(fresh.Serial, 10)},
		})
	})
}
