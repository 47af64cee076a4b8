"""Settings: where a value comes from, what is refused, and that the reference page is complete."""

import ast
import inspect
from argparse import ArgumentParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from daybook.server import limits
from daybook.server.config import (
    DEMO_STORE,
    SETTINGS,
    Address,
    ConfigError,
    add_options,
    in_force,
    read_config,
)

PAGE = (Path(__file__).parents[2] / "docs/reference/settings.md").read_text()


def parsed(*arguments: str) -> dict[str, Any]:
    parser = ArgumentParser()
    add_options(parser)
    return vars(parser.parse_args(arguments))


def test_defaults_are_those_of_the_contract() -> None:
    config = read_config({}, parsed())
    assert config.store == "sqlite:///daybook.db"
    assert config.http == Address("127.0.0.1", 8080)
    assert config.sql == Address("127.0.0.1", 5433)
    assert not config.demo
    assert read_config({}, parsed("--demo")).store == DEMO_STORE == "sqlite:///var/demo.db"


def test_a_flag_counts_more_than_a_variable_and_that_more_than_the_default() -> None:
    variables = {"DAYBOOK_HTTP": "127.0.0.1:9000", "DAYBOOK_DEMO": "on", "DAYBOOK_SQL": "OFF"}
    config = read_config(variables, parsed("--no-demo"))
    assert config.http.port == 9000
    assert not config.demo
    assert config.sql is None
    found = {setting.name: setting for setting in in_force(variables, parsed("--no-demo"))}
    assert (found["http"].value, found["http"].source) == ("127.0.0.1:9000", "environment")
    assert (found["demo"].value, found["demo"].source) == ("off", "flag")
    assert (found["workers"].value, found["workers"].source) == ("1", "default")


def test_a_store_that_is_named_is_used_by_the_demo_too() -> None:
    assert read_config({"DAYBOOK_STORE": "memory://"}, parsed("--demo")).store == "memory://"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0:80", Address("0.0.0.0", 80)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:8080", Address("::1", 8080)),
    ],
)
def test_addresses(text: str, address: Address) -> None:
    assert read_config({}, parsed("--http", text)).http == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--http", "8080"), "HOST:PORT"),
        (("--http", ":8080"), "HOST:PORT"),
        (("--http", "a:b"), "HOST:PORT"),
        (("--http", "127.0.0.1:65536"), "HOST:PORT"),
        (("--http", "::1:8080"), "HOST:PORT"),
        (("--sql", "nowhere"), "HOST:PORT"),
        (("--workers", "0"), "1 to 64 processes"),
        (("--workers", "two"), "whole number"),
        (("--workers", "2", "--store", "memory://"), "belong to one process"),
        (("--requests-per-day", "-1"), "whole number"),
        (("--requests-per-day", "1e9"), "whole number"),
        (("--body-timeout", "-1"), "number of seconds"),
        (("--drain-timeout", "1e9"), "number of seconds"),
        (("--drain-delay", "100000"), "number of seconds"),
        (("--origin", "example.org"), "scheme"),
        (("--origin", "https://example.org/path"), "no path"),
        (("--demo", "--http", "0.0.0.0:8080"), "--demo-anywhere"),
        (("--demo", "--http", "[::]:8080"), "--demo-anywhere"),
        (("--demo", "--http", "no-such-host.invalid:8080"), "--demo-anywhere"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config({}, parsed(*arguments))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("DEMO", "maybe"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml")]
)
def test_variables_are_checked_like_flags(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=value):
        read_config({f"DAYBOOK_{name}": value})


def test_a_demo_may_be_let_loose_on_purpose() -> None:
    config = read_config({}, parsed("--demo", "--demo-anywhere", "--http", "0.0.0.0:80"))
    assert config.demo
    for host in ("localhost", "127.0.0.2", "[::1]"):
        assert read_config({}, parsed("--demo", "--http", f"{host}:1")).demo


def test_an_origin_is_taken_without_its_slash() -> None:
    config = read_config({}, parsed("--origin", "https://books.example.org:8443/"))
    assert config.origin == "https://books.example.org:8443"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_is_in_the_help_and_on_the_reference_page(setting: Any) -> None:
    default = f"`{setting.default}`" if setting.default else "none"
    row = f"| `{setting.flag}` | `{setting.variable}` | {default} | {setting.meaning} |"
    assert row in PAGE
    parser = ArgumentParser(prog="daybook serve")
    add_options(parser)
    assert setting.flag in parser.format_help()


def test_each_bound_is_on_the_reference_page() -> None:
    body = ast.parse(inspect.getsource(limits)).body
    bounds = [node for node in body if isinstance(node, ast.AnnAssign)]
    assert bounds
    for node, reason in pairwise(body):
        if isinstance(node, ast.AnnAssign):
            assert isinstance(node.target, ast.Name)
            assert isinstance(reason, ast.Expr), f"{node.target.id} has no reason"
            value = getattr(limits, node.target.id)
            figures = value if isinstance(value, tuple) else (value,)
            shown = ", ".join(f"{figure:,}" for figure in figures)
            text = " ".join(ast.literal_eval(reason.value).split())
            assert f"| `{node.target.id}` | {shown} | {text} |" in PAGE
