"""Random commands, most of them sensible, from a seed.

They deal in few names, numbers and days, so that they meet: the same document number twice, a
version that has moved on, a parent that has become inactive.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.model.model import Model

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
    MoveEntry,
    NoChange,
    NoteDraft,
    PatchEntry,
    ReferenceContent,
    ReplaceEntry,
    ReplaceReference,
    SetExchangeRate,
)
from daybook.domain.ids import ByCode, ById, ByName, EntryId, LineId, Ref
from daybook.domain.model import (
    CLASS,
    AccountKind,
    CompanyStatus,
    ContactKind,
    Side,
    Status,
)

FIRST_DAY = date(2025, 11, 20)
DAYS = 60
"""Postings are dated around the end of a year."""
NAMES = ("Bank", "bank", "Rent", "Sales", "Ada", "Vera", "North", "Éire", "éire")
CODES = (None, None, "100", "2a", "2A")
NUMBERS = (*[None] * 8, "7", "007", "41", "INV-1", "inv-1", "")
AMOUNTS = (0, 1, 2, 99, 100, 333, 12_345, 10**15 - 1)
KINDS = (
    AccountKind.BANK,
    AccountKind.RECEIVABLE,
    AccountKind.PAYABLE,
    AccountKind.INCOME,
    AccountKind.EXPENSE,
    AccountKind.EXPENSE,
    AccountKind.EXPENSE,
    AccountKind.NON_POSTING,
)
POLICIES: Sequence[DocNumberPolicy] = (DocNumberPolicy.COMPANY, *DocNumberPolicy)
STATUSES = (Status.POSTED, Status.POSTED, Status.PENDING, Status.REVIEW)


@dataclass(slots=True)
class Commands:
    """Commands against the books as a model has them."""

    random: Random
    model: Model
    _last_entry_id: EntryId | None = None

    def next(self) -> Command:
        """One command."""
        roll = self.random.random()
        if len(self.model.account) < 6 or roll < 0.14:
            return self._reference()
        if roll < 0.17:
            return self._rate()
        if roll < 0.20 or (self.model.company.status is CompanyStatus.INACTIVE and roll < 0.6):
            return self._company()
        if roll < 0.55 or not self.model.entries:
            return self._create()
        if roll < 0.68:
            return self._replace()
        if roll < 0.82:
            return self._patch()
        if roll < 0.91:
            second = self._chance(0.1)
            return DeleteEntry(self._entry_id(), self._version(), self._guard(), second)
        status = self.random.choice(list(Status))
        return MoveEntry(self._entry_id(), self._version(), status, self._guard())

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    # Entries

    def _entry_id(self) -> EntryId:
        highest = max(self.model.entries, default=0)
        recent = range(max(1, highest - 20), highest + 1)
        if self._chance(0.04) or not self.model.entries:
            return EntryId(self.random.choice((0, highest + 1, 2**70)))
        live = [
            id
            for id in recent
            if id in self.model.entries and self.model.entries[id].deleted_at is None
        ]
        chosen = self.random.choice(live if live and self._chance(0.9) else recent)
        self._last_entry_id = EntryId(chosen)
        return self._last_entry_id

    def _version(self) -> int | None:
        """Mostly what the entry chosen last is at."""
        if self._chance(0.25):
            return None
        entry = self.model.entries.get(self._last_entry_id or 0)
        version = entry.version if entry else 0
        return version + 1 if self._chance(0.05) else version

    def _guard(self) -> Guard:
        statuses = None
        if self._chance(0.15):
            statuses = frozenset({Status.PENDING, Status.REVIEW})
        client = self.random.choice(("app", "another")) if self._chance(0.1) else None
        protocol = self.random.choice(("test", "another")) if self._chance(0.1) else None
        return Guard(statuses, client, protocol)

    def _create(self) -> CreateEntry:
        entry_id = None
        if self._chance(0.05):
            highest = max(self.model.entries, default=0)
            entry_id = EntryId(self.random.randint(1, highest + 3))
        status = self.random.choice(STATUSES)
        return CreateEntry(self._content(), status, self._policy(), entry_id)

    def _replace(self) -> ReplaceEntry:
        entry_id = self._entry_id()
        content = self._content(entry_id)
        policy, no_change = self._policy(), self.random.choice(list(NoChange))
        return ReplaceEntry(entry_id, self._version(), content, policy, no_change, self._guard())

    def _patch(self) -> PatchEntry:
        entry_id = self._entry_id()
        content = self._content(entry_id)
        members: dict[str, Any] = {
            "lines": content.lines,
            "posting_date": content.posting_date,
            "doc_number": content.doc_number,
            "memo": content.memo,
            "currency": content.currency,
            "rate": content.rate,
            "adjustment": content.adjustment,
            "annex": content.annex,
        }
        kept = {name: each for name, each in members.items() if self._chance(0.25)}
        if "rate" in kept and "currency" not in kept and self._chance(0.8):
            kept["rate"] = UNSET
        return PatchEntry(
            entry_id,
            self._version(),
            **kept,
            doc_numbers=self._policy(),
            no_change=self.random.choice(list(NoChange)),
            guard=self._guard(),
        )

    def _policy(self) -> DocNumberPolicy:
        return self.random.choice(POLICIES)

    def _content(self, entry_id: EntryId | None = None) -> EntryContent:
        """Content of which about three quarters can be kept."""
        random = self.random
        currency: str | None = random.choice((None, None, None, "GBP", "EUR", "JPY"))
        if not self.model.company.multicurrency and self._chance(0.9):
            currency = None
        foreign = currency not in (None, "GBP")
        rate = None
        if (foreign and self._chance(0.6)) or self._chance(0.01):
            rate = random.choice((Decimal("0.85"), Decimal("0.0053"), Decimal(1), Decimal("1.7")))
        fallback = Decimal("0.9") if foreign and self._chance(0.7) else None
        day = FIRST_DAY + timedelta(random.randrange(DAYS))
        return EntryContent(
            lines=self._lines("XXX" if self._chance(0.01) else currency or "GBP", entry_id),
            posting_date=None if self._chance(0.05) else day,
            doc_number=random.choice(NUMBERS),
            memo=random.choice((None, "", "memo", "Ω%") * 8 + ("Ω\0%",)),
            currency="XXX" if self._chance(0.01) else currency,
            rate=rate,
            fallback_rate=fallback,
            adjustment=self._chance(0.2),
            annex=(("test", "{}"),) if self._chance(0.1) else (),
        )

    def _lines(self, currency: str, entry_id: EntryId | None) -> tuple[LineDraft | NoteDraft, ...]:
        random = self.random
        amounts = [random.choice(AMOUNTS[:-1]) for _ in range(random.choice((1, 1, 1, 2, 3)))]
        if self._chance(0.02):
            amounts.append(AMOUNTS[-1])
        sides = [(Side.DEBIT, amount) for amount in amounts]
        if self._chance(0.3):
            sides.append((Side.CREDIT, sum(amounts)))
        else:
            sides += [(Side.CREDIT, amount) for amount in amounts]
        random.shuffle(sides)
        if self._chance(0.04):
            sides[0] = (sides[0][0], random.choice((sides[0][1] + 1, -1, 10**15)))
        if self._chance(0.01):
            del sides[1:]
        drafts: list[LineDraft | NoteDraft] = [self._line(*each, currency) for each in sides]
        if self._chance(0.1):
            note = NoteDraft(random.choice((None, "note")))
            drafts.insert(random.randint(0, len(drafts)), note)
        entry = self.model.entries.get(entry_id) if entry_id is not None else None
        if entry is not None:
            drafts = [
                replace(draft, id=LineId(random.randint(0, entry.next_line_id + 1)))
                if self._chance(0.6)
                else draft
                for draft in drafts
            ]
        return tuple(drafts)

    def _line(self, side: Side, amount: int, currency: str) -> LineDraft:
        random, model = self.random, self.model
        usable = [
            each
            for each in model.account.values()
            if each.active
            and each.kind is not AccountKind.NON_POSTING
            and (each.kind is AccountKind.EXPENSE or (each.currency or "GBP") == currency)
        ]
        account = random.choice(list(model.account.values()))
        if usable and self._chance(0.96):
            account = random.choice(usable)
        contact: Ref | None = None
        wanted = {
            AccountKind.RECEIVABLE: ContactKind.CUSTOMER,
            AccountKind.PAYABLE: ContactKind.VENDOR,
        }.get(account.kind)
        fitting = [
            each
            for each in model.contact.values()
            if each.active and each.kind is (wanted or ContactKind.CUSTOMER)
        ]
        if fitting and self._chance(0.95 if wanted else 0.2):
            contact = self._ref(random.choice(fitting))
        kind = random.choice(list(ContactKind)) if contact and self._chance(0.02) else None
        tags: list[tuple[str, Ref]] = []
        if model.dimension and self._chance(0.25):
            tags = [(CLASS, self._ref(random.choice(list(model.dimension.values()))))]
            tags *= 2 if self._chance(0.02) else 1
        return LineDraft(
            side,
            amount,
            self._ref(account),
            contact,
            contact_kind=kind,
            dimensions=tuple(tags),
            description=random.choice((None, "", "text")),
        )

    def _ref(self, record: Any) -> Ref:
        """The record, by any of its names; now and then somebody else or nobody."""
        roll = self.random.random()
        if roll < 0.6:
            return ById(record.id)
        if roll < 0.75:
            return ByName(record.full_name.upper())
        if roll < 0.85 and getattr(record, "code", None):
            return ByCode(record.code)
        if roll < 0.9:
            return ByName(record.name)
        if roll < 0.985:
            return ById(record.id)
        return self.random.choice((ById(0), ById(99), ByName("nobody"), ByName("")))

    # Everything else

    def _reference(self) -> CreateReference | ReplaceReference:
        roll = self.random.random()
        if roll < 0.6 or len(self.model.account) < 6:
            content: ReferenceContent = self._account()
            table: dict[int, Any] = self.model.account
        elif roll < 0.8 or not self.model.contact:
            content, table = self._contact(), self.model.contact
        else:
            content, table = self._dimension(), self.model.dimension
        if self._chance(0.5) or not table or len(self.model.account) < 6:
            given = self.random.randint(1, len(table) + 4) if self._chance(0.1) else None
            return CreateReference(content, given)
        record_id = self.random.choice([*table, *table, 999])
        before = table.get(record_id)
        if before is not None and self._chance(0.8):
            content = _again(before, content, self.random)
        version = before.version + self._chance(0.05) if before and self._chance(0.8) else None
        return ReplaceReference(record_id, version, content)

    def _name(self) -> str:
        if self._chance(0.03):
            return self.random.choice(("", "  ", "a:b"))
        return f"{self.random.choice(NAMES)}{self.random.choice(('', '', 1, 2, 3))}"

    def _parent(self, table: dict[int, Any]) -> Ref | None:
        if not table or self._chance(0.5):
            return None
        return self._ref(self.random.choice(list(table.values())))

    def _account(self) -> AccountContent:
        parent = self._parent(self.model.account)
        kind = self.random.choice(KINDS)
        if isinstance(parent, ById) and parent.id in self.model.account and self._chance(0.9):
            kind = self.model.account[parent.id].kind
        return AccountContent(
            self._name(),
            kind,
            code=self.random.choice(CODES),
            currency=self.random.choice((None, None, None, "EUR")),
            parent=parent,
            active=self._chance(0.9),
        )

    def _contact(self) -> ContactContent:
        kind = self.random.choice((ContactKind.CUSTOMER, ContactKind.VENDOR))
        parent = self._parent(self.model.contact) if self._chance(0.4) else None
        return ContactContent(kind, self._name(), parent=parent, active=self._chance(0.9))

    def _dimension(self) -> DimensionContent:
        parent = self._parent(self.model.dimension)
        return DimensionContent(CLASS, self._name(), parent=parent, active=self._chance(0.9))

    def _rate(self) -> SetExchangeRate:
        currency = self.random.choice(("EUR", "EUR", "JPY", "GBP", "XXX"))
        day = FIRST_DAY + timedelta(self.random.randrange(0, DAYS, 7))
        rate = self.random.choice((Decimal("0.85"), Decimal("0.0053"), Decimal("1.2"), Decimal(-1)))
        return SetExchangeRate(currency, day, rate)

    def _company(self) -> ChangeCompany:
        random, company = self.random, self.model.company
        day = FIRST_DAY + timedelta(random.randrange(DAYS // 2))
        wanted = replace(
            company,
            name=random.choice(("Demo", "Renamed", "Renamed", " ")),
            multicurrency=self._chance(0.8),
            doc_number_unique=self._chance(0.5),
            four_eyes=self._chance(0.3),
            books_closed_through=day if self._chance(0.3) else None,
            fiscal_year_start=random.choice((1, 4, 13)) if self._chance(0.3) else 1,
            time_zone=random.choice(("Europe/London", "Pacific/Auckland", "UTC")),
            status=CompanyStatus.INACTIVE if self._chance(0.2) else CompanyStatus.ACTIVE,
        )
        version = company.version + self._chance(0.1) if self._chance(0.8) else None
        return ChangeCompany(version, wanted)


def _again(before: Any, wanted: Any, random: Random) -> Any:
    """The content of a record with some members as `wanted`, so that few changes are refused."""
    same: dict[str, Any] = {"name": before.name, "active": before.active}
    if random.random() < 0.8:
        same["parent"] = None if before.parent_id is None else ById(before.parent_id)
    for member in ("kind", "currency", "code"):
        if hasattr(wanted, member) and random.random() < 0.8:
            same[member] = getattr(before, member)
    changed = random.choice(("name", "active", "nothing"))
    same.pop(changed, None)
    return replace(wanted, **same)
