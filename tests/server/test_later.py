"""A wire that is loaded later, and what is known of it before."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import requests
from tests.support.server import start, variables

from daybook.server import bootstrap


def test_an_outline_says_what_the_wire_says() -> None:
    outlined = 0
    for name in bootstrap._modules("plugin"):
        package = name.removesuffix(".plugin")
        try:
            outline = import_module(f"{package}.outline")
        except ModuleNotFoundError:
            continue
        outlined += 1
        plugin = import_module(name)
        (wire,) = (
            each
            for each in vars(plugin).values()
            if isinstance(each, type) and getattr(each, "name", None) == outline.NAME
        )
        assert getattr(wire, "prefixes", None) == outline.PREFIXES
        assert getattr(wire, "limits", None) == outline.LIMITS
        assert getattr(wire, "operations", None) == outline.OPERATIONS
    assert outlined


@pytest.mark.parametrize("library", ["graphql", "sqlglot", "duckdb", "prometheus_client", "rich"])
def test_what_takes_long_to_load_is_not_loaded_to_build_the_server(library: str) -> None:
    code = (
        "import sys; from daybook.server import run, bootstrap;"
        "list(bootstrap.wires()); list(bootstrap.listening());"
        f"sys.exit({library!r} in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=variables(), timeout=60, check=False)
    assert done.returncode == 0


def test_whoever_asks_first_is_answered(tmp_path: Path) -> None:
    running = start(tmp_path)
    answer = requests.post(
        running.url + "/2020-04/graphql",
        json={"query": "{__typename}"},
        headers={"authorization": "Bearer demo"},
        timeout=60,
    )
    assert answer.status_code in (200, 400)
    assert "application/" in answer.headers["content-type"]
    assert running.stop() == 0


def test_a_certificate_that_cannot_be_used_ends_the_start_with_code_1(tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").write_text("nonsense")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "daybook", "serve", "--store", "memory://"),
            *("--http", "127.0.0.1:0", "--sql", "127.0.0.1:0"),
            *("--sql-certificate", "certificate.pem"),
        ],
        cwd=tmp_path,
        env=variables(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
