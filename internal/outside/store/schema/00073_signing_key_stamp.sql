-- +goose Up

-- stamp is the keystore's word on what is published of a key. Keys that were made before have none and are never shown: each node makes new ones.
ALTER TABLE signing_keys ADD COLUMN stamp {{bytes}} NOT NULL DEFAULT {{empty}};

DELETE FROM signing_keys;
