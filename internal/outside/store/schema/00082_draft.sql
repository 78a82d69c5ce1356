-- +goose NO TRANSACTION
-- +goose Up

-- Documents between upload and download, an hour at most. All that says anything of them is sealed.
CREATE TABLE IF NOT EXISTS draft_folders (
    id          TEXT      NOT NULL PRIMARY KEY,
    version     {{int64}} NOT NULL CHECK (version > 0),
    person      TEXT      NOT NULL,
    created_at  {{int64}} NOT NULL,
    expires_at  {{int64}} NOT NULL,
    sealed      {{bytes}} NOT NULL
) {{strict}};

CREATE INDEX IF NOT EXISTS draft_folders_person ON draft_folders (person, created_at);

CREATE INDEX IF NOT EXISTS draft_folders_end ON draft_folders (expires_at);

CREATE TABLE IF NOT EXISTS drafts (
    id          TEXT      NOT NULL PRIMARY KEY,
    folder      TEXT      NOT NULL,
    person      TEXT      NOT NULL,
    kind        TEXT      NOT NULL,
    size        {{int64}} NOT NULL CHECK (size >= 0),
    created_at  {{int64}} NOT NULL,
    expires_at  {{int64}} NOT NULL,
    sealed      {{bytes}} NOT NULL
) {{strict}};

CREATE INDEX IF NOT EXISTS drafts_folder ON drafts (folder);

CREATE INDEX IF NOT EXISTS drafts_person ON drafts (person, kind);

CREATE INDEX IF NOT EXISTS drafts_end ON drafts (expires_at);

-- One mebibyte each, sealed for its place: a part moved to another document does not open.
CREATE TABLE IF NOT EXISTS draft_parts (
    draft       TEXT      NOT NULL,
    n           {{int64}} NOT NULL,
    expires_at  {{int64}} NOT NULL,
    sealed      {{bytes}} NOT NULL,
    PRIMARY KEY (draft, n)
) {{strict}};

CREATE INDEX IF NOT EXISTS draft_parts_end ON draft_parts (expires_at);
