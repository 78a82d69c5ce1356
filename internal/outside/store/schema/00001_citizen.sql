-- +goose NO TRANSACTION
-- +goose Up

-- A thief of this table learns how many people there are and when they registered. sealed is the whole person.
CREATE TABLE IF NOT EXISTS people (
    id          TEXT      NOT NULL PRIMARY KEY,
    version     {{int64}} NOT NULL CHECK (version > 0),
    created_at  {{int64}} NOT NULL,
    sealed      {{bytes}} NOT NULL
) {{strict}};

-- Every name a person is found by, as a keyed hash: numbers cannot be tried against it without the keystore. The primary
-- key is the rule that a phone, a number or a document belongs to one person only (R1.21).
CREATE TABLE IF NOT EXISTS identifiers (
    lookup  {{bytes}} NOT NULL PRIMARY KEY,
    kind    TEXT      NOT NULL,
    person  TEXT      NOT NULL REFERENCES people (id)
) {{keyed}};

CREATE INDEX IF NOT EXISTS identifiers_person ON identifiers (person);
