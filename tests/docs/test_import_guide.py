"""The import guide: its first file goes in and comes out, its columns are those that are known."""

import re
from pathlib import Path

import pytest

from daybook.app.journal_csv.columns import Column, meaning
from daybook.server.main import main

GUIDE = (Path(__file__).parents[2] / "docs/guides/import-csv.md").read_text()


def test_the_first_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAYBOOK_STORE", raising=False)
    sample = re.search(r"```csv\n(.*?)```", GUIDE, re.DOTALL)
    assert sample is not None
    (tmp_path / "journal.csv").write_text(sample[1])
    commands = re.findall(
        r"^daybook (.*)$", "\n".join(re.findall(r"```sh\n(.*?)```", GUIDE, re.S)), re.M
    )
    assert len(commands) == 6
    for command in commands:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', command)]
        assert main(words) == 0, capfd.readouterr().err
    assert "2 entries with 4 lines imported" in capfd.readouterr().out
    assert (tmp_path / "journal-2026.csv").read_text().count("\n") == 5


def test_every_column_of_the_table_is_known() -> None:
    """What stands first in a row names a column, and so does everything beside it."""
    documented: set[Column | None] = set()
    for names, others in re.findall(r"^\| (`[^|]*) \|([^|]*)\|", GUIDE, re.M):
        columns = {meaning(name) for name in re.findall("`([^`]+)`", names)}
        documented |= columns
        for other in others.strip().removesuffix(" for Location").split(", "):
            assert not other or meaning(other) in columns, other
    assert documented == set(Column)
