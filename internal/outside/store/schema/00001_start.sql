-- +goose NO TRANSACTION
-- +goose Up

-- Leases: which node does a job that only one may do at a time, and until when. A node that dies loses it by time.
CREATE TABLE IF NOT EXISTS leases (
    name    TEXT      NOT NULL PRIMARY KEY,
    holder  TEXT      NOT NULL,
    until   {{int64}} NOT NULL
) {{strict}};
