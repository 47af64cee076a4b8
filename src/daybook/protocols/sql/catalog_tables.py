"""Catalog tables and their columns: from two small text files, and those of the original driver."""

from importlib.resources import files
from typing import Final

from daybook.protocols.sql.pgwire import types as pg

SCHEMAS: Final = {"pg_catalog": "pgc", "information_schema": "isc", "sys": "sysc"}
"""Schemas of the engine that stand for those of the interface."""


ENGINE_TYPES: Final = {
    "o": "UINTEGER",
    "n": "VARCHAR",
    "t": "VARCHAR",
    "b": "BOOLEAN",
    "i": "INTEGER",
    "l": "BIGINT",
    "s": "SMALLINT",
    "c": "VARCHAR",
    "v": "SMALLINT[]",
    "w": "UINTEGER[]",
    "a": "VARCHAR[]",
    "p": "UINTEGER[]",
    "h": "SMALLINT[]",
    "f": "FLOAT",
    "d": "DOUBLE",
    "r": "VARCHAR",
    "z": "TIMESTAMPTZ",
    "e": "INTERVAL",
}


WIRE_TYPES: Final = {
    "o": pg.OID,
    "n": pg.NAME,
    "c": pg.CHAR,
    "v": pg.INT2VECTOR,
    "r": pg.REGPROC,
    "a": 1009,
    "p": 1028,
    "h": 1005,
}


_SYSTEM: Final = (("tableoid", "o"), ("ctid", "t"), ("xmin", "i"))


def read_lines(name: str) -> list[str]:
    """The lines of a file that comes with this module."""
    return files(__package__).joinpath(name).read_text("utf-8").splitlines()


def _definitions() -> dict[str, dict[str, list[tuple[str, str]]]]:
    found: dict[str, dict[str, list[tuple[str, str]]]] = {
        "pg_catalog": {},
        "information_schema": {},
    }
    for line in read_lines("catalog_columns.txt"):
        qualified, *columns = line.split(" ")
        schema, _, name = qualified.partition(".")
        pairs = [(column.rpartition(":")[0], column[-1]) for column in columns]
        found[schema][name] = pairs
    found["sys"] = {
        name: [(column, kind) for column, kind in columns] for name, columns in _SYS.items()
    }
    return found


_SYS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "sys_catalogs": (("CatalogName", "t"),),
    "sys_schemas": (("CatalogName", "t"), ("SchemaName", "t")),
    "sys_tables": (
        ("CatalogName", "t"),
        ("SchemaName", "t"),
        ("TableName", "t"),
        ("TableType", "t"),
        ("Description", "t"),
        ("IsUpdateable", "b"),
    ),
    "sys_tablecolumns": (
        ("CatalogName", "t"),
        ("SchemaName", "t"),
        ("TableName", "t"),
        ("ColumnName", "t"),
        ("DataTypeName", "t"),
        ("DataType", "i"),
        ("Length", "i"),
        ("NumericPrecision", "i"),
        ("NumericScale", "i"),
        ("IsNullable", "b"),
        ("Description", "t"),
        ("Ordinal", "i"),
        ("IsAutoIncrement", "t"),
        ("IsGeneratedColumn", "t"),
        ("IsReadOnly", "b"),
        ("IsKey", "b"),
        ("IsHidden", "b"),
    ),
    "sys_procedures": (
        ("CatalogName", "t"),
        ("SchemaName", "t"),
        ("ProcedureName", "t"),
        ("Description", "t"),
        ("ProcedureType", "t"),
    ),
    "sys_procedureparameters": (
        ("CatalogName", "t"),
        ("SchemaName", "t"),
        ("ProcedureName", "t"),
        ("ColumnName", "t"),
        ("Direction", "t"),
        ("DataTypeName", "t"),
        ("DataType", "i"),
        ("Length", "i"),
        ("NumericPrecision", "i"),
        ("NumericScale", "i"),
        ("IsNullable", "b"),
        ("IsRequired", "b"),
        ("IsArray", "b"),
        ("Description", "t"),
        ("Ordinal", "i"),
    ),
    "sys_keycolumns": (
        ("CatalogName", "t"),
        ("SchemaName", "t"),
        ("TableName", "t"),
        ("ColumnName", "t"),
        ("IsKey", "b"),
        ("IsForeignKey", "b"),
        ("PrimaryKeyName", "t"),
        ("ForeignKeyName", "t"),
        ("ReferencedCatalogName", "t"),
        ("ReferencedSchemaName", "t"),
        ("ReferencedTableName", "t"),
        ("ReferencedColumnName", "t"),
    ),
    "sys_foreignkeys": (
        ("CatalogName", "t"),
        ("SchemaName", "t"),
        ("TableName", "t"),
        ("ColumnName", "t"),
        ("ForeignKeyName", "t"),
        ("ReferencedCatalogName", "t"),
        ("ReferencedSchemaName", "t"),
        ("ReferencedTableName", "t"),
        ("ReferencedColumnName", "t"),
    ),
    "sys_primarykeys": (
        ("CatalogName", "t"),
        ("SchemaName", "t"),
        ("TableName", "t"),
        ("ColumnName", "t"),
        ("KeySeq", "t"),
        ("KeyName", "t"),
    ),
    "sys_indexes": (
        ("CatalogName", "t"),
        ("SchemaName", "t"),
        ("TableName", "t"),
        ("IndexName", "t"),
        ("ColumnName", "t"),
        ("IsUnique", "b"),
        ("IsPrimary", "b"),
        ("Type", "i"),
        ("SortOrder", "t"),
        ("OrdinalPosition", "i"),
    ),
    "sys_connection_props": (
        ("Name", "t"),
        ("Type", "t"),
        ("Default", "t"),
        ("Value", "t"),
        ("Required", "b"),
        ("Category", "t"),
    ),
    "sys_sqlinfo": (("NAME", "t"), ("VALUE", "t")),
    "sys_information": (("Product", "t"), ("Version", "t")),
    "sys_identity": (("Id", "t"), ("Batch", "t"), ("Operation", "t"), ("Message", "t")),
}


DEFINITIONS: Final = _definitions()
"""Columns and their kinds of every catalog table, by schema and name."""


def system_columns(schema: str, name: str) -> list[tuple[str, str]]:
    """Columns that every table of pg_catalog has besides its own."""
    if schema != "pg_catalog":
        return []
    own = {column for column, _ in DEFINITIONS[schema][name]}
    return [pair for pair in _SYSTEM if pair[0] not in own]
