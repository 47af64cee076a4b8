"""Catalogs: what clients ask before they show anything, as tables of the analytical engine.

`pg_catalog` and `information_schema` have all their columns (from two small text files) and rows
for the tables of the books; the `sys_` tables are those of the original driver. Object ids are
counted from the fixed order of the tables, so they are the same after a restart.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from daybook.domain.model import Company
from daybook.protocols.sql.catalog_functions import FUNCTIONS
from daybook.protocols.sql.catalog_shown import SETTINGS_SHOWN
from daybook.protocols.sql.catalog_sys import add_sys, add_sys_rest
from daybook.protocols.sql.catalog_tables import (
    DEFINITIONS,
    ENGINE_TYPES,
    SCHEMAS,
    WIRE_TYPES,
    read_lines,
    system_columns,
)
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.tables import (
    AMOUNT_PRECISION,
    RATE_PRECISION,
    RATE_SCALE,
    TABLES,
    Column,
    Table,
    amount_scale,
    modifier,
)

OWNER: Final = 10
PUBLIC: Final = 2200
CATALOG: Final = 11
INFORMATION: Final = 13_000
DATABASE: Final = 16_000
FIRST_OID: Final = 16_384
STEP: Final = 10


_TYPE_ROWS: Final = [line.split("|") for line in read_lines("catalog_types.txt")]
TYPE_OIDS: Final = {row[1]: int(row[0]) for row in _TYPE_ROWS}
"""Types by the name in pg_type."""

SQL_NAMES: Final = {
    "bool": "boolean",
    "int8": "bigint",
    "int2": "smallint",
    "int4": "integer",
    "float4": "real",
    "float8": "double precision",
    "bpchar": "character",
    "varchar": "character varying",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "char": '"char"',
    "varbit": "bit varying",
}
TABLE_OIDS: Final = {name: FIRST_OID + STEP * at for at, name in enumerate(TABLES)}
"""Object ids of the tables, by lower-case name; the next ones are those of what belongs to it."""
CATALOG_OIDS: Final = {
    "pg_type": 1247,
    "pg_attribute": 1249,
    "pg_proc": 1255,
    "pg_class": 1259,
    "pg_database": 1262,
    "pg_authid": 1260,
    "pg_namespace": 2615,
    "pg_attrdef": 2604,
    "pg_constraint": 2606,
    "pg_description": 2609,
    "pg_trigger": 2620,
    "pg_index": 2610,
    "pg_extension": 3079,
    "pg_tablespace": 1213,
    "pg_am": 2601,
    "pg_rewrite": 2618,
    "pg_statistic_ext": 3381,
    "pg_policy": 3256,
    "pg_publication": 6104,
    "pg_foreign_data_wrapper": 2328,
    "pg_foreign_server": 1417,
    "pg_event_trigger": 3466,
    "pg_cast": 2605,
    "pg_operator": 2617,
    "pg_language": 2612,
    "pg_collation": 3456,
}


def wire_type(schema: str, table: str, column: str) -> int | None:
    """The type of a catalog column where the engine's own does not say it."""
    for name, kind in DEFINITIONS.get(schema, {}).get(table, ()):
        if name == column:
            return WIRE_TYPES.get(kind)
    return None


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def catalog_statements(company: Company) -> Iterator[tuple[str, str | None]]:
    """Statements that make and fill the catalogs: text, and rows as JSON where it takes some."""
    for schema in SCHEMAS.values():
        yield f"CREATE SCHEMA {schema}", None
    contents: dict[str, list[dict[str, Any]]] = _contents(company)
    for schema, tables in DEFINITIONS.items():
        for name, columns in tables.items():
            full = [*columns, *system_columns(schema, name)]
            described = [(column, ENGINE_TYPES[kind]) for column, kind in full]
            target = f"{SCHEMAS[schema]}.{_quote(name)}"
            listed = ", ".join(f"{_quote(column)} {kind}" for column, kind in described)
            yield f"CREATE TABLE {target} ({listed})", None
            rows = contents.get(name)
            if rows:
                shape = json.dumps([dict(described)])
                yield (
                    f"INSERT INTO {target} BY NAME SELECT unnest(r) FROM"
                    f" (SELECT unnest(from_json($1, '{shape}')) AS r)",
                    json.dumps(rows),
                )
    names = [{"oid": oid, "name": name} for oid, name in _type_names()]
    yield (
        "CREATE TABLE pgc.type_names AS SELECT unnest(r) FROM (SELECT unnest(from_json($1,"
        ' \'[{"oid":"BIGINT","name":"VARCHAR"}]\')) AS r)',
        json.dumps(names),
    )
    texts = list(_definition_texts())
    yield (
        "CREATE TABLE pgc.texts AS SELECT unnest(r) FROM (SELECT unnest(from_json($1,"
        ' \'[{"oid":"BIGINT","text":"VARCHAR"}]\')) AS r)',
        json.dumps(texts),
    )
    for function in FUNCTIONS.values():
        yield function, None


def _type_names() -> Iterator[tuple[int, str]]:
    elements = {int(row[0]): row[1] for row in _TYPE_ROWS}
    for row in _TYPE_ROWS:
        oid, name = int(row[0]), row[1]
        if row[5] == "A" and name.startswith("_"):
            inner = elements.get(int(row[7]), name[1:])
            yield oid, SQL_NAMES.get(inner, inner) + "[]"
        else:
            yield oid, SQL_NAMES.get(name, name)


def _definition_texts() -> Iterator[dict[str, Any]]:
    for name, table in TABLES.items():
        oid = TABLE_OIDS[name]
        shown = _quote(table.name)
        yield {
            "oid": oid + 1,
            "text": f"CREATE UNIQUE INDEX {_quote(f'{table.name}_pkey')} ON public.{shown}"
            ' USING btree ("ID")',
        }
        yield {"oid": oid + 2, "text": 'PRIMARY KEY ("ID")'}
        for column, other, key in table.foreign:
            yield {
                "oid": oid + 3,
                "text": f"FOREIGN KEY ({_quote(column)}) REFERENCES {_quote(other)}({_quote(key)})",
            }


def _contents(company: Company) -> dict[str, list[dict[str, Any]]]:
    scale = amount_scale(company)
    rows: dict[str, list[dict[str, Any]]] = {}

    def add(name: str, /, **members: Any) -> None:
        if name.startswith("pg_"):
            members.setdefault("tableoid", CATALOG_OIDS.get(name, 0))
            members.setdefault("xmin", 1)
            members.setdefault("ctid", "(0,1)")
        rows.setdefault(name, []).append(members)

    _add_server(add, company)
    _add_types(add)
    for name, table in TABLES.items():
        _add_table(add, table, TABLE_OIDS[name], scale, company)
        _add_information(add, table, scale, company)
        add_sys(add, table, scale, company)
    add_sys_rest(add, company)
    return rows


def _add_server(add: Any, company: Company) -> None:
    add(
        "pg_database",
        oid=DATABASE,
        datname=company.slug,
        datdba=OWNER,
        encoding=6,
        datlocprovider="c",
        datistemplate=False,
        datallowconn=True,
        datconnlimit=-1,
        datfrozenxid=1,
        datminmxid=1,
        dattablespace=1663,
        datcollate="C",
        datctype="C",
    )
    for oid, name in (
        (CATALOG, "pg_catalog"),
        (PUBLIC, "public"),
        (INFORMATION, "information_schema"),
    ):
        add("pg_namespace", oid=oid, nspname=name, nspowner=OWNER)
        add("schemata", catalog_name=company.slug, schema_name=name, schema_owner="daybook")
    role = {
        "rolname": "daybook",
        "rolsuper": False,
        "rolinherit": True,
        "rolcreaterole": False,
        "rolcreatedb": False,
        "rolcanlogin": True,
        "rolreplication": False,
        "rolconnlimit": -1,
        "rolbypassrls": False,
        "oid": OWNER,
    }
    add("pg_roles", **role)
    add("pg_authid", **role)
    add(
        "pg_user",
        usename="daybook",
        usesysid=OWNER,
        usecreatedb=False,
        usesuper=False,
        userepl=False,
        usebypassrls=False,
    )
    _add_engine(add, company)


def _add_engine(add: Any, company: Company) -> None:
    add("pg_tablespace", oid=1663, spcname="pg_default", spcowner=OWNER)
    add("pg_am", oid=2, amname="heap", amhandler="heap_tableam_handler", amtype="t")
    add("pg_am", oid=403, amname="btree", amhandler="bthandler", amtype="i")
    for oid, name in ((100, "default"), (950, "C"), (951, "POSIX")):
        add(
            "pg_collation",
            oid=oid,
            collname=name,
            collnamespace=CATALOG,
            collowner=OWNER,
            collprovider="d" if name == "default" else "c",
            collisdeterministic=True,
            collencoding=-1,
            collcollate="C",
            collctype="C",
        )
    for oid, name in ((12, "internal"), (13, "c"), (14, "sql")):
        add("pg_language", oid=oid, lanname=name, lanowner=OWNER, lanispl=False, lanpltrusted=True)
    add("information_schema_catalog_name", catalog_name=company.slug)
    for name, value in SETTINGS_SHOWN.items():
        add(
            "pg_settings",
            name=name,
            setting=value,
            category="Daybook",
            context="user",
            vartype="string",
            source="default",
            short_desc=name,
        )


def _add_types(add: Any) -> None:
    functions: dict[int, str] = {}
    for row in _TYPE_ROWS:
        (
            oid,
            name,
            length,
            by_value,
            kind,
            category,
            preferred,
            element,
            array,
            input_oid,
            input_name,
            output_oid,
            output_name,
            receive_oid,
            receive_name,
            send_oid,
            send_name,
            align,
            storage,
            collation,
            delimiter,
            _,
        ) = row
        add(
            "pg_type",
            oid=int(oid),
            typname=name,
            typnamespace=CATALOG,
            typowner=OWNER,
            typlen=int(length),
            typbyval=by_value == "t",
            typtype=kind,
            typcategory=category,
            typispreferred=preferred == "t",
            typisdefined=True,
            typdelim=delimiter,
            typrelid=0,
            typelem=int(element),
            typarray=int(array),
            typinput=input_name,
            typoutput=output_name,
            typreceive=receive_name,
            typsend=send_name,
            typmodin="-",
            typmodout="-",
            typanalyze="-",
            typsubscript="-",
            typalign=align,
            typstorage=storage,
            typnotnull=False,
            typbasetype=0,
            typtypmod=-1,
            typndims=0,
            typcollation=int(collation),
        )
        functions.update(
            {
                int(input_oid): input_name,
                int(output_oid): output_name,
                int(receive_oid): receive_name,
                int(send_oid): send_name,
            }
        )
    _add_functions(add, functions)


def _add_functions(add: Any, functions: Mapping[int, str]) -> None:
    """The functions that types name, so that joins with pg_proc find them."""
    for number, name in sorted(functions.items()):
        if number:
            add(
                "pg_proc",
                oid=number,
                proname=name,
                pronamespace=CATALOG,
                proowner=OWNER,
                prolang=12,
                prokind="f",
                proretset=False,
                prosrc=name,
                proargtypes=[],
                pronargs=0,
                pronargdefaults=0,
                provolatile="i",
                proparallel="s",
            )


def _add_table(add: Any, table: Table, oid: int, scale: int, company: Company) -> None:
    width = len(table.columns)
    common = {
        "relnamespace": PUBLIC,
        "relowner": OWNER,
        "relpersistence": "p",
        "relchecks": 0,
        "relhasrules": False,
        "relhastriggers": bool(table.foreign),
        "relhassubclass": False,
        "relrowsecurity": False,
        "relforcerowsecurity": False,
        "relispopulated": True,
        "relreplident": "d",
        "relispartition": False,
        "relisshared": False,
        "reltablespace": 0,
        "reloftype": 0,
        "relpages": 1,
        "reltoastrelid": 0,
        "relrewrite": 0,
        "relallvisible": 0,
    }
    add(
        "pg_class",
        oid=oid,
        relname=table.name,
        reltype=oid + 4,
        relam=2,
        relfilenode=oid,
        reltuples=1_000.0,
        relhasindex=True,
        relkind="r",
        relnatts=width,
        **common,
    )
    add(
        "pg_class",
        oid=oid + 1,
        relname=f"{table.name}_pkey",
        reltype=0,
        relam=403,
        relfilenode=oid + 1,
        reltuples=1_000.0,
        relhasindex=False,
        relkind="i",
        relnatts=1,
        **common,
    )
    _add_row_type(add, table, oid)
    for number, column in enumerate(table.columns, start=1):
        _add_attribute(add, oid, number, column, scale)
        add(
            "pg_description",
            objoid=oid,
            classoid=CATALOG_OIDS["pg_class"],
            objsubid=number,
            description=column.description,
        )
    _add_attribute(add, oid + 1, 1, table.columns[0], scale)
    add(
        "pg_description",
        objoid=oid,
        classoid=CATALOG_OIDS["pg_class"],
        objsubid=0,
        description=table.description,
    )
    _add_index(add, oid)
    _add_constraints(add, table, oid)
    _add_views(add, table)


def _add_views(add: Any, table: Table) -> None:
    add(
        "pg_tables",
        schemaname="public",
        tablename=table.name,
        tableowner="daybook",
        hasindexes=True,
        hasrules=False,
        hastriggers=False,
        rowsecurity=False,
    )
    add(
        "pg_indexes",
        schemaname="public",
        tablename=table.name,
        indexname=f"{table.name}_pkey",
        indexdef=f'CREATE UNIQUE INDEX "{table.name}_pkey" ON public."{table.name}"'
        ' USING btree ("ID")',
    )


def _add_row_type(add: Any, table: Table, oid: int) -> None:
    add(
        "pg_type",
        oid=oid + 4,
        typname=table.name,
        typnamespace=PUBLIC,
        typowner=OWNER,
        typlen=-1,
        typbyval=False,
        typtype="c",
        typcategory="C",
        typispreferred=False,
        typisdefined=True,
        typdelim=",",
        typrelid=oid,
        typelem=0,
        typarray=0,
        typinput="record_in",
        typoutput="record_out",
        typreceive="record_recv",
        typsend="record_send",
        typmodin="-",
        typmodout="-",
        typalign="d",
        typstorage="x",
        typnotnull=False,
        typbasetype=0,
        typtypmod=-1,
        typndims=0,
        typcollation=0,
        typsubscript="-",
        typanalyze="-",
    )


def _add_index(add: Any, oid: int) -> None:
    add(
        "pg_index",
        indexrelid=oid + 1,
        indrelid=oid,
        indnatts=1,
        indnkeyatts=1,
        indisunique=True,
        indnullsnotdistinct=False,
        indisprimary=True,
        indisexclusion=False,
        indimmediate=True,
        indisclustered=False,
        indisvalid=True,
        indcheckxmin=False,
        indisready=True,
        indislive=True,
        indisreplident=False,
        indkey=[1],
        indcollation=[100],
        indclass=[3126],
        indoption=[0],
    )


def _add_attribute(add: Any, oid: int, number: int, column: Column, scale: int) -> None:
    size = pg.SIZES.get(column.oid, -1)
    add(
        "pg_attribute",
        attrelid=oid,
        attname=column.name,
        atttypid=column.oid,
        attlen=size,
        attnum=number,
        attndims=0,
        attcacheoff=-1,
        atttypmod=modifier(column, scale),
        attbyval=size in (1, 4, 8),
        attalign="i",
        attstorage="x" if size < 0 else "p",
        attcompression="",
        attnotnull=column.kind == "key",
        atthasdef=False,
        atthasmissing=False,
        attidentity="",
        attgenerated="",
        attisdropped=False,
        attislocal=True,
        attinhcount=0,
        attstattarget=-1,
        attcollation=100 if column.oid == pg.TEXT else 0,
    )


def _add_constraints(add: Any, table: Table, oid: int) -> None:
    common = {
        "connamespace": PUBLIC,
        "condeferrable": False,
        "condeferred": False,
        "convalidated": True,
        "conrelid": oid,
        "contypid": 0,
        "conparentid": 0,
        "conislocal": True,
        "coninhcount": 0,
        "connoinherit": True,
    }
    add(
        "pg_constraint",
        oid=oid + 2,
        conname=f"{table.name}_pkey",
        contype="p",
        conindid=oid + 1,
        confrelid=0,
        conkey=[1],
        confupdtype=" ",
        confdeltype=" ",
        confmatchtype=" ",
        **common,
    )
    names = [column.name for column in table.columns]
    for column, other, _ in table.foreign:
        parent = TABLE_OIDS[other.lower()]
        add(
            "pg_constraint",
            oid=oid + 3,
            conname=f"{table.name}_{column}_fkey",
            contype="f",
            conindid=parent + 1,
            confrelid=parent,
            conkey=[names.index(column) + 1],
            confkey=[1],
            confupdtype="a",
            confdeltype="c",
            confmatchtype="s",
            **common,
        )


def _add_information(add: Any, table: Table, scale: int, company: Company) -> None:
    place = {"table_catalog": company.slug, "table_schema": "public", "table_name": table.name}
    writable = "YES" if table.writable else "NO"
    add("tables", **place, table_type="BASE TABLE", is_insertable_into=writable, is_typed="NO")
    for number, column in enumerate(table.columns, start=1):
        name = next(row[1] for row in _TYPE_ROWS if int(row[0]) == column.oid)
        numeric = column.oid == pg.NUMERIC
        precision = AMOUNT_PRECISION if column.is_amount else RATE_PRECISION
        add(
            "columns",
            **place,
            column_name=column.name,
            ordinal_position=number,
            is_nullable="NO" if column.kind == "key" else "YES",
            data_type=SQL_NAMES.get(name, name),
            udt_catalog=company.slug,
            udt_schema="pg_catalog",
            udt_name=name,
            dtd_identifier=str(number),
            numeric_precision=precision if numeric else 32 if column.oid == pg.INT4 else None,
            numeric_precision_radix=10 if numeric else 2 if column.oid == pg.INT4 else None,
            numeric_scale=(
                (scale if column.is_amount else RATE_SCALE)
                if numeric
                else 0
                if column.oid == pg.INT4
                else None
            ),
            datetime_precision={pg.DATE: 0, pg.TIMESTAMP: 6}.get(column.oid),
            is_self_referencing="NO",
            is_identity="NO",
            is_generated="NEVER",
            identity_cycle="NO",
            is_updatable=writable,
        )
    _add_key_information(add, table, place, company)


def _add_key_information(add: Any, table: Table, place: dict[str, str], company: Company) -> None:
    keys = [(f"{table.name}_pkey", "PRIMARY KEY", "ID")]
    keys += [
        (f"{table.name}_{column}_fkey", "FOREIGN KEY", column) for column, _, _ in table.foreign
    ]
    for name, kind, column_name in keys:
        constraint = {
            "constraint_catalog": company.slug,
            "constraint_schema": "public",
            "constraint_name": name,
        }
        add(
            "table_constraints",
            **constraint,
            **place,
            constraint_type=kind,
            is_deferrable="NO",
            initially_deferred="NO",
            enforced="YES",
        )
        add(
            "key_column_usage",
            **constraint,
            **place,
            column_name=column_name,
            ordinal_position=1,
            position_in_unique_constraint=1 if kind == "FOREIGN KEY" else None,
        )
        if kind == "FOREIGN KEY":
            other = table.foreign[0][1]
            add(
                "referential_constraints",
                **constraint,
                unique_constraint_catalog=company.slug,
                unique_constraint_schema="public",
                unique_constraint_name=f"{other}_pkey",
                match_option="NONE",
                update_rule="NO ACTION",
                delete_rule="CASCADE",
            )
            add(
                "constraint_column_usage",
                **constraint,
                **{**place, "table_name": other},
                column_name="ID",
            )
        else:
            add("constraint_column_usage", **constraint, **place, column_name="ID")
