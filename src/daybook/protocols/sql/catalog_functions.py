"""Functions of PostgreSQL's catalogs, as macros of the analytical engine."""

from collections.abc import Mapping
from typing import Final

SERVER_VERSION: Final = "15.0"


VERSION_TEXT: Final = "PostgreSQL 15.0 (Daybook)"


def _macro(name: str, *overloads: str) -> str:
    return f"CREATE MACRO pgf_{name}" + ", ".join(overloads)


def _subquery(column: str, table: str, where: str) -> str:
    return f"(SELECT {column} FROM {table} WHERE {where})"


_FORMAT: Final = (
    "(SELECT CASE WHEN x.oid = 1700 AND m >= 4 THEN"
    " 'numeric(' || ((m - 4) >> 16) || ',' || ((m - 4) & 65535) || ')' ELSE x.name END"
    " FROM pgc.type_names x WHERE x.oid = t)"
)


_TEXT: Final = _subquery("x.text", "pgc.texts x", "x.oid = o")


_TRUE: Final = ("(a) AS true", "(a, b) AS true", "(a, b, c) AS true", "(a, b, c, d) AS true")


_NONE: Final = ("(a) AS NULL::VARCHAR", "(a, b) AS NULL::VARCHAR", "(a, b, c) AS NULL::VARCHAR")


_ZERO: Final = ("(a) AS 0::BIGINT", "(a, b) AS 0::BIGINT")


_SETTING: Final = "getvariable('settings')[lower(n)]"


_ROLES: Final = {
    "pg_roles": ("rolname", "oid"),
    "pg_authid": ("rolname", "oid"),
    "pg_user": ("usename", "usesysid"),
}
_CALLER: Final = 16_001
"""The object id of the role of whoever asks."""


def roles_text(table: str, stored: str) -> str:
    """A table of roles with the caller's own beside the owner's; others as they are stored."""
    columns = _ROLES.get(table)
    if columns is None:
        return stored
    name, number = columns
    return (
        f"(SELECT * FROM {stored} UNION ALL SELECT * REPLACE (pgf_current_user() AS {name},"
        f" {_CALLER} AS {number}) FROM {stored} WHERE pgf_current_user() <> 'daybook')"
    )


_KEYWORDS: Final = (
    "all|analyse|analyze|and|any|array|as|asc|asymmetric|authorization|between|bigint|binary|"
    "bit|boolean|both|case|cast|char|character|check|coalesce|collate|collation|column|"
    "concurrently|constraint|create|cross|current_catalog|current_date|current_role|"
    "current_schema|current_time|current_timestamp|current_user|dec|decimal|default|"
    "deferrable|desc|distinct|do|else|end|except|exists|extract|false|fetch|float|for|foreign|"
    "freeze|from|full|grant|greatest|group|grouping|having|ilike|in|initially|inner|inout|int|"
    "integer|intersect|interval|into|is|isnull|join|lateral|leading|least|left|like|limit|"
    "localtime|localtimestamp|national|natural|nchar|none|normalize|not|notnull|null|nullif|"
    "numeric|offset|on|only|or|order|out|outer|overlaps|overlay|placing|position|precision|"
    "primary|real|references|returning|right|row|select|session_user|setof|similar|smallint|"
    "some|substring|symmetric|table|tablesample|then|time|timestamp|to|trailing|treat|trim|"
    "true|union|unique|user|using|values|varchar|variadic|verbose|when|where|window|with|"
    "xmlattributes|xmlconcat|xmlelement|xmlexists|xmlforest|xmlnamespaces|xmlparse|xmlpi|"
    "xmlroot|xmlserialize|xmltable"
)
"""Words that are names in quotes alone, as a pattern."""


_QUOTED: Final = (
    r"CASE WHEN contains(t, '\') THEN 'E' ELSE '' END"
    r" || '''' || replace(replace(t, '\', '\\'), '''', '''''') || ''''"
)


FUNCTIONS: Final[Mapping[str, str]] = {
    name: _macro(name, *overloads)
    for name, overloads in {
        "format_type": (f"(t, m) AS {_FORMAT}",),
        "pg_get_userbyid": ("(o) AS CAST('daybook' AS VARCHAR)",),
        "obj_description": (
            "(o) AS (SELECT x.description FROM pgc.pg_description x WHERE x.objoid = o"
            " AND x.objsubid = 0)",
            "(o, c) AS (SELECT x.description FROM pgc.pg_description x WHERE x.objoid = o"
            " AND x.objsubid = 0)",
        ),
        "col_description": (
            "(o, n) AS (SELECT x.description FROM pgc.pg_description x WHERE x.objoid = o"
            " AND x.objsubid = n)",
        ),
        "shobj_description": _NONE,
        "pg_get_expr": _NONE,
        "pg_get_indexdef": (
            f"(o) AS {_TEXT}",
            f"(o, n, p) AS CASE WHEN n = 0 THEN {_TEXT} ELSE 'ID' END",
        ),
        "pg_get_constraintdef": (f"(o) AS {_TEXT}", f"(o, p) AS {_TEXT}"),
        "pg_get_viewdef": _NONE,
        "pg_get_ruledef": _NONE,
        "pg_get_triggerdef": _NONE,
        "pg_get_partkeydef": _NONE,
        "pg_get_serial_sequence": _NONE,
        "pg_get_statisticsobjdef_columns": _NONE,
        "pg_get_function_result": _NONE,
        "pg_get_function_arguments": _NONE,
        "pg_get_function_identity_arguments": _NONE,
        "pg_get_functiondef": _NONE,
        "pg_tablespace_location": _NONE,
        "pg_encoding_to_char": ("(e) AS CAST('UTF8' AS VARCHAR)",),
        "pg_char_to_encoding": ("(e) AS 6",),
        "pg_table_is_visible": ("(o) AS true",),
        "pg_type_is_visible": ("(o) AS true",),
        "pg_function_is_visible": ("(o) AS true",),
        "pg_operator_is_visible": ("(o) AS true",),
        "pg_opclass_is_visible": ("(o) AS true",),
        "pg_collation_is_visible": ("(o) AS true",),
        "pg_conversion_is_visible": ("(o) AS true",),
        "pg_statistics_obj_is_visible": ("(o) AS true",),
        "pg_ts_config_is_visible": ("(o) AS true",),
        **{
            f"pg_{kind}_is_visible": ("(o) AS true",)
            for kind in ("opfamily", "ts_dict", "ts_parser", "ts_template")
        },
        "pg_relation_is_publishable": ("(o) AS true",),
        "pg_relation_is_updatable": ("(o, p) AS 28",),
        "pg_column_is_updatable": ("(o, n, p) AS true",),
        "has_table_privilege": _TRUE,
        "has_schema_privilege": _TRUE,
        "has_database_privilege": _TRUE,
        "has_column_privilege": _TRUE,
        "has_any_column_privilege": _TRUE,
        "has_function_privilege": _TRUE,
        "has_type_privilege": _TRUE,
        "has_sequence_privilege": _TRUE,
        "has_tablespace_privilege": _TRUE,
        "pg_has_role": _TRUE,
        "pg_total_relation_size": _ZERO,
        "pg_table_size": _ZERO,
        "pg_relation_size": _ZERO,
        "pg_indexes_size": _ZERO,
        "pg_database_size": _ZERO,
        "pg_size_pretty": ("(n) AS n || ' bytes'",),
        "pg_tablespace_size": _ZERO,
        "pg_stat_get_numscans": _ZERO,
        "getdatabaseencoding": ("() AS CAST('UTF8' AS VARCHAR)",),
        "pg_get_function_sqlbody": _NONE,
        "pg_advisory_unlock_all": ("() AS CAST('' AS VARCHAR)",),
        "pg_is_in_recovery": ("() AS false",),
        "pg_is_other_temp_schema": ("(o) AS false",),
        "pg_my_temp_schema": ("() AS 0",),
        "pg_backend_pid": ("() AS CAST(getvariable('pid') AS INTEGER)",),
        "txid_current": ("() AS CAST(1 AS BIGINT)",),
        "quote_ident": (
            "(t) AS CASE WHEN regexp_full_match(t, '[a-z_][a-z0-9_]*')"
            f" AND NOT regexp_full_match(t, '{_KEYWORDS}') THEN t"
            " ELSE '\"' || replace(t, '\"', '\"\"') || '\"' END",
        ),
        "quote_literal": (f"(t) AS {_QUOTED}",),
        "quote_nullable": (f"(t) AS CASE WHEN t IS NULL THEN 'NULL' ELSE {_QUOTED} END",),
        "array_upper": ("(a, d) AS CASE WHEN len(a) = 0 THEN NULL ELSE len(a) END",),
        "array_lower": ("(a, d) AS CASE WHEN len(a) = 0 THEN NULL ELSE 1 END",),
        "array_to_string": ("(a, s) AS array_to_string(a, s)",),
        "to_regclass": (
            "(n) AS (SELECT x.oid FROM pgc.pg_class x WHERE lower(x.relname) ="
            " lower(replace(regexp_extract(n, '[^.]*$'), '\"', '')))",
        ),
        "to_regtype": ("(n) AS (SELECT x.oid FROM pgc.type_names x WHERE x.name = n)",),
        "regclass_name": (
            "(o) AS coalesce((SELECT x.relname FROM pgc.pg_class x WHERE x.oid = o),"
            " CAST(o AS VARCHAR))",
        ),
        "regtype_name": (
            "(o) AS coalesce((SELECT x.name FROM pgc.type_names x WHERE x.oid = o), '-')",
        ),
        "current_setting": (f"(n) AS {_SETTING}", f"(n, m) AS {_SETTING}"),
        "current_user": ("() AS CAST(getvariable('user') AS VARCHAR)",),
        "current_database": ("() AS (SELECT x.datname FROM pgc.pg_database x)",),
        "current_schema": ("() AS CAST('public' AS VARCHAR)",),
        "current_schemas": (
            "(i) AS CASE WHEN i THEN ['pg_catalog', 'public'] ELSE ['public'] END",
        ),
        "version": (f"() AS '{VERSION_TEXT}'",),
        "scope_identity": ("() AS CAST(getvariable('identity') AS VARCHAR)",),
        "inet_server_addr": ("() AS NULL::VARCHAR",),
        "inet_server_port": ("() AS NULL::INTEGER",),
        "inet_client_addr": ("() AS NULL::VARCHAR",),
        "pg_postmaster_start_time": ("() AS now()",),
        "pg_sequence_last_value": ("(o) AS NULL::BIGINT",),
        "_pg_expandarray": ("(a) AS list_transform(a, lambda x, i: {'x': x, 'n': i})",),
        "pg_partition_ancestors": ("(o) AS unnest(CAST([] AS BIGINT[]))",),
        "row_security_active": ("(o) AS false",),
    }.items()
}
"""Functions of PostgreSQL's catalogs, as macros of the engine, by name."""
