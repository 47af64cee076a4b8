"""Daybook: one double-entry journal that speaks existing accounting interfaces.

The names here are for programs that keep books without a server:

    from daybook import open_ledger

    with open_ledger("sqlite:///books.db") as ledger:
        ...

They are brought in when they are first used, so that importing the package costs nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daybook.app.access import OPERATOR, Principal, Scope
    from daybook.app.founding import NewCompany, found
    from daybook.app.ledger import Books, Committed, Context, Ledger, Refused
    from daybook.app.reports import TrialBalance, trial_balance
    from daybook.domain.commands import (
        AccountContent,
        ContactContent,
        CreateEntry,
        CreateReference,
        DeleteEntry,
        DimensionContent,
        EntryContent,
        LineDraft,
        MoveEntry,
        NoteDraft,
        PatchEntry,
        ReplaceEntry,
        ReplaceReference,
        SetExchangeRate,
    )
    from daybook.domain.events import Actor
    from daybook.domain.ids import ByCode, ById, ByName
    from daybook.domain.model import (
        Account,
        AccountKind,
        Company,
        Contact,
        ContactKind,
        Dimension,
        JournalEntry,
        Line,
        Side,
        Status,
    )
    from daybook.domain.money import amount_text, parse_amount
    from daybook.domain.refusals import Refusal, RefusalCode

__version__ = "0.1.0"

_MODULES = {
    "app.access": "OPERATOR Principal Scope",
    "app.founding": "NewCompany found",
    "app.ledger": "Books Committed Context Ledger Refused",
    "app.reports": "TrialBalance trial_balance",
    "domain.commands": (
        "AccountContent ContactContent CreateEntry CreateReference DeleteEntry DimensionContent"
        " EntryContent LineDraft MoveEntry NoteDraft PatchEntry ReplaceEntry ReplaceReference"
        " SetExchangeRate"
    ),
    "domain.events": "Actor",
    "domain.ids": "ByCode ById ByName",
    "domain.model": (
        "Account AccountKind Company Contact ContactKind Dimension JournalEntry Line Side Status"
    ),
    "domain.money": "amount_text parse_amount",
    "domain.refusals": "Refusal RefusalCode",
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = [
    "Account",
    "AccountContent",
    "AccountKind",
    "Actor",
    "Books",
    "ByCode",
    "ById",
    "ByName",
    "Committed",
    "Company",
    "Contact",
    "ContactContent",
    "ContactKind",
    "Context",
    "CreateEntry",
    "CreateReference",
    "DeleteEntry",
    "Dimension",
    "DimensionContent",
    "EntryContent",
    "JournalEntry",
    "Ledger",
    "Line",
    "LineDraft",
    "MoveEntry",
    "NewCompany",
    "NoteDraft",
    "OPERATOR",
    "PatchEntry",
    "Principal",
    "Refusal",
    "RefusalCode",
    "Refused",
    "ReplaceEntry",
    "ReplaceReference",
    "Scope",
    "SetExchangeRate",
    "Side",
    "Status",
    "TrialBalance",
    "amount_text",
    "found",
    "open_ledger",
    "parse_amount",
    "trial_balance",
]


@contextmanager
def open_ledger(url: str) -> "Iterator[Ledger]":
    """The books in the store at an address, for the length of a `with` block.

    A store that is not there is made. Raises `daybook.app.ports.StoreFailure` for an address
    that no engine has, and for what the engine refuses.
    """
    from daybook.app.ledger import Ledger
    from daybook.storage import open_store

    store = open_store(url)
    try:
        yield Ledger(store)
    finally:
        store.close()


def __getattr__(name: str) -> object:
    """A public name, from the module that has it."""
    module = _PLACES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """All public names, brought in or not."""
    return sorted({*globals(), *__all__})
