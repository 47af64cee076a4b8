"""The table of what is supported names tests that exist."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from daybook.protocols import sql

ROWS: list[dict[str, Any]] = tomllib.loads((Path(sql.__file__).parent / "parity.toml").read_text())[
    "operation"
]
HERE = Path(__file__).parent


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_rows(row: dict[str, Any]) -> None:
    assert row["status"] in ("exact", "partial", "absent")
    assert row["evidence"] in ("recorded", "manual", "inferred")
    assert row["status"] == "exact" or row.get("note"), "a difference is named"
    name, _, function = row["test"].partition("::")
    module = ast.parse((HERE / name).read_text())
    assert function in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
