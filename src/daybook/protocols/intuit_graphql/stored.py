"""What is kept beside the ledger's own members.

A line's markup, its billable amount and whether it is taxable mean something to this wire alone
and are kept in the line's annex under its name.

Names of persons, addresses, rates of taxes and the like are written through this vendor's other
interface, which keeps them in annexes under its own name, by the names of its own members; they
are shown here too (see the decision "One vendor, one annex"). Nothing is ever written there.
"""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from daybook.domain.model import Annex, ListItem, annex_of, with_annex
from daybook.protocols.intuit_graphql import ids
from daybook.protocols.kit import json

WIRE: Final = "intuit_graphql"
"""The name of this wire: in annexes and in the origin of entries."""

_SISTER: Final = "qbo"


@dataclass(frozen=True, slots=True)
class LineExtras:
    """What is kept of a line. Amounts are minor units of the entry's currency."""

    billable_amount: int | None = None
    markup_account: int | None = None
    markup_amount: int | None = None
    markup_percent: str | None = None
    taxable: bool | None = None

    @property
    def has_markup(self) -> bool:
        """Whether a markup was given."""
        return (
            self.markup_account is not None
            or self.markup_amount is not None
            or self.markup_percent is not None
        )


NO_EXTRAS: Final = LineExtras()
_MEMBERS: Final = (
    ("billableAmount", "billable_amount"),
    ("markupAccount", "markup_account"),
    ("markupAmount", "markup_amount"),
    ("markupPercent", "markup_percent"),
    ("taxable", "taxable"),
)


def line_extras(annex: Annex) -> LineExtras:
    """What is kept of a line in its annex."""
    text = annex_of(annex, WIRE)
    return NO_EXTRAS if text is None else _line_extras(text)


@lru_cache(maxsize=4_096)
def _line_extras(text: str) -> LineExtras:
    kept = json.decode(text.encode())
    return LineExtras(**{member: kept.get(name) for name, member in _MEMBERS})


def with_line_extras(annex: Annex, extras: LineExtras) -> Annex:
    """A line's annex with what is kept of it replaced."""
    kept = {
        name: getattr(extras, member)
        for name, member in _MEMBERS
        if getattr(extras, member) is not None
    }
    if not kept and not annex:
        return annex
    return with_annex(annex, WIRE, json.encode(kept).decode() if kept else None)


def details(annex: Annex) -> dict[str, Any]:
    """The members that the vendor's other interface keeps of a record."""
    text = annex_of(annex, _SISTER) if annex else None
    return {} if text is None else _details(text)


@lru_cache(maxsize=4_096)
def _details(text: str) -> dict[str, Any]:
    members: dict[str, Any] = json.decode(text.encode())
    return members


def detail(annex: Annex, *path: str) -> str | None:
    """A text among those members, by the names that lead to it; None if there is none."""
    found: Any = details(annex)
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None


def rate_numbers(code: ListItem, *, sale: bool) -> list[int]:
    """The numbers of the rates of a tax code, of sales or of purchases."""
    member = "SalesTaxRateList" if sale else "PurchaseTaxRateList"
    listed = details(code.annex).get(member, ())
    return [number for each in listed if (number := ids.number_of(str(each))) is not None]


def rate_percent(rate: ListItem) -> Decimal | None:
    """The percentage of a tax rate, or None if none is kept."""
    value = details(rate.annex).get("RateValue")
    return Decimal(value) if isinstance(value, Decimal | int) else None
