-- +goose NO TRANSACTION
-- +goose Up

-- One key per person (R1.21). sealed holds the PIN's keyed slow hash and the earlier ones.
CREATE TABLE IF NOT EXISTS keys (
    person        TEXT      NOT NULL PRIMARY KEY REFERENCES people (id),
    version       {{int64}} NOT NULL CHECK (version > 0),
    state         TEXT      NOT NULL CHECK (state IN ('pending_pin', 'active', 'cancelled', 'replaced', 'revoked')),
    sealed        {{bytes}} NOT NULL,
    pin_until     {{int64}} NOT NULL,
    wrong_codes   {{int64}} NOT NULL CHECK (wrong_codes >= 0),
    blocked_at    {{int64}} NOT NULL,
    created_at    {{int64}} NOT NULL,
    activated_at  {{int64}} NOT NULL,
    ended_at      {{int64}} NOT NULL,
    used_at       {{int64}} NOT NULL
) {{strict}};

-- subject is p: and a person's id, or i: and the keyed hash of an identifier that nobody has.
CREATE TABLE IF NOT EXISTS tries (
    subject       TEXT      NOT NULL,
    source        TEXT      NOT NULL,
    version       {{int64}} NOT NULL CHECK (version > 0),
    wrong         {{int64}} NOT NULL CHECK (wrong >= 0),
    rung          {{int64}} NOT NULL CHECK (rung >= 0),
    locked_until  {{int64}} NOT NULL,
    used_up       {{bool}}  NOT NULL,
    touched_at    {{int64}} NOT NULL,
    PRIMARY KEY (subject, source)
) {{keyed}};

CREATE INDEX IF NOT EXISTS tries_of_nobody ON tries (touched_at) WHERE SUBSTR(subject, 1, 2) = 'i:';

-- browser is the digest of a random cookie.
CREATE TABLE IF NOT EXISTS browsers (
    person   TEXT      NOT NULL,
    browser  {{bytes}} NOT NULL,
    seen_at  {{int64}} NOT NULL,
    PRIMARY KEY (person, browser)
) {{keyed}};

CREATE TABLE IF NOT EXISTS buckets (
    bucket  TEXT      NOT NULL,
    start   {{int64}} NOT NULL,
    n       {{int64}} NOT NULL CHECK (n > 0),
    PRIMARY KEY (bucket, start)
) {{keyed}};
