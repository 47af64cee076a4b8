"""The table of what is supported covers every operation and code, and names tests that exist."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from daybook.protocols import modulus
from daybook.protocols.modulus.errors import Code
from daybook.protocols.modulus.plugin import METHODS

TABLE = tomllib.loads((Path(modulus.__file__).parent / "parity.toml").read_text())
ROWS: list[dict[str, Any]] = [*TABLE["operation"], *TABLE["code"]]
HERE = Path(__file__).parent
ROOT = Path(__file__).parents[3]


def test_every_operation_and_code_has_a_row() -> None:
    assert {row["name"] for row in TABLE["operation"]} == {
        f"{method} {path}" for path, method in METHODS.items()
    }
    published = {str(code.value) for code in Code if code is not Code.INTERNAL}
    assert {row["name"] for row in TABLE["code"]} == published


def test_every_code_is_on_the_page_of_the_interface() -> None:
    from daybook.protocols.modulus.errors import MESSAGES

    page = (ROOT / "docs/reference/modulus.md").read_text()
    for code, message in MESSAGES.items():
        assert f"| {code.value} | `{message}` |" in page


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_rows(row: dict[str, Any]) -> None:
    assert set(row) <= {"name", "status", "evidence", "test", "note"}
    assert row["status"] in ("exact", "partial", "absent")
    assert row["evidence"] in ("recorded", "manual", "inferred")
    assert row["status"] == "exact" or row.get("note"), "a difference is named"
    name, _, function = row["test"].partition("::")
    module = ast.parse((HERE / name).read_text())
    defined = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
    assert function in defined
