"""SQL: the tables JournalEntries and JournalEntryLines over the PostgreSQL protocol."""
