"""The body of a create, read: values of wrong kinds are refused, wrong content is noted.

Members that the original ignores (its read-only ones) are ignored, `null` is the same as absent,
and of a reference only the id counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.events import dimension_entity
from daybook.domain.ids import ById, Ref
from daybook.domain.limits import LINES_MAX
from daybook.domain.model import Company, ContactKind, Dimension, Side
from daybook.protocols.codat import amounts, errors, ids, times
from daybook.protocols.codat.limits import DESCRIPTION_LENGTH_MAX, ERRORS_MAX, RECORD_REFS_MAX
from daybook.protocols.codat.push import Item

_NO_ACCOUNT: Final = ById(0)
_KINDS: Final = {"customers": ContactKind.CUSTOMER, "suppliers": ContactKind.VENDOR}
_TRACKING: Final = "trackingCategories"


@dataclass(slots=True)
class Draft:
    """A command, and faults of content that the ledger does not know of."""

    command: CreateEntry
    faults: list[Item] = field(default_factory=list)


def read_entry(body: dict[str, Any], reader: Reader) -> Draft:
    """The command of a create. Raises `CodatError` for values of wrong kinds."""
    return _EntryBody(reader).read(body)


class _EntryBody:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._company: Company = reader.company
        self._faults: list[Item] = []
        self._currencies: set[str] = set()
        self._marks: dict[str, tuple[str, Ref] | None] = {}

    def read(self, body: dict[str, Any]) -> Draft:
        memo = _text(body, "description")
        if memo is not None and len(memo) > DESCRIPTION_LENGTH_MAX:
            self._fault("Description", _too_long("Description"))
        posted_on = self._posted_on(body)
        _object(body, "journalRef")
        lines = [self._line(each, at) for at, each in enumerate(_lines(body))]
        currency = self._currency()
        content = EntryContent(
            lines=tuple(lines),
            posting_date=posted_on,
            memo=memo or None,
            currency=None if currency == self._company.home_currency else currency,
        )
        return Draft(CreateEntry(content), self._faults)

    def _fault(self, item: str, reason: str) -> None:
        if len(self._faults) < ERRORS_MAX:
            self._faults.append(Item(item, f"Failed to push JournalEntry as {reason}."))

    def _posted_on(self, body: dict[str, Any]) -> date | None:
        text = _text(body, "postedOn")
        if text is None:
            self._fault("PostedOn", "PostedOn must be provided")
            return None
        on = times.read_day(text)
        if on is None:
            raise errors.not_valid("postedOn", f"{errors.short(text)} is not a date.")
        return on

    def _currency(self) -> str:
        """The currency all lines are in: the home currency unless they name another."""
        home = self._company.home_currency
        if len(self._currencies) > 1:
            self._fault("JournalLines.Currency", "all lines must have the same currency")
            return home
        return next(iter(self._currencies), home)

    def _line(self, value: Any, at: int) -> LineDraft:
        if not isinstance(value, dict):
            raise errors.not_valid("journalLines", f"Line {at + 1} is not an object.")
        description = _text(value, "description")
        if description is not None and len(description) > DESCRIPTION_LENGTH_MAX:
            self._fault("JournalLines.Description", _too_long("JournalLines.Description"))
        currency = _text(value, "currency") or self._company.home_currency
        if not currencies.is_currency(currency):
            self._fault("JournalLines.Currency", f"{errors.short(currency)} is not a currency")
            currency = self._company.home_currency
        self._currencies.add(currency)
        amount = self._amount(value, currency, at)
        contact, kind = self._contact(value, at)
        return LineDraft(
            side=Side.DEBIT if amount >= 0 else Side.CREDIT,
            amount=abs(amount),
            account=self._account(value, at),
            contact=contact,
            contact_kind=kind,
            dimensions=self._tracking(value, at),
            description=description or None,
        )

    def _amount(self, value: dict[str, Any], currency: str, at: int) -> int:
        number = value.get("netAmount")
        if number is None:
            self._fault("JournalLines.NetAmount", f"NetAmount of line {at + 1} must be provided")
            return 0
        if isinstance(number, bool) or not isinstance(number, int | Decimal):
            raise errors.not_valid("netAmount", f"NetAmount of line {at + 1} is not a number.")
        try:
            return amounts.minor_units(number, currencies.exponent(currency))
        except amounts.AmountError as fault:
            self._fault("JournalLines.NetAmount", f"NetAmount of line {at + 1} {fault}")
            return 0

    def _account(self, value: dict[str, Any], at: int) -> Ref:
        reference = _object(value, "accountRef")
        wanted = None if reference is None else _text(reference, "id")
        if wanted is None:
            reason = f"AccountRef.Id of line {at + 1} must be provided"
            self._fault("JournalLines.AccountRef.Id", reason)
            return _NO_ACCOUNT
        number = ids.number(wanted)
        if number is None:
            reason = f"{errors.short(wanted)} of line {at + 1} does not match an existing account"
            self._fault("JournalLines.AccountRef.Id", reason)
            return _NO_ACCOUNT
        return ById(number)

    def _contact(self, value: dict[str, Any], at: int) -> tuple[Ref | None, ContactKind | None]:
        reference = _object(value, "contactRef")
        if reference is None:
            return None, None
        wanted, data_type = _text(reference, "id"), _text(reference, "dataType")
        number = None if wanted is None else ids.number(wanted)
        if number is None:
            reason = f"ContactRef.Id of line {at + 1} does not match an existing contact"
            self._fault("JournalLines.ContactRef.Id", reason)
            return None, None
        if data_type is not None and data_type not in _KINDS:
            reason = f"ContactRef.DataType of line {at + 1} must be customers or suppliers"
            self._fault("JournalLines.ContactRef.DataType", reason)
            return None, None
        return ById(number), None if data_type is None else _KINDS[data_type]

    def _tracking(self, value: dict[str, Any], at: int) -> tuple[tuple[str, Ref], ...]:
        tracking = _object(value, "tracking")
        references = None if tracking is None else tracking.get("recordRefs")
        if references is None:
            return ()
        if not isinstance(references, list):
            raise errors.not_valid("recordRefs", f"RecordRefs of line {at + 1} is not an array.")
        if len(references) > RECORD_REFS_MAX:
            text = f"Line {at + 1} has more than {RECORD_REFS_MAX} record refs."
            raise errors.not_valid("recordRefs", text)
        found: dict[str, Ref] = {}
        for reference in references:
            if not isinstance(reference, dict):
                raise errors.not_valid("recordRefs", f"A ref of line {at + 1} is not an object.")
            marked = self._mark(reference, at)
            if marked is None:
                continue
            axis, ref = marked
            if axis in found:
                reason = f"line {at + 1} has more than one tracking category of type {axis}"
                self._fault("RecordRefs.Id", reason)
            found[axis] = ref
        return tuple(sorted(found.items(), key=lambda pair: pair[0]))

    def _mark(self, reference: dict[str, Any], at: int) -> tuple[str, Ref] | None:
        wanted = _text(reference, "id") or ""
        if _text(reference, "dataType") != _TRACKING:
            reason = f"DataType of a record ref of line {at + 1} must be {_TRACKING}"
            self._fault("RecordRefs.DataType", reason)
            return None
        if wanted not in self._marks:
            self._marks[wanted] = self._marked(wanted)
        known = self._marks[wanted]
        if known is not None:
            return known
        reason = f"{errors.short(wanted)} of line {at + 1} does not match a tracking category"
        self._fault("RecordRefs.Id", reason)
        return None

    def _marked(self, wanted: str) -> tuple[str, Ref] | None:
        found = ids.tracking(wanted)
        # who has been told of so many faults need not be told which others there are
        if found is None or len(self._faults) >= ERRORS_MAX:
            return None
        value = self._reader.reference(dimension_entity(found[0]), found[1])
        return (found[0], ById(found[1])) if isinstance(value, Dimension) else None


def _lines(body: dict[str, Any]) -> Sequence[Any]:
    lines = body.get("journalLines")
    if lines is None:
        return ()
    if not isinstance(lines, list):
        raise errors.not_valid("journalLines", "JournalLines is not an array.")
    if len(lines) > LINES_MAX:
        raise errors.not_valid("journalLines", f"There are more than {LINES_MAX} lines.")
    return lines


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise errors.not_valid(name, f"{name} is not a text.")
    return value


def _object(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise errors.not_valid(name, f"{name} is not an object.")
    return value


def _too_long(place: str) -> str:
    return f"{place} has more than {DESCRIPTION_LENGTH_MAX} characters"
