"""Closed lists that the rewriting of queries works by."""

from typing import Final

from sqlglot import exp

from daybook.protocols.sql.pgwire import types as pg

CALLED: Final = "called"
"""Marks a call with the name it was written by, where that is what its column is called."""

WRITTEN: Final = "written"
"""Marks a call with the name it was written by, for what is said of it."""


ROOTS: Final = (exp.Select, exp.SetOperation, exp.Values, exp.Subquery)


REFUSED: Final = (
    exp.DDL,
    exp.DML,
    exp.Command,
    exp.Into,
    exp.Placeholder,
    exp.SessionParameter,
    exp.Pivot,
    exp.TableSample,
    exp.Hint,
    exp.Lateral,
    exp.SimilarTo,
)


WHOLE: Final = frozenset((pg.INT2, pg.INT4, pg.INT8))


COMPARISONS: Final = (
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
)


REG_TYPES: Final = {"regclass": "regclass", "regtype": "regtype"}


PASSED_TYPES: Final = {
    "oid": "UINTEGER",
    "name": "VARCHAR",
    '"char"': "VARCHAR",
    "char": "VARCHAR",
    "cstring": "VARCHAR",
    "regproc": "VARCHAR",
    "int2vector": "SMALLINT[]",
    "xid": "INTEGER",
    "regnamespace": "VARCHAR",
    "regrole": "VARCHAR",
    "information_schema.sql_identifier": "VARCHAR",
}


VECTORS: Final = frozenset(("indkey", "indoption", "indclass", "indcollation", "proargtypes"))


ENTRY_KEYS: Final = {"JournalEntries": "id", "JournalEntryLines": "journalentryid"}
