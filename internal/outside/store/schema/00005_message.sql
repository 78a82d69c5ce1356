-- +goose NO TRANSACTION
-- +goose Up

-- sealed holds address, language and data, a code among them. A row goes when it is delivered or given up.
CREATE TABLE IF NOT EXISTS outbox (
    id            TEXT      NOT NULL PRIMARY KEY,
    kind          TEXT      NOT NULL,
    channel       TEXT      NOT NULL,
    sealed        {{bytes}} NOT NULL,
    at            {{int64}} NOT NULL,
    not_after     {{int64}} NOT NULL,
    due_at        {{int64}} NOT NULL,
    leased_by     TEXT      NOT NULL,
    leased_until  {{int64}} NOT NULL,
    tries         {{int64}} NOT NULL CHECK (tries >= 0)
) {{strict}};

CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due_at);
