package store_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/draft"
	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"

	"github.com/google/go-cmp/cmp"
)

func newDrafts(db *store.DB, rules draft.Rules) *draft.Service {
	return &draft.Service{
		Do: store.In[draft.Tx](db), View: store.InView[draft.Tx](db), Rules: rules.Defaults(), Now: storetest.Epoch, Rand: rand.Reader,
	}
}

func noise(t testing.TB, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDraft_keeps_documents_part_by_part(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(...storetest.Option) *store.DB) {
		s, ctx := newDrafts(open(), draft.Rules{}), context.Background()
		f, err := s.Open(ctx, "p1")
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{0, 1, draft.Part - 1, draft.Part, draft.Part + 1, 2*draft.Part + 5} {
			want := noise(t, size)
			d, err := s.Add(ctx, f, draft.Upload, draft.About{Name: "Contrato.pdf"}, iotest.HalfReader(bytes.NewReader(want)))
			if err != nil || d.Size != int64(size) || !d.Complete {
				t.Fatalf("%d bytes: %+v, %v", size, d, err)
			}
			got, err := s.Bytes(ctx, d)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
			}
			d.Pages = 3
			if err := s.Describe(ctx, d); err != nil {
				t.Error(err)
			}
		}
		got, all, err := s.Folder(ctx, "p1", f.ID)
		if err != nil || len(all) != 6 || all[0].Pages != 3 || all[0].Name != "Contrato.pdf" {
			t.Errorf("%+v, %+v, %v", got, all, err)
		}
		got.Place, got.At = draft.Place{Visible: true, Page: -1, Corner: "bottom_right"}, storetest.Epoch()
		if got, err = s.Save(ctx, got); err != nil {
			t.Fatal(err)
		}
		again, _, err := s.Folder(ctx, "p1", f.ID)
		if d := cmp.Diff(got, again); d != "" || err != nil {
			t.Error(err, d)
		}
		if _, err := s.Save(ctx, f); !fault.Is(err, fault.RowConflict) {
			t.Errorf("an older folder was saved: %v", err)
		}
		mine, err := s.Folders(ctx, "p1")
		if err != nil || len(mine) != 1 {
			t.Error(mine, err)
		}
		t.Run("somebody else's is not known", func(t *testing.T) {
			if _, _, err := s.Folder(ctx, "p2", f.ID); !fault.Is(err, fault.DraftUnknown) {
				t.Error(err)
			}
			if err := s.Remove(ctx, "p2", f.ID); !fault.Is(err, fault.DraftUnknown) {
				t.Error(err)
			}
		})
		t.Run("removed is gone with everything in it", func(t *testing.T) {
			if err := errors.Join(s.Remove(ctx, "p1", f.ID), s.Remove(ctx, "p1", f.ID)); err != nil {
				t.Error(err)
			}
			if _, _, err := s.Folder(ctx, "p1", f.ID); !fault.Is(err, fault.DraftUnknown) {
				t.Error(err)
			}
			for _, d := range all {
				if _, err := s.Bytes(ctx, d); d.Size > 0 && !fault.Is(err, fault.DraftUnknown) {
					t.Errorf("its bytes are still there: %v", err)
				}
			}
		})
	})
}

func TestDraft_limits(t *testing.T) {
	ctx := context.Background()
	rows := func(t *testing.T, db *store.DB) int { return count(t, db, "drafts") + count(t, db, "draft_parts") }
	add := func(s *draft.Service, f draft.Folder, kind draft.Kind, size int) error {
		_, err := s.Add(ctx, f, kind, draft.About{Name: "a.pdf"}, io.LimitReader(rand.Reader, int64(size)))
		return err
	}
	t.Run("one document", func(t *testing.T) {
		db := storetest.SQLite(t)
		s := newDrafts(db, draft.Rules{File: draft.Part + 10})
		f, _ := s.Open(ctx, "p1")
		if err := add(s, f, draft.Upload, draft.Part+11); !fault.Is(err, fault.PDFTooLarge) || rows(t, db) != 0 {
			t.Errorf("%v, %d rows", err, rows(t, db))
		}
		if err := add(s, f, draft.Upload, draft.Part+10); err != nil {
			t.Error(err)
		}
	})
	t.Run("how many", func(t *testing.T) {
		s := newDrafts(storetest.SQLite(t), draft.Rules{Files: 2})
		f, _ := s.Open(ctx, "p1")
		if err := errors.Join(add(s, f, draft.Upload, 5), add(s, f, draft.Upload, 5)); err != nil {
			t.Fatal(err)
		}
		if err := add(s, f, draft.Upload, 5); !fault.Is(err, fault.TooManyDrafts) {
			t.Error(err)
		}
		if err := add(s, f, draft.Signed, 5); err != nil {
			t.Errorf("what was signed counts: %v", err)
		}
		other, _ := s.Open(ctx, "p2")
		if err := add(s, other, draft.Upload, 5); err != nil {
			t.Errorf("one person's fill another's: %v", err)
		}
	})
	t.Run("how much together", func(t *testing.T) {
		db := storetest.SQLite(t)
		s := newDrafts(db, draft.Rules{Bytes: 100})
		f, _ := s.Open(ctx, "p1")
		if err := add(s, f, draft.Upload, 60); err != nil {
			t.Fatal(err)
		}
		if err := add(s, f, draft.Upload, 41); !fault.Is(err, fault.TooManyDrafts) || rows(t, db) != 2 {
			t.Errorf("%v, %d rows", err, rows(t, db))
		}
	})
	t.Run("a stream that breaks leaves nothing", func(t *testing.T) {
		db := storetest.SQLite(t)
		s := newDrafts(db, draft.Rules{})
		f, _ := s.Open(ctx, "p1")
		broken := io.MultiReader(bytes.NewReader(noise(t, draft.Part+1)), iotest.ErrReader(errors.New("the line was cut")))
		if _, err := s.Add(ctx, f, draft.Upload, draft.About{}, broken); err == nil || rows(t, db) != 0 {
			t.Errorf("%v, %d rows", err, rows(t, db))
		}
	})
	t.Run("an hour", func(t *testing.T) {
		s := newDrafts(storetest.SQLite(t), draft.Rules{})
		f, _ := s.Open(ctx, "p1")
		s.Now = func() time.Time { return storetest.Epoch().Add(time.Hour) }
		if _, _, err := s.Folder(ctx, "p1", f.ID); !fault.Is(err, fault.DraftUnknown) {
			t.Error(err)
		}
		if mine, err := s.Folders(ctx, "p1"); len(mine) != 0 || err != nil {
			t.Error(mine, err)
		}
	})
}

func TestDraft_rows_cannot_be_moved_to_somebody_else(t *testing.T) {
	db := storetest.SQLite(t)
	s, ctx := newDrafts(db, draft.Rules{}), context.Background()
	f, _ := s.Open(ctx, "p1")
	d, err := s.Add(ctx, f, draft.Upload, draft.About{Name: "Testamento.pdf"}, bytes.NewReader([]byte("%PDF-")))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{`UPDATE drafts SET person = 'thief'`, `UPDATE draft_folders SET person = 'thief'`, `UPDATE draft_parts SET n = 1`} {
		if _, err := db.Pool().Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Folder(ctx, citizen.ID("thief"), f.ID); !fault.Is(err, fault.InternalError) {
		t.Errorf("a stolen folder opened: %v", err)
	}
	if _, err := db.Pool().Exec(`UPDATE draft_parts SET draft = 'other', n = 0`); err != nil {
		t.Fatal(err)
	}
	d.ID = "other"
	if _, err := s.Bytes(ctx, d); !fault.Is(err, fault.InternalError) {
		t.Errorf("a stolen part opened: %v", err)
	}
}
