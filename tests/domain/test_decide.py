"""The judgement: what is accepted keeps every rule of the books, what is not says why, in order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.domain import limits
from daybook.domain.commands import (
    UNSET,
    CreateEntry,
    DeleteEntry,
    DocNumberPolicy,
    EntryContent,
    Guard,
    LineDraft,
    MoveEntry,
    NoChange,
    NoteDraft,
    PatchEntry,
    ReplaceEntry,
)
from daybook.domain.decide import Accepted, Decision, Rejected, Unchanged, decide
from daybook.domain.entries import resulting_content
from daybook.domain.events import ACCOUNT, CONTACT, Actor, EventKind, dimension_entity
from daybook.domain.facts import Facts
from daybook.domain.ids import (
    AccountId,
    ById,
    ByName,
    CompanyId,
    ContactId,
    DimensionId,
    EntryId,
    LineId,
    Ref,
    Timestamp,
)
from daybook.domain.model import (
    CLASS,
    Account,
    AccountKind,
    BillMark,
    Company,
    CompanyStatus,
    Contact,
    ContactKind,
    Dimension,
    JournalEntry,
    Reference,
    Side,
    Status,
    TaxMark,
)
from daybook.domain.refusals import RefusalCode

NOW = Timestamp(1_790_000_000_000_000)
DAY = date(2026, 3, 4)
COMPANY = Company(CompanyId(1), "demo", "Demo", "9130", "c0c4", "GBP", time_zone="Europe/London")
ACTOR = Actor("app", "test")
BANK, RECEIVABLE, PAYABLE, SALES, RENT, CLOSED, STATISTICAL = range(1, 8)
ADA, VERA, GONE = 1, 2, 3


def account(id: int, kind: AccountKind, *, active: bool = True) -> Account:
    return Account(AccountId(id), f"A{id}", f"A{id}", kind, active=active)


ACCOUNTS = (
    account(BANK, AccountKind.BANK),
    account(RECEIVABLE, AccountKind.RECEIVABLE),
    account(PAYABLE, AccountKind.PAYABLE),
    account(SALES, AccountKind.INCOME),
    account(RENT, AccountKind.EXPENSE),
    account(CLOSED, AccountKind.EXPENSE, active=False),
    account(STATISTICAL, AccountKind.NON_POSTING),
)
CONTACTS = (
    Contact(ContactId(ADA), ContactKind.CUSTOMER, "Ada", "Ada"),
    Contact(ContactId(VERA), ContactKind.VENDOR, "Vera", "Vera"),
    Contact(ContactId(GONE), ContactKind.CUSTOMER, "Gone", "Gone", active=False),
)
CLASSES = (
    Dimension(CLASS, DimensionId(1), "North", "North"),
    Dimension(CLASS, DimensionId(2), "Old", "Old", active=False),
)


class _Found(dict[tuple[str, Ref], Sequence[Reference]]):
    """Resolves by id over the records above; anything else leads nowhere."""

    def __missing__(self, key: tuple[str, Ref]) -> Sequence[Reference]:
        entity, ref = key
        tables: dict[str, Sequence[Reference]] = {
            ACCOUNT: ACCOUNTS,
            CONTACT: CONTACTS,
            dimension_entity(CLASS): CLASSES,
        }
        records = tables.get(entity, ())
        if isinstance(ref, ById):
            return [record for record in records if record.id == ref.id]
        if isinstance(ref, ByName) and ref.name == "ambiguous":
            return records[:2]
        return []


EntryEdit = CreateEntry | ReplaceEntry | PatchEntry | DeleteEntry | MoveEntry


def judge(
    command: EntryEdit,
    entry: JournalEntry | None = None,
    company: Company = COMPANY,
    holder: EntryId | None = None,
    rate: Decimal | None = None,
    highest: int = 0,
) -> Decision:
    content = None
    if isinstance(command, CreateEntry | ReplaceEntry) or (
        isinstance(command, PatchEntry) and entry is not None
    ):
        content = resulting_content(command, entry)
    facts = Facts(
        company,
        ACTOR,
        next_id=7,
        entry=entry,
        content=content,
        found=_Found(),
        doc_number_holder=holder,
        rate=rate,
        highest_doc_number=highest,
    )
    return decide(command, facts, NOW)


def debit(amount: int, account: int = RENT, **more: object) -> LineDraft:
    return LineDraft(Side.DEBIT, amount, ById(account), **more)  # type: ignore[arg-type]


def credit(amount: int, account: int = BANK, **more: object) -> LineDraft:
    return LineDraft(Side.CREDIT, amount, ById(account), **more)  # type: ignore[arg-type]


def content(*lines: LineDraft | NoteDraft, **more: object) -> EntryContent:
    chosen = lines or (debit(100), credit(100))
    return EntryContent(chosen, **{"posting_date": DAY, **more})  # type: ignore[arg-type]


def made(decision: Decision) -> JournalEntry:
    assert isinstance(decision, Accepted), decision
    record = decision.changes[0].after
    assert isinstance(record, JournalEntry)
    return record


def codes(decision: Decision) -> list[RefusalCode]:
    assert isinstance(decision, Rejected), decision
    found = [refusal.code for refusal in decision.refusals]
    assert found == sorted(found), "refusals come in order of precedence"
    return found


def posted(*lines: LineDraft | NoteDraft, **more: object) -> JournalEntry:
    return made(judge(CreateEntry(content(*lines, **more))))


def test_an_entry_is_made_whole() -> None:
    entry = posted(debit(100), NoteDraft("between"), credit(60), credit(40, SALES))
    assert [line.id for line in entry.sequence] == [0, 1, 2, 3]
    assert (entry.id, entry.version, entry.currency, entry.rate) == (7, 0, "GBP", None)
    assert (entry.next_line_id, entry.total, entry.created_at) == (4, 100, NOW)
    assert entry.origin.client == "app"


def test_without_a_date_it_is_today_where_the_company_is() -> None:
    late = Timestamp(1_782_860_400_000_000)  # 2026-06-30 23:00 UTC, already July in London
    facts = Facts(COMPANY, ACTOR, 1, content=content(posting_date=None), found=_Found())
    assert made(decide(CreateEntry(content(posting_date=None)), facts, late)).posting_date == date(
        2026, 7, 1
    )


LINES = st.lists(
    st.builds(
        LineDraft,
        st.sampled_from(Side),
        st.integers(-5, 10**6),
        st.integers(0, 8).map(ById),
        st.none() | st.integers(0, 4).map(ById),
        dimensions=st.just(()) | st.integers(0, 3).map(lambda id: ((CLASS, ById(id)),)),
    ),
    max_size=6,
)


@given(LINES, st.sampled_from(["GBP", "EUR", "JPY", "XXX"]), st.booleans())
def test_whatever_is_accepted_keeps_the_rules(
    lines: list[LineDraft], currency: str, balancing: bool
) -> None:
    """Random lines, sometimes with one that balances them: kept entries satisfy every rule."""
    company = replace(COMPANY, multicurrency=True)
    difference = sum(d.amount if d.side is Side.DEBIT else -d.amount for d in lines)
    if balancing:
        side = Side.CREDIT if difference > 0 else Side.DEBIT
        lines = [*lines, LineDraft(side, abs(difference), ById(SALES))]
    decision = judge(
        CreateEntry(content(*(lines or [debit(1)]), currency=currency)),
        company=company,
        rate=Decimal("0.8571"),
    )
    if isinstance(decision, Rejected):
        assert decision.refusals
        codes(decision)
        return
    entry = made(decision)
    assert len(entry.lines) >= 2
    assert sum(line.signed for line in entry.lines) == 0
    assert sum(line.signed_home for line in entry.lines) == 0
    assert all(0 <= line.amount <= limits.AMOUNT_MAX for line in entry.lines)
    kinds = {each.id: each.kind for each in ACCOUNTS}
    people = {each.id: each.kind for each in CONTACTS}
    for line in entry.lines:
        kind = kinds[line.account_id]
        assert kind is not AccountKind.NON_POSTING
        if kind is AccountKind.RECEIVABLE:
            assert line.contact_id
            assert people[line.contact_id] is ContactKind.CUSTOMER
        if kind is AccountKind.PAYABLE:
            assert line.contact_id
            assert people[line.contact_id] is ContactKind.VENDOR
        if kind.single_currency:
            assert currency == "GBP"
    assert len({line.id for line in entry.lines}) == len(entry.lines)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([debit(100), credit(99)], [RefusalCode.UNBALANCED]),
        ([debit(100)], [RefusalCode.TOO_FEW_LINES, RefusalCode.UNBALANCED]),
        ([NoteDraft("x"), NoteDraft("y")], [RefusalCode.TOO_FEW_LINES]),
        ([debit(-1), credit(-1)], [RefusalCode.INVALID_VALUE] * 2),
        ([debit(10**15), credit(10**15)], [RefusalCode.INVALID_VALUE] * 2),
        ([debit(1, 99), credit(1)], [RefusalCode.REFERENCE_NOT_FOUND]),
        ([debit(1, CLOSED), credit(1)], [RefusalCode.REFERENCE_INACTIVE]),
        ([debit(1, STATISTICAL), credit(1)], [RefusalCode.INVALID_VALUE]),
        ([debit(1, RECEIVABLE), credit(1)], [RefusalCode.CONTACT_REQUIRED]),
        ([debit(1, RECEIVABLE, contact=ById(VERA)), credit(1)], [RefusalCode.CONTACT_REQUIRED]),
        ([debit(1), credit(1, PAYABLE, contact=ById(ADA))], [RefusalCode.CONTACT_REQUIRED]),
        ([debit(1, contact=ById(9)), credit(1)], [RefusalCode.REFERENCE_NOT_FOUND]),
        ([debit(1, contact=ById(GONE)), credit(1)], [RefusalCode.REFERENCE_INACTIVE]),
        (
            [debit(1, contact=ById(ADA), contact_kind=ContactKind.VENDOR), credit(1)],
            [RefusalCode.CONTACT_KIND_WRONG],
        ),
        ([debit(1, dimensions=((CLASS, ById(9)),)), credit(1)], [RefusalCode.REFERENCE_NOT_FOUND]),
        ([debit(1, dimensions=((CLASS, ById(2)),)), credit(1)], [RefusalCode.REFERENCE_INACTIVE]),
        ([debit(1, description="x" * 4001), credit(1)], [RefusalCode.INVALID_VALUE]),
        (
            [LineDraft(Side.DEBIT, 1, ByName("ambiguous")), credit(1)],
            [RefusalCode.REFERENCE_AMBIGUOUS],
        ),
        ([debit(1)] * 10_001, [RefusalCode.LIMIT_EXCEEDED]),
        (
            [debit(5, 99), credit(1, RECEIVABLE)],
            [RefusalCode.REFERENCE_NOT_FOUND, RefusalCode.CONTACT_REQUIRED, RefusalCode.UNBALANCED],
        ),
    ],
)
def test_what_is_wrong_with_lines(
    lines: list[LineDraft | NoteDraft], expected: list[RefusalCode]
) -> None:
    assert codes(judge(CreateEntry(content(*lines)))) == expected


@pytest.mark.parametrize(
    ("change", "company", "expected"),
    [
        ({"currency": "XXX"}, {"multicurrency": True}, RefusalCode.INVALID_VALUE),
        ({"currency": "USD", "rate": Decimal(2)}, {}, RefusalCode.CURRENCY_MISMATCH),
        ({"rate": Decimal(2)}, {}, RefusalCode.INVALID_VALUE),
        ({"doc_number": "x" * 256}, {}, RefusalCode.INVALID_VALUE),
        ({"memo": "x" * 4001}, {}, RefusalCode.INVALID_VALUE),
        ({"annex": (("w", "x" * 70_000),)}, {}, RefusalCode.LIMIT_EXCEEDED),
        ({}, {"books_closed_through": DAY}, RefusalCode.PERIOD_CLOSED),
        ({}, {"status": CompanyStatus.INACTIVE}, RefusalCode.COMPANY_INACTIVE),
    ],
)
def test_what_is_wrong_with_the_head(
    change: dict[str, object], company: dict[str, object], expected: RefusalCode
) -> None:
    lines = (debit(100), credit(100, SALES))
    changed = replace(COMPANY, **company)  # type: ignore[arg-type]
    decision = judge(CreateEntry(content(*lines, **change)), company=changed)
    assert expected in codes(decision)


def test_a_foreign_entry_needs_a_rate_and_keeps_home_amounts() -> None:
    company = replace(COMPANY, multicurrency=True)
    lines = (debit(333), credit(111, SALES), credit(222, SALES))
    command = CreateEntry(content(*lines, currency="USD"))
    assert codes(judge(command, company=company)) == [RefusalCode.RATE_REQUIRED]
    entry = made(judge(command, company=company, rate=Decimal("0.80")))
    assert [line.home_amount for line in entry.lines] == [267, 89, 178]
    assert entry.rate == Decimal("0.8")
    fallback = content(*lines, currency="USD", fallback_rate=Decimal(1))
    assert made(judge(CreateEntry(fallback), company=company)).rate == Decimal(1)


def test_what_does_not_balance_is_told_in_its_currency() -> None:
    decision = judge(CreateEntry(content(debit(950), credit(900, SALES))))
    assert isinstance(decision, Rejected)
    told = decision.refusals[0].message
    assert told == "debits are 9.50 GBP, credits 9.00 GBP, a difference of 0.50 GBP"


def test_home_amounts_that_a_wire_brings_are_checked_not_recomputed() -> None:
    company = replace(COMPANY, multicurrency=True)
    given_home = content(
        debit(100, home_amount=81), credit(100, SALES, home_amount=81), currency="USD"
    )
    entry = made(judge(CreateEntry(given_home), company=company, rate=Decimal("0.8")))
    assert [line.home_amount for line in entry.lines] == [81, 81]
    crooked = content(
        debit(100, home_amount=81), credit(100, SALES, home_amount=80), currency="USD"
    )
    decision = judge(CreateEntry(crooked), company=company, rate=Decimal("0.8"))
    assert codes(decision) == [RefusalCode.UNBALANCED]


def test_document_numbers() -> None:
    unique = replace(COMPANY, doc_number_unique=True)
    numbered = CreateEntry(content(doc_number="A-7"))
    holder = EntryId(3)
    assert codes(judge(numbered, company=unique, holder=holder)) == [
        RefusalCode.DUPLICATE_DOC_NUMBER
    ]
    assert made(judge(numbered, holder=holder)).doc_number == "A-7"
    allowed = replace(numbered, doc_numbers=DocNumberPolicy.ALLOW_DUPLICATE)
    assert made(judge(allowed, company=unique, holder=holder)).doc_number == "A-7"
    refused = replace(numbered, doc_numbers=DocNumberPolicy.REFUSE_DUPLICATE)
    for company in (unique, COMPANY):
        assert codes(judge(refused, company=company, holder=holder)) == [
            RefusalCode.DUPLICATE_DOC_NUMBER
        ]
    assigned = CreateEntry(content(), doc_numbers=DocNumberPolicy.ASSIGN)
    assert made(judge(assigned, highest=41)).doc_number == "42"


def test_replacing_keeps_known_lines_and_numbers_new_ones() -> None:
    entry = posted(debit(100), NoteDraft("n"), credit(100))
    lines = (
        credit(70, id=LineId(2)),
        debit(70, id=LineId(0)),
        debit(1, id=LineId(0)),
        credit(1, id=LineId(55)),
    )
    revised = made(judge(ReplaceEntry(entry.id, 0, content(*lines)), entry))
    assert [line.id for line in revised.lines] == [2, 0, 3, 4]
    assert (revised.version, revised.next_line_id, revised.notes) == (1, 5, ())
    assert (revised.created_at, revised.origin) == (entry.created_at, entry.origin)


def test_a_revision_that_changes_nothing() -> None:
    entry = posted()
    same = content(debit(100, id=LineId(0)), credit(100, id=LineId(1)))
    command = ReplaceEntry(entry.id, 0, same)
    assert judge(command, entry) == Unchanged(entry)
    counted = made(judge(replace(command, no_change=NoChange.COUNT_VERSION), entry))
    assert counted.version == 1


def test_a_patch_changes_only_what_it_names() -> None:
    entry = posted(debit(100, dimensions=((CLASS, ById(1)),)), NoteDraft("n"), credit(100))
    patched = made(judge(PatchEntry(entry.id, 0, memo="new"), entry))
    assert replace(patched, version=0, memo=None, modified_at=NOW) == entry
    assert judge(PatchEntry(entry.id, 0, memo=UNSET), entry) == Unchanged(entry)


def test_what_has_become_inactive_may_stay_but_not_come() -> None:
    entry = posted()
    line = replace(entry.lines[0], account_id=AccountId(CLOSED))
    entry = replace(entry, lines=(line, entry.lines[1]))
    assert made(judge(PatchEntry(entry.id, 0, memo="x"), entry)).lines == entry.lines
    moved = content(debit(100, CLOSED, id=LineId(1)), credit(100))
    assert codes(judge(ReplaceEntry(entry.id, 0, moved), entry)) == [RefusalCode.REFERENCE_INACTIVE]


def test_state_of_the_entry() -> None:
    entry = posted()
    gone = made(judge(DeleteEntry(entry.id, 0), entry))
    assert gone.deleted_at == NOW
    assert gone.version == 1
    assert gone.lines == entry.lines
    assert not gone.counts
    commands: list[EntryEdit] = [
        ReplaceEntry(entry.id, 0, content()),
        PatchEntry(entry.id, 0),
        DeleteEntry(entry.id, 0),
        MoveEntry(entry.id, 0, Status.POSTED),
    ]
    for command in commands:
        assert codes(judge(command, None)) == [RefusalCode.NOT_FOUND]
        assert codes(judge(command, gone)) == [RefusalCode.ENTRY_DELETED]
        assert codes(judge(command, replace(entry, version=4))) == [RefusalCode.STALE_VERSION]
    assert isinstance(judge(DeleteEntry(entry.id, None), replace(entry, version=4)), Accepted)


def test_guards() -> None:
    entry = replace(posted(), status=Status.PENDING)
    other = Guard(origin_client="another")
    assert codes(judge(DeleteEntry(entry.id, 0, other), entry)) == [RefusalCode.NOT_ORIGIN]
    waiting = Guard(frozenset({Status.REVIEW}), "app")
    assert codes(judge(DeleteEntry(entry.id, 0, waiting), entry)) == [RefusalCode.WRONG_STATUS]


def test_a_guard_on_the_wire() -> None:
    """The same application through another wire is another origin."""
    entry = posted()
    here = Guard(origin_client=entry.origin.client, origin_protocol=entry.origin.protocol)
    elsewhere = replace(here, origin_protocol="elsewhere")
    assert isinstance(judge(DeleteEntry(entry.id, 0, here), entry), Accepted)
    assert codes(judge(DeleteEntry(entry.id, 0, elsewhere), entry)) == [RefusalCode.NOT_ORIGIN]


def test_four_eyes() -> None:
    """Whoever wrote the entry may not post it, nor may somebody without a name."""
    entry = replace(posted(), status=Status.PENDING)
    company = replace(COMPANY, four_eyes=True)
    approve = MoveEntry(entry.id, 0, Status.POSTED)
    authors = (Actor("app", "w", "ada"), Actor("other", "w"))
    for user, allowed in (("ada", False), (None, False), ("bob", True), ("app", True)):
        facts = Facts(company, Actor("app", "w", user), entry=entry, authors=authors)
        decision = decide(approve, facts, NOW)
        assert isinstance(decision, Accepted) == allowed
        if not allowed:
            assert codes(decision) == [RefusalCode.FORBIDDEN]
        alone = replace(facts, company=COMPANY)
        assert isinstance(decide(approve, alone, NOW), Accepted)
        review = MoveEntry(entry.id, 0, Status.REVIEW)
        assert isinstance(decide(review, facts, NOW), Accepted)


def test_a_second_person_deletes() -> None:
    """Where a deletion asks for one: not who wrote the entry, and not somebody without a name."""
    entry = posted()
    authors = (Actor("app", "w", "ada"), Actor("other", "w"))
    for user, allowed in (("ada", False), (None, False), ("bob", True), ("app", True)):
        facts = Facts(COMPANY, Actor("app", "w", user), entry=entry, authors=authors)
        decision = decide(DeleteEntry(entry.id, 0, second_person=True), facts, NOW)
        assert isinstance(decision, Accepted) == allowed
        if not allowed:
            assert codes(decision) == [RefusalCode.FORBIDDEN]
        assert isinstance(decide(DeleteEntry(entry.id, 0), facts, NOW), Accepted)


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_moves(before: Status, after: Status) -> None:
    entry = replace(posted(), status=before)
    decision = judge(MoveEntry(entry.id, 0, after), entry)
    if before is after:
        assert decision == Unchanged(entry)
    elif before is Status.POSTED:
        assert codes(decision) == [RefusalCode.WRONG_STATUS]
    else:
        assert isinstance(decision, Accepted)
        assert decision.changes[0].kind is EventKind.MOVED
        assert made(decision).counts == (after is Status.POSTED)


def test_closed_periods_bind_old_and_new_dates() -> None:
    entry = posted()
    closed = replace(COMPANY, books_closed_through=DAY)
    later = content(posting_date=date(2026, 5, 1))
    assert codes(judge(ReplaceEntry(entry.id, 0, later), entry, closed)) == [
        RefusalCode.PERIOD_CLOSED
    ]
    assert codes(judge(DeleteEntry(entry.id, 0), entry, closed)) == [RefusalCode.PERIOD_CLOSED]
    opened = replace(entry, posting_date=date(2026, 5, 1))
    back = ReplaceEntry(entry.id, 0, content(posting_date=DAY))
    assert codes(judge(back, opened, closed)) == [RefusalCode.PERIOD_CLOSED]


def test_the_texts_of_marks_are_bounded() -> None:
    long = "x" * (limits.MARK_LENGTH_MAX + 1)
    for marks in (
        {"tax": TaxMark(code_id=long)},
        {"tax": TaxMark(rate_id=long)},
        {"tax": TaxMark(applies_to=long)},
        {"billing": BillMark(long)},
        {"billing": BillMark("open", long)},
    ):
        refused = judge(CreateEntry(content(debit(1, **marks), credit(1))))
        assert codes(refused) == [RefusalCode.INVALID_VALUE]
    posted(debit(1, tax=TaxMark(long[1:], long[1:], long[1:], 1, 2)), credit(1))


def test_what_is_kept_beside_an_entry_is_bounded_in_all() -> None:
    """Each line may bring what one record may, but not all of them."""
    annex = (("w", "x" * limits.ANNEX_BYTES_MAX),)
    full = limits.ENTRY_ANNEX_BYTES_MAX // limits.ANNEX_BYTES_MAX
    lines = [debit(0, annex=annex) for _ in range(full - 1)]
    posted(*lines, NoteDraft("n", annex))
    refused = judge(CreateEntry(content(*lines, NoteDraft("n", annex), annex=(("w", "x"),))))
    assert codes(refused) == [RefusalCode.LIMIT_EXCEEDED]
