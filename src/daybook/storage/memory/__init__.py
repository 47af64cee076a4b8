"""The memory engine: books that last as long as the process.

The plainest store that keeps the port's promises. Other engines are tested against it, and tests
of everything else run on it.

    store.py      the store: opening, reading, writing, closing
    versions.py   tables that remember what they held at every moment
    books.py      what is kept of one company
    figures.py    what entries add to totals
    reader.py     a snapshot of one company's books
    tx.py         a unit of work's view: reads, writes, undo
    lookup.py     which records have a name, a code, a number now
    directory.py  companies' names, clients, tokens
    outbox.py     documents, consumers, deliveries
    checks.py     kept figures against what the entries say; fingerprints
"""
