-- +goose Up

-- The wire whose keys these are: the compat wires sign with their own.
ALTER TABLE signing_keys ADD COLUMN ring TEXT NOT NULL DEFAULT '';
