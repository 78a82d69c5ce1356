-- +goose NO TRANSACTION
-- +goose Up

-- Keys that people sign with. sealed holds the private half as the keystore locked it and the signature PIN's hash; chain is the certificates, sealed.
CREATE TABLE IF NOT EXISTS personal_keys (
    id           TEXT      NOT NULL PRIMARY KEY,
    version      {{int64}} NOT NULL CHECK (version > 0),
    person       TEXT      NOT NULL REFERENCES people (id),
    alg          TEXT      NOT NULL,
    state        TEXT      NOT NULL CHECK (state IN ('active', 'suspended', 'ended')),
    serial       TEXT      NOT NULL,
    sealed       {{bytes}} NOT NULL,
    chain        {{bytes}} NOT NULL,
    wrong_pins   {{int64}} NOT NULL CHECK (wrong_pins >= 0),
    wrong_codes  {{int64}} NOT NULL CHECK (wrong_codes >= 0),
    blocked_at   {{int64}} NOT NULL,
    created_at   {{int64}} NOT NULL,
    not_after    {{int64}} NOT NULL,
    changed_at   {{int64}} NOT NULL
) {{strict}};

-- One key per person that has not ended, however many desks and browsers switch signing on at once.
CREATE UNIQUE INDEX IF NOT EXISTS personal_keys_living ON personal_keys (person) WHERE state <> 'ended';

CREATE INDEX IF NOT EXISTS personal_keys_person ON personal_keys (person, created_at);

CREATE INDEX IF NOT EXISTS personal_keys_end ON personal_keys (not_after);

-- Key pairs made ahead for nobody.
CREATE TABLE IF NOT EXISTS pooled_keys (
    id       TEXT      NOT NULL PRIMARY KEY,
    alg      TEXT      NOT NULL,
    sealed   {{bytes}} NOT NULL,
    public   {{bytes}} NOT NULL,
    made_at  {{int64}} NOT NULL
) {{strict}};

CREATE INDEX IF NOT EXISTS pooled_keys_next ON pooled_keys (alg, made_at);

CREATE INDEX IF NOT EXISTS pooled_keys_age ON pooled_keys (made_at);

-- One request to sign, from PIN to signatures. handle is the digest of the permit's handle; due_at is when something of the row must be erased, 0 for never.
CREATE TABLE IF NOT EXISTS operations (
    id           TEXT      NOT NULL PRIMARY KEY,
    version      {{int64}} NOT NULL CHECK (version > 0),
    wire         TEXT      NOT NULL,
    application  TEXT      NOT NULL,
    person       TEXT      NOT NULL REFERENCES people (id),
    key_id       TEXT      NOT NULL,
    state        TEXT      NOT NULL CHECK (state IN ('waiting', 'confirmed', 'spent', 'signed', 'dead')),
    handle       {{bytes}} NOT NULL,
    created_at   {{int64}} NOT NULL,
    expires_at   {{int64}} NOT NULL,
    spent_at     {{int64}} NOT NULL,
    signed_at    {{int64}} NOT NULL,
    due_at       {{int64}} NOT NULL,
    sealed       {{bytes}} NOT NULL
) {{strict}};

CREATE UNIQUE INDEX IF NOT EXISTS operations_handle ON operations (handle) WHERE LENGTH(handle) > 0;

CREATE INDEX IF NOT EXISTS operations_waiting ON operations (person, state);

CREATE INDEX IF NOT EXISTS operations_due ON operations (due_at) WHERE due_at > 0;

CREATE INDEX IF NOT EXISTS operations_end ON operations (expires_at);

-- What a person signed. names are sealed; not_after is the end of the certificate, from which the time of keeping counts (R4.13).
CREATE TABLE IF NOT EXISTS signatures (
    id           TEXT      NOT NULL PRIMARY KEY,
    person       TEXT      NOT NULL,
    key_id       TEXT      NOT NULL,
    serial       TEXT      NOT NULL,
    application  TEXT      NOT NULL,
    wire         TEXT      NOT NULL,
    at           {{int64}} NOT NULL,
    not_after    {{int64}} NOT NULL,
    n            {{int64}} NOT NULL CHECK (n > 0),
    names        {{bytes}} NOT NULL
) {{strict}};

CREATE INDEX IF NOT EXISTS signatures_person ON signatures (person, at);

CREATE INDEX IF NOT EXISTS signatures_end ON signatures (not_after);
