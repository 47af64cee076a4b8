"""The table of what is supported covers what is shown, and names tests that exist."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.support.codat import Wire, two_lines

from daybook.protocols import codat

TABLE = tomllib.loads((Path(codat.__file__).parent / "parity.toml").read_text())
ROWS: list[dict[str, Any]] = [*TABLE["operation"], *TABLE["property"]]
HERE = Path(__file__).parent


def test_every_member_of_an_entry_has_a_row() -> None:
    wire = Wire()
    shown = wire.get(f"/data/journalEntries/{wire.create(two_lines(description='x'))}").json
    named = {row["name"] for row in TABLE["property"]}
    assert {f"JournalEntry.{member}" for member in shown} <= named


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
