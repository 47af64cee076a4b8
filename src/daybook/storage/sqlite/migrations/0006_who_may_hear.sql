-- Tokens made with others, and on whose behalf messages are asked for.

-- The hash of the token it was made with, which it goes with; null: it stands for itself.
ALTER TABLE token ADD COLUMN parent BLOB;

-- Who registered it: shares of the sender's threads and bounds on numbers are theirs. Until now the
-- wire kept this in its annex, and nothing of by which right; without one nothing is told.
ALTER TABLE consumer ADD COLUMN owner TEXT NOT NULL DEFAULT '';
UPDATE consumer SET owner = CAST(annex AS TEXT), annex = x'';

-- Rises with every change of a consumer, so that whoever remembers them knows when to read again.
CREATE TABLE consumers (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;

INSERT INTO consumers (id, version) VALUES (1, 0);

CREATE TRIGGER consumer_is_added AFTER INSERT ON consumer BEGIN
    UPDATE consumers SET version = version + 1;
END;

CREATE TRIGGER consumer_is_changed AFTER UPDATE ON consumer BEGIN
    UPDATE consumers SET version = version + 1;
END;

CREATE TRIGGER consumer_is_removed AFTER DELETE ON consumer BEGIN
    UPDATE consumers SET version = version + 1;
END;

-- For forgetting what was given up long ago.
CREATE INDEX delivery_given_up ON delivery (attempted_at) WHERE state = 'dead';
