"""Lines as a mutation brings them, made into drafts for the ledger.

A new line stands for itself; a line with a `sequence` is laid over the stored one. What is wrong is
gathered by stage, so that a caller learns of all bad references at once, then of all bad amounts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import IntEnum
from typing import Any, Final

from daybook.domain import currencies
from daybook.domain.commands import LineDraft, NoteDraft
from daybook.domain.events import ACCOUNT, CONTACT
from daybook.domain.ids import ById
from daybook.domain.model import (
    CLASS,
    PROJECT,
    BillMark,
    JournalEntry,
    Line,
    Side,
    TaxMark,
)
from daybook.domain.money import AmountError, amount_text, minor_units
from daybook.protocols.intuit_graphql import ids, stored
from daybook.protocols.intuit_graphql.errors import Code, Fault, Finding, Path
from daybook.protocols.intuit_graphql.fields import type_of
from daybook.protocols.intuit_graphql.ids import Kind, Trouble
from daybook.protocols.intuit_graphql.scene import (
    CLASSES,
    ENTITIES,
    PROJECTS,
    TAX_CODES,
    Scene,
)

Given = Mapping[str, Any]


class Stage(IntEnum):
    """When something is found; what is found first is reported, and nothing later."""

    STATE = 0
    SHAPE = 1
    REFERENCES = 2
    AMOUNTS = 3
    BALANCE = 4
    RULES = 5


class Findings:
    """What is wrong, by stage."""

    def __init__(self) -> None:
        self._found: list[tuple[Stage, Finding]] = []

    def add(self, stage: Stage, code: Code, message: str, argument: Path) -> None:
        """Note something."""
        self._found.append((stage, Finding(code, message, argument)))

    def has(self, stage: Stage) -> bool:
        """Whether a stage has found something."""
        return any(found is stage for found, _ in self._found)

    def conclude(self) -> None:
        """Raise the findings of the first stage that has any, as a `Fault`."""
        if self._found:
            first = min(stage for stage, _ in self._found)
            raise Fault([finding for stage, finding in self._found if stage == first])


_LINES: Final[Path] = ("journalEntry", "entryLines")
_PERCENT: Final = re.compile(r"([+-]?[0-9]{1,9}(?:\.[0-9]{1,9})?)%?", re.ASCII).fullmatch
_REFERENCES: Final = (
    (("account",), Kind.ACCOUNT, ACCOUNT),
    (("payee",), Kind.CONTACT, CONTACT),
    (("project",), Kind.PROJECT, PROJECTS),
    (("class",), Kind.CLASS, CLASSES),
    (("markup", "account"), Kind.ACCOUNT, ACCOUNT),
    (("tax", "taxGroup"), Kind.TAX_GROUP, TAX_CODES),
)
"""The references of a line: their places, and what they refer to."""


class Drafting:
    """Makes the drafts of one entry's lines.

    `origins` says for each draft which line of the input it came from; notes, which this wire does
    not show, are kept and have -1.
    """

    def __init__(
        self,
        scene: Scene,
        currency: Given | None,
        entry: JournalEntry | None,
        findings: Findings,
    ) -> None:
        self._scene = scene
        self._entry = entry
        self._findings = findings
        self.origins: list[int] = []
        self.currency: str | None = None if currency is None else currency["currency"]
        self.rate: Decimal | None = None if currency is None else currency.get("exchangeRate")
        code = self.currency
        if code is None:
            code = scene.company.home_currency if entry is None else entry.currency
            if entry is not None and currency is None:
                self.currency = entry.currency
        if not currencies.is_currency(code):
            message = f"There is no currency {code[:20]}."
            path = ("journalEntry", "currency", "currency")
            findings.add(Stage.REFERENCES, Code.INVALID_REFERENCE, message, path)
            code = scene.company.home_currency
        self._exponent = currencies.exponent(code)

    def lines(self, given: Sequence[Given]) -> list[LineDraft | NoteDraft]:
        """The drafts; what is wrong with them is noted."""
        if len(given) < 2:
            message = "An entry has two lines at least."
            self._findings.add(Stage.SHAPE, Code.LINES_REQUIRED, message, _LINES)
        before = self._stored(given)
        numbers = self._resolve(given, before)
        drafts: list[LineDraft | NoteDraft] = []
        for at, line in enumerate(given):
            if line.get("sequence") is not None and before[at] is None:
                continue  # noted already, and there is nothing to lay the line over
            drafts.append(self._line(line, (*_LINES, at), before[at], numbers[at]))
            self.origins.append(at)
        if not self._findings.has(Stage.AMOUNTS):  # their sum would mean nothing
            self._check_amounts([each for each in drafts if isinstance(each, LineDraft)])
        for note in () if self._entry is None else self._entry.notes:
            place = min(note.position, len(drafts))
            drafts.insert(place, NoteDraft(note.description, note.annex, note.id))
            self.origins.insert(place, -1)
        return drafts

    def _stored(self, given: Sequence[Given]) -> list[Line | None]:
        """The stored line of each line that has a sequence."""
        known = {} if self._entry is None else {str(each.id): each for each in self._entry.lines}
        used: set[str] = set()
        found: list[Line | None] = []
        for at, line in enumerate(given):
            sequence = line.get("sequence")
            path = (*_LINES, at, "sequence")
            if sequence is not None and (sequence not in known or sequence in used):
                why = "is used twice" if sequence in used else "is not one of the entry"
                message = f"Sequence {sequence[:20]} {why}."
                self._findings.add(Stage.SHAPE, Code.INVALID_SEQUENCE, message, path)
            found.append(None if sequence is None else known.get(sequence))
            used |= {sequence} if sequence is not None else set()
        return found

    # References

    def _resolve(
        self, given: Sequence[Given], before: Sequence[Line | None]
    ) -> list[dict[tuple[str, ...], int]]:
        """The numbers that the references of each line mean; bad ones are noted."""
        parsed: list[dict[tuple[str, ...], int | Trouble | None]] = []
        named: dict[str, set[int]] = {name: set() for name in ENTITIES}
        for line in given:
            found: dict[tuple[str, ...], int | Trouble | None] = {}
            for place, kind, entity in _REFERENCES:
                reference = _at(line, place)
                if reference is not None:
                    number = ids.parse(reference["id"], kind, self._scene.company)
                    found[place] = number
                    if isinstance(number, int):
                        named[entity].add(number)
            parsed.append(found)
        self._scene.gather(named, ENTITIES)
        resolved = []
        for at, found in enumerate(parsed):
            good: dict[tuple[str, ...], int] = {}
            for place, _, entity in _REFERENCES:
                if place in found:
                    path = (*_LINES, at, *place)
                    number = self._check(found[place], entity, place, before[at], path)
                    if number is not None:
                        good[place] = number
            resolved.append(good)
        return resolved

    def _check(
        self,
        number: int | Trouble | None,
        entity: str,
        place: tuple[str, ...],
        before: Line | None,
        path: Path,
    ) -> int | None:
        """The number of a record that may be named here, or None with what is wrong noted."""
        noun = place[-1]
        if number is Trouble.MALFORMED:
            message = f"The id of the {noun} cannot be read."
            self._findings.add(Stage.REFERENCES, Code.MALFORMED_ID, message, (*path, "id"))
            return None
        record = self._scene.record(entity, number) if isinstance(number, int) else None
        if record is None or type_of(record) is None:
            message = f"There is no such {noun}."
            self._findings.add(Stage.REFERENCES, Code.INVALID_REFERENCE, message, (*path, "id"))
            return None
        if not record.active and _had(before, place) != record.id:
            message = f"The {noun} {record.name} is inactive."
            self._findings.add(Stage.REFERENCES, Code.INACTIVE_REFERENCE, message, (*path, "id"))
        return int(record.id)

    # Lines

    def _line(
        self, given: Given, path: Path, before: Line | None, numbers: Mapping[tuple[str, ...], int]
    ) -> LineDraft:
        """One line, laid over the stored one if there is one."""
        side, amount = self._side(given, path, before), self._own_amount(given, path, before)
        account = numbers.get(("account",))
        if account is None and before is not None and "account" not in given:
            account = before.account_id
        if given.get("account") is None and ("account" in given or before is None):
            self._require("account", path)
        contact = None if before is None else before.contact_id
        if "payee" in given:
            contact = numbers.get(("payee",))  # type: ignore[assignment]
        tags = {} if before is None else dict(before.dimensions)
        for axis, name in ((PROJECT, "project"), (CLASS, "class")):
            if name in given:
                tags.pop(axis, None)
                if (name,) in numbers:
                    tags[axis] = numbers[name,]  # type: ignore[assignment]
        annex = () if before is None else before.annex
        extras = stored.line_extras(annex)
        tax, extras = self._tax(given, path, before, numbers, extras)
        billing, extras = self._billing(given, path, before, numbers, extras)
        described = None if before is None else before.description
        return LineDraft(
            side=side,
            amount=amount,
            account=ById(account or 0),
            contact=None if contact is None else ById(contact),
            dimensions=tuple((axis, ById(number)) for axis, number in sorted(tags.items())),
            description=given.get("description", described),
            tax=tax,
            billing=billing,
            annex=stored.with_line_extras(annex, extras),
            id=None if before is None else before.id,
        )

    def _require(self, name: str, path: Path) -> None:
        message = f"A line has to have {name}."
        self._findings.add(Stage.SHAPE, Code.LINES_REQUIRED, message, (*path, name))

    def _side(self, given: Given, path: Path, before: Line | None) -> Side:
        side = given.get("entryLineType")
        if side is None and before is not None and "entryLineType" not in given:
            return before.side
        if side is None:
            self._require("entryLineType", path)
        return Side.CREDIT if side == "CREDIT" else Side.DEBIT

    def _own_amount(self, given: Given, path: Path, before: Line | None) -> int:
        if given.get("amount") is not None:
            return self._minor(given["amount"], (*path, "amount"))
        if before is None or "amount" in given:
            self._require("amount", path)
            return 0
        return before.amount

    def _minor(self, value: Decimal, path: Path) -> int:
        """Minor units of an amount; what is wrong with it is noted."""
        try:
            minor = minor_units(value, self._exponent)
        except AmountError as error:
            verb = "has" if str(error).startswith("more ") else "is"
            message = f"The amount {verb} {error}."
            self._findings.add(Stage.AMOUNTS, Code.INVALID_AMOUNT, message, path)
            return 0
        if minor < 0:
            message = "An amount has no sign; entryLineType says the side."
            self._findings.add(Stage.AMOUNTS, Code.INVALID_AMOUNT, message, path)
            return 0
        return minor

    def _tax(
        self,
        given: Given,
        path: Path,
        before: Line | None,
        numbers: Mapping[tuple[str, ...], int],
        extras: stored.LineExtras,
    ) -> tuple[TaxMark | None, stored.LineExtras]:
        if "tax" not in given:
            return None if before is None else before.tax, extras
        sent = given["tax"] or {}
        amount = sent.get("taxAmount")
        minor = None if amount is None else self._minor(amount, (*path, "tax", "taxAmount"))
        group = numbers.get(("tax", "taxGroup"))
        mark = None
        if group is not None or minor is not None:
            mark = TaxMark(code_id=None if group is None else str(group), amount=minor)
        return mark, replace(extras, taxable=sent.get("taxable"))

    def _billing(
        self,
        given: Given,
        path: Path,
        before: Line | None,
        numbers: Mapping[tuple[str, ...], int],
        extras: stored.LineExtras,
    ) -> tuple[BillMark | None, stored.LineExtras]:
        billing = None if before is None else before.billing
        if "billableAmount" in given:
            amount = given["billableAmount"]
            minor = None if amount is None else self._minor(amount, (*path, "billableAmount"))
            extras = replace(extras, billable_amount=minor)
        if "markup" in given:
            extras = self._markup(given["markup"] or {}, path, numbers, extras)
        percent = extras.markup_percent.rstrip("%") if extras.markup_percent else None
        if "billable" in given:
            flag = given["billable"]
            status = "Billable" if flag else "NotBillable"
            billing = None if flag is None else BillMark(status, percent)
        elif billing is not None and "markup" in given:
            billing = replace(billing, markup_percent=percent)
        return billing, extras

    def _markup(
        self,
        sent: Given,
        path: Path,
        numbers: Mapping[tuple[str, ...], int],
        extras: stored.LineExtras,
    ) -> stored.LineExtras:
        amount, percent = sent.get("amount"), sent.get("percent")
        found = None if percent is None else _PERCENT(percent)
        if percent is not None and found is None:
            message = 'A percentage is a number with its sign, such as "35%".'
            place = (*path, "markup", "percent")
            self._findings.add(Stage.SHAPE, Code.INVALID_VALUE, message, place)
        minor = None if amount is None else self._minor(amount, (*path, "markup", "amount"))
        return replace(
            extras,
            markup_account=numbers.get(("markup", "account")),
            markup_amount=minor,
            markup_percent=None if found is None else f"{found[1]}%",
        )

    def _check_amounts(self, drafts: Sequence[LineDraft]) -> None:
        debits = sum(each.amount for each in drafts if each.side is Side.DEBIT)
        credits = sum(each.amount for each in drafts if each.side is Side.CREDIT)
        if debits == credits == 0:
            message = "All amounts are zero."
            self._findings.add(Stage.AMOUNTS, Code.INVALID_AMOUNT, message, _LINES)
        elif debits != credits:
            message = (
                f"Debits are {amount_text(debits, self._exponent)},"
                f" credits {amount_text(credits, self._exponent)}."
            )
            self._findings.add(Stage.BALANCE, Code.NOT_BALANCED, message, _LINES)


def _at(line: Given, place: tuple[str, ...]) -> Given | None:
    """The reference at a place of a line, or None."""
    found: Given | None = line
    for name in place:
        found = None if found is None else found.get(name)
    return found


def _had(before: Line | None, place: tuple[str, ...]) -> int | None:
    """What a stored line names at a place: what has since become inactive may stay."""
    if before is None:
        return None
    tags = dict(before.dimensions)
    match place:
        case ("account",):
            return before.account_id
        case ("payee",):
            return before.contact_id
        case ("project",):
            return tags.get(PROJECT)
        case ("class",):
            return tags.get(CLASS)
        case ("markup", "account"):
            return stored.line_extras(before.annex).markup_account
        case _:
            code = None if before.tax is None else before.tax.code_id
            return None if code is None else ids.number_of(code)
