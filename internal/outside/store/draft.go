package store

import (
	"strconv"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/draft"
	"chave/internal/core/fault"
)

var _ draft.Tx = (*Tx)(nil)

const (
	foldersSealed    = "draft_folders.sealed"
	draftsSealed     = "drafts.sealed"
	draftPartsSealed = "draft_parts.sealed"
)

// InsertFolder writes a new folder with Version 1.
func (tx *Tx) InsertFolder(f draft.Folder) error {
	sealed, err := tx.seal(foldersSealed, folderRowName(f), f.Content)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO draft_folders (id, version, person, created_at, expires_at, sealed)
		VALUES ($1, 1, $2, $3, $4, $5)`,
		f.ID, string(f.Person), micros(f.CreatedAt), micros(f.ExpiresAt), sealed)
	return err
}

// folderRowName binds a folder's content to its owner: moved to another person's name, it does not open.
func folderRowName(f draft.Folder) string { return f.ID + "/" + string(f.Person) }

// Folder reads one; fault.DraftUnknown when there is none.
func (tx *Tx) Folder(id string) (draft.Folder, error) {
	all, err := tx.folders(`
		SELECT id, version, person, created_at, expires_at, sealed
		FROM draft_folders
		WHERE id = $1`,
		id)
	if err != nil {
		return draft.Folder{}, err
	}
	if len(all) == 0 {
		return draft.Folder{}, fault.New(fault.DraftUnknown)
	}
	return all[0], nil
}

// FoldersOf lists a person's that have not expired, newest first.
func (tx *Tx) FoldersOf(who citizen.ID, now time.Time) ([]draft.Folder, error) {
	return tx.folders(`
		SELECT id, version, person, created_at, expires_at, sealed
		FROM draft_folders
		WHERE person = $1
		AND expires_at > $2
		ORDER BY created_at DESC, id`,
		string(who), micros(now))
}

func (tx *Tx) folders(text string, args ...any) ([]draft.Folder, error) {
	type row struct {
		f       draft.Folder
		person  string
		at, end int64
		sealed  []byte
	}
	var rows []row
	err := tx.query(func(scan func(...any) error) error {
		var r row
		err := scan(&r.f.ID, &r.f.Version, &r.person, &r.at, &r.end, &r.sealed)
		rows = append(rows, r)
		return err
	}, text, args...)
	if err != nil {
		return nil, err
	}
	var all []draft.Folder
	for _, r := range rows {
		f := r.f
		f.Person, f.CreatedAt, f.ExpiresAt = citizen.ID(r.person), instant(r.at), instant(r.end)
		if err := tx.unseal(foldersSealed, folderRowName(f), r.sealed, &f.Content); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// UpdateFolder replaces the row of the same Version and adds one to it, else fault.RowConflict. A folder never changes hands.
func (tx *Tx) UpdateFolder(f draft.Folder) error {
	sealed, err := tx.seal(foldersSealed, folderRowName(f), f.Content)
	if err != nil {
		return err
	}
	return tx.must(`
		UPDATE draft_folders
		SET version = version + 1, sealed = $4
		WHERE id = $1
		AND version = $2
		AND person = $3`,
		f.ID, f.Version, string(f.Person), sealed)
}

// DeleteFolder removes one with everything in it.
func (tx *Tx) DeleteFolder(id string) error {
	for _, text := range []string{
		`DELETE FROM draft_parts WHERE draft IN (SELECT id FROM drafts WHERE folder = $1)`,
		`DELETE FROM drafts WHERE folder = $1`,
		`DELETE FROM draft_folders WHERE id = $1`,
	} {
		if _, err := tx.exec(text, id); err != nil {
			return err
		}
	}
	return nil
}

func draftRowName(d draft.Draft) string {
	return d.ID + "/" + d.Folder + "/" + string(d.Person) + "/" + string(d.Kind)
}

// InsertDraft writes a new one without content.
func (tx *Tx) InsertDraft(d draft.Draft) error {
	sealed, err := tx.seal(draftsSealed, draftRowName(d), d.About)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO drafts (id, folder, person, kind, size, created_at, expires_at, sealed)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		d.ID, d.Folder, string(d.Person), string(d.Kind), d.Size, micros(d.CreatedAt), micros(d.ExpiresAt), sealed)
	return err
}

// Draft reads one; fault.DraftUnknown when there is none.
func (tx *Tx) Draft(id string) (draft.Draft, error) {
	all, err := tx.drafts(`
		SELECT id, folder, person, kind, size, created_at, expires_at, sealed
		FROM drafts
		WHERE id = $1`,
		id)
	if err != nil {
		return draft.Draft{}, err
	}
	if len(all) == 0 {
		return draft.Draft{}, fault.New(fault.DraftUnknown)
	}
	return all[0], nil
}

// DraftsIn lists a folder's, oldest first.
func (tx *Tx) DraftsIn(folder string) ([]draft.Draft, error) {
	return tx.drafts(`
		SELECT id, folder, person, kind, size, created_at, expires_at, sealed
		FROM drafts
		WHERE folder = $1
		ORDER BY created_at, id`,
		folder)
}

func (tx *Tx) drafts(text string, args ...any) ([]draft.Draft, error) {
	type row struct {
		d            draft.Draft
		person, kind string
		at, end      int64
		sealed       []byte
	}
	var rows []row
	err := tx.query(func(scan func(...any) error) error {
		var r row
		err := scan(&r.d.ID, &r.d.Folder, &r.person, &r.kind, &r.d.Size, &r.at, &r.end, &r.sealed)
		rows = append(rows, r)
		return err
	}, text, args...)
	if err != nil {
		return nil, err
	}
	var all []draft.Draft
	for _, r := range rows {
		d := r.d
		d.Person, d.Kind, d.CreatedAt, d.ExpiresAt = citizen.ID(r.person), draft.Kind(r.kind), instant(r.at), instant(r.end)
		if err := tx.unseal(draftsSealed, draftRowName(d), r.sealed, &d.About); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// UpdateDraft replaces what is sealed of one and its size; fault.RowConflict when it is gone.
func (tx *Tx) UpdateDraft(d draft.Draft) error {
	sealed, err := tx.seal(draftsSealed, draftRowName(d), d.About)
	if err != nil {
		return err
	}
	return tx.must(`
		UPDATE drafts
		SET size = $2, sealed = $3
		WHERE id = $1`,
		d.ID, d.Size, sealed)
}

// DeleteDraft removes one with its parts.
func (tx *Tx) DeleteDraft(id string) error {
	if _, err := tx.exec(`DELETE FROM draft_parts WHERE draft = $1`, id); err != nil {
		return err
	}
	_, err := tx.exec(`DELETE FROM drafts WHERE id = $1`, id)
	return err
}

// DraftUse counts a person's uploads that have not expired, and their bytes.
func (tx *Tx) DraftUse(who citizen.ID, now time.Time) (files int, bytes int64, err error) {
	err = tx.queryRow(`
		SELECT COUNT(id), CAST(COALESCE(SUM(size), 0) AS BIGINT)
		FROM drafts
		WHERE person = $1
		AND kind = $2
		AND expires_at > $3`,
		string(who), string(draft.Upload), micros(now)).Scan(&files, &bytes)
	return files, bytes, err
}

// InsertDraftPart writes one part, counted from 0.
func (tx *Tx) InsertDraftPart(d draft.Draft, n int, content []byte) error {
	sealed, err := tx.sealBytes(draftPartsSealed, partRowName(d.ID, n), content)
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO draft_parts (draft, n, expires_at, sealed)
		VALUES ($1, $2, $3, $4)`,
		d.ID, n, micros(d.ExpiresAt), sealed)
	return err
}

// DraftPart reads one; fault.RowNotFound when there is none.
func (tx *Tx) DraftPart(id string, n int) ([]byte, error) {
	var sealed []byte
	err := tx.queryRow(`
		SELECT sealed
		FROM draft_parts
		WHERE draft = $1
		AND n = $2`,
		id, n).Scan(&sealed)
	if err != nil {
		return nil, err
	}
	return tx.unsealBytes(draftPartsSealed, partRowName(id, n), sealed)
}

func partRowName(id string, n int) string { return id + "/" + strconv.Itoa(n) }
