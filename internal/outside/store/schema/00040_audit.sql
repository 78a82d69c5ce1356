-- +goose NO TRANSACTION
-- +goose Up

-- Decisions. seq is the place in the log, NULL until the sealer gives one. sealed holds salt and payload, NULL once
-- erased; the commitment to both stays. Who and where are inside sealed only: no query over this table can tell where
-- a person went (R0.05).
CREATE TABLE IF NOT EXISTS audit_events (
    id          TEXT      NOT NULL PRIMARY KEY,
    at          {{int64}} NOT NULL,
    kind        TEXT      NOT NULL,
    commitment  {{bytes}} NOT NULL,
    sealed      {{bytes}},
    seq         {{int64}}
) {{strict}};

CREATE INDEX IF NOT EXISTS audit_events_unsealed ON audit_events (at, id) WHERE seq IS NULL;

CREATE UNIQUE INDEX IF NOT EXISTS audit_events_seq ON audit_events (seq) WHERE seq IS NOT NULL;

-- One row: how many events are in the log, won by compare-and-set, and how far retention has erased payloads.
CREATE TABLE IF NOT EXISTS audit_log (
    name        TEXT      NOT NULL PRIMARY KEY,
    size        {{int64}} NOT NULL,
    uses_erased {{int64}} NOT NULL,
    keys_erased {{int64}} NOT NULL
) {{strict}};

INSERT INTO audit_log (name, size, uses_erased, keys_erased) VALUES ('audit', 0, 0, 0) ON CONFLICT (name) DO NOTHING;

-- The Merkle tree: up to 256 hashes of 32 bytes in a row (C2SP tlog-tiles).
CREATE TABLE IF NOT EXISTS audit_tiles (
    level       {{int64}} NOT NULL,
    n           {{int64}} NOT NULL,
    data        {{bytes}} NOT NULL,
    PRIMARY KEY (level, n)
) {{strict}};

-- Every signed head, by how many events it covers.
CREATE TABLE IF NOT EXISTS audit_heads (
    size        {{int64}} NOT NULL PRIMARY KEY,
    note        TEXT      NOT NULL
) {{strict}};

-- The keys that sign heads, sealed, public half included: only who has the keystore can make one that is believed.
CREATE TABLE IF NOT EXISTS audit_keys (
    number      {{int64}} NOT NULL PRIMARY KEY,
    sealed      {{bytes}} NOT NULL
) {{strict}};
