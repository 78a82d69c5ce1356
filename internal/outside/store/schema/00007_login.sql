-- +goose NO TRANSACTION
-- +goose Up

-- sealed is the whole transaction: it holds what was typed.
CREATE TABLE IF NOT EXISTS logins (
    id          TEXT      NOT NULL PRIMARY KEY,
    version     {{int64}} NOT NULL CHECK (version > 0),
    expires_at  {{int64}} NOT NULL,
    sealed      {{bytes}} NOT NULL
) {{strict}};

CREATE INDEX IF NOT EXISTS logins_end ON logins (expires_at);

-- handle is the digest of the cookie.
CREATE TABLE IF NOT EXISTS sessions (
    id          TEXT      NOT NULL PRIMARY KEY,
    version     {{int64}} NOT NULL CHECK (version > 0),
    handle      {{bytes}} NOT NULL,
    person      TEXT      NOT NULL REFERENCES people (id),
    expires_at  {{int64}} NOT NULL,
    ended_at    {{int64}} NOT NULL,
    sealed      {{bytes}} NOT NULL
) {{strict}};

CREATE UNIQUE INDEX IF NOT EXISTS sessions_handle ON sessions (handle);

CREATE INDEX IF NOT EXISTS sessions_person ON sessions (person) WHERE ended_at = 0;

CREATE INDEX IF NOT EXISTS sessions_end ON sessions (expires_at);

CREATE TABLE IF NOT EXISTS logout_notices (
    id            TEXT      NOT NULL PRIMARY KEY,
    service       TEXT      NOT NULL,
    session       TEXT      NOT NULL,
    person        TEXT      NOT NULL,
    at            {{int64}} NOT NULL,
    due_at        {{int64}} NOT NULL,
    leased_by     TEXT      NOT NULL,
    leased_until  {{int64}} NOT NULL,
    tries         {{int64}} NOT NULL CHECK (tries >= 0)
) {{strict}};

CREATE INDEX IF NOT EXISTS logout_notices_due ON logout_notices (due_at);
