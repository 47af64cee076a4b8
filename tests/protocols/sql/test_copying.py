"""Options of COPY: what PostgreSQL refuses is refused, for what it writes could not be read."""

import pytest
from tests.support.sql import Sql

from daybook.protocols.sql.copying import options_of
from daybook.protocols.sql.errors import SqlFault

REFUSED = [
    ("DELIMITER '\\'", "22023"),
    ("DELIMITER 'a'", "22023"),
    ("DELIMITER '.'", "22023"),
    ("DELIMITER '0'", "22023"),
    ("DELIMITER ''", "0A000"),
    ("DELIMITER 'ab'", "0A000"),
    ("DELIMITER 'é'", "0A000"),
    ("DELIMITER '\n'", "22023"),
    ("DELIMITER 'N'", "22023"),
    ("DELIMITER '|', DELIMITER ','", "42601"),
    ("NULL 'a\nb'", "22023"),
    ("NULL '\t'", "22023"),
    ("NULL 'a|b', DELIMITER '|'", "22023"),
    ("QUOTE 'x'", "0A000"),
    ("ESCAPE 'x'", "0A000"),
    ("FORMAT csv, QUOTE ','", "22023"),
    ("FORMAT csv, QUOTE '|', DELIMITER '|'", "22023"),
    ("FORMAT csv, QUOTE 'xx'", "0A000"),
    ("FORMAT csv, QUOTE ''", "0A000"),
    ("FORMAT csv, QUOTE 'é'", "0A000"),
    ("FORMAT csv, NULL '\"'", "22023"),
    ("FORMAT csv, NULL ','", "22023"),
    ("FORMAT csv, NULL '\r'", "22023"),
    ("FORMAT csv, DELIMITER '\n'", "22023"),
    ("FORMAT binary, DELIMITER ','", "42601"),
    ("FORMAT binary, NULL 'x'", "42601"),
    ("FORMAT binary, HEADER", "0A000"),
    ("FORMAT binary, QUOTE 'x'", "0A000"),
    ("FORMAT csv, CSV", "42601"),
    ("FORMAT xml", "22023"),
    ("HEADER match", "0A000"),
    ("HEADER 'x'", "42601"),
    ("ENCODING 'LATIN1'", "0A000"),
]


@pytest.mark.parametrize(("options", "code"), REFUSED)
def test_refused(options: str, code: str) -> None:
    with pytest.raises(SqlFault) as caught:
        options_of(f"WITH ({options})")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "form", "options"),
    [
        ("", "text", {}),
        ("CSV HEADER", "csv", {"header": "on"}),
        ("WITH CSV DELIMITER AS ';' NULL AS 'none'", "csv", {"delimiter": ";", "null": "none"}),
        ("(FORMAT csv, DELIMITER 'a', QUOTE '\n')", "csv", {"delimiter": "a", "quote": "\n"}),
        ("(FORMAT csv, DELIMITER '\\', HEADER off)", "csv", {"delimiter": "\\"}),
        ("(DELIMITER 'A', NULL '\\')", "text", {"delimiter": "A", "null": "\\"}),
        ("(FORMAT 'binary', ENCODING 'utf-8')", "binary", {"encoding": "utf-8"}),
        ("(FORMAT binary, HEADER false)", "binary", {}),
    ],
)
def test_taken(text: str, form: str, options: dict[str, str]) -> None:
    assert options_of(text) == (form, options)


def test_a_statement_is_refused_before_anything_is_sent(shared: Sql) -> None:
    assert shared.fault("COPY (SELECT 1) TO STDOUT (DELIMITER E'\\n')").code == "22023"
    assert shared.fault("COPY (SELECT 1) TO STDOUT (DELIMITER '1')").code == "22023"
