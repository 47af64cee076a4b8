-- What proves a user's password where the wire asks for it by SCRAM-SHA-256; empty: no such sign-in.

ALTER TABLE user ADD COLUMN verifier TEXT NOT NULL DEFAULT '';
