-- What people are to companies, what is known of them, and where applications have people sent back.
-- roles and profile are JSON arrays of pairs, redirects is one of texts.

ALTER TABLE user ADD COLUMN roles TEXT NOT NULL DEFAULT '[]';
ALTER TABLE user ADD COLUMN profile TEXT NOT NULL DEFAULT '[]';
ALTER TABLE client ADD COLUMN redirects TEXT NOT NULL DEFAULT '[]';
