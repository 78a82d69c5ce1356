package thief

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"chave/test/rig"
)

// Loot is files by name, as they were at one moment.
type Loot map[string][]byte

// Steal copies the whole database as it lies on the disk, without stopping anybody, a dump of it where there is one, and the logs.
func Steal(ctx context.Context, r *rig.Rig) (Loot, error) {
	loot := Loot{}
	take := func(path string) error {
		data, err := os.ReadFile(path)
		if err == nil {
			loot[strings.TrimPrefix(path, r.Dir+"/")] = data
		}
		if errors.Is(err, fs.ErrNotExist) { // databases come and go with their files
			return nil
		}
		return err
	}
	if err := take(r.LogFile()); err != nil {
		return nil, err
	}
	if r.Postgres == nil {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			if err := take(r.Settings.Database.Path + suffix); err != nil {
				return nil, err
			}
		}
		return loot, nil
	}
	err := filepath.WalkDir(r.Postgres.Data(), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil || !entry.Type().IsRegular():
			return err
		}
		return take(path)
	})
	if err != nil {
		return nil, err
	}
	if err := take(r.Postgres.Log()); err != nil {
		return nil, err
	}
	dump, err := r.Postgres.Dump(ctx)
	loot["dump"] = dump
	return loot, err
}

// Size is how many bytes were taken.
func (l Loot) Size() int {
	n := 0
	for _, data := range l {
		n += len(data)
	}
	return n
}
