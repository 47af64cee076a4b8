"""Writes the tables of docs/compatibility.md from the wires' parity tables.

`python -m tests.support.compatibility` brings the page up to date; a test checks that it is.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "compatibility.md"
_TABLE = re.compile(r"<!-- (?P<wire>\w+) (?P<kind>\w+) -->\n.*?<!-- end -->", re.DOTALL)


def table(wire: str, kind: str) -> str:
    """The rows of one kind of a wire's parity table, as Markdown."""
    path = ROOT / "src" / "daybook" / "protocols" / wire / "parity.toml"
    rows = tomllib.loads(path.read_text())[kind]
    lines = [f"| {kind} | status | evidence | difference |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{row['name']}` | {row['status']} | {row['evidence']} | {row.get('note', '')} |"
        for row in rows
    ]
    return "\n".join(lines)


def render(page: str) -> str:
    """The page with every marked table as the parity tables have it."""
    return _TABLE.sub(
        lambda match: (
            f"<!-- {match['wire']} {match['kind']} -->\n"
            f"{table(match['wire'], match['kind'])}\n<!-- end -->"
        ),
        page,
    )


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text()))
