"""What a change of a company's settings has changed, for people."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from enum import StrEnum
from typing import Final

from daybook.app import bodies
from daybook.app.ports import Reader
from daybook.domain.events import COMPANY, Event
from daybook.domain.model import Company
from daybook.web.formats import day
from daybook.web.history import Difference

_UNSAID: Final = frozenset({"id", "version", "created_at", "modified_at", "annex"})
"""What no person sets, and what interfaces keep for themselves."""

_TITLES: Final = {
    "doc_number_unique": "Unique numbers",
    "books_closed_through": "Closed through",
    "codat_id": "Codat id",
}
"""Settings whose names are not their titles; the same words as at the command line."""


def changes_of(reader: Reader, events: list[Event]) -> Mapping[int, tuple[Difference, ...]]:
    """What those of some events that changed the company's settings have changed, by number."""
    about = [event for event in events if event.entity == COMPANY and event.version]
    if not about:
        return {}
    versions = {each.version: each for each in reader.history(COMPANY, about[0].record_id)}
    found = {}
    for event in about:
        before = versions.get(event.version - 1)
        if before is not None:
            found[event.seq] = tuple(_apart(_company(before), _company(event)))
    return found


def _company(event: Event) -> Company:
    company = bodies.decode(event.entity, event.body)
    assert isinstance(company, Company)
    return company


def _apart(before: Company, after: Company) -> Iterator[Difference]:
    for member in fields(Company):
        if member.name not in _UNSAID:
            old, new = getattr(before, member.name), getattr(after, member.name)
            if old != new:
                title = _TITLES.get(member.name, member.name.replace("_", " ").capitalize())
                yield Difference(title, _said(old), _said(new))


def _said(setting: object) -> str:
    match setting:
        case None:
            return "none"
        case bool():
            return "on" if setting else "off"
        case date():
            return day(setting)
        case StrEnum():
            return setting.value
        case _:
            return str(setting)
