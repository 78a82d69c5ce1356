-- +goose NO TRANSACTION
-- +goose Up

-- Values that work once: the digest of a handle nobody can guess, and what only its wire reads.
CREATE TABLE IF NOT EXISTS singles (
    kind        TEXT      NOT NULL,
    digest      {{bytes}} NOT NULL,
    sealed      {{bytes}} NOT NULL,
    family      TEXT      NOT NULL,
    expires_at  {{int64}} NOT NULL,
    spent_at    {{int64}} NOT NULL,
    PRIMARY KEY (kind, digest)
) {{strict}};

CREATE INDEX IF NOT EXISTS singles_end ON singles (expires_at);

CREATE TABLE IF NOT EXISTS replays (
    kind        TEXT      NOT NULL,
    digest      {{bytes}} NOT NULL,
    expires_at  {{int64}} NOT NULL,
    PRIMARY KEY (kind, digest)
) {{keyed}};

CREATE INDEX IF NOT EXISTS replays_end ON replays (expires_at);

CREATE TABLE IF NOT EXISTS families (
    id          TEXT      NOT NULL PRIMARY KEY,
    person      TEXT      NOT NULL,
    service     TEXT      NOT NULL,
    session     TEXT      NOT NULL,
    sealed      {{bytes}} NOT NULL,
    generation  {{int64}} NOT NULL CHECK (generation >= 0),
    created_at  {{int64}} NOT NULL,
    expires_at  {{int64}} NOT NULL,
    ended_at    {{int64}} NOT NULL
) {{strict}};

CREATE INDEX IF NOT EXISTS families_person ON families (person, service) WHERE ended_at = 0;

CREATE INDEX IF NOT EXISTS families_session ON families (session) WHERE ended_at = 0;

CREATE INDEX IF NOT EXISTS families_end ON families (expires_at);
