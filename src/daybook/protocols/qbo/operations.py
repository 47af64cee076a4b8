"""What can be done with entities: one path for single requests and for the items of a batch.

    body ──> prepare (read what is there, judge the body) ──> command ──> ledger ──> object

`apply` carries out a create, update or delete and gives back the entity as it is shown. Everything
refused is a `QboFault`. Under a request id the first answer is given again whatever is asked later:
a carried out command is found again by the ledger, and its records shown as they were then, with
the names of today; a fault is remembered here in its own bytes. A fault that says nothing about the
request (overload, failure) is not remembered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from daybook.app.ledger import (
    Answered,
    Books,
    Committed,
    Context,
    Idempotency,
    Outcome,
    Refused,
    Repetition,
)
from daybook.app.ports import IdempotencyKey, Reader
from daybook.domain import currencies
from daybook.domain.commands import (
    ChangeCompany,
    Command,
    CreateEntry,
    CreateReference,
    DeleteEntry,
    ReplaceReference,
)
from daybook.domain.events import COMPANY, ENTRY, Actor, entity_of
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.model import Company, JournalEntry, Record
from daybook.domain.refusals import Refusal, RefusalCode
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Services
from daybook.protocols.qbo import codec, entities, errors, plain, times
from daybook.protocols.qbo.codec import POSTED_ONLY, Later
from daybook.protocols.qbo.entities import company as company_entity
from daybook.protocols.qbo.entities import rates, tax
from daybook.protocols.qbo.entities.base import Draft, ListEntity
from daybook.protocols.qbo.errors import QboFault, Situation
from daybook.protocols.qbo.identity import CREATE, DELETE, SAVE, UPDATE, identify
from daybook.protocols.qbo.limits import ATTEMPTS_MAX
from daybook.protocols.qbo.render import Json, deleted_json, entry_whole
from daybook.protocols.qbo.shapes import Findings, read
from daybook.protocols.qbo.stored import WIRE

__all__ = [
    "CREATE",
    "DELETE",
    "JOURNAL_ENTRY",
    "NAMES",
    "SAVE",
    "TAX_SERVICE",
    "UPDATE",
    "Applied",
    "Operations",
]

JOURNAL_ENTRY: Final = "JournalEntry"
TAX_SERVICE: Final = "TaxService"

NAMES: Final = {
    name.lower(): name
    for name in (
        JOURNAL_ENTRY,
        "CompanyInfo",
        "Preferences",
        "ExchangeRate",
        *(each.name for each in entities.LISTS),
    )
}
"""Entities by name in lower case."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done: the entity's name, its object, the moment the answer shows, the company.

    The moment is that of the record's last change, so that a repeated answer is the same bytes,
    unless an account or a name that it mentions was renamed meanwhile.
    """

    entity: str
    body: Json | json.Raw
    at: Timestamp
    company: Company


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A command; `again` says that it may be tried anew if the record moves on meanwhile."""

    command: Command
    later: Later = ()
    again: bool = False


class Operations:
    """Carries out operations against the ledger."""

    def __init__(self, services: Services) -> None:
        self._runtime = services.runtime
        self._clock = services.clock
        self._exponents: dict[CompanyId, int] = {}
        """Of home currencies, which never change."""

    def plain_entry(self, books: Books, body: bytes) -> CreateEntry | None:
        """The command of a new entry with nothing unusual in it: see `plain`."""
        exponent = self._exponents.get(books.company_id)
        if exponent is None:
            with books.read() as reader:
                exponent = currencies.exponent(reader.company.home_currency)
            self._exponents[books.company_id] = exponent
        return plain.read(body, exponent)

    async def apply(
        self,
        books: Books,
        entity: str,
        operation: str,
        body: Any,
        include: frozenset[str] = frozenset(),
        *,
        key: str | None = None,
        request_id: str | None = None,
        aside: bool = False,
    ) -> Applied:
        """Create, update or delete one entity, named as in `NAMES`.

        `body` is its JSON value, or the command of `plain_entry`. `include` are the words of the
        parameter of that name, or of a batch item's `optionsData`; `key` is the request id (with
        the item's id, in a batch). With `aside` the body is judged on another thread, as becomes
        one that may take long. Raises `QboFault`.
        """
        idempotency = None if key is None else IdempotencyKey(WIRE, "", key)
        try:
            return await self._carry_out(
                books, entity, operation, body, include, idempotency, request_id, aside
            )
        except QboFault as fault:
            if idempotency is None or fault.passing or fault.at is not None:
                raise
            return await self._remembered(books, entity, idempotency, fault)

    async def _remembered(
        self, books: Books, entity: str, key: IdempotencyKey, fault: QboFault
    ) -> Applied:
        """Remember a fault, then answer with what the key stands for: it may have come second."""
        answer = fault.to_bytes(self._clock())
        outcome = await self._runtime.in_thread(lambda: books.remember(key, answer))
        return self._repeated(books, entity, outcome)

    async def _carry_out(
        self,
        books: Books,
        entity: str,
        operation: str,
        body: Any,
        include: frozenset[str],
        key: IdempotencyKey | None,
        request_id: str | None,
        aside: bool,
    ) -> Applied:
        idempotency = None if key is None else Idempotency(key, Repetition.ANSWER_FIRST)
        principal = books.principal
        actor = Actor(principal.client, WIRE, principal.user, request_id)
        context = Context(actor, idempotency, show=partial(_applied, entity))
        if entity == TAX_SERVICE:
            return await self._make_tax_code(books, body, context)
        prepare: Callable[[Reader], _Prepared] | None = None
        if isinstance(body, CreateEntry):
            prepared = _Prepared(body)
        else:
            prepare = self._preparation(entity, operation, body, include)
        attempts = ATTEMPTS_MAX
        while True:
            if prepare is not None:
                work = partial(_prepared, books, prepare)
                prepared = await self._runtime.in_thread(work) if aside else work()
            if prepared.later:
                await self._judge_together(books, entity, prepared, context)
            outcome = await self._runtime.execute(books, prepared.command, context)
            attempts -= 1
            if isinstance(outcome, Refused):
                stale = outcome.refusals[0].code is RefusalCode.STALE_VERSION
                if stale and prepared.again and attempts:
                    continue
                raise self._fault(books, entity, prepared.command, outcome.refusals)
            return self._repeated(books, entity, outcome)

    def _preparation(
        self, entity: str, operation: str, body: Any, include: frozenset[str]
    ) -> Callable[[Reader], _Prepared]:
        """How to turn the body into a command, for this entity and operation."""
        if entity == JOURNAL_ENTRY:
            if operation == DELETE:
                return lambda reader: _delete_entry(body, reader)
            if operation in (SAVE, CREATE, UPDATE):
                return lambda reader: _save_entry(body, operation, include, reader)
        elif entity == "ExchangeRate":
            if operation in (SAVE, CREATE, UPDATE):
                return lambda reader: self._set_rate(body, reader)
        elif entity in ("CompanyInfo", "Preferences"):
            if operation in (SAVE, UPDATE):
                return lambda reader: _change_company(entity, body, reader)
        else:
            found = entities.BY_NAME[entity.lower()]
            if operation in (SAVE, CREATE, UPDATE):
                return lambda reader: _save_record(found, operation, body, reader)
        raise errors.operation_unsupported(operation, entity)

    def _set_rate(self, body: Any, reader: Reader) -> _Prepared:
        where = times.zone(reader.company.time_zone)
        return _Prepared(rates.command(body, reader, times.today(self._clock(), where)))

    async def _judge_together(
        self, books: Books, entity: str, prepared: _Prepared, context: Context
    ) -> None:
        """Raise the fault for what the wire has found of a late stage, unless the ledger finds
        something of an earlier one.
        """
        refusals: Sequence[Refusal] = ()
        trial = replace(context, idempotency=None, dry_run=True)
        outcome = await self._runtime.in_thread(lambda: books.execute(prepared.command, trial))
        if isinstance(outcome, Refused):
            refusals = outcome.refusals
        raise self._fault(books, entity, prepared.command, refusals, prepared.later)

    def _fault(
        self,
        books: Books,
        entity: str,
        command: Command,
        refusals: Sequence[Refusal],
        later: Later = (),
    ) -> QboFault:
        """The fault for what the ledger refused, in words that fit the company and the record."""
        with books.read() as reader:
            situation = Situation(entity, reader.company.country)
            if any(refusal.code is RefusalCode.STALE_VERSION for refusal in refusals):
                situation = replace(situation, editor=_editor(entity, command, reader))
        return errors.fault_of(refusals, situation, later)

    def _repeated(self, books: Books, entity: str, outcome: Outcome) -> Applied:
        """The answer an outcome stands for, fresh or repeated."""
        match outcome:
            case Committed(shown=Applied() as applied):
                return applied
            case Committed():
                with books.read() as reader:
                    return _applied(entity, reader, outcome)
            case Answered(answer):
                raise QboFault.from_bytes(answer)
            case Refused(refusals):
                raise errors.fault_of(refusals, Situation(entity))

    async def _make_tax_code(self, books: Books, body: Any, context: Context) -> Applied:
        """Make a tax code with its rates, all or nothing.

        The code has to name its rates, so their ids are chosen beforehand; where another request
        was quicker the ledger says that they exist, and new ones are chosen.
        """
        for _ in range(ATTEMPTS_MAX):
            with books.read() as reader:
                commands = tax.commands(body, reader)
            outcome = await self._runtime.in_thread(partial(books.execute_all, commands, context))
            if not (isinstance(outcome, Refused) and outcome.refusals[0].field == "id"):
                break
        if isinstance(outcome, Refused):
            raise self._fault(books, TAX_SERVICE, commands[0], outcome.refusals)
        return self._repeated(books, TAX_SERVICE, outcome)


def _prepared(books: Books, prepare: Callable[[Reader], _Prepared]) -> _Prepared:
    """What a body comes down to in a fresh snapshot."""
    with books.read() as reader:
        return prepare(reader)


def _save_entry(body: Any, operation: str, include: frozenset[str], reader: Reader) -> _Prepared:
    decoded = codec.decode(body, operation, include, reader)
    return _Prepared(decoded.command, decoded.later)


def _delete_entry(body: Any, reader: Reader) -> _Prepared:
    """A delete. A token above the current version is let pass, as clients that make it up need.

    The body may be the whole entry; only its Id and SyncToken are looked at.
    """
    findings = Findings()
    if not isinstance(body, dict):
        raise errors.unreadable("the body is not a JSON object")
    identity = identify(DELETE, body, findings)
    findings.conclude()
    assert identity.record_id is not None
    assert identity.version is not None
    entry = codec.live_entry(identity.record_id, reader)
    if entry is None:
        raise errors.not_found(f"Id: there is no entry {identity.record_id}")
    command = DeleteEntry(entry.id, min(identity.version, entry.version), POSTED_ONLY)
    return _Prepared(command, again=identity.version >= entry.version)


def _save_record(entity: ListEntity, operation: str, body: Any, reader: Reader) -> _Prepared:
    """A create or an update of a list entity."""
    findings = Findings()
    members = read(entity.shape, body, findings)
    identity = identify(operation, body, findings)
    if identity.operation not in entity.operations:
        raise errors.operation_unsupported(identity.operation, entity.name)
    current = None
    if identity.record_id is not None:
        current = entity.find(reader, identity.record_id)
    whole = members
    if current is not None and members.get("sparse") is True:
        whole = {**entity.members_of(current), **members}
    elif identity.operation == UPDATE and current is None:
        findings.conclude()
        raise errors.not_found(f"Id: there is no {entity.name} {identity.record_id}")
    content = entity.content(Draft(whole, current, reader, findings, frozenset(members)))
    findings.conclude()
    command: Command = CreateReference(content)
    if current is not None:
        command = ReplaceReference(current.id, identity.version, content)
    return _Prepared(command, tuple(findings.later))


def _change_company(entity: str, body: Any, reader: Reader) -> _Prepared:
    """An update of the company's record or settings; the id is fixed and may be left out."""
    change = (
        company_entity.changed_info
        if entity == "CompanyInfo"
        else company_entity.changed_preferences
    )
    changed, version = change(body, reader.company)
    return _Prepared(ChangeCompany(version, changed))


def _editor(entity: str, command: Command, reader: Reader) -> str:
    """Who changed the record of a command last: a user, or else an application."""
    record_id = getattr(command, "entry_id", None) or getattr(command, "record_id", None)
    if isinstance(command, ChangeCompany):
        core, record_id = COMPANY, reader.company.id
    else:
        core = ENTRY if entity == JOURNAL_ENTRY else entities.BY_NAME[entity.lower()].core
    history = reader.history(core, record_id) if record_id is not None else []
    if not history:
        return "another user"
    return history[-1].actor.user or history[-1].actor.client


def _applied(entity: str, reader: Reader, outcome: Committed) -> Applied:
    """What was carried out, as its answer shows it.

    A repeated request id may have made something else than what is asked for now, so the records
    say what they are; `entity` only tells the company's two records apart.
    """
    if entity_of(outcome.records[-1]) == tax.CODE_LIST:  # the tax service alone makes codes
        return _tax_code_answer(outcome.records[-1], reader)
    return _shown(entity, outcome.records[0], reader)


def _shown(entity: str, record: Record, reader: Reader) -> Applied:
    """A record that a command has made or changed, as its answer shows it."""
    company = reader.company
    name: str
    shown: Json | json.Raw
    match record:
        case JournalEntry(deleted_at=None):
            name, shown = JOURNAL_ENTRY, entry_whole(record, reader)
        case JournalEntry():
            name, shown = JOURNAL_ENTRY, deleted_json(record)
        case Company():
            name = entity if entity in ("CompanyInfo", "Preferences") else "CompanyInfo"
            shown = entities.company_json(name, record)
        case _:
            found = entities.list_entity_of(record)
            name = "ExchangeRate" if found is None else found.name
            shown = entities.reference_json(record, reader)
    return Applied(name, shown, record.modified_at, company)


def _tax_code_answer(code: Record, reader: Reader) -> Applied:
    """The answer of the tax service, from the code that was made."""
    shown = tax.service_json(code, reader)
    return Applied(TAX_SERVICE, shown, code.modified_at, reader.company)
