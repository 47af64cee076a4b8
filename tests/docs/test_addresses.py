"""Addresses that the documentation and the server itself name are ones that answer."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.support.premises import Premises

from daybook.server.interfaces import INTERFACES

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
URL = re.compile(r"https?://(?:127\.0\.0\.1|localhost):8080(/[^\s'\"`)<>,;]*)")


@pytest.fixture(scope="module")
def house() -> Iterator[Premises]:
    with Premises() as premises:
        yield premises


def answers(house: Premises, path: str) -> bool:
    """Whether a path is that of an operation, or lies below the root of an interface."""
    segments = path.rstrip("/").split("/")
    for _, operation in house.operations():
        pattern = operation.path.rstrip("/").split("/")
        if len(segments) <= len(pattern) and all(
            word.startswith("{")
            or word.lower() == segment.lower()
            or segment.startswith(("{", "$"))
            for word, segment in zip(pattern, segments, strict=False)
        ):
            return True
    return False


def test_addresses_in_the_documentation_answer(house: Premises) -> None:
    found = 0
    for page in PAGES:
        for path in URL.findall(page.read_text()):
            found += 1
            plain = path.partition("?")[0].rstrip(".…*")
            known = answers(house, plain) or answers(house, plain.removeprefix("/codat"))
            assert known, f"{page.name} names {path}"
    assert found >= 3


def test_the_list_of_interfaces_names_addresses_that_answer(house: Premises) -> None:
    here = {plugin.name for plugin in house.plugins}
    for interface in INTERFACES:
        if interface.name in here:
            assert answers(house, interface.path), interface.path


def test_discovery_names_addresses_that_answer(house: Premises) -> None:
    for name in ("openid_configuration", "openid_sandbox_configuration"):
        told = house.ask("GET", f"/.well-known/{name}").json
        ends = {key: each for key, each in told.items() if key.endswith(("_endpoint", "_uri"))}
        assert len(ends) >= 5
        paths = {operation.path for _, operation in house.operations()}
        for address in ends.values():
            assert urlsplit(address).path in paths, address
