-- +goose NO TRANSACTION
-- +goose Up

-- sealed is the whole registration. It is hardly secret, but who could change where answers go could read them all.
CREATE TABLE IF NOT EXISTS services (
    id        TEXT      NOT NULL PRIMARY KEY,
    sealed    {{bytes}} NOT NULL,
    saved_at  {{int64}} NOT NULL
) {{strict}};
