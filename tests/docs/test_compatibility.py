"""The compatibility page says what the parity tables say."""

import tomllib
from pathlib import Path

import pytest
from tests.support.compatibility import PAGE, ROOT, render


def test_the_tables_are_current() -> None:
    """If this fails: python -m tests.support.compatibility"""
    page = PAGE.read_text()
    assert page.count("<!-- end -->") >= 2
    assert page == render(page)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "src" / "daybook" / "protocols").glob("*/parity.toml")), ids=str
)
def test_every_table_of_every_interface_is_on_the_page(path: Path) -> None:
    page = PAGE.read_text()
    for kind in tomllib.loads(path.read_text()):
        assert f"<!-- {path.parent.name} {kind} -->" in page
