"""The rules of the books once more, written apart from the program and with no care for speed.

The model knows commands and records, which are plain values, and nothing of `decide`, facts or
stores. It says which refusals a command gets, keeps what an accepted one makes, and sums totals by
looking at every line. Where the program has freedom (how a conversion is rounded) the model takes
what the program did, after checking that it is allowed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from daybook.domain.commands import (
    UNSET,
    AccountContent,
    ChangeCompany,
    Command,
    ContactContent,
    CreateEntry,
    CreateReference,
    DeleteEntry,
    DimensionContent,
    DocNumberPolicy,
    EntryContent,
    Guard,
    LineDraft,
    ListItemContent,
    MoveEntry,
    NoChange,
    NoteDraft,
    PatchEntry,
    ReplaceEntry,
    ReplaceReference,
    SetExchangeRate,
)
from daybook.domain.ids import (
    AccountId,
    ByCode,
    ById,
    ContactId,
    DimensionId,
    LineId,
    Ref,
    Timestamp,
)
from daybook.domain.model import (
    Account,
    AccountKind,
    Company,
    CompanyStatus,
    Contact,
    ContactKind,
    Dimension,
    ExchangeRate,
    JournalEntry,
    Line,
    Note,
    Origin,
    Record,
    Side,
    Status,
)
from daybook.domain.refusals import RefusalCode as Code

DECIMALS = {"GBP": 2, "EUR": 2, "JPY": 0}
"""The currencies that the model's companies deal in; any other code is not a currency."""

MONEY = {AccountKind.BANK, AccountKind.CREDIT_CARD}
NEEDED = {
    AccountKind.RECEIVABLE: ContactKind.CUSTOMER,
    AccountKind.PAYABLE: ContactKind.VENDOR,
}
LEVELS_MAX = 5

Codes = set[Code]
Node = Account | Contact | Dimension
Table = dict[int, Any]


class Disagreement(AssertionError):
    """The program did what the model does not allow."""


@dataclass(slots=True)
class Model:
    """One company's books. Tables are by id; `rates` by currency and day."""

    company: Company
    client: str
    modified_at: int
    entries: Table = field(default_factory=dict)
    account: Table = field(default_factory=dict)
    contact: Table = field(default_factory=dict)
    dimension: Table = field(default_factory=dict)
    rates: dict[tuple[str, date], ExchangeRate] = field(default_factory=dict)
    made: Record | None = None

    def saved(self) -> "Model":
        """A copy that later changes leave alone; records are values."""
        return replace(
            self,
            entries=dict(self.entries),
            account=dict(self.account),
            contact=dict(self.contact),
            dimension=dict(self.dimension),
            rates=dict(self.rates),
        )

    def carry_out(self, command: Command, now: Timestamp, theirs: Record | None) -> Codes:
        """Judge a command, and if nothing speaks against it keep what it makes, also in `made`.

        `theirs` is what the program made, which is asked for home amounts alone.
        """
        if self.company.status is CompanyStatus.INACTIVE and not isinstance(command, ChangeCompany):
            return {Code.COMPANY_INACTIVE}
        match command:
            case CreateEntry() | ReplaceEntry() | PatchEntry():
                return self._write_entry(command, now, theirs)
            case DeleteEntry() | MoveEntry():
                return self._end_entry(command, now)
            case CreateReference() | ReplaceReference():
                return self._write_reference(command, now)
            case SetExchangeRate():
                return self._set_rate(command, now)
            case ChangeCompany():
                return self._change_company(command, now)

    # Entries

    def _write_entry(
        self,
        command: CreateEntry | ReplaceEntry | PatchEntry,
        now: Timestamp,
        theirs: Record | None,
    ) -> Codes:
        codes: Codes = set()
        before: JournalEntry | None = None
        if not isinstance(command, CreateEntry):
            before = self.entries.get(command.entry_id)
            if before is None:
                return {Code.NOT_FOUND}
            if before.deleted_at is not None:
                return {Code.ENTRY_DELETED}
            codes |= _state(before, command.expected_version, command.guard)
        elif command.entry_id in self.entries:
            codes.add(Code.INVALID_VALUE)
        content = _content(command, before)
        today = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)).astimezone(
            ZoneInfo(self.company.time_zone)
        )
        day = content.posting_date or (before.posting_date if before else today.date())
        closed = self.company.books_closed_through
        if closed and (day <= closed or (before is not None and before.posting_date <= closed)):
            codes.add(Code.PERIOD_CLOSED)
        currency = content.currency or self.company.home_currency
        faults: Codes = set()
        rate = self._rate(content, currency, day, faults)
        number = self._number(command, content, before, codes)
        texts = (content.memo, content.doc_number, *(each.description for each in content.lines))
        if any(text is not None and "\0" in text for text in texts):
            faults.add(Code.INVALID_VALUE)
        drafts = [draft for draft in content.lines if isinstance(draft, LineDraft)]
        if len(drafts) < 2:
            faults.add(Code.TOO_FEW_LINES)
        sides = [draft.amount if draft.side is Side.DEBIT else -draft.amount for draft in drafts]
        if sum(sides):
            faults.add(Code.UNBALANCED)
        for draft in drafts:
            faults |= self._line_faults(draft, currency, before)
        if rate is not None and not faults:
            factor = self._factor(currency, rate)
            if any(draft.amount * factor >= 10**15 for draft in drafts):
                faults.add(Code.INVALID_VALUE)
        codes |= faults
        if codes:
            return codes
        lines, notes, next_line_id = self._lines(content, before)
        new_id = getattr(command, "entry_id", None) or self._next(self.entries)
        made = JournalEntry(
            id=before.id if before else new_id,
            posting_date=day,
            currency=currency,
            lines=lines,
            origin=before.origin if before else Origin(self.client, "test"),
            version=before.version if before else 0,
            status=before.status if before else getattr(command, "status", Status.POSTED),
            doc_number=number,
            memo=content.memo,
            rate=rate,
            adjustment=content.adjustment,
            notes=notes,
            next_line_id=next_line_id,
            created_at=before.created_at if before else now,
            modified_at=before.modified_at if before else now,
            annex=content.annex,
        )
        if rate is not None and isinstance(theirs, JournalEntry):
            made = replace(made, lines=self._converted(made, theirs))
        if before is not None:
            counts = getattr(command, "no_change", None) is NoChange.COUNT_VERSION
            if made == before and not counts:
                return self._keep(before, self.modified_at)
            made = replace(made, version=before.version + 1, modified_at=now)
        self.entries[made.id] = made
        return self._keep(made, now)

    def _keep(self, made: Record, modified_at: int) -> Codes:
        """Nothing speaks against it."""
        self.made, self.modified_at = made, modified_at
        return set()

    def _rate(
        self, content: EntryContent, currency: str, day: date, codes: Codes
    ) -> Decimal | None:
        if currency == self.company.home_currency:
            if content.rate not in (None, Decimal(1)):
                codes.add(Code.INVALID_VALUE)
            return None
        if currency not in DECIMALS:
            codes.add(Code.INVALID_VALUE)
        elif not self.company.multicurrency:
            codes.add(Code.CURRENCY_MISMATCH)
        stored = [
            each for each in self.rates.values() if each.currency == currency and each.as_of <= day
        ]
        latest = max(stored, key=lambda each: each.as_of).rate if stored else None
        rate = content.rate or latest or content.fallback_rate
        if rate is None:
            codes.add(Code.RATE_REQUIRED)
        return rate

    def _number(
        self,
        command: CreateEntry | ReplaceEntry | PatchEntry,
        content: EntryContent,
        before: JournalEntry | None,
        codes: Codes,
    ) -> str | None:
        number = content.doc_number
        live = [each for each in self.entries.values() if each.deleted_at is None]
        if number is None and command.doc_numbers is DocNumberPolicy.ASSIGN:
            taken = [int(each.doc_number) for each in live if _digits(each.doc_number)]
            return str(max(taken, default=0) + 1)
        own = before
        kept = own is not None and own.doc_number == number
        unique = command.doc_numbers is DocNumberPolicy.REFUSE_DUPLICATE or (
            command.doc_numbers is DocNumberPolicy.COMPANY and self.company.doc_number_unique
        )
        if number and unique and not kept:
            holders = [each.id for each in live if small(each.doc_number) == small(number)]
            if holders and min(holders) != (own.id if own else None):
                codes.add(Code.DUPLICATE_DOC_NUMBER)
        return number

    def _line_faults(self, draft: LineDraft, currency: str, before: JournalEntry | None) -> Codes:
        codes: Codes = set()
        old = next((line for line in before.lines if line.id == draft.id), None) if before else None
        if not 0 <= draft.amount < 10**15:
            codes.add(Code.INVALID_VALUE)
        account = self._resolve(self.account, draft.account, codes)
        contact = None
        if draft.contact is not None:
            contact = self._resolve(self.contact, draft.contact, codes)
        if account is not None:
            if not account.active and (old is None or old.account_id != account.id):
                codes.add(Code.REFERENCE_INACTIVE)
            if account.kind is AccountKind.NON_POSTING:
                codes.add(Code.INVALID_VALUE)
            own = account.currency or self.company.home_currency
            if account.kind in MONEY | set(NEEDED) and own != currency:
                codes.add(Code.CURRENCY_MISMATCH)
            needed = NEEDED.get(account.kind)
            found = contact is not None or draft.contact is None
            if needed and found and (contact is None or contact.kind is not needed):
                codes.add(Code.CONTACT_REQUIRED)
        if contact is not None:
            if not contact.active and (old is None or old.contact_id != contact.id):
                codes.add(Code.REFERENCE_INACTIVE)
            if draft.contact_kind not in (None, contact.kind):
                codes.add(Code.CONTACT_KIND_WRONG)
        for at, (_, ref) in enumerate(draft.dimensions):
            value = self._resolve(self.dimension, ref, codes)
            if value is not None:
                had = old is not None and value.id in dict(old.dimensions).values()
                if not value.active and not had:
                    codes.add(Code.REFERENCE_INACTIVE)
                if at:
                    codes.add(Code.INVALID_VALUE)
        return codes

    def _lines(
        self, content: EntryContent, before: JournalEntry | None
    ) -> tuple[tuple[Line, ...], tuple[Note, ...], int]:
        known = {each.id for each in before.sequence} if before else set()
        next_id = before.next_line_id if before else 0
        lines: list[Line] = []
        notes: list[Note] = []
        for at, draft in enumerate(content.lines):
            if draft.id in known:
                known.discard(draft.id)
                line_id = draft.id
            else:
                line_id, next_id = LineId(next_id), next_id + 1
            assert line_id is not None
            if isinstance(draft, NoteDraft):
                notes.append(Note(line_id, at, draft.description, draft.annex))
                continue
            account: Any = self._resolve(self.account, draft.account, set())
            contact: Any = None
            if draft.contact is not None:
                contact = self._resolve(self.contact, draft.contact, set())
            tags: list[tuple[str, Any]] = [
                (axis, self._resolve(self.dimension, ref, set())) for axis, ref in draft.dimensions
            ]
            lines.append(
                Line(
                    line_id,
                    draft.side,
                    draft.amount,
                    draft.amount,
                    account.id,
                    contact.id if contact else None,
                    tuple((axis, value.id) for axis, value in tags),
                    draft.description,
                )
            )
        return tuple(lines), tuple(notes), next_id

    def _converted(self, made: JournalEntry, theirs: JournalEntry) -> tuple[Line, ...]:
        """The program's home amounts, if each is less than a unit off and all balance."""
        assert made.rate is not None
        factor = self._factor(made.currency, made.rate)
        balance = sum(line.signed_home for line in theirs.lines)
        if len(made.lines) != len(theirs.lines) or balance != 0:
            raise Disagreement(f"home amounts of {theirs} do not balance")
        for line in theirs.lines:
            if abs(line.home_amount - line.amount * factor) >= 1:
                raise Disagreement(f"home amount of {line} is too far from its amount")
        return tuple(
            replace(line, home_amount=other.home_amount)
            for line, other in zip(made.lines, theirs.lines, strict=True)
        )

    def _factor(self, currency: str, rate: Decimal) -> Fraction:
        """Home minor units for one minor unit of a currency."""
        shift = DECIMALS[self.company.home_currency] - DECIMALS[currency]
        return Fraction(rate) * Fraction(10) ** shift

    def _end_entry(self, command: DeleteEntry | MoveEntry, now: Timestamp) -> Codes:
        entry = self.entries.get(command.entry_id)
        if entry is None:
            return {Code.NOT_FOUND}
        if entry.deleted_at is not None:
            return {Code.ENTRY_DELETED}
        codes = _state(entry, command.expected_version, command.guard)
        if isinstance(command, MoveEntry):
            if command.status is entry.status and not codes:
                return self._keep(entry, self.modified_at)
            if command.status is not entry.status and entry.status is Status.POSTED:
                codes.add(Code.WRONG_STATUS)
            # there is one actor here, so whoever approves has written it
            posting = command.status is Status.POSTED is not entry.status
            if posting and self.company.four_eyes:
                codes.add(Code.FORBIDDEN)
        elif command.second_person:
            codes.add(Code.FORBIDDEN)
        closed = self.company.books_closed_through
        if closed is not None and entry.posting_date <= closed:
            codes.add(Code.PERIOD_CLOSED)
        if codes:
            return codes
        ended = replace(entry, version=entry.version + 1, modified_at=now)
        if isinstance(command, MoveEntry):
            ended = replace(ended, status=command.status)
        else:
            ended = replace(ended, deleted_at=now)
        self.entries[entry.id] = ended
        return self._keep(ended, now)

    # Reference records

    def _resolve(self, table: Table, ref: Ref, codes: Codes) -> Any:
        """The one record that is meant, or None and the reason among the codes."""
        found = self._meant(table, ref)
        if len(found) == 1:
            return found[0]
        codes.add(Code.REFERENCE_AMBIGUOUS if found else Code.REFERENCE_NOT_FOUND)
        return None

    def _meant(self, table: Table, ref: Ref) -> list[Any]:
        if isinstance(ref, ById):
            return [table[ref.id]] if ref.id in table else []
        if isinstance(ref, ByCode):
            named = [each for each in table.values() if _code(each) == small(ref.code)]
        else:
            wanted = small(ref.name)
            named = [each for each in table.values() if small(each.full_name) == wanted]
            named = named or [each for each in table.values() if small(each.name) == wanted]
        return [each for each in named if each.active] or named

    def _write_reference(
        self, command: CreateReference | ReplaceReference, now: Timestamp
    ) -> Codes:
        content = command.content
        assert not isinstance(content, ListItemContent)
        table = self._table(content)
        before = None if command.record_id is None else table.get(command.record_id)
        codes: Codes = set()
        if isinstance(command, ReplaceReference):
            if before is None:
                return {Code.NOT_FOUND}
            if command.expected_version not in (None, before.version):
                codes.add(Code.STALE_VERSION)
            codes |= self._fixed(content, before)
        elif before is not None:
            codes.add(Code.INVALID_VALUE)
        parent = None
        if content.parent is not None:
            parent = self._resolve(table, content.parent, codes)
        if parent is not None:
            moving = _below(table, before) if isinstance(command, ReplaceReference) else []
            codes |= self._parent_faults(content, table, before, parent, moving)
        if not content.name.strip():
            codes.add(Code.REQUIRED_MISSING)
        elif ":" in content.name:
            codes.add(Code.INVALID_VALUE)
        full_name = f"{parent.full_name}:{content.name}" if parent else content.name
        code = getattr(content, "code", None)
        for other in table.values():
            if other is not before and other.active and content.active:
                same_code = code is not None and _code(other) == small(code)
                if small(other.full_name) == small(full_name) or same_code:
                    codes.add(Code.DUPLICATE_NAME)
        if codes:
            return codes
        made = _node(content, command.record_id or self._next(table), full_name, parent)
        if before is None:
            made = replace(made, created_at=now, modified_at=now)
        else:
            times = (before.version, before.created_at, before.modified_at)
            made = replace(made, version=times[0], created_at=times[1], modified_at=times[2])
            if made == before:
                return self._keep(before, self.modified_at)
            made = replace(made, version=before.version + 1, modified_at=now)
            if before.full_name != full_name:
                self._rename_below(table, before, full_name, now)
        table[made.id] = made
        return self._keep(made, now)

    def _parent_faults(
        self, content: Any, table: Table, before: Any, parent: Any, moving: Iterable[Any]
    ) -> Codes:
        """`moving` are the records below this one, which go to the new parent with it."""
        codes: Codes = set()
        moved = before is None or before.parent_id != parent.id
        if content.active and not parent.active and moved:
            codes.add(Code.REFERENCE_INACTIVE)
        if getattr(content, "kind", None) is not getattr(parent, "kind", None):
            codes.add(Code.INVALID_VALUE)
        above = [parent]
        while above[-1].parent_id is not None and len(above) <= LEVELS_MAX:
            above.append(table[above[-1].parent_id])
        if before is not None and before in above:
            return codes | {Code.INVALID_VALUE}
        below = [each.full_name.count(":") for each in moving]
        height = max(below) - before.full_name.count(":") if below else 0
        if len(above) + 1 + height > LEVELS_MAX:
            codes.add(Code.LIMIT_EXCEEDED)
        return codes

    def _fixed(self, content: Any, before: Any) -> Codes:
        """What may not change: a contact's kind and currency, those of an account in use."""
        if isinstance(content, ContactContent):
            currency = before.currency not in (None, content.currency)
            return {Code.IN_USE} if content.kind is not before.kind or currency else set()
        if not isinstance(content, AccountContent):
            return set()
        used = any(
            line.account_id == before.id
            for entry in self.entries.values()
            if entry.deleted_at is None
            for line in entry.lines
        )
        binding = MONEY | set(NEEDED) | {AccountKind.NON_POSTING}
        kind = content.kind is not before.kind and {content.kind, before.kind} & binding
        return {Code.IN_USE} if used and (kind or content.currency != before.currency) else set()

    def _rename_below(self, table: Table, before: Any, full_name: str, now: Timestamp) -> None:
        for each in list(_below(table, before)):
            name = full_name + each.full_name[len(before.full_name) :]
            version = each.version + 1
            table[each.id] = replace(each, full_name=name, version=version, modified_at=now)

    def _table(self, content: AccountContent | ContactContent | DimensionContent) -> Table:
        match content:
            case AccountContent():
                return self.account
            case ContactContent():
                return self.contact
            case DimensionContent():
                return self.dimension

    # Rates and settings

    def _set_rate(self, command: SetExchangeRate, now: Timestamp) -> Codes:
        codes: Codes = set()
        home = self.company.home_currency
        if command.currency not in DECIMALS or command.currency == home:
            codes.add(Code.INVALID_VALUE)
        if command.rate <= 0:
            codes.add(Code.INVALID_VALUE)
        if codes:
            return codes
        key = (command.currency, command.as_of)
        before = self.rates.get(key)
        if before is not None and before.rate == command.rate:
            return self._keep(before, self.modified_at)
        made = ExchangeRate(len(self.rates) + 1, *key, command.rate, 0, now, now)
        if before is not None:
            made = replace(before, rate=command.rate, version=before.version + 1, modified_at=now)
        self.rates[key] = made
        return self._keep(made, now)

    def _change_company(self, command: ChangeCompany, now: Timestamp) -> Codes:
        before, wanted = self.company, command.company
        codes: Codes = set()
        if command.expected_version not in (None, before.version):
            codes.add(Code.STALE_VERSION)
        if not wanted.name.strip():
            codes.add(Code.REQUIRED_MISSING)
        if not 1 <= wanted.fiscal_year_start <= 12:
            codes.add(Code.INVALID_VALUE)
        if codes:
            return codes
        kept = ("id", "slug", "realm", "codat_id", "home_currency", "created_at", "modified_at")
        after = replace(wanted, version=before.version, **{m: getattr(before, m) for m in kept})
        if after == before:
            return self._keep(before, self.modified_at)
        self.company = replace(after, version=before.version + 1, modified_at=now)
        return self._keep(self.company, now)

    # What can be asked

    def totals(self, as_of: date) -> dict[int, tuple[int, int]]:
        """Debits and credits by account, of posted, live entries up to a day."""
        return _sums(
            (line.account_id, line)
            for entry in self.entries.values()
            if entry.status is Status.POSTED
            and entry.deleted_at is None
            and entry.posting_date <= as_of
            for line in entry.lines
        )

    def contact_totals(self) -> dict[int, tuple[int, int]]:
        """Debits and credits by contact, on receivable and payable accounts."""
        return _sums(
            (line.contact_id, line)
            for entry in self.entries.values()
            if entry.status is Status.POSTED and entry.deleted_at is None
            for line in entry.lines
            if line.contact_id is not None and self.account[line.account_id].kind in NEEDED
        )

    @staticmethod
    def _next(table: Table) -> Any:
        return max(table, default=0) + 1


def small(text: str | None) -> str | None:
    """A text with its ASCII capitals made small."""
    return text and "".join(each.lower() if "A" <= each <= "Z" else each for each in text)


def _digits(number: str | None) -> bool:
    return bool(number) and number is not None and set(number) <= set("0123456789")


def _code(record: Any) -> str | None:
    return small(getattr(record, "code", None))


def _state(entry: JournalEntry, expected_version: int | None, guard: Guard) -> Codes:
    codes: Codes = set()
    if expected_version not in (None, entry.version):
        codes.add(Code.STALE_VERSION)
    if guard.statuses is not None and entry.status not in guard.statuses:
        codes.add(Code.WRONG_STATUS)
    if guard.origin_client not in (None, entry.origin.client):
        codes.add(Code.NOT_ORIGIN)
    if guard.origin_protocol not in (None, entry.origin.protocol):
        codes.add(Code.NOT_ORIGIN)
    return codes


def _content(
    command: CreateEntry | ReplaceEntry | PatchEntry, before: JournalEntry | None
) -> EntryContent:
    """A patch laid over what the entry has."""
    if not isinstance(command, PatchEntry):
        return command.content
    assert before is not None
    had = EntryContent(
        lines=tuple(_draft(each) for each in before.sequence),
        posting_date=before.posting_date,
        doc_number=before.doc_number,
        memo=before.memo,
        currency=before.currency,
        rate=before.rate,
        adjustment=before.adjustment,
        annex=before.annex,
    )
    asked = {
        each.name: getattr(command, each.name)
        for each in fields(EntryContent)
        if getattr(command, each.name) is not UNSET
    }
    if "rate" not in asked and asked.get("currency", had.currency) != had.currency:
        asked["rate"] = None
    return replace(had, **asked)


def _draft(line: Line | Note) -> LineDraft | NoteDraft:
    if isinstance(line, Note):
        return NoteDraft(line.description, line.annex, line.id)
    return LineDraft(
        line.side,
        line.amount,
        ById(line.account_id),
        None if line.contact_id is None else ById(line.contact_id),
        dimensions=tuple((axis, ById(id)) for axis, id in line.dimensions),
        description=line.description,
        id=line.id,
    )


def _node(content: Any, id: int, full_name: str, parent: Any) -> Any:
    above = parent.id if parent else None
    match content:
        case AccountContent():
            return Account(
                AccountId(id),
                content.name,
                full_name,
                content.kind,
                code=content.code,
                currency=content.currency,
                parent_id=above,
                active=content.active,
            )
        case ContactContent():
            return Contact(
                ContactId(id),
                content.kind,
                content.name,
                full_name,
                currency=content.currency,
                parent_id=above,
                active=content.active,
            )
        case _:
            return Dimension(
                content.axis,
                DimensionId(id),
                content.name,
                full_name,
                parent_id=above,
                active=content.active,
            )


def _below(table: Table, record: Any) -> Iterable[Any]:
    """Everything below a record."""
    if record is not None:
        for each in list(table.values()):
            if each.parent_id == record.id:
                yield each
                yield from _below(table, each)


def _sums(lines: Iterable[tuple[int, Line]]) -> dict[int, tuple[int, int]]:
    sums: dict[int, tuple[int, int]] = {}
    for key, line in lines:
        debit, credit = sums.get(key, (0, 0))
        if line.side is Side.DEBIT:
            sums[key] = debit + line.home_amount, credit
        else:
            sums[key] = debit, credit + line.home_amount
    return sums
