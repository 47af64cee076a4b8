"""Over SQL nobody sees, changes or learns of another company's rows, whatever ids they send.

Every column that holds an id or a name, of every table, is compared with the other company's own
values, on both ways a query can take; every statement that writes is given them; every catalog is
read whole. The outcome must be that of a value which never was.
"""

import re
from collections.abc import Iterator
from typing import cast

import pytest
from tests.support.premises import Premises, Tenant

from daybook.protocols.sql import statements
from daybook.protocols.sql.connection import Connection
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.listener import SqlListener
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.session import Session
from daybook.protocols.sql.tables import TABLES, Table

NEVER = "FFFFFF-1450196662"
VALUES_MAX = 2
"""Of one column of the other company."""


class Caller:
    """Stands for a connection."""

    def stop(self) -> None:
        """Nothing is under way."""

    def cancel(self) -> None:
        """Nothing is under way."""

    def abort(self) -> None:
        """There is no connection."""

    async def drain(self) -> None:
        """Nothing is under way."""


class Desk:
    """A session of each company."""

    def __init__(self, house: Premises) -> None:
        self.house = house
        self.listener = cast(SqlListener, house.listeners[0])
        self.ours = self.open(house.ours, house.ours.slug)
        self.theirs = self.open(house.theirs, house.theirs.slug)
        self._expected: dict[str, str] = {}

    def open(self, tenant: Tenant, name: str) -> Session:
        caller = cast(Connection, Caller())
        return self.listener.open(caller, tenant.word, self.house.principal(tenant), name)

    def run(self, session: Session, text: str, *values: str | None) -> str:
        """What came of statements, as a text."""
        found = ""
        for statement in statements.split(text):
            try:
                result = session.planner.make(session, statement, ()).run(session, values)
            except SqlFault as fault:
                session.fail()
                return f"{fault.code} {fault}"
            found += result.tag
            while result.rows is not None and (batch := result.rows.fetch(1_000)):
                found += str([tuple(row) for row in batch])
        return found

    def values(self, session: Session, table: Table, column: str) -> set[str]:
        """What a column holds."""
        text = self.run(session, f"SELECT {column} FROM {table.name}")
        return set(re.findall(r"\('([^']+)',\)", text))

    def same(self, text: str, value: str, never: str = NEVER) -> None:
        """A statement with a value in it must come to what it comes to with one that never was."""
        found = self.run(self.ours, text.format(value.replace("'", "''")))
        if text not in self._expected:
            self._expected[text] = self.run(self.ours, text.format(never))
        expected = self._expected[text]
        masked = found.replace(value, "<id>")
        assert masked == expected.replace(never, "<id>"), text.format(value)
        if self.house.theirs.word not in value:
            assert self.house.theirs.word not in found.lower(), text.format(value)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with Premises() as house:
        yield Desk(house)


def columns(table: Table) -> list[str]:
    """The columns that hold ids, names and numbers of documents."""
    return [
        column.name
        for column in table.columns
        if column.oid == pg.TEXT and column.kind != "aggregate"
    ]


@pytest.mark.parametrize("name", TABLES)
def test_a_column_does_not_have_the_other_company_s_values(desk: Desk, name: str) -> None:
    """Ids one by one, as a look-up; all values at once on the copy that other queries run on."""
    table = TABLES[name]
    foreign: set[str] = {NEVER.replace("F", "E"), "800003E9-1", "1", "%"}
    for other in TABLES.values():
        foreign |= set(sorted(desk.values(desk.ours, other, "ID"))[:VALUES_MAX])
        foreign |= set(sorted(desk.values(desk.theirs, other, "ID"))[:VALUES_MAX])
    for column in columns(table):
        own = desk.values(desk.ours, table, column)
        theirs = set(sorted(desk.values(desk.theirs, table, column))[:VALUES_MAX])
        tried = sorted((foreign | theirs) - own)
        among = ", ".join("'" + value.replace("'", "''") + "'" for value in tried)
        found = desk.run(
            desk.ours, f"SELECT COUNT(*) FROM {table.name} WHERE {column} || '' IN ({among})"
        )
        assert found == "SELECT[('0',)]", column
        if column.lower().endswith("id"):
            for value in tried:
                desk.same(f"SELECT * FROM {table.name} WHERE {column} = '{{}}'", value)


def test_nothing_is_written_with_the_other_company_s_ids(desk: Desk) -> None:
    head = _head(desk, desk.house.theirs)
    aggregate = (
        "INSERT INTO JournalEntries (LineAggregate) VALUES ('<JournalEntryLines>"
        "<Row><LineType>Debit</LineType><LineAccount>quokka 1</LineAccount>"
        "<LineAmount>5</LineAmount><{column}>{{}}</{column}></Row>"
        "<Row><LineType>Credit</LineType><LineAccount>quokka 0</LineAccount>"
        "<LineAmount>5</LineAmount></Row></JournalEntryLines>')"
    )
    lists = {
        "LineAccountId": "accounts",
        "LineEntityId": "entities",
        "LineClassId": "class",
        "LineDepartmentId": "departments",
    }
    for column, name in lists.items():
        for value in sorted(desk.values(desk.theirs, TABLES[name], "ID")):
            desk.same(aggregate.format(column=column), value)
    for column in ("LineEntityName", "LineClass", "LineDepartment"):
        for value in sorted(desk.values(desk.theirs, TABLES["journalentrylines"], column)):
            desk.same(aggregate.format(column=column), value)
    for value in sorted(desk.values(desk.theirs, TABLES["journalentries"], "ID")):
        desk.same("DELETE FROM JournalEntries WHERE ID = '{}'", value)
        desk.same("UPDATE JournalEntries SET Memo = 'x' WHERE ID = '{}'", value)
        desk.same("DELETE FROM JournalEntryLines WHERE JournalEntryID = '{}'", value)
        desk.same("EXECUTE ReverseJournalEntry Id = '{}'", value)
        desk.same("BEGIN; DELETE FROM JournalEntries WHERE ID = '{}'; ROLLBACK", value)
    for value in sorted(desk.values(desk.theirs, TABLES["journalentrylines"], "ID")):
        desk.same("UPDATE JournalEntryLines SET LineMemo = 'x' WHERE ID = '{}'", value)
    assert _head(desk, desk.house.theirs) == head


def _head(desk: Desk, tenant: Tenant) -> object:
    with desk.house.ledger.store.read(tenant.id) as reader:
        return reader.head()


def test_no_catalog_has_a_word_of_the_other_company(desk: Desk) -> None:
    listed = desk.run(
        desk.ours, "SELECT table_schema || '.' || table_name FROM information_schema.tables"
    )
    names = re.findall(r"\('([^']+)',\)", listed)
    assert len(names) >= len(TABLES)
    catalogs = ("pg_database", "pg_roles", "pg_user", "pg_class", "pg_namespace", "pg_description")
    more = (*catalogs, "pg_settings", "pg_stat_activity", "pg_tables", "sys_tables", "sys_columns")
    others = ("information_schema.schemata", "information_schema.columns", "sys_procedures")
    for name in (*names, *more, *others):
        shown = desk.run(desk.ours, f"SELECT * FROM {name}")
        assert desk.house.theirs.word not in shown.lower(), name
    for text in (
        "SELECT current_database()",
        "SHOW ALL",
        "EXECUTE GetDeleted",
        "SELECT * FROM wombat.public.Accounts",
        "SELECT * FROM wombat.Accounts",
        "SELECT datname FROM pg_database",
    ):
        shown = desk.run(desk.ours, text)
        assert desk.house.theirs.word not in shown.lower().replace(text.lower(), "") or (
            "wombat" in text and shown.startswith(("0A000", "42P01", "3F000"))
        ), text


@pytest.mark.parametrize("name", ["wombat", "nobody", "WOMBAT", "wombat ", "1", "", "quokka2"])
def test_a_database_that_is_not_the_callers_does_not_exist(desk: Desk, name: str) -> None:
    with pytest.raises(SqlFault) as caught:
        desk.open(desk.house.ours, name)
    assert (caught.value.code, str(caught.value)) == (
        "3D000",
        f'database "{name}" does not exist',
    )
