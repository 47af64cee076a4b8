"""Transactions stage, show themselves to their own session alone, and commit as one."""

import pytest
from tests.support.sql import CAPITAL, NUMBERED, Sql, two_lines

from daybook.protocols.sql.errors import SqlFault

COUNT = "SELECT count(*) FROM JournalEntries WHERE ReferenceNumber = 'tx'"
INSERT = f"INSERT INTO JournalEntries (ReferenceNumber, {NUMBERED}) VALUES ('tx', {two_lines()})"


def test_what_is_staged_is_seen_by_its_session_alone(sql: Sql) -> None:
    other = sql.connect()
    sql.run(f"BEGIN; {INSERT}")
    assert (sql.session.status, sql.value(COUNT)) == (b"T", "1")
    assert sql.rows(COUNT, session=other) == [("0",)]
    assert sql.run("COMMIT") == "COMMIT"
    assert sql.session.status == b"I"
    assert sql.rows(COUNT, session=other) == [("1",)]


def test_an_id_that_was_shown_stays(sql: Sql) -> None:
    ((made,),) = sql.rows(f"BEGIN; {INSERT} RETURNING ID")
    other = sql.connect()
    sql.rows(f"{INSERT.replace('tx', 'other')} RETURNING ID", session=other)
    sql.run("COMMIT")
    assert sql.rows(f"SELECT ReferenceNumber FROM JournalEntries WHERE ID='{made}'") == [("tx",)]


def test_rollback_undoes(sql: Sql) -> None:
    sql.run(f"BEGIN; {INSERT}; DELETE FROM JournalEntries WHERE ID='{CAPITAL}'")
    assert sql.value(f"SELECT count(*) FROM JournalEntries WHERE ID='{CAPITAL}'") == "0"
    assert (
        sql.value(f"SELECT count(*) FROM JournalEntryLines WHERE JournalEntryID='{CAPITAL}'") == "0"
    )
    sql.run("ROLLBACK")
    assert sql.value(COUNT) == "0"
    assert sql.value(f"SELECT count(*) FROM JournalEntries WHERE ID='{CAPITAL}'") == "1"


def test_changes_of_what_was_staged(sql: Sql) -> None:
    ((made,),) = sql.rows(f"BEGIN; {INSERT} RETURNING ID")
    sql.run(f"UPDATE JournalEntries SET Memo='one' WHERE ID='{made}'")
    sql.run(f"UPDATE JournalEntries SET Memo='two' WHERE ID='{made}'")
    assert sql.value(f"SELECT Memo FROM JournalEntries WHERE ID='{made}'") == "two"
    sql.run("COMMIT")
    assert sql.value(f"SELECT Memo FROM JournalEntries WHERE ID='{made}'") == "two"
    assert sql.run(f"BEGIN; DELETE FROM JournalEntries WHERE ID='{made}'") == "DELETE 1"
    assert sql.run(f"DELETE FROM JournalEntries WHERE ID='{made}'") == "DELETE 0"
    sql.run("COMMIT")


def test_savepoints(sql: Sql) -> None:
    sql.run(f"BEGIN; {INSERT}; SAVEPOINT a; {INSERT}; SAVEPOINT b; {INSERT}")
    assert sql.value(COUNT) == "3"
    sql.run("ROLLBACK TO b")
    assert sql.value(COUNT) == "2"
    with pytest.raises(SqlFault):
        sql.run("SELECT nope FROM JournalEntries")
    assert sql.session.status == b"E"
    sql.run("ROLLBACK TO SAVEPOINT a")
    assert (sql.session.status, sql.value(COUNT)) == (b"T", "1")
    assert sql.fault("ROLLBACK TO b").code == "3B001"
    sql.run("ROLLBACK TO a; RELEASE a; COMMIT")
    assert sql.value(COUNT) == "1"


def test_a_failed_transaction_commits_nothing(sql: Sql) -> None:
    sql.run(f"BEGIN; {INSERT}")
    sql.fault("SELECT 1/0")
    assert sql.run("COMMIT") == "ROLLBACK"
    assert sql.value(COUNT) == "0"


def test_balance_is_checked_by_each_statement(sql: Sql) -> None:
    sql.run("BEGIN")
    wrong = INSERT.replace("'Credit', 'Checking', '5'", "'Credit', 'Checking', '6'")
    assert sql.fault(wrong).code == "23514"
    assert sql.session.status == b"E"


def test_a_conflict_is_found_by_commit(sql: Sql) -> None:
    made = sql.make()
    seen = sql.value(f"SELECT EditSequence FROM JournalEntries WHERE ID='{made}'")
    sql.run(
        f"BEGIN; UPDATE JournalEntries SET Memo='mine' WHERE ID='{made}' AND EditSequence='{seen}'"
    )
    sql.run(f"UPDATE JournalEntries SET Memo='theirs' WHERE ID='{made}'", session=sql.connect())
    assert sql.fault("COMMIT").code == "40001"
    assert sql.session.status == b"I"
    assert sql.value(f"SELECT Memo FROM JournalEntries WHERE ID='{made}'") == "theirs"


def test_without_an_edit_sequence_the_last_writer_wins(sql: Sql) -> None:
    made = sql.make()
    sql.run(f"BEGIN; UPDATE JournalEntries SET Memo='mine' WHERE ID='{made}'")
    sql.run(f"UPDATE JournalEntries SET Date='2026-05-05' WHERE ID='{made}'", session=sql.connect())
    sql.run("COMMIT")
    assert sql.rows(f"SELECT Memo, Date FROM JournalEntries WHERE ID='{made}'") == [
        ("mine", "2026-05-05")
    ]
    sql.run(f"BEGIN; UPDATE JournalEntries SET Memo='late' WHERE ID='{made}'")
    sql.run(f"DELETE FROM JournalEntries WHERE ID='{made}'", session=sql.connect())
    assert sql.fault("COMMIT").code == "40001"


def test_a_read_only_transaction(sql: Sql) -> None:
    sql.run("BEGIN READ ONLY")
    assert sql.fault(INSERT).code == "25006"


def test_nothing_is_created_in_a_read_only_transaction(sql: Sql) -> None:
    sql.run("BEGIN READ ONLY")
    assert sql.fault("CREATE TABLE x (a int)").code == "25006"
    sql.run("ROLLBACK")
    assert sql.fault("CREATE TABLE x (a int)").code == "0A000"


def test_the_wiping_of_temp_rows_is_undone(sql: Sql) -> None:
    sql.run(
        "INSERT INTO JournalEntryLines#TEMP (LineType, LineAccount, LineAmount)"
        " VALUES ('Debit','Meals','1'),('Credit','Checking','1')"
    )
    sql.run(
        "BEGIN; INSERT INTO JournalEntryLines (LineType, LineAccount, LineAmount)"
        " SELECT * FROM JournalEntryLines#TEMP"
    )
    assert sql.fault("SELECT count(*) FROM JournalEntryLines#TEMP").code == "42P01"
    sql.run("ROLLBACK")
    assert sql.value("SELECT count(*) FROM JournalEntryLines#TEMP") == "2"


def test_what_another_interface_writes_is_seen_at_once(sql: Sql) -> None:
    before = int(sql.value("SELECT count(*) FROM JournalEntries") or 0)
    other = sql.connect()
    for at in range(5):
        sql.run(INSERT, session=other)
        assert sql.value("SELECT count(*) FROM JournalEntries") == str(before + at + 1)


def test_settings(sql: Sql) -> None:
    sql.run("SET statement_timeout = '5s'; SET my.own = 'x'; SET TIME ZONE 'Europe/London'")
    assert sql.session.timeout_seconds == 5
    assert sql.rows("SHOW my.own") == [("x",)]
    assert sql.value("SELECT current_setting('statement_timeout')") == "5s"
    assert sql.fault("SET nothing = 1").code == "42704"
    assert sql.fault("SET server_version = '9'").code == "55P02"
    sql.run("RESET ALL")
    assert sql.rows("SHOW statement_timeout") == [("0",)]


def test_cursors(sql: Sql) -> None:
    assert sql.fault("DECLARE c CURSOR FOR SELECT 1").code == "25P01"
    sql.run("BEGIN; DECLARE c SCROLL CURSOR FOR SELECT generate_series(1, 5)")
    assert sql.rows("FETCH 2 FROM c") == [("1",), ("2",)]
    assert sql.rows("FETCH BACKWARD 1 FROM c") == [("1",)]
    assert sql.rows("FETCH LAST FROM c") == [("5",)]
    assert sql.run("MOVE ABSOLUTE 3 IN c") == "MOVE 1"
    assert sql.rows("FETCH ALL FROM c") == [("4",), ("5",)]
    assert sql.rows("FETCH NEXT FROM c") == []
    assert sql.rows("FETCH PRIOR FROM c") == [("5",)]
    sql.run("COMMIT")
    assert sql.fault("FETCH c").code == "34000"
    sql.run("DECLARE h CURSOR WITH HOLD FOR SELECT 1")
    assert sql.rows("FETCH h") == [("1",)]
    assert sql.run("CLOSE h") == "CLOSE CURSOR"


CHANGES = [
    ("BEGIN; SET statement_timeout = 1", "1", "1", "0"),
    ("BEGIN; SELECT set_config('statement_timeout', '1', false)", "1", "1", "0"),
    ("BEGIN; SET LOCAL statement_timeout = 1", "1", "0", "0"),
    ("BEGIN; SELECT set_config('statement_timeout', '1', true)", "1", "0", "0"),
    ("BEGIN; SET statement_timeout = 1; SET LOCAL statement_timeout = 2", "2", "1", "0"),
    ("BEGIN; SET LOCAL statement_timeout = 2; SET statement_timeout = 1", "1", "1", "0"),
    ("BEGIN; SAVEPOINT a; SET statement_timeout = 1; ROLLBACK TO a", "0", "0", "0"),
    ("BEGIN; SET statement_timeout = 1; SAVEPOINT a; RESET statement_timeout", "0", "0", "0"),
    ("BEGIN; SET statement_timeout = 1; SAVEPOINT a; RESET ALL; ROLLBACK TO a", "1", "1", "0"),
    ("BEGIN; SAVEPOINT a; SET LOCAL statement_timeout = 1; RELEASE a", "1", "0", "0"),
    ("SET LOCAL statement_timeout = 1; BEGIN", "0", "0", "0"),
    ("SELECT set_config('statement_timeout', '1', true); BEGIN", "0", "0", "0"),
]


@pytest.mark.parametrize(("text", "within", "committed", "rolled_back"), CHANGES)
def test_settings_end_with_what_they_were_made_in(
    shared: Sql, text: str, within: str, committed: str, rolled_back: str
) -> None:
    """As a PostgreSQL 18 does."""
    for end, expected in (("COMMIT", committed), ("ROLLBACK", rolled_back)):
        session = shared.connect()
        shared.run(text, session=session)
        assert session.show("statement_timeout") == within
        shared.run(end, session=session)
        assert session.show("statement_timeout") == expected
        assert session.engine.variables["settings"]["statement_timeout"] == expected
        session.close()


def test_a_setting_that_a_rollback_takes_back_is_told(sql: Sql) -> None:
    sql.run("BEGIN; SET application_name = 'books'")
    assert sql.session.changed == ["application_name"]
    sql.session.changed.clear()
    sql.run("ROLLBACK")
    assert sql.session.changed == ["application_name"]
    assert sql.session.show("application_name") == ""


def test_a_local_setting_outside_of_a_transaction_is_one_of_its_statement(sql: Sql) -> None:
    query = "SELECT set_config('a.b', '1', true), current_setting('a.b')"
    assert sql.rows(query) == [("1", "1")]
    assert sql.fault("SHOW a.b").code == "42704"
    sql.run("SET LOCAL statement_timeout = 1")
    assert [notice.code for notice in sql.session.notices] == ["25P01"]
    sql.fault("SELECT set_config('jit', 'on', false), set_config('none', '1', false)")
    assert sql.session.show("jit") == "off"
    assert sql.fault("SELECT set_config('jit', 'on', Memo)").code == "0A000"
