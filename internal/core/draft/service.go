package draft

import (
	"context"
	"errors"
	"io"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/random"
)

// Rules are the operator's numbers. Zero values are filled by Defaults.
type Rules struct {
	File  int64         // bytes of one document; 50 MiB
	Files int           // uploads of one person at a time; 20
	Bytes int64         // of all their uploads together; 200 MiB
	Life  time.Duration // of a folder and all in it; 1 h
}

// Defaults fills what is not set.
func (r Rules) Defaults() Rules {
	if r.File == 0 {
		r.File = 50 << 20
	}
	if r.Files == 0 {
		r.Files = 20
	}
	if r.Bytes == 0 {
		r.Bytes = 200 << 20
	}
	if r.Life == 0 {
		r.Life = time.Hour
	}
	return r
}

// Service keeps drafts. All fields are required.
type Service struct {
	Do    func(ctx context.Context, fn func(Tx) error) error // fn may be run again
	View  func(ctx context.Context, fn func(Tx) error) error
	Rules Rules // with Defaults applied
	Now   func() time.Time
	Rand  io.Reader
}

// Tx is what a transaction must offer for drafts.
type Tx interface {
	// InsertFolder writes a new one with Version 1.
	InsertFolder(Folder) error
	// Folder reads one; fault.DraftUnknown when there is none.
	Folder(id string) (Folder, error)
	// UpdateFolder replaces the row of the same Version and adds one to it, else fault.RowConflict.
	UpdateFolder(Folder) error
	// FoldersOf lists a person's that have not expired, newest first.
	FoldersOf(who citizen.ID, now time.Time) ([]Folder, error)
	// DeleteFolder removes one with everything in it.
	DeleteFolder(id string) error

	// InsertDraft writes a new one without content.
	InsertDraft(Draft) error
	// Draft reads one; fault.DraftUnknown when there is none.
	Draft(id string) (Draft, error)
	// DraftsIn lists a folder's, oldest first.
	DraftsIn(folder string) ([]Draft, error)
	// UpdateDraft replaces what is sealed of one and its size; fault.RowConflict when it is gone.
	UpdateDraft(Draft) error
	// DeleteDraft removes one with its parts.
	DeleteDraft(id string) error
	// DraftUse counts a person's uploads that have not expired, and their bytes.
	DraftUse(who citizen.ID, now time.Time) (files int, bytes int64, err error)

	// InsertDraftPart writes one part, counted from 0.
	InsertDraftPart(d Draft, n int, content []byte) error
	// DraftPart reads one; fault.RowNotFound when there is none.
	DraftPart(id string, n int) ([]byte, error)
}

// Open makes an empty folder.
func (s *Service) Open(ctx context.Context, who citizen.ID) (Folder, error) {
	now := s.Now()
	f := Folder{ID: random.ID(s.Rand), Person: who, CreatedAt: now, ExpiresAt: now.Add(s.Rules.Life)}
	err := s.Do(ctx, func(tx Tx) error { return tx.InsertFolder(f) })
	f.Version = 1
	return f, err
}

// Folder reads one of a person's. DraftUnknown also for one that is somebody else's or whose hour is over.
func (s *Service) Folder(ctx context.Context, who citizen.ID, id string) (Folder, []Draft, error) {
	var f Folder
	var all []Draft
	err := s.View(ctx, func(tx Tx) (err error) {
		if f, err = tx.Folder(id); err != nil {
			return err
		}
		if f.Person != who || !s.Now().Before(f.ExpiresAt) {
			return fault.New(fault.DraftUnknown)
		}
		all, err = tx.DraftsIn(id)
		return err
	})
	if err != nil {
		return Folder{}, nil, err
	}
	return f, all, nil
}

// Folders lists a person's that have not expired, newest first.
func (s *Service) Folders(ctx context.Context, who citizen.ID) ([]Folder, error) {
	var all []Folder
	err := s.View(ctx, func(tx Tx) (err error) {
		all, err = tx.FoldersOf(who, s.Now())
		return err
	})
	return all, err
}

// Save stores how far a folder is. Whoever read an older version gets fault.RowConflict and looks again.
func (s *Service) Save(ctx context.Context, f Folder) (Folder, error) {
	err := s.Do(ctx, func(tx Tx) error { return tx.UpdateFolder(f) })
	f.Version++
	return f, err
}

// Remove deletes a folder and all in it. One that is gone is as good as removed.
func (s *Service) Remove(ctx context.Context, who citizen.ID, id string) error {
	return s.Do(ctx, func(tx Tx) error {
		f, err := tx.Folder(id)
		if fault.Is(err, fault.DraftUnknown) {
			return nil
		}
		if err != nil {
			return err
		}
		if f.Person != who {
			return fault.New(fault.DraftUnknown)
		}
		return tx.DeleteFolder(id)
	})
}

// Add takes a document into a folder from a stream, holding one part of it in memory. What cannot be kept whole is not kept at all. Faults: TooManyDrafts, PDFTooLarge,
// and whatever the stream gave.
func (s *Service) Add(ctx context.Context, f Folder, kind Kind, about About, from io.Reader) (Draft, error) {
	d := Draft{ID: random.ID(s.Rand), Folder: f.ID, Person: f.Person, Kind: kind, CreatedAt: s.Now(), ExpiresAt: f.ExpiresAt, About: about}
	d.Complete = false
	err := s.Do(ctx, func(tx Tx) error {
		if err := s.room(tx, d, 1, 0); err != nil {
			return err
		}
		return tx.InsertDraft(d)
	})
	if err != nil {
		return Draft{}, err
	}
	if err := s.fill(ctx, &d, from); err != nil {
		clean, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer stop()
		return Draft{}, errors.Join(err, s.Do(clean, func(tx Tx) error { return tx.DeleteDraft(d.ID) }))
	}
	return d, nil
}

// fill writes part after part. The draft's size grows with them, so that uploads side by side see each other's.
func (s *Service) fill(ctx context.Context, d *Draft, from io.Reader) error {
	buffer := make([]byte, Part)
	for n := 0; !d.Complete; n++ {
		size, err := io.ReadFull(from, buffer)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		next := *d
		next.Size, next.Complete = d.Size+int64(size), last
		if next.Size > s.Rules.File && d.Kind == Upload {
			return s.tooLarge()
		}
		err = s.Do(ctx, func(tx Tx) error {
			if err := s.room(tx, next, 0, int64(size)); err != nil {
				return err
			}
			if size > 0 {
				if err := tx.InsertDraftPart(next, n, buffer[:size]); err != nil {
					return err
				}
			}
			return tx.UpdateDraft(next)
		})
		if err != nil {
			return err
		}
		*d = next
	}
	return nil
}

// room refuses what would be more than one person may keep here at a time.
func (s *Service) room(tx Tx, d Draft, files int, bytes int64) error {
	if d.Kind != Upload {
		return nil
	}
	have, used, err := tx.DraftUse(d.Person, s.Now())
	if err != nil {
		return err
	}
	if have+files > s.Rules.Files || used+bytes > s.Rules.Bytes {
		return fault.New(fault.TooManyDrafts)
	}
	return nil
}

func (s *Service) tooLarge() error {
	return fault.New(fault.PDFTooLarge).With("Max", megabytes(s.Rules.File))
}

// Describe stores what became known of a draft.
func (s *Service) Describe(ctx context.Context, d Draft) error {
	return s.Do(ctx, func(tx Tx) error { return tx.UpdateDraft(d) })
}

// Drop removes one draft.
func (s *Service) Drop(ctx context.Context, d Draft) error {
	return s.Do(ctx, func(tx Tx) error { return tx.DeleteDraft(d.ID) })
}

// WriteTo gives a document out part by part.
func (s *Service) WriteTo(ctx context.Context, d Draft, to io.Writer) error {
	if !d.Complete {
		return fault.New(fault.DraftUnknown)
	}
	for n, left := 0, d.Size; left > 0; n++ {
		var content []byte
		err := s.View(ctx, func(tx Tx) (err error) {
			content, err = tx.DraftPart(d.ID, n)
			return err
		})
		if fault.Is(err, fault.RowNotFound) || err == nil && int64(len(content)) != min(left, Part) {
			return fault.New(fault.DraftUnknown).Because(err) // forgotten meanwhile
		}
		if err != nil {
			return err
		}
		if _, err := to.Write(content); err != nil {
			return err
		}
		left -= int64(len(content))
	}
	return nil
}

// Bytes reads a document whole, for what cannot work on a stream. The caller bounds how many of these there are at a time.
func (s *Service) Bytes(ctx context.Context, d Draft) ([]byte, error) {
	w := &whole{content: make([]byte, 0, d.Size)}
	err := s.WriteTo(ctx, d, w)
	return w.content, err
}

type whole struct{ content []byte }

func (w *whole) Write(p []byte) (int, error) {
	w.content = append(w.content, p...)
	return len(p), nil
}
