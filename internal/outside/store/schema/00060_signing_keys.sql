-- +goose NO TRANSACTION
-- +goose Up

-- Keys that sign tokens. sealed is the private half as the keystore made it, empty once retired; public is its SubjectPublicKeyInfo.
CREATE TABLE IF NOT EXISTS signing_keys (
    id          TEXT      NOT NULL PRIMARY KEY,
    version     {{int64}} NOT NULL,
    alg         TEXT      NOT NULL,
    state       TEXT      NOT NULL CHECK (state IN ('next', 'active', 'retired')),
    sealed      {{bytes}} NOT NULL,
    public      {{bytes}} NOT NULL,
    created_at  {{int64}} NOT NULL,
    active_at   {{int64}} NOT NULL,
    retired_at  {{int64}} NOT NULL,
    gone_at     {{int64}} NOT NULL
) {{strict}};

-- One key signs and one waits, per algorithm, however many nodes make keys at once.
CREATE UNIQUE INDEX IF NOT EXISTS signing_keys_state ON signing_keys (alg, state) WHERE state <> 'retired';
