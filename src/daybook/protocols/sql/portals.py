"""Portals, and what Bind and start-up messages hold, as values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from daybook.protocols.sql import errors
from daybook.protocols.sql.errors import Notice, SqlFault
from daybook.protocols.sql.literals import canonical
from daybook.protocols.sql.pgwire import messages as wire
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.results import Plan, Result
from daybook.protocols.sql.statements import Statement


@dataclass(slots=True)
class Portal:
    """A statement with its parameters, ready to be executed, perhaps half way through its rows."""

    plan: Plan | None
    values: list[str | None]
    formats: list[int]
    statement: Statement | None = None
    result: Result | None = None
    waiting: list[Any] = field(default_factory=list)
    done: bool = False
    size: int = 0
    """Bytes of its values, as they came."""


def tag(result: Result, count: int) -> str:
    """The tag of a command that returned rows."""
    return f"{result.tag} {count}" if result.counted else result.tag


def close(portal: Portal) -> None:
    """Let the rows of a portal go."""
    if portal.result is not None and portal.result.rows is not None:
        portal.result.rows.close()


def spread(formats: Sequence[int], count: int) -> list[int]:
    """Format codes as Bind gives them, one for each value."""
    if not formats:
        return [0] * count
    if len(formats) == 1:
        return [formats[0]] * count
    if len(formats) != count:
        message = f"bind message has {len(formats)} formats but {count} values"
        raise SqlFault(errors.PROTOCOL, message)
    return list(formats)


def read_value(value: bytes | None, oid: int, form: int) -> str | None:
    """A parameter as text of its type. Raises `SqlFault`."""
    if value is None:
        return None
    try:
        text = pg.from_binary(oid, value) if form else value.decode()
    except pg.BadValue as fault:
        raise SqlFault(errors.BAD_BINARY, str(fault)) from None
    except UnicodeDecodeError:
        raise SqlFault("22021", 'invalid byte sequence for encoding "UTF8"') from None
    return canonical(oid, text)


def options(text: str) -> list[tuple[str, str]]:
    """Settings in the start-up parameter `options`: -c name=value."""
    found = []
    words = text.replace("\\ ", "\0").split()
    for at, word in enumerate(words):
        if word == "-c" and at + 1 < len(words):
            word = "-c" + words[at + 1]
        if word.startswith(("-c", "--")) and "=" in word:
            name, _, value = word[2:].partition("=")
            found.append((name, value.replace("\0", " ")))
    return found


def notice_bytes(notice: Notice) -> bytes:
    """A NoticeResponse."""
    members = (
        ("S", notice.severity),
        ("V", notice.severity),
        ("C", notice.code),
        ("M", notice.message),
    )
    return wire.fault(b"N", members)
