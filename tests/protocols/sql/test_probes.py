"""What tools ask of the catalogs before they show anything: the shapes of their questions.

Each is cut down to what made it hard; the tools' own tests need the tools.
"""

import pytest
from tests.support.sql import Sql

from daybook.protocols.sql import statements
from daybook.protocols.sql.pgwire import types as pg

PROBES = [
    # .NET, and Power BI by it: types with the functions that read them
    (
        "SELECT t.typname FROM pg_type t LEFT JOIN pg_proc p ON p.oid = t.typreceive"
        " WHERE p.proname = 'array_recv' AND t.typname IN ('_text', '_int4', 'text') ORDER BY 1",
        ["_int4", "_text"],
    ),
    (
        "SELECT n.nspname, t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
        " JOIN pg_proc p ON t.typinput = p.oid WHERE t.typname = 'numeric'",
        ["pg_catalog", "numeric"],
    ),
    # Metabase: types and comments by names that it puts together
    (
        "SELECT format('%s', c.udt_name), col_description(CAST(CAST(format('%I.%I',"
        " CAST(c.table_schema AS text), CAST(c.table_name AS text)) AS regclass) AS oid),"
        " c.ordinal_position) FROM information_schema.columns c"
        " WHERE c.table_name = 'JournalEntryLines' AND c.column_name = 'LineType'",
        ["text", "Credit or Debit."],
    ),
    # DBeaver and JDBC: words that are not SQL's own; numbers of scans
    (
        "SELECT string_agg(word, ',') FROM pg_catalog.pg_get_keywords()"
        " WHERE word <> ALL ('{a,abs}'::text[])",
        [None],
    ),
    (
        "SELECT pg_catalog.pg_stat_get_numscans(i.indexrelid), i.indisprimary FROM"
        " pg_catalog.pg_index i WHERE i.indrelid = 'JournalEntries'::regclass",
        ["0", "t"],
    ),
    # pgAdmin: its settings, who it is, how it is connected
    (
        "SELECT set_config('bytea_output', 'hex', false) FROM pg_settings"
        " WHERE name = 'bytea_output'",
        ["hex"],
    ),
    ("SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user", ["demo", "f"]),
    ("SELECT usename FROM pg_user WHERE usename = session_user", ["demo"]),
    ("SELECT count(*) FROM pg_catalog.pg_stat_ssl", ["0"]),
    ("SELECT count(*) FROM pg_catalog.pg_stat_gssapi WHERE pid = pg_backend_pid()", ["0"]),
    # asyncpg: before it looks at types, and when its pool takes a connection back
    (
        "SELECT current_setting('jit') AS cur, set_config('jit', 'off', false) AS new",
        ["off", "off"],
    ),
    (
        "SELECT typname FROM pg_type WHERE oid = any('{1016,1028}'::oid[]) ORDER BY 1",
        ["_int8", "_oid"],
    ),
    ("SELECT pg_advisory_unlock_all()", [""]),
    # psql: \\df+, \\db+, \\dO, \\deu
    (
        "SELECT pg_get_function_sqlbody(1), pg_tablespace_size(1663), getdatabaseencoding()",
        [None, "0", "UTF8"],
    ),
    ("SELECT count(*) FROM pg_catalog.pg_user_mappings", ["0"]),
]


@pytest.mark.parametrize(("query", "expected"), PROBES)
def test_probes_are_answered(shared: Sql, query: str, expected: list[str | None]) -> None:
    assert [value for row in shared.rows(query) for value in row] == expected


def test_a_configuration_is_set(sql: Sql) -> None:
    assert sql.value("SELECT pg_catalog.set_config('statement_timeout', '7s', false)") == "7s"
    assert sql.session.timeout_seconds == 7
    assert sql.run("UNLISTEN *") == "UNLISTEN"


def test_numbers_of_objects_are_oids_wherever_they_come_from(shared: Sql) -> None:
    query = (
        "SELECT x.n, x.many, CAST(1 AS oid), min(x.n) FROM (SELECT c.oid AS n, array_agg(c.oid)"
        " AS many FROM pg_class c GROUP BY 1) x GROUP BY 1, 2, 3"
    )
    plan = shared.session.planner.make(shared.session, statements.split(query)[0], ())
    assert plan.columns is not None
    assert [column.oid for column in plan.columns] == [pg.OID, 1028, pg.OID, pg.OID]
