-- +goose NO TRANSACTION
-- +goose Up

-- When the civil registry is to be asked again about somebody (R1.30).
CREATE TABLE IF NOT EXISTS checks (
    person  TEXT      NOT NULL PRIMARY KEY REFERENCES people (id),
    due_at  {{int64}} NOT NULL
) {{keyed}};

CREATE INDEX IF NOT EXISTS checks_due ON checks (due_at);
