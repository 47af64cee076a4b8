"""The SQLite engine: one file, one writer, any number of readers.

store.py        the store: opening, reading, writing, closing
writer.py       the writer thread and its group commits
tx.py           a unit of work's view: reads, buffered writes
reader.py       a snapshot of one company's books
totals.py       totals by account, contact and period
references.py   reference records kept decoded in memory
directory.py    companies' names, clients, tokens
checks.py       kept figures against what lines and events say
connection.py   settings of every connection
schema.py       migrations
backup.py       copies of a running store, and back
"""
