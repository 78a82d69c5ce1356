-- +goose NO TRANSACTION
-- +goose Up

-- Certificates of people and of our own services. sealed holds whose it is, what was to be signed and what was; stamp is the keystore's word on the status beside it.
CREATE TABLE IF NOT EXISTS certificates (
    serial      TEXT      NOT NULL PRIMARY KEY,
    version     {{int64}} NOT NULL CHECK (version > 0),
    authority   TEXT      NOT NULL,
    profile     TEXT      NOT NULL,
    state       TEXT      NOT NULL CHECK (state IN ('reserved', 'good', 'suspended', 'revoked')),
    reason      {{int64}} NOT NULL CHECK (reason BETWEEN 0 AND 10),
    not_before  {{int64}} NOT NULL,
    not_after   {{int64}} NOT NULL CHECK (not_after > not_before),
    changed_at  {{int64}} NOT NULL,
    stamp       {{bytes}} NOT NULL,
    sealed      {{bytes}} NOT NULL
) {{strict}};

-- What a list is made of.
CREATE INDEX IF NOT EXISTS certificates_listed ON certificates (authority, serial) WHERE state IN ('suspended', 'revoked');

-- Whether a list that was made is still right.
CREATE INDEX IF NOT EXISTS certificates_changed ON certificates (authority, changed_at) WHERE changed_at > 0;

-- What an interrupted issuance left behind.
CREATE INDEX IF NOT EXISTS certificates_reserved ON certificates (not_before) WHERE state = 'reserved';

-- sealed is the private half as the keystore made it, empty for a root. chain is certificates in DER one after the other, up to the root. stamp binds the row together.
CREATE TABLE IF NOT EXISTS authorities (
    id           TEXT      NOT NULL PRIMARY KEY,
    version      {{int64}} NOT NULL CHECK (version > 0),
    role         TEXT      NOT NULL CHECK (role IN ('root', 'issuing', 'ocsp', 'tsa')),
    active       {{int64}} NOT NULL CHECK (active IN (0, 1)),
    issuer       TEXT      NOT NULL,
    certificate  {{bytes}} NOT NULL,
    chain        {{bytes}} NOT NULL,
    sealed       {{bytes}} NOT NULL,
    stamp        {{bytes}} NOT NULL,
    made_at      {{int64}} NOT NULL
) {{strict}};

-- One signs new things in each role, however many nodes make authorities at once.
CREATE UNIQUE INDEX IF NOT EXISTS authorities_active ON authorities (role) WHERE active = 1;

-- number is the last one given. list is kept only where it cannot be signed at any time: a root's.
CREATE TABLE IF NOT EXISTS revocation_lists (
    authority  TEXT      NOT NULL PRIMARY KEY,
    number     {{int64}} NOT NULL CHECK (number > 0),
    list       {{bytes}} NOT NULL
) {{strict}};
