"""Random commands through the one door, on every engine side by side and against the model.

Outcomes, records, events and their hashes are the same everywhere, and as the model says; each
hundred steps the books as a whole are compared, and when an episode ends once more, after what
lasts has been opened again. An episode is a company of its own in the same stores.

A failure names the episode's seed, which `DAYBOOK_TEST_SEED` repeats, and the step.
`DAYBOOK_TEST_SLOW=1` takes a hundred thousand steps.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from tests.model.commands import DAYS, FIRST_DAY, Commands
from tests.model.model import Model
from tests.support.clock import START, TestClock
from tests.support.engines import SEED, SLOW, Engine, engine_schemes

from daybook.app import bodies
from daybook.app.access import OPERATOR
from daybook.app.ledger import (
    Books,
    Committed,
    Context,
    Idempotency,
    Ledger,
    Outcome,
    Refused,
)
from daybook.app.ports import IdempotencyKey, Reader, Store
from daybook.domain import chain
from daybook.domain.commands import Command, PatchEntry, ReplaceEntry
from daybook.domain.events import ACCOUNT, CONTACT, ENTRY, RATE, Actor, dimension_entity
from daybook.domain.ids import AccountId, CompanyId, ContactId, Timestamp
from daybook.domain.model import CLASS, Company, JournalEntry, Record
from daybook.domain.query import Offset, Query
from daybook.domain.refusals import RefusalCode

EPISODE_STEPS = 500
EPISODES = 200 if SLOW else 4
CHECK_STEPS = 100
PAGE = 1_000
CLIENT = "app"
EVERYTHING = Query(page=Offset(0, PAGE))


@dataclass(slots=True)
class Kept:
    """A key that stands for something carried out."""

    commands: tuple[Command, ...]
    outcome: Committed


@dataclass(slots=True)
class Episode:
    """One company's life, in every store at once."""

    seed: int
    stores: dict[str, Store]
    clock: TestClock
    random: Random
    books: dict[str, Books] = field(default_factory=dict)
    keys: dict[IdempotencyKey, Kept] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    checked_seq: int = 0
    checked_hash: bytes = chain.GENESIS

    def found(self) -> Model:
        """Start the company in every store."""
        number = self.seed
        draft = Company(
            CompanyId(0),
            f"slug-{number}",
            "Demo",
            f"9{number}",
            f"c-{number}",
            "GBP",
            "Europe/London",
            multicurrency=True,
        )
        companies = []
        for scheme, store in self.stores.items():
            ledger = Ledger(store, self.clock)
            company = ledger.found(draft, Actor(CLIENT, "test"))
            assert isinstance(company, Company)
            companies.append(company)
            self._open(scheme, store, company.id)
        assert companies.count(companies[0]) == len(companies)
        return Model(companies[0], CLIENT, companies[0].modified_at)

    def _open(self, scheme: str, store: Store, company_id: CompanyId) -> None:
        books = Ledger(store, self.clock).books(company_id, OPERATOR)
        assert books is not None
        self.books[scheme] = books

    def reopened(self, scheme: str, store: Store) -> None:
        """A store has been opened again."""
        self.stores[scheme] = store
        self._open(scheme, store, self.books[scheme].company_id)

    def step(self, model: Model) -> Model:
        """Some commands as one transaction; answers with the model after it."""
        random = self.random
        self.clock.now += random.choice((-5_000_000, 0, 1, 1_000_000, 3_600_000_000))
        key = None
        if random.random() < 0.15:
            key = IdempotencyKey("test", CLIENT, f"k-{random.randrange(40)}")
        commands = self._commands(model, key)
        dry_run = random.random() < 0.05
        idempotency = None if key is None else Idempotency(key)
        context = Context(Actor(CLIENT, "test", "ada", "r"), idempotency, dry_run=dry_run)
        outcomes = {
            scheme: books.execute_all(commands, context) for scheme, books in self.books.items()
        }
        outcome, *others = outcomes.values()
        for scheme, other in zip(list(outcomes)[1:], others, strict=True):
            assert other == outcome, f"{scheme} answers otherwise than {next(iter(outcomes))}"
        first = None if key is None else self.keys.get(key)
        if first is not None:
            self._check_repetition(first, commands, outcome)
            return model
        after = self._check_outcome(model, commands, outcome)
        if isinstance(outcome, Committed) and not dry_run:
            if key is not None:
                self.keys[key] = Kept(commands, outcome)
            return after
        return model

    def _commands(self, model: Model, key: IdempotencyKey | None) -> tuple[Command, ...]:
        first = None if key is None else self.keys.get(key)
        if first is not None and self.random.random() < 0.8:
            return first.commands
        count = 1 if self.random.random() < 0.85 else self.random.randint(2, 4)
        commands = Commands(self.random, model)
        return tuple(commands.next() for _ in range(count))

    def _check_repetition(self, first: Kept, commands: Sequence[Command], outcome: Outcome) -> None:
        self.met["repeated"] += 1
        if commands != first.commands:
            assert isinstance(outcome, Refused)
            assert [each.code for each in outcome.refusals] == [RefusalCode.IDEMPOTENCY_MISMATCH]
            return
        assert isinstance(outcome, Committed)
        assert outcome.replayed
        assert outcome.events == first.outcome.events
        if len(commands) == 1:
            assert outcome.records[0] == first.outcome.records[0]

    def _check_outcome(self, model: Model, commands: Sequence[Command], outcome: Outcome) -> Model:
        after = model.saved()
        now = Timestamp(max(self.clock.now, model.modified_at + 1))
        for index, command in enumerate(commands):
            theirs = outcome.records[index] if isinstance(outcome, Committed) else None
            codes = after.carry_out(command, now, theirs)
            self.met.update(code.name for code in codes)
            if codes:
                assert isinstance(outcome, Refused), f"refused by the model as {codes}: {command}"
                said = [refusal.code for refusal in outcome.refusals]
                assert set(said) == codes, f"the model says {codes}: {command}"
                assert said == sorted(said), "refusals are not in order of precedence"
                assert outcome.index == index
                return model
            assert not isinstance(outcome, Refused) or index < len(commands) - 1, (
                f"{outcome} for {command}, which the model accepts"
            )
            assert theirs is None or theirs == after.made
            revised = isinstance(command, ReplaceEntry | PatchEntry)
            if theirs is None and revised and getattr(after.made, "rate", None) is not None:
                # The model takes home amounts from the program, which shows none of what it has
                # undone; so whether this changed anything, and the version, is not known.
                return model
        assert isinstance(outcome, Committed)
        self.met["committed" if outcome.events else "unchanged"] += 1
        return after

    def check(self, model: Model) -> None:
        """The books as a whole, in every store."""
        fingerprints = []
        heads = []
        for scheme, books in self.books.items():
            store = self.stores[scheme]
            assert list(store.totals_mismatches(books.company_id)) == []
            fingerprints.append(store.table_fingerprints(books.company_id))
            with books.read() as reader:
                heads.append(reader.head())
                check_records(reader, model)
                check_totals(reader, model, self.random.randrange(DAYS))
                self._check_log(reader)
        assert fingerprints.count(fingerprints[0]) == len(fingerprints)
        assert heads.count(heads[0]) == len(heads)
        self.checked_seq, self.checked_hash = heads[0].seq, heads[0].hash

    def _check_log(self, reader: Reader) -> None:
        """What was logged since the last check: chained, and the records as they are now."""
        events = reader.events(self.checked_seq, 100_000)
        assert chain.verify(events, self.checked_hash, self.checked_seq) is None
        latest = {(event.entity, event.record_id): event for event in events}
        for (entity, record_id), event in latest.items():
            record = bodies.decode(entity, event.body)
            assert bodies.encode(record) == event.body
            if entity == ENTRY:
                assert reader.history(entity, record_id)[-1] == event
                assert isinstance(record, JournalEntry)
                assert reader.entry(record.id) == record


def check_records(reader: Reader, model: Model) -> None:
    """Records are those of the model, and every entry keeps the rules of the books."""
    assert reader.company == model.company
    entries: list[JournalEntry] = []
    while page := reader.entries(Query(page=Offset(len(entries), PAGE))):
        entries.extend(page)
    assert {entry.id: entry for entry in entries} == model.entries
    tables: list[tuple[str, list[Record]]] = [
        (ACCOUNT, list(model.account.values())),
        (CONTACT, list(model.contact.values())),
        (dimension_entity(CLASS), list(model.dimension.values())),
        (RATE, list(model.rates.values())),
    ]
    for entity, records in tables:
        kept = reader.references(entity, EVERYTHING)
        assert kept == sorted(records, key=lambda record: record.id)
    for entry in entries:
        assert len(entry.lines) >= 2
        assert sum(line.signed for line in entry.lines) == 0
        assert sum(line.signed_home for line in entry.lines) == 0
        ids = [each.id for each in entry.sequence]
        assert len(set(ids)) == len(ids)
        assert max(ids) < entry.next_line_id
        assert entry.created_at <= entry.modified_at
        assert (entry.deleted_at is None) or entry.deleted_at == entry.modified_at
        for line in entry.lines:
            assert line.account_id in model.account
            assert line.contact_id is None or line.contact_id in model.contact
            assert all(id in model.dimension for _, id in line.dimensions)


def check_totals(reader: Reader, model: Model, days: int) -> None:
    """Totals are those of the model, now and as of days around the end of a year."""
    today = FIRST_DAY + timedelta(days)
    for as_of in (None, date.max, today, date(2025, 11, 30), date(2025, 12, 31), date(2026, 1, 1)):
        totals = reader.account_totals(as_of)
        said = {total.id: (total.debit, total.credit) for total in totals}
        assert said == model.totals(as_of or date.max)
        assert [total.id for total in totals] == sorted(said)
        assert sum(total.balance for total in totals) == 0, "the trial balance is not zero"
    now = model.totals(date.max)
    for account_id in model.account:
        total = reader.account_total(AccountId(account_id))
        assert (total.debit, total.credit) == now.get(account_id, (0, 0))
    owed = model.contact_totals()
    for contact_id in model.contact:
        total = reader.contact_total(ContactId(contact_id))
        assert (total.debit, total.credit) == owed.get(contact_id, (0, 0))


COMMON = {
    *("STALE_VERSION", "ENTRY_DELETED", "WRONG_STATUS", "INVALID_VALUE", "REFERENCE_NOT_FOUND"),
    *("REFERENCE_INACTIVE", "CURRENCY_MISMATCH", "RATE_REQUIRED", "UNBALANCED", "PERIOD_CLOSED"),
    *("DUPLICATE_DOC_NUMBER", "DUPLICATE_NAME", "IN_USE", "NOT_FOUND", "CONTACT_REQUIRED"),
    *("COMPANY_INACTIVE", "TOO_FEW_LINES", "NOT_ORIGIN", "repeated", "unchanged", "committed"),
}
"""What must come up in a run, or the commands are not random enough."""


@pytest.mark.timeout(7_200 if SLOW else 300)
def test_every_engine_does_what_the_model_says(tmp_path: Path) -> None:
    engines = {scheme: Engine.of(scheme, tmp_path) for scheme in engine_schemes()}
    stores = {scheme: engine.open() for scheme, engine in engines.items()}
    met: Counter[str] = Counter()
    step = 0
    seed = SEED
    try:
        for seed in range(SEED, SEED + EPISODES):
            episode = Episode(seed, stores, TestClock(START), Random(seed))
            model = episode.found()
            for step in range(1, EPISODE_STEPS + 1):
                model = episode.step(model)
                if step % CHECK_STEPS == 0:
                    episode.check(model)
            for scheme, engine in engines.items():
                if engine.lasts:
                    stores[scheme].close()
                    episode.reopened(scheme, engine.open())
            episode.check(model)
            met.update(episode.met)
    except Exception as fault:
        fault.add_note(f"DAYBOOK_TEST_SEED={seed}, step {step}")
        raise
    finally:
        for store in stores.values():
            store.close()
    assert met.keys() >= COMMON, COMMON - met.keys()
    steps = EPISODES * EPISODE_STEPS
    assert met["committed"] > steps / 5, met
