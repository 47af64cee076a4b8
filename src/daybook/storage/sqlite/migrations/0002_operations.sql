-- Commands that are carried out later, messages on their way, and small records of wires.

-- number is the order in which a company's operations are carried out. command is a stored
-- command, annex the wire's own bytes, outcome JSON: record, refusals, warnings.
CREATE TABLE operation (
    company_id INTEGER NOT NULL REFERENCES company (id),
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'success', 'failed', 'timed_out')),
    topic TEXT NOT NULL,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    client TEXT NOT NULL,
    protocol TEXT NOT NULL,
    user TEXT,
    request_id TEXT,
    requested_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    timeout_seconds INTEGER,
    completed_at INTEGER CHECK ((completed_at IS NULL) = (status = 'pending')),
    result_code INTEGER,
    message TEXT,
    command BLOB NOT NULL,
    annex BLOB NOT NULL,
    outcome BLOB NOT NULL,
    PRIMARY KEY (company_id, number)
) STRICT;

CREATE UNIQUE INDEX operation_by_id ON operation (company_id, id);

-- Pending ones. With `status = 'pending'` as its condition SQLite 3.54 would fail on a search for a
-- number or that status ("internal query planner error").
CREATE INDEX operation_pending ON operation (company_id, number) WHERE completed_at IS NULL;

CREATE TRIGGER operation_ends_once BEFORE UPDATE ON operation WHEN old.status <> 'pending' BEGIN
    SELECT raise(ROLLBACK, 'the end of an operation is final');
END;

CREATE TRIGGER operation_is_never_deleted BEFORE DELETE ON operation BEGIN
    SELECT raise(ROLLBACK, 'operations are never deleted');
END;

-- Addresses that want messages. The sets are sorted JSON arrays, headers an array of pairs.
CREATE TABLE consumer (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    wire TEXT NOT NULL,
    url TEXT NOT NULL,
    event_types TEXT NOT NULL,
    secret BLOB NOT NULL,
    subjects TEXT NOT NULL,
    labels TEXT NOT NULL,
    headers TEXT NOT NULL,
    annex BLOB NOT NULL,
    disabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    failing_since INTEGER
) STRICT;

-- A message for one consumer, kept in the transaction of what it tells of. next_attempt_at is 0
-- until the first attempt, so that first attempts go before others and in the order of numbers.
CREATE TABLE delivery (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    consumer_id TEXT NOT NULL REFERENCES consumer (id),
    company_id INTEGER REFERENCES company (id),
    wire TEXT NOT NULL,
    message_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    subject TEXT NOT NULL,
    labels TEXT NOT NULL,
    payload BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    attempted_at INTEGER,
    failure TEXT
) STRICT;

CREATE INDEX delivery_pending ON delivery (consumer_id, next_attempt_at, number)
    WHERE state = 'pending';
CREATE INDEX delivery_by_consumer ON delivery (consumer_id);
CREATE INDEX delivery_dead ON delivery (number) WHERE state = 'dead';
CREATE INDEX delivery_delivered ON delivery (attempted_at) WHERE state = 'delivered';

-- Small records of wires that belong to no books.
CREATE TABLE document (
    wire TEXT NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (wire, kind, key)
) STRICT, WITHOUT ROWID;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('operation', 'sqlite_autoindex_operation_1', '100000 10000 1'),
    ('operation', 'operation_by_id', '100000 10000 1'),
    ('operation', 'operation_pending', '100 10 1'),
    ('delivery', 'delivery_pending', '1000 100 2 1'),
    ('document', 'document', '10000 10000 1000 1');
ANALYZE sqlite_schema;
