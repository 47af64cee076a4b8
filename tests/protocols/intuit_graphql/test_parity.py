"""The table of what is supported covers every field of an entry, and names tests that exist."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from daybook.protocols import intuit_graphql
from daybook.protocols.intuit_graphql.fields import FIELDS

TABLE = tomllib.loads((Path(intuit_graphql.__file__).parent / "parity.toml").read_text())
ROWS: list[dict[str, Any]] = [*TABLE["operation"], *TABLE["property"]]
HERE = Path(__file__).parent


def test_every_field_of_an_entry_has_a_row() -> None:
    fields = {
        f"{type}.{name}" for type in ("JournalEntry", "JournalEntryLine") for name in FIELDS[type]
    }
    assert {row["name"] for row in TABLE["property"]} == fields


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_rows(row: dict[str, Any]) -> None:
    assert set(row) <= {"name", "status", "evidence", "test", "note"}
    assert row["status"] in ("exact", "partial", "absent")
    assert row["evidence"] in ("recorded", "manual", "inferred")
    assert row["status"] == "exact" or row.get("note"), "a difference is named"
    name, _, function = row["test"].partition("::")
    module = ast.parse((HERE / name).read_text())
    assert function in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
