"""Progress: a bar on a terminal, lines now and then elsewhere, nothing for short work."""

import sys
import time

import pytest

from daybook.cli import progress as module
from daybook.cli.progress import Progress


def test_short_work_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("import", "bytes", 100) as progress:
        progress.step(50)
    assert capsys.readouterr() == ("", "")


def test_long_work_says_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with Progress("verify", "events") as progress:
        for done in range(12):
            progress.steps(done, 20)
            now[0] += 1
        progress.steps(12, 0)
    assert capsys.readouterr().err.splitlines() == [
        "verify: 25 % (5 of 20) events",
        "verify: 50 % (10 of 20) events",
    ]


def test_without_a_total_the_count_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINE_SECONDS", 0.0)
    with Progress("import", "bytes") as progress:
        progress.step(7)
    assert capsys.readouterr().err == "import: 7 bytes\n"


def test_a_terminal_gets_a_bar(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Progress("import", "bytes", 100) as progress:
        progress.step(50)
        progress.steps(100, 100)
    assert "import:" in capsys.readouterr().err
