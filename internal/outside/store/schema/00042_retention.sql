-- +goose NO TRANSACTION
-- +goose Up

-- What retention needs to find old rows without reading a whole table.

CREATE INDEX IF NOT EXISTS sessions_ended ON sessions (ended_at) WHERE ended_at > 0;

CREATE INDEX IF NOT EXISTS families_ended ON families (ended_at) WHERE ended_at > 0;

CREATE INDEX IF NOT EXISTS browsers_seen ON browsers (seen_at);

CREATE INDEX IF NOT EXISTS buckets_start ON buckets (start);
