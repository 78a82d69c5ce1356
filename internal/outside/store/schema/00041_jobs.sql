-- +goose NO TRANSACTION
-- +goose Up

-- Recurring work that one node at a time does.
CREATE TABLE IF NOT EXISTS jobs (
    name         TEXT      NOT NULL PRIMARY KEY,
    worker       TEXT      NOT NULL,
    leased_until {{int64}} NOT NULL,
    due_at       {{int64}} NOT NULL,
    started_at   {{int64}} NOT NULL,
    last_run     {{int64}} NOT NULL
) {{strict}};
