"""The rules of what entries refer to: accounts, contacts, dimensions, lists, rates, settings.

Names are unique among the active records of one kind (within one parent, where there are trees);
a tree is at most `limits.TREE_DEPTH_MAX` levels deep and has no loops. Renaming a record gives
each record below it a revision too, because their full names change with it. Nothing here is ever
deleted: what is no longer wanted is made inactive, and entries that name it stay as they are.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

from daybook.domain import currencies, limits
from daybook.domain.commands import (
    AccountContent,
    ChangeCompany,
    ContactContent,
    CreateReference,
    DimensionContent,
    ListItemContent,
    ReferenceContent,
    ReplaceReference,
    SetExchangeRate,
)
from daybook.domain.decision import Accepted, Decision, Rejected, Unchanged
from daybook.domain.entries import annex_too_large, inactive, resolve, stale, text_faults
from daybook.domain.events import (
    ACCOUNT,
    CONTACT,
    Change,
    EventKind,
    dimension_entity,
    entity_of,
    list_entity,
)
from daybook.domain.facts import Facts
from daybook.domain.ids import AccountId, ContactId, DimensionId, Timestamp
from daybook.domain.model import (
    Account,
    AccountKind,
    Company,
    Contact,
    Dimension,
    ExchangeRate,
    ListItem,
    ListKind,
    Reference,
)
from daybook.domain.query import fold
from daybook.domain.rates import normal_rate
from daybook.domain.refusals import Refusal, RefusalCode, Values, in_order

SEPARATOR: Final = ":"
"""Stands between the names of a full name, and so in no name."""

_FORBIDDEN: Final = frozenset(map(chr, range(32)))


def entity_for(content: ReferenceContent) -> str:
    """The entity name of the record a content makes."""
    match content:
        case AccountContent():
            return ACCOUNT
        case ContactContent():
            return CONTACT
        case DimensionContent():
            return dimension_entity(content.axis)
        case ListItemContent():
            return list_entity(content.list)


def full_name_for(content: ReferenceContent, parent: Reference | None) -> str:
    """The full name of a record: that of its parent, the separator, its own."""
    if isinstance(parent, Account | Contact | Dimension):
        return f"{parent.full_name}{SEPARATOR}{content.name}"
    return content.name


def create(command: CreateReference, facts: Facts, now: Timestamp) -> Decision:
    """Make a reference record, active or not."""
    content = command.content
    parent, refusals = _judge(content, facts)
    record_id = facts.next_id if command.record_id is None else command.record_id
    if not 0 < record_id <= limits.RECORD_ID_MAX:
        message = f"an id is a number from 1 to {limits.RECORD_ID_MAX}"
        refusals.append(Refusal(RefusalCode.INVALID_VALUE, message, "id"))
    if facts.current is not None:
        message = f"{entity_for(content)} {record_id} exists"
        refusals.append(Refusal(RefusalCode.INVALID_VALUE, message, "id"))
    if refusals:
        return Rejected(in_order(refusals))
    record = _build(content, record_id, parent)
    record = replace(record, created_at=now, modified_at=now)
    return Accepted((Change(EventKind.CREATED, None, record),))


def revise(command: ReplaceReference, facts: Facts, now: Timestamp) -> Decision:
    """Give a reference record another content, and the records below it their new full names."""
    content, current = command.content, facts.current
    if current is None:
        message = f"no {entity_for(content)} {command.record_id}"
        values: Values = {"id": command.record_id}
        return Rejected((Refusal(RefusalCode.NOT_FOUND, message, "id", values=values),))
    parent, refusals = _judge(content, facts)
    if command.expected_version is not None and command.expected_version != current.version:
        refusals.append(stale(command.expected_version, current.version))
    refusals.extend(_fixed_members(content, current, facts.posted_to))
    refusals.extend(_loop(content, current, facts))
    for other in facts.below_same_name:
        name = _full_name(other)
        message = (
            f"{name!r}, the new name of a record below, is that of {entity_of(other)} {other.id}"
        )
        values = {"name": name, "holder": other.id}
        refusals.append(Refusal(RefusalCode.DUPLICATE_NAME, message, "name", values=values))
    if len(facts.descendants) > limits.DESCENDANTS_MAX:
        message = f"more than {limits.DESCENDANTS_MAX} records are below this one"
        refusals.append(Refusal(RefusalCode.LIMIT_EXCEEDED, message, "name"))
    if refusals:
        return Rejected(in_order(refusals))
    record = replace(
        _build(content, current.id, parent),
        version=current.version,
        created_at=current.created_at,
        modified_at=current.modified_at,
    )
    if record == current:
        return Unchanged(current)
    record = replace(record, version=current.version + 1, modified_at=now)
    changes = [Change(EventKind.REVISED, current, record)]
    changes.extend(_renamed(current, record, facts, now))
    return Accepted(tuple(changes))


def _build(content: ReferenceContent, record_id: int, parent: Reference | None) -> Reference:
    full_name = full_name_for(content, parent)
    match content:
        case AccountContent():
            return Account(
                id=AccountId(record_id),
                name=content.name,
                full_name=full_name,
                kind=content.kind,
                subtype=content.subtype,
                code=content.code,
                description=content.description,
                currency=content.currency,
                parent_id=AccountId(parent.id) if parent else None,
                active=content.active,
                annex=content.annex,
            )
        case ContactContent():
            return Contact(
                id=ContactId(record_id),
                kind=content.kind,
                name=content.name,
                full_name=full_name,
                currency=content.currency,
                parent_id=ContactId(parent.id) if parent else None,
                active=content.active,
                annex=content.annex,
            )
        case DimensionContent():
            return Dimension(
                axis=content.axis,
                id=DimensionId(record_id),
                name=content.name,
                full_name=full_name,
                description=content.description,
                parent_id=DimensionId(parent.id) if parent else None,
                contact_id=content.contact_id,
                active=content.active,
                annex=content.annex,
            )
        case ListItemContent():
            return ListItem(
                list=content.list,
                id=record_id,
                name=content.name,
                description=content.description,
                active=content.active,
                annex=content.annex,
            )


def _judge(content: ReferenceContent, facts: Facts) -> tuple[Reference | None, list[Refusal]]:
    """What is wrong with a content by itself and among its siblings; and its parent."""
    refusals = [*_name_faults(content), *annex_too_large(content.annex)]
    if not isinstance(content, ContactContent):
        description = content.description
        refusals.extend(text_faults(description, limits.MEMO_LENGTH_MAX, "description"))
    parent: Reference | None = None
    if not isinstance(content, ListItemContent) and content.parent is not None:
        parent = _parent(content, facts, refusals)
    if isinstance(content, AccountContent):
        refusals.extend(_code_faults(content, facts))
    if not isinstance(content, DimensionContent | ListItemContent):
        currency = content.currency
        if currency is not None and not currencies.is_currency(currency):
            message = f"no currency {currency}"
            refusals.append(Refusal(RefusalCode.INVALID_VALUE, message, "currency"))
    if content.active:
        name = fold(full_name_for(content, parent))
        for other in facts.same_name:
            if fold(_full_name(other)) == name:
                message = f"{content.name!r} is the name of {entity_of(other)} {other.id}"
                values: Values = {"name": content.name, "holder": other.id}
                refusals.append(Refusal(RefusalCode.DUPLICATE_NAME, message, "name", values=values))
    return parent, refusals


def _full_name(record: Reference) -> str:
    match record:
        case ExchangeRate():
            return record.currency
        case ListItem():
            return record.name
        case _:
            return record.full_name


def _name_faults(content: ReferenceContent) -> Iterator[Refusal]:
    name = content.name
    if not name.strip():
        yield Refusal(RefusalCode.REQUIRED_MISSING, "a name is needed", "name")
        return
    yield from text_faults(name, limits.NAME_LENGTH_MAX, "name")
    if len(name) > limits.NAME_LENGTH_MAX:
        return
    if isinstance(content, ListItemContent):
        if content.list is ListKind.CURRENCY and not currencies.is_currency(name):
            yield Refusal(RefusalCode.INVALID_VALUE, f"no currency {name}", "name")
    elif SEPARATOR in name or not _FORBIDDEN.isdisjoint(name):
        message = f"a name has no {SEPARATOR!r} and no control characters"
        values: Values = {"reason": "characters"}
        yield Refusal(RefusalCode.INVALID_VALUE, message, "name", values=values)


def _code_faults(content: AccountContent, facts: Facts) -> Iterator[Refusal]:
    if content.code is None:
        return
    yield from text_faults(content.code, limits.CODE_LENGTH_MAX, "code")
    if not content.code.strip() or not _FORBIDDEN.isdisjoint(content.code):
        yield Refusal(RefusalCode.INVALID_VALUE, "a code has no control characters", "code")
    if content.active:
        for other in facts.same_code:
            message = f"code {content.code} is that of account {other.id}"
            values: Values = {"code": content.code, "holder": other.id}
            yield Refusal(RefusalCode.DUPLICATE_NAME, message, "code", values=values)


def _parent(
    content: AccountContent | ContactContent | DimensionContent,
    facts: Facts,
    refusals: list[Refusal],
) -> Reference | None:
    ref = content.parent
    assert ref is not None
    entity = entity_for(content)
    parent = resolve(facts.found[entity, ref], entity, ref, "parent", None)
    if isinstance(parent, Refusal):
        refusals.append(parent)
        return None
    assert isinstance(parent, Account | Contact | Dimension)
    moved = facts.current is None or getattr(facts.current, "parent_id", None) != parent.id
    if not parent.active and content.active and moved:
        refusals.append(inactive(entity, ref, "parent", None))
    kind = getattr(content, "kind", None)
    if kind is not None and getattr(parent, "kind", None) is not kind:
        message = f"a {entity} and its parent are of one kind"
        values: Values = {"reason": "kind"}
        refusals.append(Refusal(RefusalCode.INVALID_VALUE, message, "parent", values=values))
    below = _levels_below(facts)
    looping = facts.current is not None and facts.current.id in facts.ancestors
    if not looping and len(facts.ancestors) + 1 + below > limits.TREE_DEPTH_MAX:
        message = f"a tree has at most {limits.TREE_DEPTH_MAX} levels"
        values = {"reason": "depth", "max": limits.TREE_DEPTH_MAX}
        refusals.append(Refusal(RefusalCode.LIMIT_EXCEEDED, message, "parent", values=values))
    return parent


def _levels_below(facts: Facts) -> int:
    """Levels of records below the current one."""
    if not facts.descendants or facts.current is None:
        return 0
    own = getattr(facts.current, "full_name", "").count(SEPARATOR)
    deepest = max(getattr(each, "full_name", "").count(SEPARATOR) for each in facts.descendants)
    return int(deepest - own)


def _loop(content: ReferenceContent, current: Reference, facts: Facts) -> Iterator[Refusal]:
    if current.id in facts.ancestors and not isinstance(content, ListItemContent):
        message = "a record cannot be below itself"
        values: Values = {"reason": "loop"}
        yield Refusal(RefusalCode.INVALID_VALUE, message, "parent", values=values)


def _fixed_members(
    content: ReferenceContent, current: Reference, posted_to: bool
) -> Iterator[Refusal]:
    """Members that cannot change, at all or once the record is in use."""
    if isinstance(content, ContactContent) and isinstance(current, Contact):
        if content.kind is not current.kind:
            message = f"a {current.kind} cannot become a {content.kind}"
            yield Refusal(RefusalCode.IN_USE, message, "kind")
        if content.currency != current.currency and current.currency is not None:
            yield Refusal(RefusalCode.IN_USE, "the currency of a contact is fixed", "currency")
    if isinstance(content, AccountContent) and isinstance(current, Account) and posted_to:
        if content.currency != current.currency:
            message = "the currency of an account that is posted to is fixed"
            yield Refusal(RefusalCode.IN_USE, message, "currency")
        if content.kind is not current.kind and _kind_binds(content.kind, current.kind):
            message = f"an account that is posted to cannot become {content.kind}"
            yield Refusal(RefusalCode.IN_USE, message, "kind")


def _kind_binds(*kinds: AccountKind) -> bool:
    """Whether lines already posted would break a rule of one of these kinds."""
    return any(
        kind in (AccountKind.RECEIVABLE, AccountKind.PAYABLE, AccountKind.NON_POSTING)
        or kind.single_currency
        for kind in kinds
    )


def name_below(record: Account | Contact | Dimension, old: str, new: str) -> str:
    """The full name of a record once one above it is called `new` instead of `old`."""
    return new + record.full_name[len(old) :]


def _renamed(before: Reference, after: Reference, facts: Facts, now: Timestamp) -> Iterator[Change]:
    """Revisions of the records below one whose full name changes."""
    old, new = getattr(before, "full_name", None), getattr(after, "full_name", None)
    if old is None or new is None or old == new:
        return
    for record in facts.descendants:
        assert isinstance(record, Account | Contact | Dimension)
        full_name = name_below(record, old, new)
        revised = replace(record, full_name=full_name, version=record.version + 1, modified_at=now)
        yield Change(EventKind.REVISED, record, revised)


def set_rate(command: SetExchangeRate, facts: Facts, now: Timestamp) -> Decision:
    """Record a rate; the rate of a currency and day that is there already is revised."""
    refusals = []
    rate = command.rate
    if not currencies.is_currency(command.currency):
        message = f"no currency {command.currency}"
        refusals.append(Refusal(RefusalCode.INVALID_VALUE, message, "currency"))
    elif command.currency == facts.company.home_currency:
        message = "the rate of the home currency is 1"
        refusals.append(Refusal(RefusalCode.INVALID_VALUE, message, "currency"))
    try:
        rate = normal_rate(rate)
    except ValueError as fault:
        refusals.append(Refusal(RefusalCode.INVALID_VALUE, f"the rate is {fault}", "rate"))
    if refusals:
        return Rejected(in_order(refusals))
    current = facts.current
    if current is None:
        made = ExchangeRate(facts.next_id, command.currency, command.as_of, rate, 0, now, now)
        return Accepted((Change(EventKind.CREATED, None, made),))
    assert isinstance(current, ExchangeRate)
    if current.rate == rate:
        return Unchanged(current)
    revised = replace(current, rate=rate, version=current.version + 1, modified_at=now)
    return Accepted((Change(EventKind.REVISED, current, revised),))


def change_company(command: ChangeCompany, facts: Facts, now: Timestamp) -> Decision:
    """Change a company's settings; what identifies it and its home currency stay."""
    current, wanted = facts.company, command.company
    refusals = [*_company_faults(wanted), *annex_too_large(wanted.annex)]
    if command.expected_version is not None and command.expected_version != current.version:
        refusals.append(stale(command.expected_version, current.version))
    if refusals:
        return Rejected(in_order(refusals))
    changed = replace(
        wanted,
        id=current.id,
        slug=current.slug,
        realm=current.realm,
        codat_id=current.codat_id,
        home_currency=current.home_currency,
        version=current.version,
        created_at=current.created_at,
        modified_at=current.modified_at,
    )
    if changed == current:
        return Unchanged(current)
    changed = replace(changed, version=current.version + 1, modified_at=now)
    return Accepted((Change(EventKind.REVISED, current, changed),))


def _company_faults(company: Company) -> Iterator[Refusal]:
    if not company.name.strip():
        yield Refusal(RefusalCode.REQUIRED_MISSING, "a name is needed", "name")
    yield from text_faults(company.name, limits.NAME_LENGTH_MAX, "name")
    if not 1 <= company.fiscal_year_start <= 12:
        message = "the fiscal year starts in a month from 1 to 12"
        yield Refusal(RefusalCode.INVALID_VALUE, message, "fiscal_year_start")
    try:
        ZoneInfo(company.time_zone)
    except (ValueError, OSError, KeyError):
        message = f"no time zone {company.time_zone!r}"
        yield Refusal(RefusalCode.INVALID_VALUE, message, "time_zone")


def company_faults(company: Company) -> tuple[Refusal, ...]:
    """What is wrong with the settings of a company that is to be founded."""
    faults = [*_company_faults(company), *annex_too_large(company.annex)]
    if not currencies.is_currency(company.home_currency):
        message = f"no currency {company.home_currency}"
        faults.append(Refusal(RefusalCode.INVALID_VALUE, message, "home_currency"))
    return in_order(faults)
