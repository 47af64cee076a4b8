"""INSERT, UPDATE and DELETE in all their forms, and what refuses them."""

from dataclasses import replace
from datetime import date

import pytest
from tests.support.sql import AGGREGATE, CAPITAL, NUMBERED, Sql, two_lines

from daybook.app.access import Scope
from daybook.domain.commands import ChangeCompany
from daybook.domain.ids import EntryId

LINES = "JournalEntryLines (ReferenceNumber, LineType, LineAccount, LineAmount)"


def test_the_printed_insert(sql: Sql) -> None:
    tag = sql.run(
        "INSERT Into JournalEntries\n(ReferenceNumber, LineAggregate)\nVALUES ('12345',\n"
        f"'{AGGREGATE}')"
    )
    assert tag == "INSERT 0 1"
    assert sql.rows(
        "SELECT CreditLineCount, DebitLineCount FROM JournalEntries WHERE ReferenceNumber='12345'"
    ) == [("2", "1")]
    assert sql.rows(
        "SELECT LineType, LineAccount, LineAmount FROM JournalEntryLines"
        " WHERE ReferenceNumber='12345'"
    ) == [
        ("Credit", "Retained Earnings", "100.00"),
        ("Credit", "Note Payable - Bank of Anycity", "20.00"),
        ("Debit", "Checking", "120.00"),
    ]


def test_the_printed_delete(sql: Sql) -> None:
    assert sql.run(f"DELETE From JournalEntries WHERE Id='{CAPITAL}'") == "DELETE 1"
    assert sql.run(f"DELETE From JournalEntries WHERE Id='{CAPITAL}'") == "DELETE 0"
    for table, column in (("JournalEntries", "ID"), ("JournalEntryLines", "JournalEntryID")):
        assert sql.value(f"SELECT count(*) FROM {table} WHERE {column} = '{CAPITAL}'") == "0"


def test_an_unbalanced_entry_is_refused(sql: Sql) -> None:
    wrong = AGGREGATE.replace("120", "121")
    fault = sql.fault(f"INSERT INTO JournalEntries (LineAggregate) VALUES ('{wrong}')")
    assert (fault.code, fault.detail and "qb_status_code=3180" in fault.detail) == ("23514", True)
    assert sql.value("SELECT count(*) FROM JournalEntries WHERE Date > '2026-01-01'") == "0"


def test_temp_rows_become_an_entry(sql: Sql) -> None:
    for kind, account, amount in (
        ("Credit", "Retained Earnings", "100"),
        ("Credit", "Note Payable - Bank of Anycity", "20"),
        ("Debit", "Checking", "120"),
    ):
        assert (
            sql.run(
                f"INSERT INTO {LINES.replace(' (', '#TEMP (', 1)} VALUES"
                f" ('12345','{kind}','{account}','{amount}')"
            )
            == "INSERT 0 1"
        )
    move = (
        f"INSERT INTO {LINES} SELECT ReferenceNumber, LineType, LineAccount, LineAmount"
        " FROM JournalEntryLines#TEMP"
    )
    assert sql.run(move) == "INSERT 0 3"
    assert sql.value("SELECT count(*) FROM JournalEntries WHERE ReferenceNumber='12345'") == "1"
    assert sql.fault(move).code == "42P01"
    assert sql.rows("SELECT ReferenceNumber FROM LastResultInfo#TEMP") == [("12345",)]


def test_temp_rows_stay_when_one_group_does_not_balance(sql: Sql) -> None:
    temp = LINES.replace(" (", "#TEMP (", 1)
    sql.run(
        f"INSERT INTO {temp} VALUES ('a','Debit','Meals','1'),('a','Credit','Checking','1'),"
        "('b','Debit','Meals','1'),('b','Credit','Checking','2')"
    )
    move = f"INSERT INTO {LINES} SELECT * FROM JournalEntryLines#TEMP"
    assert sql.fault(move).code == "23514"
    assert (
        sql.value("SELECT count(*) FROM JournalEntries WHERE ReferenceNumber IN ('a','b')") == "0"
    )
    assert sql.value("SELECT count(*) FROM JournalEntryLines#TEMP") == "4"
    assert sql.run("DELETE FROM JournalEntryLines#TEMP") == "DELETE 4"


def test_a_temp_table_as_the_aggregate(sql: Sql) -> None:
    sql.run(
        "INSERT INTO JournalEntryLines#TEMP (LineType, LineAccount, LineAmount)"
        " VALUES ('Debit','Meals','1'),('Credit','Checking','1')"
    )
    assert sql.rows(
        "INSERT INTO JournalEntries (Memo, LineAggregate) VALUES ('m', 'JournalEntryLines#TEMP')"
        " RETURNING DebitLineCount, Memo"
    ) == [("1", "m")]


@pytest.mark.parametrize("table", ["JournalEntries", "JournalEntryLines"])
def test_numbered_columns(sql: Sql, table: str) -> None:
    rows = sql.rows(
        f"INSERT INTO {table} (ReferenceNumber, {NUMBERED}) VALUES ('n', {two_lines()}),"
        f" ('n2', {two_lines('7')}) RETURNING ReferenceNumber"
    )
    assert len(rows) == (2 if table == "JournalEntries" else 4)


def test_rows_are_grouped_by_their_header(sql: Sql) -> None:
    tag = sql.run(
        f"INSERT INTO {LINES} VALUES ('x','Debit','Meals',1),('y','Debit','Meals',2),"
        "('x','credit','Checking',1),('y','CREDIT','Checking','2.00')"
    )
    assert tag == "INSERT 0 4"
    assert sql.rows(
        "SELECT DebitLineCount FROM JournalEntries WHERE ReferenceNumber IN ('x','y')"
    ) == [("1",), ("1",)]


def test_one_line_alone_cannot_balance(sql: Sql) -> None:
    fault = sql.fault(f"INSERT INTO {LINES} VALUES ('x','Debit','Meals',1)")
    assert (fault.code, fault.hint is not None) == ("23514", True)


def test_an_entry_is_copied_by_its_aggregate(sql: Sql) -> None:
    assert (
        sql.run(
            "INSERT INTO JournalEntries (ReferenceNumber, LineAggregate)"
            f" SELECT 'copy', LineAggregate FROM JournalEntries WHERE ID='{CAPITAL}'"
        )
        == "INSERT 0 1"
    )
    lines = "SELECT LineType, LineAccount, LineAmount FROM JournalEntryLines WHERE "
    assert sql.rows(f"{lines} ReferenceNumber='copy'") == sql.rows(
        f"{lines} JournalEntryID='{CAPITAL}'"
    )


def test_parameters_of_an_insert(sql: Sql) -> None:
    assert (
        sql.run(
            "INSERT INTO JournalEntries (ReferenceNumber, LineAggregate) VALUES ($1,$2)",
            "It's A",
            AGGREGATE,
        )
        == "INSERT 0 1"
    )
    assert (
        sql.value("SELECT count(*) FROM JournalEntries WHERE ReferenceNumber = $1", "It's A") == "1"
    )


def test_the_identity_of_what_was_inserted(sql: Sql) -> None:
    made = sql.make()
    assert sql.value("SELECT SCOPE_IDENTITY()") == made
    assert sql.rows("SELECT Id, Operation FROM sys_identity") == [(made, "INSERT")]


def test_an_external_guid_is_used_once(sql: Sql) -> None:
    insert = f"INSERT INTO JournalEntries (ExternalGUID, {NUMBERED}) VALUES ('g', {two_lines()})"
    assert sql.run(insert) == "INSERT 0 1"
    assert sql.fault(insert).code == "23505"
    assert sql.value("SELECT count(*) FROM JournalEntries WHERE ExternalGUID = 'g'") == "1"


@pytest.mark.parametrize(
    ("columns", "values", "code"),
    [
        ("ID, LineAggregate", "'x', '<a/>'", "428C9"),
        ("Nope", "1", "42703"),
        ("Memo, Memo", "'a', 'b'", "42701"),
        (NUMBERED, two_lines("-5"), "22003"),
        (NUMBERED, two_lines("5.001"), "22003"),
        (NUMBERED, two_lines("1e3"), "22P02"),
        (NUMBERED, two_lines("1,000"), "22P02"),
        (NUMBERED, two_lines(debit="No Such Account"), "23503"),
        (NUMBERED, two_lines().replace("Debit", "Deposit"), "22023"),
        (f"Date, {NUMBERED}", f"'31/12/2020', {two_lines()}", "22007"),
        (f"Date, {NUMBERED}", f"'2020-13-01', {two_lines()}", "22008"),
        (f"Date, {NUMBERED}", f"'12/31/20', {two_lines()}", "22007"),
        (f"DebitLineCount, {NUMBERED}", f"2, {two_lines()}", "23514"),
        (f"IsAdjustment, {NUMBERED}", f"'maybe', {two_lines()}", "22P02"),
        (f"CurrencyName, {NUMBERED}", f"'XXX', {two_lines()}", "23503"),
        (f"LineAggregate, {NUMBERED}", f"'{AGGREGATE}', {two_lines()}", "42601"),
        ("Memo", "'no lines'", "23502"),
        ("LineAggregate", "'<JournalEntryLines/>'", "23502"),
        ("LineAggregate", "'<JournalEntryLines>'", "2200M"),
    ],
)
def test_what_an_insert_is_refused_for(sql: Sql, columns: str, values: str, code: str) -> None:
    fault = sql.fault(f"INSERT INTO JournalEntries ({columns}) VALUES ({values})")
    assert fault.code == code, fault.message


def test_computed_columns_are_ignored_with_a_notice(sql: Sql) -> None:
    sql.run(f"INSERT INTO JournalEntries (EditSequence, {NUMBERED}) VALUES ('1', {two_lines()})")
    assert [notice.code for notice in sql.session.notices] == ["01000"]


def test_a_receivable_line_needs_a_customer(sql: Sql) -> None:
    fault = sql.fault(
        f"INSERT INTO JournalEntries ({NUMBERED}) VALUES ({two_lines(debit='Debtors')})"
    )
    assert fault.code == "23514"
    assert (
        sql.run(
            f"INSERT INTO JournalEntries ({NUMBERED}, LineEntityName#1)"
            f" VALUES ({two_lines(debit='Debtors')}, 'Tanmay B')"
        )
        == "INSERT 0 1"
    )


def test_update_sets_header_columns(sql: Sql) -> None:
    made = sql.make()
    before = sql.rows(f"SELECT EditSequence, TimeModified FROM JournalEntries WHERE ID='{made}'")[0]
    assert (
        sql.run(
            "UPDATE JournalEntries SET ReferenceNumber='A', Memo=$1, Date='1/31/2011'"
            f" WHERE Id='{made}'",
            "new",
        )
        == "UPDATE 1"
    )
    after = sql.rows(
        "SELECT EditSequence, TimeModified, ReferenceNumber, Memo, Date FROM JournalEntries"
        f" WHERE ID='{made}'"
    )[0]
    assert after[2:] == ("A", "new", "2011-01-31")
    assert int(after[0] or 0) > int(before[0] or 0)
    assert str(after[1]) > str(before[1])


def test_a_stale_edit_sequence(sql: Sql) -> None:
    made = sql.make()
    old = sql.value(f"SELECT EditSequence FROM JournalEntries WHERE ID='{made}'")
    sql.run(f"UPDATE JournalEntries SET Memo='1' WHERE ID='{made}'")
    stale = f"UPDATE JournalEntries SET EditSequence='{old}', Memo='2' WHERE ID='{made}'"
    assert sql.fault(stale).code == "40001"
    assert (
        sql.run(f"UPDATE JournalEntries SET Memo='2' WHERE ID='{made}' AND EditSequence='{old}'")
        == "UPDATE 0"
    )


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE JournalEntries SET LineAggregate='x' WHERE ID='{id}'", "0A000"),
        ("UPDATE JournalEntries SET LineAmount#1='1' WHERE ID='{id}'", "0A000"),
        ("UPDATE JournalEntries SET TxnNumber='1' WHERE ID='{id}'", "428C9"),
        ("UPDATE JournalEntries SET Memo='x'", "0A000"),
        ("UPDATE JournalEntries SET Memo='x' WHERE Memo='y'", "0A000"),
        ("UPDATE JournalEntries SET Nope='x' WHERE ID='{id}'", "42703"),
        ("UPDATE JournalEntryLines SET LineAmount=1 WHERE ID='{id}|1-1'", "0A000"),
        ("UPDATE Accounts SET Name='x' WHERE ID='1'", "0A000"),
        ("UPDATE JournalEntries (Memo) SELECT Memo FROM JournalEntries#TEMP", "0A000"),
        ("UPDATE nope.public.JournalEntries SET Memo='x' WHERE ID='{id}'", "0A000"),
        ("DELETE FROM nope.JournalEntries WHERE ID='{id}'", "42P01"),
        ("DELETE FROM JournalEntryLines WHERE ID='{id}'", "0A000"),
        ("DELETE FROM JournalEntries", "0A000"),
        ("DELETE FROM JournalEntries WHERE ID='not an id'", "22023"),
        ("DELETE FROM Nothing WHERE ID='x'", "42P01"),
    ],
)
def test_what_cannot_be_changed(sql: Sql, statement: str, code: str) -> None:
    assert sql.fault(statement.format(id=sql.make())).code == code


def test_tables_are_written_by_their_full_names(sql: Sql) -> None:
    values = two_lines()
    tag = sql.run(
        f"INSERT INTO demo.public.JournalEntries (Memo, {NUMBERED}) VALUES ('full', {values})"
    )
    assert tag == "INSERT 0 1"
    made = sql.value("SELECT SCOPE_IDENTITY()")
    assert sql.run(
        f"UPDATE [Demo].[public].[JournalEntries] SET Memo = 'x' WHERE ID = '{made}'"
    ) == ("UPDATE 1")
    assert sql.run(f"DELETE FROM public.JournalEntries WHERE ID = '{made}'") == "DELETE 1"


def test_update_of_a_line(sql: Sql) -> None:
    made = sql.make()
    line = sql.value(f"SELECT ID FROM JournalEntryLines WHERE JournalEntryID='{made}' LIMIT 1")
    assert (
        sql.run(
            f"UPDATE JournalEntryLines SET LineMemo='memo', LineClass='Retail' WHERE ID='{line}'"
        )
        == "UPDATE 1"
    )
    assert sql.rows(
        f"SELECT LineMemo, LineClass FROM JournalEntryLines WHERE JournalEntryID='{made}'"
        " ORDER BY LineNumber"
    ) == [("memo", "Retail"), (None, None)]


def test_the_online_edition_refuses_updates() -> None:
    sql = Sql(online=True)
    fault = sql.fault(f"UPDATE JournalEntries SET Memo='x' WHERE ID='{CAPITAL}'")
    assert (fault.code, fault.message) == (
        "0A000",
        "The QuickBooks Online API does not support updates.",
    )


def test_the_online_aggregate() -> None:
    sql = Sql(online=True)
    line = (
        "<Line><Amount>0.02</Amount><DetailType>JournalEntryLineDetail</DetailType>"
        "<JournalEntryLineDetail><PostingType>{}</PostingType><AccountRef>{}</AccountRef>"
        "</JournalEntryLineDetail></Line>"
    )
    text = line.format("Debit", 44) + line.format("Credit", 139)
    assert sql.rows(
        f"INSERT INTO JournalEntries (LineAggregate) VALUES ('{text}') RETURNING DebitLineCount"
    ) == [("1",)]
    assert (
        sql.value("SELECT sum(LineDebit) FROM JournalEntryLines WHERE LineAmount = 0.02") == "0.02"
    )


def test_a_closed_period(sql: Sql) -> None:
    with sql.books.read() as reader:
        company = reader.company
    closed = replace(company, books_closed_through=date(2020, 12, 31))
    sql.execute(ChangeCompany(None, closed))
    assert sql.fault(f"DELETE FROM JournalEntries WHERE ID='{CAPITAL}'").code == "55000"


def test_what_other_interfaces_see(sql: Sql) -> None:
    made = sql.make("seen", "12.50")
    number = int(made.partition("-")[0], 16)
    with sql.books.read() as reader:
        entry = reader.entry(EntryId(number))
    assert entry is not None
    assert (entry.doc_number, entry.total, entry.origin.protocol) == ("seen", 1250, "sql")


def test_a_reader_may_not_write() -> None:
    sql = Sql(scopes=frozenset({Scope.READ}))
    assert sql.fault(f"DELETE FROM JournalEntries WHERE ID='{CAPITAL}'").code == "42501"
    assert sql.value("SELECT count(*) > 0 FROM JournalEntries") == "t"


def test_one_who_may_not_read_reads_nothing() -> None:
    sql = Sql(scopes=frozenset({Scope.WRITE}))
    assert sql.fault("SELECT 1 FROM JournalEntries").code == "42501"
    insert = f"INSERT INTO JournalEntries (ExternalGUID, {NUMBERED}) VALUES ('w', {two_lines()})"
    assert sql.fault(f"{insert} RETURNING Memo").code == "42501"
    assert sql.run(insert) == "INSERT 0 1"
    assert sql.run(f"DELETE FROM JournalEntries WHERE ID='{CAPITAL}'") == "DELETE 1"


def test_procedures(sql: Sql) -> None:
    made = sql.make("rev", "3")
    ((undone,),) = sql.rows(f"CALL ReverseJournalEntry(Id => '{made}', Date => '2026-02-03')")
    assert sql.rows(
        f"SELECT LineType, LineAccount FROM JournalEntryLines WHERE JournalEntryID='{undone}'"
        " ORDER BY LineNumber"
    ) == [("Credit", "Meals"), ("Debit", "Checking")]
    sql.run(f"DELETE FROM JournalEntries WHERE ID='{made}'")
    assert sql.rows("EXEC GetDeleted @StartModifiedDate = '2026-01-01'") == [(made,)]
    assert sql.fault("CALL Nothing()").code == "42883"
