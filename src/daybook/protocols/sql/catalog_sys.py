"""Rows of the `sys_` tables: what the original driver tells of itself."""

from typing import Any, Final

from daybook.domain.model import Company
from daybook.protocols.sql.catalog_functions import SERVER_VERSION
from daybook.protocols.sql.catalog_shown import PROCEDURES
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.tables import (
    AMOUNT_PRECISION,
    PSEUDO_COLUMNS,
    RATE_SCALE,
    Table,
)

_JAVA_TYPES: Final = {
    pg.TEXT: 12,
    pg.DATE: 91,
    pg.TIMESTAMP: 93,
    pg.INT4: 4,
    pg.NUMERIC: 2,
    pg.BOOL: 16,
}


_DRIVER_TYPES: Final = {
    pg.TEXT: "VARCHAR",
    pg.DATE: "DATE",
    pg.TIMESTAMP: "TIMESTAMP",
    pg.INT4: "INTEGER",
    pg.NUMERIC: "DECIMAL",
    pg.BOOL: "BOOLEAN",
}


def add_sys(add: Any, table: Table, scale: int, company: Company) -> None:
    """What is told of a table: its columns, with the flags of the original, and its keys."""
    place = {"CatalogName": company.slug, "SchemaName": "public", "TableName": table.name}
    add(
        "sys_tables",
        **place,
        TableType="TABLE" if table.writable else "VIEW",
        Description=table.description,
        IsUpdateable=table.writable,
    )
    pseudo = PSEUDO_COLUMNS if table.writable else ()
    for number, column in enumerate((*table.columns, *pseudo), start=1):
        numeric = column.oid == pg.NUMERIC
        add(
            "sys_tablecolumns",
            **place,
            ColumnName=column.name,
            DataTypeName=_DRIVER_TYPES[column.oid],
            DataType=_JAVA_TYPES[column.oid],
            Length=pg.SIZES.get(column.oid, 0),
            NumericPrecision=AMOUNT_PRECISION if numeric else 0,
            NumericScale=scale if column.is_amount else RATE_SCALE if numeric else 0,
            IsNullable=column.kind != "key",
            Description=column.description,
            Ordinal=number,
            IsAutoIncrement="NO",
            IsGeneratedColumn="YES" if column.read_only else "NO",
            IsReadOnly=column.read_only,
            IsKey=column.kind == "key",
            IsHidden=column.hidden,
        )
    key = f"{table.name}_pkey"
    add("sys_primarykeys", **place, ColumnName="ID", KeySeq="1", KeyName=key)
    add(
        "sys_keycolumns",
        **place,
        ColumnName="ID",
        IsKey=True,
        IsForeignKey=False,
        PrimaryKeyName=key,
    )
    add(
        "sys_indexes",
        **place,
        IndexName=key,
        ColumnName="ID",
        IsUnique=True,
        IsPrimary=True,
        Type=3,
        SortOrder="A",
        OrdinalPosition=1,
    )
    for column_name, other, other_key in table.foreign:
        reference = {
            "ForeignKeyName": f"{table.name}_{column_name}_fkey",
            "ReferencedCatalogName": company.slug,
            "ReferencedSchemaName": "public",
            "ReferencedTableName": other,
            "ReferencedColumnName": other_key,
        }
        add(
            "sys_keycolumns",
            **place,
            ColumnName=column_name,
            IsKey=False,
            IsForeignKey=True,
            **reference,
        )
        add("sys_foreignkeys", **place, ColumnName=column_name, **reference)


def add_sys_rest(add: Any, company: Company) -> None:
    """What is told besides tables."""
    add("sys_catalogs", CatalogName=company.slug)
    add("sys_schemas", CatalogName=company.slug, SchemaName="public")
    for name, description, parameters in PROCEDURES:
        place = {"CatalogName": company.slug, "SchemaName": "public", "ProcedureName": name}
        add("sys_procedures", **place, Description=description, ProcedureType="PROCEDURE")
        for number, (parameter, required) in enumerate(parameters, start=1):
            add(
                "sys_procedureparameters",
                **place,
                ColumnName=parameter,
                Direction="INPUT",
                DataTypeName="VARCHAR",
                DataType=12,
                Length=0,
                NumericPrecision=0,
                NumericScale=0,
                IsNullable=not required,
                IsRequired=required,
                IsArray=False,
                Description=parameter,
                Ordinal=number,
            )
    for name, value in (
        ("IDENTIFIER_QUOTE_OPEN_CHAR", '"'),
        ("IDENTIFIER_QUOTE_CLOSE_CHAR", '"'),
        ("SUPPORTS_TRANSACTIONS", "YES"),
        ("SUPPORTS_BATCH_OPERATIONS", "YES"),
    ):
        add("sys_sqlinfo", NAME=name, VALUE=value)
    add("sys_information", Product="Daybook", Version=SERVER_VERSION)
    add(
        "sys_connection_props",
        Name="Database",
        Type="String",
        Default="",
        Value=company.slug,
        Required=True,
        Category="Connection",
    )
