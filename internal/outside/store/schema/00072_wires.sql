-- +goose NO TRANSACTION
-- +goose Up

-- One key signs and one waits, per ring and algorithm.
CREATE UNIQUE INDEX IF NOT EXISTS signing_keys_ring ON signing_keys (ring, alg, state) WHERE state <> 'retired';

DROP INDEX IF EXISTS signing_keys_state;

-- The names by which other wires than OpenID Connect know a service: an entity id, an OAuth client id. They are public.
CREATE TABLE IF NOT EXISTS service_names (
    wire     TEXT NOT NULL,
    name     TEXT NOT NULL,
    service  TEXT NOT NULL,
    PRIMARY KEY (wire, name)
) {{strict}};

CREATE INDEX IF NOT EXISTS service_names_of ON service_names (service);
