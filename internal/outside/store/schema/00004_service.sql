-- +goose NO TRANSACTION
-- +goose Up

-- Registrations are public knowledge but for secret_mac, a keyed digest of a long random secret.
CREATE TABLE IF NOT EXISTS services (
    id           TEXT      NOT NULL PRIMARY KEY,
    settings     TEXT      NOT NULL,
    secret_mac   {{bytes}} NOT NULL,
    first_party  {{bool}}  NOT NULL,
    saved_at     {{int64}} NOT NULL
) {{strict}};
