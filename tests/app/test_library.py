"""The package as a library: its public names, and the guide's example as printed."""

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

import daybook
from daybook import open_ledger

GUIDE = Path(__file__).parents[2] / "docs/guides/library.md"


def test_the_example_of_the_guide_prints_what_the_guide_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = GUIDE.read_text()
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    printed = re.search(r"prints, on its first run,\n\n```\n(.*?)```", text, re.DOTALL)
    assert example is not None
    assert printed is not None
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(example[1], str(GUIDE), "exec"), {})
    assert out.getvalue() == printed[1]
    again = io.StringIO()
    with contextlib.redirect_stdout(again):
        exec(compile(example[1], str(GUIDE), "exec"), {})
    assert again.getvalue().startswith("entry 2 version 0\n")


@pytest.mark.parametrize("name", daybook.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(daybook, name) is not None
    assert name in dir(daybook)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        daybook.nonsense  # noqa: B018


def test_all_public_names_are_listed() -> None:
    assert sorted({*daybook._PLACES, "open_ledger"}) == sorted(daybook.__all__)


def test_importing_the_package_brings_in_nothing_else() -> None:
    code = "import sys, daybook; print([n for n in sys.modules if n.startswith('daybook.')])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_store_is_closed_at_the_end(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'books.db'}"
    with open_ledger(url) as ledger:
        assert ledger.store.directory.company_ids() == []
    with open_ledger(url) as ledger:
        assert ledger.store.url == url
