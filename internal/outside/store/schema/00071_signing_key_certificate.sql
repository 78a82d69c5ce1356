-- +goose Up

-- certificate is X.509, DER, for wires that publish certificates; empty for others.
ALTER TABLE signing_keys ADD COLUMN certificate {{bytes}} NOT NULL DEFAULT {{empty}};
