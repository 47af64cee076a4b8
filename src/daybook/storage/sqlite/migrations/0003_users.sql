-- Users who sign in with a password; verifier is what is kept of it. company_ids and scopes are JSON.
CREATE TABLE user (
    name TEXT PRIMARY KEY,
    verifier TEXT NOT NULL,
    company_ids TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;
