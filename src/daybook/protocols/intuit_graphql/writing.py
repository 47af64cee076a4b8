"""Mutations: entries made, changed and deleted.

An input is judged in stages, and all that one stage finds is reported together: references,
amounts, the balance, then what the ledger finds (closed periods and the like). Nothing is kept
unless every stage passes. An update is laid over the entry as it is at the version that it names;
the ledger refuses it if the entry has moved on meanwhile, so nothing can be laid over something
else.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from daybook.app.access import Scope
from daybook.app.ledger import Committed, Context, Outcome, Refused
from daybook.domain.commands import (
    UNSET,
    Command,
    CreateEntry,
    DeleteEntry,
    EntryContent,
    Guard,
    NoChange,
    PatchEntry,
    UnsetType,
)
from daybook.domain.events import Actor
from daybook.domain.ids import EntryId
from daybook.domain.model import JournalEntry, Status
from daybook.domain.refusals import RefusalCode
from daybook.protocols.intuit_graphql import ids
from daybook.protocols.intuit_graphql.drafts import Drafting, Findings, Stage
from daybook.protocols.intuit_graphql.errors import Code, Fault, fault, finding_of
from daybook.protocols.intuit_graphql.fields import Deletion
from daybook.protocols.intuit_graphql.ids import Kind, Trouble
from daybook.protocols.intuit_graphql.limits import REFERENCE_NUMBER_LENGTH_MAX
from daybook.protocols.intuit_graphql.roots import Call, guarded, is_shown
from daybook.protocols.intuit_graphql.stored import WIRE

Arguments = Mapping[str, Any]

_POSTED: Final = Guard(statuses=frozenset({Status.POSTED}))
_ARGUMENT: Final = "journalEntry"
_STAGES: Final = {
    RefusalCode.REFERENCE_NOT_FOUND: Stage.REFERENCES,
    RefusalCode.REFERENCE_INACTIVE: Stage.REFERENCES,
    RefusalCode.REFERENCE_AMBIGUOUS: Stage.REFERENCES,
    RefusalCode.CONTACT_KIND_WRONG: Stage.REFERENCES,
    RefusalCode.NOT_FOUND: Stage.STATE,
    RefusalCode.ENTRY_DELETED: Stage.STATE,
    RefusalCode.STALE_VERSION: Stage.STATE,
    RefusalCode.WRONG_STATUS: Stage.STATE,
    RefusalCode.INVALID_VALUE: Stage.AMOUNTS,
    RefusalCode.UNBALANCED: Stage.BALANCE,
}


def create(arguments: Arguments, call: Call) -> JournalEntry:
    """Make an entry."""
    _may_write(call)
    given = {name: value for name, value in arguments[_ARGUMENT].items() if value is not None}
    call.count_lines(len(given["entryLines"]))
    findings = Findings()
    memo = _memo(given, findings)
    number = _number(given, findings)
    drafting = Drafting(call.scene, given.get("currency"), None, findings)
    lines = drafting.lines(given["entryLines"])
    findings.conclude()
    content = EntryContent(
        lines=tuple(lines),
        posting_date=given.get("transactionDate"),
        doc_number=None if number is UNSET else number,
        memo=None if memo is UNSET else memo,
        currency=drafting.currency,
        rate=drafting.rate,
    )
    return _carried_out(CreateEntry(content), call, drafting.origins)


def update(arguments: Arguments, call: Call) -> JournalEntry:
    """Change an entry: what is left out stays, null clears, lines are replaced as a set."""
    _may_write(call)
    given = arguments[_ARGUMENT]
    entry = _entry(given["id"], call, (_ARGUMENT, "id"))
    version = given["metadata"]["entityVersion"]
    _check_version(entry, version, (_ARGUMENT, "metadata", "entityVersion"))
    sent = given.get("entryLines")
    call.count_lines(len(entry.lines if sent is None else sent))
    findings = Findings()
    memo = _memo(given, findings)
    number = _number(given, findings)
    for name in ("transactionDate", "entryLines"):
        if name in given and given[name] is None:
            findings.add(
                Stage.SHAPE, Code.LINES_REQUIRED, f"{name} cannot be cleared.", (_ARGUMENT, name)
            )
    currency = given.get("currency")
    drafting = Drafting(call.scene, currency, entry, findings)
    lines = drafting.lines(given["entryLines"]) if given.get("entryLines") is not None else None
    findings.conclude()
    command = PatchEntry(
        entry.id,
        entry.version,
        lines=UNSET if lines is None else tuple(lines),
        posting_date=given.get("transactionDate", UNSET),
        doc_number=number,
        memo=memo,
        currency=UNSET if "currency" not in given else drafting.currency,
        rate=UNSET if "currency" not in given else drafting.rate,
        no_change=NoChange.COUNT_VERSION,
        guard=_POSTED,
    )
    return _carried_out(command, call, drafting.origins)


def delete(arguments: Arguments, call: Call) -> Deletion:
    """Delete an entry; with a version, only if it is still that one."""
    _may_write(call)
    entry = _entry(arguments["id"], call, ("id",))
    version = arguments.get("entityVersion")
    expected: int | None = None
    if version is not None:
        _check_version(entry, version, ("entityVersion",))
        expected = entry.version
    outcome = _execute(DeleteEntry(entry.id, expected, _POSTED), call)
    _committed(outcome, None, ())
    return Deletion(call.scene.id(Kind.TRANSACTION, entry.id))


MUTATIONS: Final[Mapping[str, Callable[[Arguments, Call], Any]]] = {
    "createJournalEntry": guarded(create),
    "updateJournalEntry": guarded(update),
    "deleteJournalEntry": guarded(delete),
}
"""The fields of Mutation."""


def _may_write(call: Call) -> None:
    call.check(Scope.READ)
    call.check(Scope.WRITE)


def _entry(given: str, call: Call, argument: tuple[str, ...]) -> JournalEntry:
    """The entry that an id means. Raises `Fault`."""
    number = ids.parse(given, Kind.TRANSACTION, call.scene.company)
    if number is Trouble.MALFORMED:
        raise fault(Code.MALFORMED_ID, "The id cannot be read.", argument)
    if number is Trouble.OTHER_KIND:
        raise fault(Code.INVALID_REFERENCE, "The id is not one of a journal entry.", argument)
    entry = None
    if isinstance(number, int):
        with call.scene.reader() as reader:
            entry = reader.entry(EntryId(number))
    if entry is None or not is_shown(entry):
        raise fault(Code.NOT_FOUND, "There is no such journal entry.", argument)
    return entry


def _check_version(entry: JournalEntry, version: str, argument: tuple[str, ...]) -> None:
    current = str(entry.version)
    if version != current:
        message = f"The entry is at version {current}, not {version[:20]}; read it again."
        raise fault(Code.STALE_ENTITY_VERSION, message, argument, currentEntityVersion=current)


def _memo(given: Arguments, findings: Findings) -> str | UnsetType | None:
    """The memo, which has two names."""
    sent = [given[name] for name in ("memo", "privateMemo") if name in given]
    if len(sent) == 2 and sent[0] != sent[1]:
        message = "memo and privateMemo are two names of one text, and differ."
        findings.add(Stage.SHAPE, Code.CONFLICTING_FIELDS, message, (_ARGUMENT, "privateMemo"))
    return sent[0] if sent else UNSET


def _number(given: Arguments, findings: Findings) -> str | UnsetType | None:
    number: str | UnsetType | None = given.get("referenceNumber", UNSET)
    if isinstance(number, str) and len(number) > REFERENCE_NUMBER_LENGTH_MAX:
        message = f"A reference number has up to {REFERENCE_NUMBER_LENGTH_MAX} characters."
        findings.add(Stage.SHAPE, Code.INVALID_VALUE, message, (_ARGUMENT, "referenceNumber"))
    return number


def _execute(command: Command, call: Call) -> Outcome:
    principal = call.books.principal
    actor = Actor(principal.client, WIRE, principal.user, call.request_id)
    return call.books.execute(command, Context(actor, deadline=call.deadline))


def _carried_out(command: Command, call: Call, origins: list[int]) -> JournalEntry:
    """Carry out a command about an entry, and have what its lines name at hand."""
    record = _committed(_execute(command, call), _ARGUMENT, origins)
    assert isinstance(record, JournalEntry)
    call.scene.forget()
    call.scene.gather_for_entries([record])
    return record


def _committed(outcome: Outcome, argument: str | None, origins: "list[int] | tuple[()]") -> object:
    """The record of a command that was carried out. Raises `Fault` for a refusal."""
    if isinstance(outcome, Committed):
        return outcome.records[0]
    assert isinstance(outcome, Refused), "no idempotency keys are used here"
    stages = [_STAGES.get(each.code, Stage.RULES) for each in outcome.refusals]
    first = min(stages)
    raise Fault(
        [
            finding_of(each, argument, origins)
            for each, stage in zip(outcome.refusals, stages, strict=True)
            if stage == first
        ]
    )
