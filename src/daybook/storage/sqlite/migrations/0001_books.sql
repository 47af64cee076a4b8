-- The books of many companies. Every table of a company leads with company_id.
--
-- The log (event) is what everything else can be rebuilt from. An entry's content is the body of
-- its latest event; entry, line and line_dimension hold what is searched, sorted and summed.

CREATE TABLE schema_version (
    version INTEGER PRIMARY KEY
) STRICT;

-- Companies and the names they are addressed by. event_seq is that of the company's own record.
CREATE TABLE company (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    realm TEXT NOT NULL UNIQUE,
    codat_id TEXT NOT NULL UNIQUE,
    event_seq INTEGER
) STRICT;

-- Where a log stands. totals_seq: the last event that period_total includes. Entries are counted
-- by status, live ones and tombstones apart.
CREATE TABLE head (
    company_id INTEGER PRIMARY KEY REFERENCES company (id),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    modified_at INTEGER NOT NULL,
    reference_seq INTEGER NOT NULL,
    totals_seq INTEGER NOT NULL,
    live_pending INTEGER NOT NULL,
    live_review INTEGER NOT NULL,
    live_posted INTEGER NOT NULL,
    deleted_pending INTEGER NOT NULL,
    deleted_review INTEGER NOT NULL,
    deleted_posted INTEGER NOT NULL
) STRICT;

-- previous_seq is the event before this one of the same record, so that a record's history is a
-- walk from its latest event and needs no index.
CREATE TABLE event (
    company_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    entity TEXT NOT NULL,
    record_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    client TEXT NOT NULL,
    protocol TEXT NOT NULL,
    user TEXT,
    request_id TEXT,
    previous_seq INTEGER,
    previous_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (company_id, seq)
) STRICT;

CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event BEGIN
    SELECT raise(ROLLBACK, 'events are never changed');
END;

CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event BEGIN
    SELECT raise(ROLLBACK, 'events are never deleted');
END;

-- The fence behind the rule that debits equal credits. An entry is written unsealed (0), then its
-- lines, then it is sealed (1), and sealing sums the lines. Seal 0 does not exist in the table
-- seal, so the deferred foreign key lets no transaction end with an unsealed entry; and a sealed
-- entry neither gets lines nor loses any. (An entry could be written sealed at once, but then it
-- stays without lines.) Where the fence holds something back, the transaction is over: undoing a
-- statement alone would make SQLite keep a copy of every page it touches.
CREATE TABLE seal (
    id INTEGER PRIMARY KEY
) STRICT;

INSERT INTO seal (id) VALUES (1);

CREATE TABLE entry (
    company_id INTEGER NOT NULL,
    id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    deleted_at INTEGER,
    posting_date TEXT NOT NULL,
    doc_number TEXT,
    memo TEXT,
    currency TEXT NOT NULL,
    total INTEGER NOT NULL,
    adjustment INTEGER NOT NULL,
    origin_client TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    event_seq INTEGER NOT NULL,
    sealed INTEGER NOT NULL REFERENCES seal (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (company_id, id)
) STRICT, WITHOUT ROWID;

-- All of these grow at their right edge, or nearly: status and deleted_at ride along in the one
-- by date so that counts of live entries in a period need nothing else.
CREATE INDEX entry_by_date ON entry (company_id, posting_date, id, status, deleted_at);
CREATE INDEX entry_by_modification ON entry (company_id, modified_at, id);
CREATE INDEX entry_by_creation ON entry (company_id, created_at, id);
CREATE INDEX entry_by_doc_number ON entry (company_id, lower(doc_number), id);

-- Document numbers that are digits only, in numeric order, for the next one to be given.
CREATE INDEX entry_by_number ON entry (
    company_id, length(ltrim(doc_number, '0')), ltrim(doc_number, '0')
) WHERE deleted_at IS NULL AND doc_number <> '' AND doc_number NOT GLOB '*[^0-9]*'
    AND instr(doc_number, char(0)) = 0;

CREATE TABLE line (
    company_id INTEGER NOT NULL,
    entry_id INTEGER NOT NULL,
    line_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    contact_id INTEGER,
    side TEXT NOT NULL CHECK (side IN ('D', 'C')),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    home_amount INTEGER NOT NULL CHECK (home_amount >= 0),
    description TEXT,
    PRIMARY KEY (company_id, entry_id, line_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX line_by_account ON line (company_id, account_id, entry_id);
CREATE INDEX line_by_contact ON line (company_id, contact_id, entry_id)
    WHERE contact_id IS NOT NULL;

CREATE TABLE line_dimension (
    company_id INTEGER NOT NULL,
    entry_id INTEGER NOT NULL,
    line_id INTEGER NOT NULL,
    axis TEXT NOT NULL,
    dimension_id INTEGER NOT NULL,
    PRIMARY KEY (company_id, entry_id, line_id, axis)
) STRICT, WITHOUT ROWID;

CREATE INDEX line_dimension_by_value
    ON line_dimension (company_id, axis, dimension_id, entry_id);

CREATE TRIGGER entry_is_sealed_balanced BEFORE UPDATE OF sealed ON entry WHEN new.sealed = 1 BEGIN
    SELECT raise(ROLLBACK, 'an entry''s debits and credits differ, or it has fewer than two lines')
    FROM (
        SELECT count(*) AS lines,
            sum(CASE side WHEN 'D' THEN amount ELSE -amount END) AS amount,
            sum(CASE side WHEN 'D' THEN home_amount ELSE -home_amount END) AS home_amount
        FROM line WHERE company_id = new.company_id AND entry_id = new.id
    ) WHERE lines < 2 OR amount <> 0 OR home_amount <> 0;
END;

CREATE TRIGGER entry_is_never_deleted BEFORE DELETE ON entry BEGIN
    SELECT raise(ROLLBACK, 'entries become tombstones, they are never deleted');
END;

CREATE TRIGGER line_of_sealed_entry_stays_alone BEFORE INSERT ON line
WHEN (SELECT sealed FROM entry WHERE company_id = new.company_id AND id = new.entry_id) IS NOT 0
BEGIN
    SELECT raise(ROLLBACK, 'a line needs an entry that is not sealed');
END;

CREATE TRIGGER line_of_sealed_entry_stays BEFORE DELETE ON line
WHEN (SELECT sealed FROM entry WHERE company_id = old.company_id AND id = old.entry_id) IS NOT 0
BEGIN
    SELECT raise(ROLLBACK, 'the lines of a sealed entry stay');
END;

CREATE TRIGGER line_is_never_changed BEFORE UPDATE ON line BEGIN
    SELECT raise(ROLLBACK, 'lines are replaced, never changed');
END;

-- Accounts, contacts, dimensions, list items and exchange rates. A record's content is the body
-- of its latest event.
CREATE TABLE reference (
    company_id INTEGER NOT NULL,
    entity TEXT NOT NULL,
    id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    full_name TEXT NOT NULL,
    code TEXT,
    kind TEXT,
    subtype TEXT,
    description TEXT,
    currency TEXT,
    parent_id INTEGER,
    as_of TEXT,
    active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    event_seq INTEGER NOT NULL,
    PRIMARY KEY (company_id, entity, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX reference_by_full_name ON reference (company_id, entity, lower(full_name), id);
CREATE INDEX reference_by_name ON reference (company_id, entity, lower(name), as_of, id);
CREATE INDEX reference_by_code ON reference (company_id, entity, lower(code), id);
CREATE INDEX reference_by_parent ON reference (company_id, entity, parent_id, id)
    WHERE parent_id IS NOT NULL;

-- Sums of home amounts of the lines of posted, live entries, and how many lines there are.
-- A total beyond the integers would become floating point, which STRICT refuses.
CREATE TABLE account_total (
    company_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    debit INTEGER NOT NULL,
    credit INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    PRIMARY KEY (company_id, account_id)
) STRICT, WITHOUT ROWID;

-- The same by contact, of lines on receivable and payable accounts.
CREATE TABLE contact_total (
    company_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    debit INTEGER NOT NULL,
    credit INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    PRIMARY KEY (company_id, contact_id)
) STRICT, WITHOUT ROWID;

-- The same by account and period of the posting date: grain Y (2026), M (2026-03) or
-- D (2026-03-05). Includes the events up to head.totals_seq.
CREATE TABLE period_total (
    company_id INTEGER NOT NULL,
    grain TEXT NOT NULL,
    period TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    debit INTEGER NOT NULL,
    credit INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    PRIMARY KEY (company_id, grain, period, account_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    company_id INTEGER NOT NULL,
    protocol TEXT NOT NULL,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    at INTEGER NOT NULL,
    digest BLOB NOT NULL,
    first_seq INTEGER,
    last_seq INTEGER,
    answer BLOB,
    PRIMARY KEY (company_id, protocol, scope, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_time ON idempotency (company_id, at);

-- Credentials. secret_hash and hash are SHA-256; company_ids and scopes are sorted JSON arrays.
CREATE TABLE client (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    client TEXT NOT NULL,
    company_ids TEXT NOT NULL,
    scopes TEXT NOT NULL,
    label TEXT NOT NULL,
    user TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

-- Rises with every change of a client or token.
CREATE TABLE credentials (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;

INSERT INTO credentials (id, version) VALUES (1, 0);

-- What the planner is to believe about the tables, whatever is in them: many entries, a company's
-- dates and accounts shared by hundreds, document numbers by hardly any. Gathered figures would
-- make a statement's plan depend on when they were gathered.
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('entry', 'entry', '1000000 100000 1'),
    ('entry', 'entry_by_date', '1000000 100000 300 1 1 1'),
    ('entry', 'entry_by_modification', '1000000 100000 2 1'),
    ('entry', 'entry_by_creation', '1000000 100000 2 1'),
    ('entry', 'entry_by_doc_number', '1000000 100000 2 1'),
    ('entry', 'entry_by_number', '500000 50000 20000 2'),
    ('line', 'line', '3000000 300000 3 1'),
    ('line', 'line_by_account', '3000000 300000 3000 2'),
    ('line', 'line_by_contact', '300000 30000 100 2'),
    ('line_dimension', 'line_dimension', '3000000 300000 3 1 1'),
    ('line_dimension', 'line_dimension_by_value', '3000000 300000 30000 1000 2'),
    ('event', 'sqlite_autoindex_event_1', '1000000 100000 1'),
    ('reference', 'reference', '10000 1000 300 1'),
    ('reference', 'reference_by_full_name', '10000 1000 300 2 1'),
    ('reference', 'reference_by_name', '10000 1000 300 2 1 1'),
    ('reference', 'reference_by_code', '10000 1000 300 2 1'),
    ('reference', 'reference_by_parent', '10000 1000 300 10 1'),
    ('period_total', 'period_total', '1000000 100000 50000 100 1'),
    ('idempotency', 'idempotency', '100000 10000 5000 2000 1'),
    ('idempotency', 'idempotency_by_time', '100000 10000 1');
ANALYZE sqlite_schema;
