"""Files for browsers: collected whole, named by their content, and nothing else is reachable."""

import json
import os
import runpy
from pathlib import Path

import pytest

from daybook import assets

ROOT = Path(__file__).parents[2]
FILES: dict[str, str] = runpy.run_path(str(ROOT / "assets" / "collect.py"))["FILES"]


@pytest.fixture(params=sorted(FILES))
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    if assets.asset(found) is None:
        missing = f"{found} was not collected: make install, with npm"
        if os.environ.get("DAYBOOK_TEST_CLIENTS") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def test_each_is_named_by_its_content(name: str) -> None:
    found = assets.asset(name)
    assert found is not None
    assert assets.address(name) == f"/assets/{name}?v={found.version}"
    assert len(found.version) == 16
    assert found.media_type.startswith("text/")


def test_each_is_the_file_of_the_locked_package(name: str) -> None:
    source = ROOT / "assets" / "node_modules" / FILES[name]
    found = assets.asset(name)
    assert found is not None
    if source.exists():
        assert found.body == source.read_bytes()
    package = FILES[name].split("/", 1)[0]
    lock = json.loads((ROOT / "assets" / "package-lock.json").read_text())
    assert f"node_modules/{package}" in lock["packages"]


@pytest.mark.parametrize(
    "name", ["", "nothing.js", "../__init__.py", "react.licence.txt", "/etc/passwd", "htmx.js/"]
)
def test_nothing_else_is_reachable(name: str) -> None:
    assert assets.asset(name) is None
    assert assets.address(name) is None


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((ROOT / "assets" / "package-lock.json").read_text())
    packages = [package for path, package in lock["packages"].items() if path]
    assert all("integrity" in package and "resolved" not in package for package in packages)


def test_fonts_are_for_printing_and_served_to_nobody() -> None:
    for font in runpy.run_path(str(ROOT / "assets" / "collect.py"))["FONTS"]:
        path = assets.font_path(font)
        assert path is None or path.read_bytes()[:4] == b"\0\1\0\0"
        assert assets.asset(font) is None
    assert assets.font_path("../__init__.py") is None
