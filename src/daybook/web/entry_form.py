"""The form of an entry: what stands in its fields, and the command that they stand for.

The form is rows of texts. It is shown from an entry or from what was typed; what was typed is read
into a content for the ledger, or into messages at the fields they are about. Fields of a row are
called `account.0`, dimensions `axis.0.CLASS`. What a form does not show of a line (its tax and what
interfaces keep beside it) is taken over from the entry that is edited, line by line.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.commands import EntryContent, LineDraft, NoteDraft
from daybook.domain.events import ACCOUNT, CONTACT, dimension_entity
from daybook.domain.ids import ById, LineId
from daybook.domain.model import (
    CLASS,
    DEPARTMENT,
    PROJECT,
    ExchangeRate,
    JournalEntry,
    Line,
    ListItem,
    Note,
    Reference,
    Side,
)
from daybook.domain.money import AmountError
from daybook.domain.query import Compare, Field, Keyset, Op, Query
from daybook.domain.rates import parse_rate
from daybook.domain.values import value
from daybook.protocols.kit.http import PARAMETERS_MAX
from daybook.web.finding import Missed, resolve
from daybook.web.formats import plain_money, read_day, read_money
from daybook.web.limits import FORM_LINES_MAX
from daybook.web.names import Names

ROWS_AT_FIRST: Final = 4
"""Rows of an empty form: most entries have two lines, and then there is room for a split."""

_OTHER_FIELDS: Final = 20
"""Fields of the form that belong to no row."""

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII).fullmatch
"""What a form's key looks like: ours, so what does not is not one."""

_ROW_FIELDS: Final = ("id", "account", "contact", "description", "debit", "credit")
_KNOWN_AXES: Final = (CLASS, DEPARTMENT, PROJECT)


@value
class Row:
    """A row as typed. `id` is the line's own, as text, empty for a new line."""

    id: str = ""
    account: str = ""
    contact: str = ""
    description: str = ""
    debit: str = ""
    credit: str = ""
    dimensions: tuple[tuple[str, str], ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        typed = (self.account, self.contact, self.description, self.debit, self.credit)
        return not any(typed) and not any(text for _, text in self.dimensions)

    @property
    def is_note(self) -> bool:
        """Whether it holds text alone."""
        others = (self.account, self.contact, self.debit, self.credit)
        return bool(self.description) and not any(others)

    def dimension(self, axis: str) -> str:
        """What is typed for an axis."""
        return dict(self.dimensions).get(axis, "")


@value
class EntryForm:
    """The form as it stands. `version` is that of the entry it was opened on, as text, and `key`
    what makes sending it twice do its work once.
    """

    date: str
    number: str = ""
    memo: str = ""
    currency: str = ""
    rate: str = ""
    rows: tuple[Row, ...] = ()
    version: str = ""
    key: str = ""

    def with_rows(self, count: int) -> "EntryForm":
        """The form with empty rows at its end, up to `count` rows."""
        missing = min(count, FORM_LINES_MAX) - len(self.rows)
        return replace(self, rows=(*self.rows, *(Row() for _ in range(missing))))


@value
class Content:
    """What a form stands for. `rows` are the rows that its lines were made from."""

    content: EntryContent
    rows: tuple[int, ...]


Faults = Mapping[str, str]
"""What is wrong, by field; what concerns the whole form under the empty name."""


def axes_of(reader: Reader, entry: JournalEntry | None) -> tuple[str, ...]:
    """The axes of dimensions that a form has fields for: those in use here, and the entry's."""
    used = {
        axis
        for axis in _KNOWN_AXES
        if reader.references(
            dimension_entity(axis), Query(Compare(Field.ACTIVE, Op.EQ, True), page=Keyset(1))
        )
    }
    if entry is not None:
        used.update(axis for line in entry.lines for axis, _ in line.dimensions)
    return tuple(axis for axis in _KNOWN_AXES if axis in used) + tuple(
        sorted(used.difference(_KNOWN_AXES))
    )


def rows_max(axes: tuple[str, ...]) -> int:
    """How many rows a form may have, so that its fields are read whole."""
    return min(FORM_LINES_MAX, (PARAMETERS_MAX - _OTHER_FIELDS) // (len(_ROW_FIELDS) + len(axes)))


def new_key() -> str:
    """What tells one form from another, however often either is sent."""
    return secrets.token_urlsafe(16)


def blank(today: date, currency: str) -> EntryForm:
    """The form of a new entry."""
    form = EntryForm(today.isoformat(), currency=currency, key=new_key())
    return form.with_rows(ROWS_AT_FIRST)


def form_of(entry: JournalEntry, names: Names) -> EntryForm:
    """The form of an entry that is there."""
    return EntryForm(
        date=entry.posting_date.isoformat(),
        number=entry.doc_number or "",
        memo=entry.memo or "",
        currency=entry.currency,
        rate="" if entry.rate is None else format(entry.rate, "f"),
        rows=tuple(_row_of(line, entry.currency, names) for line in entry.sequence),
        version=str(entry.version),
        key=new_key(),
    )


def copied(
    form: EntryForm, today: date, memo: str | None = None, *, turned: bool = False
) -> EntryForm:
    """A new entry's form with the lines of another; `turned` has debits and credits change places.

    It is dated today and has no number: two entries of one number would be taken for one.
    """
    rows = tuple(
        replace(
            row,
            id="",
            debit=row.credit if turned else row.debit,
            credit=row.debit if turned else row.credit,
        )
        for row in form.rows
    )
    memo = form.memo if memo is None else memo
    return replace(form, date=today.isoformat(), number="", memo=memo, rows=rows, version="")


def _row_of(line: Line | Note, currency: str, names: Names) -> Row:
    if isinstance(line, Note):
        return Row(id=str(line.id), description=line.description or "")
    amount = plain_money(line.amount, currency)
    debit = line.side is Side.DEBIT
    return Row(
        id=str(line.id),
        account=names.account_name(line.account_id),
        contact=names.contact_name(line.contact_id),
        description=line.description or "",
        debit=amount if debit else "",
        credit="" if debit else amount,
        dimensions=tuple((axis, names.dimension_name(axis, id)) for axis, id in line.dimensions),
    )


def typed(fields: Mapping[str, str], axes: tuple[str, ...], home_currency: str) -> EntryForm:
    """The form as it was sent."""
    numbers = [int(name[8:]) for name in fields if _is_row_name(name)]
    count = min(max(numbers, default=-1) + 1, rows_max(axes))
    rows = tuple(
        Row(
            **{name: fields.get(f"{name}.{at}", "").strip() for name in _ROW_FIELDS},
            dimensions=tuple(
                (axis, text)
                for axis in axes
                if (text := fields.get(f"axis.{at}.{axis}", "").strip())
            ),
        )
        for at in range(count)
    )
    return EntryForm(
        date=fields.get("date", "").strip(),
        number=fields.get("number", "").strip(),
        memo=fields.get("memo", "").strip().replace("\r\n", "\n"),
        currency=fields.get("currency", "").strip().upper() or home_currency,
        rate=fields.get("rate", "").strip(),
        rows=rows,
        version=fields.get("version", ""),
        key=key if _KEY(key := fields.get("key", "")) else "",
    )


def _is_row_name(name: str) -> bool:
    number = name.removeprefix("account.")
    return number != name and len(number) <= 3 and number.isascii() and number.isdigit()


def read(reader: Reader, form: EntryForm, base: JournalEntry | None) -> Content | Faults:
    """The content that a form stands for, or what is wrong with it as far as it can be told
    without the ledger's rules. `base` is the entry that is edited.
    """
    reading = _Reading(reader, form, base)
    content = reading.content()
    return reading.faults or content


class _Reading:
    """Reads a form's fields one after the other, and keeps what is wrong with them."""

    def __init__(self, reader: Reader, form: EntryForm, base: JournalEntry | None) -> None:
        self._form = form
        self._lines = {} if base is None else {str(line.id): line for line in base.sequence}
        self._base = base
        self._found = {
            entity: resolve(reader, entity, texts) if texts else {}
            for entity, texts in _texts(form).items()
        }
        self.faults: dict[str, str] = {}

    def content(self) -> Content:
        form = self._form
        drafts: list[LineDraft | NoteDraft] = []
        rows = []
        if not currencies.is_currency(form.currency):
            self.faults["currency"] = "There is no such currency."
            return Content(EntryContent(()), ())
        for at, row in enumerate(form.rows):
            if not row.is_empty:
                drafts.append(self._note(row) if row.is_note else self._line(at, row))
                rows.append(at)
        posting_date = read_day(form.date)
        if posting_date is None:
            self.faults["date"] = "A date is wanted, such as 2026-02-03."
        content = EntryContent(
            lines=self._valued(tuple(drafts)),
            posting_date=posting_date,
            doc_number=form.number or None,
            memo=form.memo or None,
            currency=form.currency,
            rate=self._rate(),
            adjustment=False if self._base is None else self._base.adjustment,
            annex=() if self._base is None else self._base.annex,
        )
        return Content(content, tuple(rows))

    def _valued(
        self, drafts: tuple[LineDraft | NoteDraft, ...]
    ) -> tuple[LineDraft | NoteDraft, ...]:
        """The lines with the home amounts they had, where no amount is another than before: what
        a program has converted its own way is not converted anew for a change of the memo.
        """
        base, form = self._base, self._form
        if base is None or base.rate is None or form.currency != base.currency:
            return drafts
        had = {line.id: line for line in base.lines}
        now = {draft.id: draft for draft in drafts if isinstance(draft, LineDraft)}
        same = set(had) == set(now) and all(
            (had[id].side, had[id].amount) == (draft.side, draft.amount)
            for id, draft in now.items()
            if id is not None
        )
        if not same or form.rate != format(base.rate, "f"):
            return drafts
        return tuple(
            replace(draft, home_amount=had[draft.id].home_amount)
            if isinstance(draft, LineDraft) and draft.id is not None
            else draft
            for draft in drafts
        )

    def _rate(self) -> Decimal | None:
        if not self._form.rate:
            return None
        try:
            return parse_rate(self._form.rate)
        except ValueError as error:
            self.faults["rate"] = f"This is no rate: {error}."
            return None

    def _note(self, row: Row) -> NoteDraft:
        before = self._lines.get(row.id)
        annex = before.annex if isinstance(before, Note) else ()
        return NoteDraft(row.description, annex, before.id if before else None)

    def _line(self, at: int, row: Row) -> LineDraft:
        side, amount = self._amount(at, row)
        draft = LineDraft(
            side,
            amount,
            self._ref(ACCOUNT, row.account, f"account.{at}") or ById(0),
            contact=self._ref(CONTACT, row.contact, f"contact.{at}"),
            dimensions=self._dimensions(at, row),
            description=row.description or None,
        )
        if not row.account:
            self.faults[f"account.{at}"] = "Which account? Pick one from the list."
        before = self._lines.get(row.id)
        if isinstance(before, Line):
            return replace(
                draft,
                id=LineId(before.id),
                tax=before.tax,
                billing=before.billing,
                annex=before.annex,
            )
        return draft

    def _amount(self, at: int, row: Row) -> tuple[Side, int]:
        amounts = []
        for name, text in (("debit", row.debit), ("credit", row.credit)):
            try:
                amounts.append(read_money(text, self._form.currency) if text else None)
            except AmountError as error:
                self.faults[f"{name}.{at}"] = f"This is {error.fault.value}."
                amounts.append(0)
        debit, credit = amounts
        if debit is None and credit is None:
            self.faults[f"debit.{at}"] = "An amount is missing: a debit or a credit."
        elif debit and credit:
            self.faults[f"credit.{at}"] = "A line has a debit or a credit, not both."
        for name, amount in (("debit", debit), ("credit", credit)):
            if amount is not None and amount < 0:
                self.faults[f"{name}.{at}"] = "Write an amount below nothing in the other column."
        if debit or credit is None:
            return Side.DEBIT, debit or 0
        return Side.CREDIT, credit

    def _dimensions(self, at: int, row: Row) -> tuple[tuple[str, ById], ...]:
        found = []
        for axis, text in row.dimensions:
            ref = self._ref(dimension_entity(axis), text, f"axis.{at}.{axis}")
            if ref is not None:
                found.append((axis, ref))
        return tuple(found)

    def _ref(self, entity: str, text: str, field: str) -> ById | None:
        if not text:
            return None
        found = self._found[entity][text]
        if isinstance(found, Missed):
            noun = entity.partition(":")[0]
            self.faults[field] = (
                f"Several are called that: give the {noun}'s full name, its code or # and number."
                if found.ambiguous
                else f"No {'value' if noun == 'dimension' else noun} is called that."
            )
            return None
        return ById(_id_of(found))


def _id_of(record: Reference) -> int:
    assert not isinstance(record, ExchangeRate | ListItem)
    return record.id


def _texts(form: EntryForm) -> dict[str, set[str]]:
    """What is to be looked up, by entity."""
    texts: dict[str, set[str]] = {ACCOUNT: set(), CONTACT: set()}
    for row in form.rows:
        texts[ACCOUNT].update(_filled(row.account))
        texts[CONTACT].update(_filled(row.contact))
        for axis, text in row.dimensions:
            texts.setdefault(dimension_entity(axis), set()).update(_filled(text))
    return texts


def _filled(text: str) -> Iterable[str]:
    return (text,) if text else ()


def content_of(entry: JournalEntry) -> EntryContent:
    """What an entry says, for a new one that says the same; what interfaces keep beside it is
    about the old entry and stays there.
    """
    lines = tuple(
        NoteDraft(line.description)
        if isinstance(line, Note)
        else LineDraft(
            line.side,
            line.amount,
            ById(line.account_id),
            contact=None if line.contact_id is None else ById(line.contact_id),
            dimensions=tuple((axis, ById(id)) for axis, id in line.dimensions),
            description=line.description,
            tax=line.tax,
            billing=line.billing,
        )
        for line in entry.sequence
    )
    return EntryContent(
        lines,
        entry.posting_date,
        entry.doc_number,
        entry.memo,
        entry.currency,
        entry.rate,
        adjustment=entry.adjustment,
    )
