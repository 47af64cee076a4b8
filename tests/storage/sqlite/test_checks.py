"""Whatever is altered behind the store's back is found, and named."""

from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from tests.support import records
from tests.support.shop import credit, debit, post, shop

from daybook.app.audit import Check, audit
from daybook.domain.ids import CompanyId, ContactId, DimensionId
from daybook.storage.sqlite.store import SqliteStore

FENCE = (
    "entry_is_sealed_balanced",
    "entry_is_never_deleted",
    "line_of_sealed_entry_stays_alone",
    "line_of_sealed_entry_stays",
    "line_is_never_changed",
    "event_is_never_changed",
    "event_is_never_deleted",
)


@pytest.fixture
def opened(store: SqliteStore, books: CompanyId, file: apsw.Connection) -> apsw.Connection:
    """Books with entries, tags, a contact's line and a tombstone; and a file without its fence."""
    debit, credit = records.transfer(7, records.RECEIVABLE, records.SALES)
    owed = replace(
        debit, contact_id=ContactId(records.ADA), dimensions=(("CLASS", DimensionId(1)),)
    )
    entries = [
        records.entry(1),
        records.entry(2, (owed, credit), doc_number="A"),
        records.entry(3),
    ]
    changes = [records.created(records.dimension("CLASS", 1))]
    changes += [records.created(entry) for entry in entries]
    records.keep(store, books, *changes, records.deletion(entries[2]))
    store.close()
    for trigger in FENCE:
        file.execute(f"DROP TRIGGER {trigger}")
    return file


@pytest.mark.parametrize(
    ("alteration", "found"),
    [
        ("UPDATE account_total SET debit = debit + 1 WHERE account_id = 2", "account_total 2"),
        ("DELETE FROM account_total", "account_total"),
        ("INSERT INTO account_total VALUES (1, 99, 5, 0, 1)", "account_total 99"),
        ("UPDATE contact_total SET lines = 9", "contact_total 1"),
        ("UPDATE period_total SET credit = 5 WHERE grain = 'D'", "period_total D"),
        ("UPDATE period_total SET debit = 5 WHERE grain = 'M'", "period_total M"),
        ("DELETE FROM period_total WHERE grain = 'Y'", "period_total Y"),
        ("UPDATE head SET totals_seq = totals_seq - 1", "period_total D"),
        ("UPDATE head SET totals_seq = 999", "totals_seq"),
        ("UPDATE head SET live_posted = 7", "counts 7 live posted"),
        ("UPDATE head SET deleted_posted = 0", "counts 0 deleted posted"),
        ("UPDATE head SET hash = x'00'", "hash"),
        ("UPDATE head SET modified_at = 5", "hash or time"),
        ("UPDATE head SET reference_seq = 2", "reference_seq"),
        ("DELETE FROM event WHERE seq = 5", "seq is 13"),
        ("DELETE FROM event WHERE seq = 5", "event 5 is not one of its own"),
        ("UPDATE event SET record_id = 1 WHERE seq = 11", "entry 2"),
        ("UPDATE line SET amount = 8 WHERE entry_id = 2", "entry 2: the lines differ"),
        ("UPDATE line SET home_amount = 8, amount = 8 WHERE entry_id = 1", "account_total"),
        ("UPDATE line SET description = 'x' WHERE entry_id = 1", "entry 1: the lines differ"),
        ("UPDATE line SET account_id = 77 WHERE entry_id = 1", "account that does not exist"),
        ("UPDATE line SET contact_id = 77 WHERE entry_id = 1", "contact that does not exist"),
        ("DELETE FROM line WHERE entry_id = 3", "entry 3: the lines differ"),
        ("INSERT INTO line VALUES (1, 9, 0, 1, NULL, 'D', 1, 1, NULL)", "a line without an entry"),
        ("DELETE FROM line_dimension", "entry 2: the tags differ"),
        ("UPDATE line_dimension SET line_id = 5", "a tag without a line"),
        ("UPDATE line_dimension SET dimension_id = 5", "dimension value that does not exist"),
        ("UPDATE entry SET memo = 'x' WHERE id = 2", "entry 2: the row differs"),
        ("UPDATE entry SET posting_date = '2020-01-01' WHERE id = 1", "entry 1: the row differs"),
        ("UPDATE entry SET event_seq = 10 WHERE id = 3", "newer than the entry"),
        ("UPDATE entry SET event_seq = 10 WHERE id = 2", "entry 2: event 10 is not"),
        ("UPDATE entry SET status = 'pending' WHERE id = 1", "counts 2 live posted"),
        ("DELETE FROM entry WHERE id = 3", "newer than the entry, or has none"),
        ("UPDATE reference SET name = 'x' WHERE id = 2", "account 2: the row differs"),
        ("DELETE FROM reference WHERE entity = 'contact' AND id = 2", "newer than the record"),
    ],
)
def test_alterations_are_found(
    opened: apsw.Connection, books: CompanyId, path: Path, alteration: str, found: str
) -> None:
    store = SqliteStore(path, "sqlite:///x")
    assert list(store.totals_mismatches(books)) == []
    opened.execute(alteration)
    findings = list(store.totals_mismatches(books))
    assert any(found in finding for finding in findings), findings
    store.close()


@pytest.mark.parametrize(
    ("alteration", "table"),
    [
        ("UPDATE entry SET memo = 'x' WHERE id = 2", "entry"),
        ("UPDATE line SET description = 'x' WHERE entry_id = 1", "line"),
        ("UPDATE line_dimension SET dimension_id = 5", "line_dimension"),
        ("UPDATE reference SET active = 0 WHERE id = 2", "reference"),
        ("UPDATE account_total SET debit = debit + 1", "account_total"),
        ("UPDATE contact_total SET credit = credit + 1", "contact_total"),
        ("UPDATE head SET hash = x'00'", "head"),
    ],
)
def test_fingerprints_tell_which_table_differs(
    opened: apsw.Connection, books: CompanyId, path: Path, alteration: str, table: str
) -> None:
    store = SqliteStore(path, "sqlite:///x")
    before = store.table_fingerprints(books)
    opened.execute(alteration)
    after = store.table_fingerprints(books)
    assert {name for name in before if before[name] != after[name]} == {table}
    store.close()


def test_an_audit_names_a_body_that_cannot_be_read(
    store: SqliteStore, file: apsw.Connection
) -> None:
    """The damage is in the last event of an entry and of an account; the rest is looked at."""
    opened = shop(store)
    entry = post(opened, debit("Bank", 5), credit("Sales", 5))
    post(opened, debit("Bank", 7), credit("Sales", 7))
    file.execute("DROP TRIGGER event_is_never_changed")
    for entity in ("entry", "account"):
        statement = "UPDATE event SET body = CAST('{' AS BLOB) WHERE entity = ? AND record_id = ?"
        file.execute(statement, (entity, entry.id))
    found = audit(store, opened.company_id)
    unread = [finding for finding in found.findings if finding.check is Check.BODY]
    assert len(unread) == 2
    assert found.complete
