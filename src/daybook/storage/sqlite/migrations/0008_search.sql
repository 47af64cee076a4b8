-- What finds entries by text contained in them and by amount. Filled after the fact: seq is the
-- last event it includes, and whoever searches looks at the few events after it one by one.

CREATE TABLE search_progress (
    company_id INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT;

-- Trigrams of document number, memo and descriptions. A row is company_id << 40 | seq: what an
-- entry said as of one event. Rows are never changed, so that an entry is also found by what it
-- once said; the search itself then looks at what it says now.
CREATE VIRTUAL TABLE search_text USING fts5(
    text, content = '', detail = none, columnsize = 0, tokenize = 'trigram case_sensitive 1'
);

CREATE TABLE search_document (
    company_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    entry_id INTEGER NOT NULL,
    PRIMARY KEY (company_id, seq)
) STRICT, WITHOUT ROWID;

-- Totals of entries and amounts of lines, those an entry once had as well.
CREATE TABLE search_amount (
    company_id INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    entry_id INTEGER NOT NULL,
    PRIMARY KEY (company_id, amount, entry_id)
) STRICT, WITHOUT ROWID;

-- The few entries that wait or are deleted. Posted, live ones, which are nearly all, cost nothing.
CREATE INDEX entry_waiting ON entry (company_id, id) WHERE status <> 'posted';
CREATE INDEX entry_deleted ON entry (company_id, id) WHERE deleted_at IS NOT NULL;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('search_document', 'search_document', '1000000 100000 1'),
    ('search_amount', 'search_amount', '3000000 300000 30 1'),
    ('entry', 'entry_waiting', '1000 100 1'),
    ('entry', 'entry_deleted', '1000 100 1');
ANALYZE sqlite_schema;
