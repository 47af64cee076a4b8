"""Clients that pip cannot bring: psql, psqlODBC by pyodbc and isql, the JDBC driver, node pg."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.protocols.sql.conftest import SqlServer, missing
from tests.support.server import REALM
from tests.support.sql import AGGREGATE, CAPITAL

pyodbc = pytest.importorskip("pyodbc", reason="pyodbc needs unixodbc", exc_type=ImportError)

CLIENTS = Path(__file__).parents[2] / "clients"
JDBC = Path("/usr/share/java/postgresql.jar")
INSERT = (
    "INSERT Into JournalEntries\n(ReferenceNumber, LineAggregate)\n"
    f"VALUES ('12345',\n'{AGGREGATE}')"
)


def psql(server: SqlServer, *commands: str, word: str = "demo") -> str:
    """What psql prints, unaligned and without headers."""
    if shutil.which("psql") is None:
        missing("psql")
    arguments = [each for command in commands for each in ("-c", command)]
    done = subprocess.run(
        ["psql", "-X", "-A", "-t", server.dsn(word), "-v", "ON_ERROR_STOP=1", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_source_documents_statements_by_psql(sql_server: SqlServer) -> None:
    assert psql(sql_server, INSERT) == "INSERT 0 1"
    shown = psql(
        sql_server,
        "SELECT LineType, LineAccount, LineAmount FROM JournalEntryLines"
        " WHERE ReferenceNumber='12345' ORDER BY TxnNumber DESC, LineNumber LIMIT 3",
    )
    assert shown.splitlines() == [
        "Credit|Retained Earnings|100.00",
        "Credit|Note Payable - Bank of Anycity|20.00",
        "Debit|Checking|120.00",
    ]
    number = psql(
        sql_server, "SELECT max(TxnNumber::int) FROM JournalEntries WHERE ReferenceNumber='12345'"
    )
    entry = by_qbo(sql_server, number)["JournalEntry"]
    assert entry["DocNumber"] == "12345"
    assert [line["Amount"] for line in entry["Line"]] == [100, 20, 120]
    (node,) = by_graphql(sql_server, number)
    assert [(line["entryLineType"], Decimal(line["amount"])) for line in node["entryLines"]] == [
        ("CREDIT", Decimal(100)),
        ("CREDIT", Decimal(20)),
        ("DEBIT", Decimal(120)),
    ]
    printed = str(int(CAPITAL.partition("-")[0], 16))
    assert by_qbo(sql_server, printed)["JournalEntry"]["Id"] == printed
    assert len(by_graphql(sql_server, printed)) == 1
    assert psql(sql_server, f"DELETE From JournalEntries WHERE Id='{CAPITAL}'") == "DELETE 1"
    assert "Fault" in by_qbo(sql_server, printed)
    assert by_graphql(sql_server, printed) == []


def asked(request: urllib.request.Request) -> Any:
    """What an interface over HTTP answers, refusals too."""
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return json.load(refusal)


def by_qbo(server: SqlServer, number: str) -> Any:
    """An entry as the QuickBooks interface answers it."""
    return asked(
        urllib.request.Request(
            f"{server.running.url}/v3/company/{REALM}/journalentry/{number}",
            headers={"Authorization": "Bearer demo"},
        )
    )


def by_graphql(server: SqlServer, number: str) -> Any:
    """The entries of a number as the GraphQL interface answers them."""
    query = (
        "query ($id: String) { company { journalEntries(filter: {id: {equals: $id}}) {"
        " nodes { entryLines { entryLineType amount } } } } }"
    )
    body = json.dumps({"query": query, "variables": {"id": number}}).encode()
    found = asked(
        urllib.request.Request(
            f"{server.running.url}/2020-04/graphql",
            body,
            {"Authorization": "Bearer demo", "Content-Type": "application/json"},
        )
    )
    return found["data"]["company"]["journalEntries"]["nodes"]


@pytest.mark.parametrize(
    "command",
    [
        r"\d",
        r"\d JournalEntries",
        r"\d+ journalentrylines",
        r"\dt",
        r"\dt+",
        r"\dn",
        r"\l",
        r"\du",
        r"\df",
        r"\di",
        r"\dv",
        r"\ds",
        r"\dT",
        r"\dp",
        r"\dx",
        r"\dn+",
        r"\dC",
        r"\dd",
        r"\det",
    ],
)
def test_psql_browses(sql_server: SqlServer, command: str) -> None:
    shown = psql(sql_server, r"\pset tuples_only off", command)
    if command.startswith((r"\d J", r"\d+")):
        assert "ReferenceNumber|text" in shown
        assert "JournalEntr" in shown
    if command == r"\d+ journalentrylines":
        assert 'FOREIGN KEY ("JournalEntryID") REFERENCES "JournalEntries"("ID")' in shown


def test_psql_fetches_in_parts(sql_server: SqlServer) -> None:
    shown = psql(sql_server, r"\set FETCH_COUNT 7", "SELECT generate_series(1, 20)")
    assert shown.split() == [str(number) for number in range(1, 21)]


def test_psql_copies(sql_server: SqlServer) -> None:
    shown = psql(sql_server, r"\copy (SELECT 1, 'a') TO STDOUT WITH (FORMAT csv)")
    assert shown == "1,a"


def odbc(server: SqlServer, options: str = "") -> Any:
    if "PostgreSQL Unicode" not in pyodbc.drivers():
        missing("odbc-postgresql")
    return pyodbc.connect(
        f"Driver={{PostgreSQL Unicode}};Server={server.host};Port={server.port};Database=demo;"
        f"Uid=demo;Pwd=demo;{options}"
    )


@pytest.mark.parametrize("options", ["", "UseDeclareFetch=1;Fetch=5;", "UseServerSidePrepare=0;"])
def test_odbc(sql_server: SqlServer, options: str) -> None:
    connection = odbc(sql_server, options)
    cursor = connection.cursor()
    tables = {row.table_name for row in cursor.tables(tableType="TABLE")}
    assert {"JournalEntries", "JournalEntryLines"} <= tables
    columns = [row.column_name for row in cursor.columns(table="JournalEntryLines")]
    assert len(columns) == 33
    assert [row.column_name for row in cursor.primaryKeys("JournalEntries")] == ["ID"]
    rows = cursor.execute(
        "SELECT ID FROM JournalEntryLines WHERE Date BETWEEN {d '2025-01-01'} AND ?", "2025-03-31"
    ).fetchall()
    assert len(rows) > 50
    text = AGGREGATE.replace("Checking", "Meals")
    cursor.execute(
        "INSERT INTO JournalEntries (ReferenceNumber, LineAggregate) VALUES (?, ?)",
        "It's odbc",
        text,
    )
    count = "SELECT count(*) FROM JournalEntries WHERE ReferenceNumber = ?"
    assert cursor.execute(count, "It's odbc").fetchone()[0] == 1
    connection.rollback()
    assert cursor.execute(count, "It's odbc").fetchone()[0] == 0
    connection.close()


def test_isql(sql_server: SqlServer, scratch: Path) -> None:
    if shutil.which("isql") is None or "PostgreSQL Unicode" not in pyodbc.drivers():
        missing("unixodbc")
    (scratch / "odbc.ini").write_text(
        "[daybook]\nDriver = PostgreSQL Unicode\n"
        f"Servername = {sql_server.host}\nPort = {sql_server.port}\nDatabase = demo\n"
    )
    done = subprocess.run(
        ["isql", "daybook", "demo", "demo", "-b", "-d|"],
        input="SELECT ReferenceNumber, Date FROM JournalEntries WHERE ID='60-1632320100'\n",
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "ODBCINI": str(scratch / "odbc.ini")},
    )
    assert "SomeJENumber13|2021-09-22" in done.stdout, done.stdout + done.stderr


def test_jdbc(sql_server: SqlServer, scratch: Path) -> None:
    if shutil.which("javac") is None or not JDBC.exists():
        missing("the PostgreSQL JDBC driver with a JDK")
    source = CLIENTS / "jdbc" / "Journal.java"
    subprocess.run(["javac", "-d", str(scratch), str(source)], check=True, timeout=120)
    done = subprocess.run(
        [
            "java",
            "-cp",
            f"{scratch}{os.pathsep}{JDBC}",
            "Journal",
            sql_server.host,
            str(sql_server.port),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    shown = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert {"JournalEntries", "JournalEntryLines"} <= set(shown["tables"].split())
    assert shown["columns"] == "33 LineAmount:numeric:20:2"
    assert shown["keys"] == "ID JournalEntryID->JournalEntries"
    assert shown["rows"] == "8 45.00 2021-09-22"
    assert int(shown["fetched"]) > 600
    assert shown["inserted"].split()[0] == "1"
    assert shown["rolledback"] == "1 0"
    assert shown["cancelled"] == "57014"


def test_node_pg(sql_server: SqlServer) -> None:
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node" / "node_modules" / "pg").is_dir():
        missing("pg for Node")
    assert node is not None
    done = subprocess.run(
        [node, "sql.js", sql_server.dsn()],
        cwd=CLIENTS / "node",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["named"] == [["45.00", "2021-09-22"]] * 2
    assert shown["inserted"] == 1
    assert shown["rolledBack"] == ["1", "0"]
    assert shown["cursor"] == [7, 7, 6]
    assert shown["refused"] == "23514"
