-- What an application's tokens open and allow, people with passwords, and tokens that live minutes.
-- company_ids, scopes and options are sorted JSON arrays, as in token.

ALTER TABLE client ADD COLUMN company_ids TEXT NOT NULL DEFAULT '[]';
ALTER TABLE client ADD COLUMN scopes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE client ADD COLUMN options TEXT NOT NULL DEFAULT '[]';

CREATE TABLE user (
    name TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    company_ids TEXT NOT NULL,
    scopes TEXT NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- Tokens of one kind in the order they expire, to forget those that have.
CREATE INDEX token_by_expiry ON token (kind, expires_at) WHERE expires_at IS NOT NULL;

-- Through which wire an entry came, beside the application that made it.
ALTER TABLE entry ADD COLUMN origin_protocol TEXT NOT NULL DEFAULT '';

UPDATE entry SET origin_protocol = (
    SELECT json_extract(CAST(v.body AS TEXT), '$.origin.protocol') FROM event v
    WHERE v.company_id = entry.company_id AND v.seq = entry.event_seq
);
