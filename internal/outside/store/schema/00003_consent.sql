-- +goose NO TRANSACTION
-- +goose Up

-- What a person agreed to, by attribute name: values are never kept. A consent stands while both times are 0.
CREATE TABLE IF NOT EXISTS given (
    id             TEXT      NOT NULL PRIMARY KEY,
    person         TEXT      NOT NULL REFERENCES people (id),
    service        TEXT      NOT NULL,
    shared         TEXT      NOT NULL,
    refused        TEXT      NOT NULL,
    at             {{int64}} NOT NULL,
    superseded_at  {{int64}} NOT NULL,
    withdrawn_at   {{int64}} NOT NULL
) {{strict}};

CREATE INDEX IF NOT EXISTS given_standing ON given (person, service) WHERE superseded_at = 0 AND withdrawn_at = 0;

CREATE INDEX IF NOT EXISTS given_past ON given (at) WHERE superseded_at > 0 OR withdrawn_at > 0;

-- The holder's own history, erased when its time is up (R0.05).
CREATE TABLE IF NOT EXISTS visits (
    person   TEXT      NOT NULL,
    at       {{int64}} NOT NULL,
    id       TEXT      NOT NULL,
    service  TEXT      NOT NULL,
    level    {{int64}} NOT NULL,
    means    TEXT      NOT NULL,
    outcome  TEXT      NOT NULL,
    browser  TEXT      NOT NULL,
    PRIMARY KEY (person, at, id)
) {{keyed}};

CREATE INDEX IF NOT EXISTS visits_at ON visits (at);
