-- Ids that were set aside for records that may or may not be made: the last one of each entity.
CREATE TABLE reserved_id (
    company_id INTEGER NOT NULL,
    entity TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (company_id, entity)
) STRICT, WITHOUT ROWID;
