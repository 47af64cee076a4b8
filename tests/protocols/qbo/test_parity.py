"""The table of what is supported covers every member, and names tests that exist."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from daybook.protocols import qbo
from daybook.protocols.qbo.codec import DETAIL, JOURNAL_ENTRY, LINE

TABLE = tomllib.loads((Path(qbo.__file__).parent / "parity.toml").read_text())
ROWS: list[dict[str, Any]] = [*TABLE["operation"], *TABLE["property"]]
HERE = Path(__file__).parent


def test_every_member_of_an_entry_has_a_row() -> None:
    members = {
        f"{shape.name}.{member}"
        for shape in (JOURNAL_ENTRY, LINE, DETAIL)
        for member in shape.members
    }
    assert {row["name"] for row in TABLE["property"]} == members


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_rows(row: dict[str, Any]) -> None:
    assert set(row) <= {"name", "status", "evidence", "test", "note"}
    assert row["status"] in ("exact", "partial", "absent")
    assert row["evidence"] in ("recorded", "manual", "inferred")
    assert row["status"] == "exact" or row.get("note"), "a difference is named"
    name, _, function = row["test"].partition("::")
    module = ast.parse((HERE / name).read_text())
    if function:
        defined = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
        assert function in defined
