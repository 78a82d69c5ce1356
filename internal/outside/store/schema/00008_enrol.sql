-- +goose NO TRANSACTION
-- +goose Up

-- sealed is the whole case, with the person as they will be registered.
CREATE TABLE IF NOT EXISTS cases (
    id          TEXT      NOT NULL PRIMARY KEY,
    version     {{int64}} NOT NULL CHECK (version > 0),
    operator    TEXT      NOT NULL,
    created_at  {{int64}} NOT NULL,
    expires_at  {{int64}} NOT NULL,
    sealed      {{bytes}} NOT NULL
) {{strict}};

CREATE INDEX IF NOT EXISTS cases_operator ON cases (operator, created_at);

CREATE INDEX IF NOT EXISTS cases_end ON cases (expires_at);

-- sealed is a stamp of the keystore on person and role.
CREATE TABLE IF NOT EXISTS roles (
    person    TEXT      NOT NULL REFERENCES people (id),
    role      TEXT      NOT NULL,
    given_at  {{int64}} NOT NULL,
    sealed    {{bytes}} NOT NULL,
    PRIMARY KEY (person, role)
) {{keyed}};
