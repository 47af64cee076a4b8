"""Filter arguments of lists, as filters of the ledger.

Members of one filter are joined by AND; a member or operator that is null is not there; an empty
filter or `and` matches all, an empty `or` or `in` nothing. Ids that lead nowhere match nothing.
Texts are equal letter for letter; what they begin with or contain is found without regard to the
case of ASCII letters, as everywhere in the ledger.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.limits import FILTER_DEPTH_MAX, FILTER_LIST_MAX, FILTER_NODES_MAX
from daybook.domain.model import (
    CLASS,
    PROJECT,
    AccountKind,
    Company,
    ContactKind,
    Dimension,
    Status,
)
from daybook.domain.money import AmountError, minor_units
from daybook.domain.query import (
    ALWAYS,
    And,
    AnyLine,
    Compare,
    Exact,
    Field,
    Filter,
    Keyset,
    Like,
    Not,
    OneOf,
    Op,
    Or,
    Query,
    Sort,
    fold,
    size,
)
from daybook.protocols.intuit_graphql import ids
from daybook.protocols.intuit_graphql.errors import Code, fault
from daybook.protocols.intuit_graphql.fields import (
    DELETED_SUFFIX,
    PROJECT_STATUS,
    classification_name,
)
from daybook.protocols.intuit_graphql.ids import Kind
from daybook.protocols.intuit_graphql.limits import FILTER_MEMBERS_MAX, PROJECTS_SCANNED_MAX
from daybook.protocols.intuit_graphql.scene import PROJECTS

Argument = Mapping[str, Any]
Member = Callable[[Argument, "Filters"], Filter]

NOTHING: Final = Or(())
VISIBLE: Final = And(
    (
        Compare(Field.STATUS, Op.EQ, Status.POSTED.value),
        Compare(Field.DELETED, Op.EQ, False),
    )
)
"""Entries that this wire shows: posted and not deleted."""

_PAGE_ROWS: Final = 1_000


class Filters:
    """Reads the filter arguments of one request."""

    def __init__(self, company: Company, reader: Reader) -> None:
        self.company = company
        self._reader = reader

    def read(self, argument: Argument | None, members: Mapping[str, Member]) -> Filter:
        """A whole filter argument. Raises `Fault` where it is larger than the ledger takes."""
        found = ALWAYS if not argument else self._read(argument, members)
        nodes, depth, listed = size(found)
        if nodes > FILTER_NODES_MAX or depth > FILTER_DEPTH_MAX:
            raise fault(
                Code.QUERY_TOO_COMPLEX,
                f"A filter has up to {FILTER_NODES_MAX:,} conditions, {FILTER_DEPTH_MAX} deep.",
                ("filter",),
            )
        if listed > FILTER_MEMBERS_MAX:
            raise fault(
                Code.QUERY_TOO_COMPLEX,
                f"The lists of a filter have up to {FILTER_MEMBERS_MAX:,} members together.",
                ("filter",),
            )
        return found

    def _read(self, argument: Argument, members: Mapping[str, Member]) -> Filter:
        parts: list[Filter] = []
        for name, value in argument.items():
            if value is None:
                continue
            if name in ("and", "or"):
                inner = tuple(self._read(each, members) for each in value)
                parts.append(And(inner) if name == "and" else Or(inner))
            else:
                parts.append(members[name](value, self))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def numbers(self, given: list[str], kind: Kind) -> list[int]:
        """The numbers of ids; those that lead nowhere are left out."""
        if len(given) > FILTER_LIST_MAX:
            raise fault(
                Code.QUERY_TOO_COMPLEX, f"A list of ids has up to {FILTER_LIST_MAX:,} members."
            )
        found = (ids.parse(each, kind, self.company) for each in given)
        return [number for number in found if isinstance(number, int)]

    def projects_of(self, customers: list[int]) -> list[int]:
        """The numbers of the projects of some customers."""
        wanted, found = frozenset(customers), []
        after: tuple[Any, ...] | None = None
        for _ in range(0, PROJECTS_SCANNED_MAX, _PAGE_ROWS):
            query = Query(sort=(Sort(Field.ID),), page=Keyset(_PAGE_ROWS, after))
            page = self._reader.references(PROJECTS, query)
            for project in page:
                if isinstance(project, Dimension) and project.contact_id in wanted:
                    found.append(int(project.id))
            if len(page) < _PAGE_ROWS:
                break
            after = (page[-1].id, page[-1].id)
        return found


def _of_ids(kind: Kind, some: Callable[[list[int]], Filter]) -> Member:
    """A member that compares ids; `some` is the filter for any of some numbers."""

    def member(argument: Argument, filters: Filters) -> Filter:
        parts: list[Filter] = []
        for operator in ("equals", "in", "nin"):
            value = argument.get(operator)
            if value is None:
                continue
            given = [value] if operator == "equals" else value
            numbers = filters.numbers(given, kind)
            found = some(numbers) if numbers else NOTHING
            parts.append(Not(found) if operator == "nin" else found)
        return And(tuple(parts))

    return member


def _one_of(field: Field, axis: str | None = None) -> Callable[[list[int]], Filter]:
    return lambda numbers: OneOf(field, tuple(numbers), axis)


def _listed(among: list[str]) -> tuple[str, ...]:
    if len(among) > FILTER_LIST_MAX:
        raise fault(Code.QUERY_TOO_COMPLEX, f"A list has up to {FILTER_LIST_MAX:,} members.")
    return tuple(among)


def _of_text(field: Field) -> Member:
    def member(argument: Argument, _: Filters) -> Filter:
        parts: list[Filter] = []
        if (equals := argument.get("equals")) is not None:
            parts.append(Exact(field, (equals,)))
        if (among := argument.get("in")) is not None:
            parts.append(Exact(field, _listed(among)))
        if (contains := argument.get("contains")) is not None:
            parts.append(Like(field, ("", contains, "")))
        if (begins := argument.get("startsWith")) is not None:
            parts.append(Like(field, (begins, "")))
        return And(tuple(parts))

    return member


def _of_shown_name(argument: Argument, _: Filters) -> Filter:
    """Names as they are shown, with what stands behind those of contacts that are inactive."""
    parts: list[Filter] = []
    if (equals := argument.get("equals")) is not None:
        parts.append(_named((equals,)))
    if (among := argument.get("in")) is not None:
        parts.append(_named(_listed(among)))
    if (contains := argument.get("contains")) is not None:
        ends: list[Filter] = [Like(Field.NAME, ("", rest)) for rest in _before_suffix(contains)]
        if fold(contains) in DELETED_SUFFIX:
            ends.append(ALWAYS)
        parts.append(Or((Like(Field.NAME, ("", contains, "")), And((_INACTIVE, Or(tuple(ends)))))))
    if (begins := argument.get("startsWith")) is not None:
        whole = tuple(Like(Field.NAME, (rest,)) for rest in _before_suffix(begins))
        parts.append(Or((Like(Field.NAME, (begins, "")), And((_INACTIVE, Or(whole))))))
    return And(tuple(parts))


_INACTIVE: Final = Compare(Field.ACTIVE, Op.EQ, False)


def _named(texts: Sequence[str]) -> Filter:
    """Contacts that are shown by one of some names."""
    plain = tuple(
        each.removesuffix(DELETED_SUFFIX) for each in texts if each.endswith(DELETED_SUFFIX)
    )
    active = And((Compare(Field.ACTIVE, Op.EQ, True), Exact(Field.NAME, tuple(texts))))
    return Or((active, And((_INACTIVE, Exact(Field.NAME, plain))))) if plain else active


def _before_suffix(text: str) -> Iterator[str]:
    """What is left of a text without each beginning of the suffix that it ends with."""
    for length in range(1, len(DELETED_SUFFIX) + 1):
        if fold(text).endswith(DELETED_SUFFIX[:length]):
            yield text[:-length]


def _of_days(argument: Argument, _: Filters) -> Filter:
    parts: list[Filter] = []
    for operator, op in (
        ("equals", Op.EQ),
        ("greaterThanOrEquals", Op.GE),
        ("lessThanOrEquals", Op.LE),
    ):
        if (day := argument.get(operator)) is not None:
            parts.append(Compare(Field.POSTING_DATE, op, day))
    if (between := argument.get("between")) is not None:
        parts.append(Compare(Field.POSTING_DATE, Op.GE, between["minDate"]))
        parts.append(Compare(Field.POSTING_DATE, Op.LE, between["maxDate"]))
    return And(tuple(parts))


def _of_moments(argument: Argument, _: Filters) -> Filter:
    """Moments are shown to the millisecond, so an upper bound means all of its millisecond."""
    between = argument.get("between") or {}
    lowest = (argument.get("greaterThanOrEquals"), between.get("minDate"))
    highest = (argument.get("lessThanOrEquals"), between.get("maxDate"))
    parts: list[Filter] = [
        Compare(Field.MODIFIED_AT, Op.GE, each) for each in lowest if each is not None
    ]
    for each in highest:
        if each is not None:
            last = each + 999 if each % 1_000 == 0 else each
            parts.append(Compare(Field.MODIFIED_AT, Op.LE, last))
    return And(tuple(parts))


def _of_amounts(argument: Argument, filters: Filters) -> Filter:
    """An amount means so many units of each entry's own currency."""
    given = [
        (op, argument[operator])
        for operator, op in (
            ("equals", Op.EQ),
            ("greaterThanOrEquals", Op.GE),
            ("lessThanOrEquals", Op.LE),
        )
        if argument.get(operator) is not None
    ]
    if not given:
        return ALWAYS
    company = filters.company
    if not company.multicurrency:
        return _line_amount(given, currencies.exponent(company.home_currency))
    by_exponent: dict[int, list[str]] = {}
    for code in currencies.codes():
        by_exponent.setdefault(currencies.exponent(code), []).append(code)
    return Or(
        tuple(
            And((OneOf(Field.CURRENCY, tuple(codes)), _line_amount(given, exponent)))
            for exponent, codes in by_exponent.items()
        )
    )


def _line_amount(given: list[tuple[Op, Decimal]], exponent: int) -> Filter:
    """A line of such an amount, in a currency with so many decimals."""
    parts: list[Filter] = []
    for op, value in given:
        try:
            parts.append(Compare(Field.LINE_AMOUNT, op, minor_units(value, exponent)))
        except AmountError:
            # Finer than the currency, or larger than any amount: between two that can be.
            if op is Op.EQ:
                return NOTHING
            floor = int(value.scaleb(exponent).to_integral_value("ROUND_FLOOR"))
            parts.append(Compare(Field.LINE_AMOUNT, Op.GT if op is Op.GE else Op.LE, floor))
    return AnyLine(And(tuple(parts)))


def _of_flag(argument: Argument, _: Filters) -> Filter:
    flag = argument.get("equals")
    return ALWAYS if flag is None else Compare(Field.ACTIVE, Op.EQ, flag)


def _of_status(argument: Argument, _: Filters) -> Filter:
    status = argument.get("equals")
    return ALWAYS if status is None else Compare(Field.ACTIVE, Op.EQ, status == "ACTIVE")


def _of_classification(argument: Argument, _: Filters) -> Filter:
    wanted: set[str] | None = None
    if (equals := argument.get("equals")) is not None:
        wanted = {equals}
    if (among := argument.get("in")) is not None:
        wanted = set(among) if wanted is None else wanted & set(among)
    if wanted is None:
        return ALWAYS
    kinds = tuple(kind.value for kind in AccountKind if classification_name(kind) in wanted)
    return OneOf(Field.KIND, kinds) if kinds else NOTHING


def _of_project_status(argument: Argument, _: Filters) -> Filter:
    """Every project has the same status here."""
    fits = (
        argument.get("equals") in (None, PROJECT_STATUS)
        and (argument.get("in") is None or PROJECT_STATUS in argument["in"])
        and PROJECT_STATUS not in (argument.get("nin") or ())
    )
    return ALWAYS if fits else NOTHING


def _of_project_customers(argument: Argument, filters: Filters) -> Filter:
    def some(numbers: list[int]) -> Filter:
        found = filters.projects_of(numbers)
        if len(found) > FILTER_LIST_MAX:
            raise fault(
                Code.QUERY_TOO_COMPLEX,
                f"The customers have more than {FILTER_LIST_MAX:,} projects; ask for fewer.",
                ("filter", "customerId"),
            )
        return OneOf(Field.ID, tuple(found)) if found else NOTHING

    return _of_ids(Kind.CONTACT, some)(argument, filters)


ENTRIES: Final[Mapping[str, Member]] = {
    "id": _of_ids(Kind.TRANSACTION, _one_of(Field.ID)),
    "referenceNumber": _of_text(Field.DOC_NUMBER),
    "memo": _of_text(Field.MEMO),
    "transactionDate": _of_days,
    "lastUpdatedTime": _of_moments,
    "accountId": _of_ids(Kind.ACCOUNT, _one_of(Field.LINE_ACCOUNT)),
    "payeeId": _of_ids(Kind.CONTACT, _one_of(Field.LINE_CONTACT)),
    "projectId": _of_ids(Kind.PROJECT, _one_of(Field.LINE_DIMENSION, PROJECT)),
    "classId": _of_ids(Kind.CLASS, _one_of(Field.LINE_DIMENSION, CLASS)),
    "amount": _of_amounts,
}
ACCOUNTS: Final[Mapping[str, Member]] = {
    "id": _of_ids(Kind.ACCOUNT, _one_of(Field.ID)),
    "name": _of_text(Field.NAME),
    "fullyQualifiedName": _of_text(Field.FULL_NAME),
    "accountNumber": _of_text(Field.CODE),
    "active": _of_flag,
    "classification": _of_classification,
}
CONTACTS: Final[Mapping[str, Member]] = {
    "id": _of_ids(Kind.CONTACT, _one_of(Field.ID)),
    "displayName": _of_shown_name,
    "active": _of_flag,
}
CLASSES: Final[Mapping[str, Member]] = {
    "id": _of_ids(Kind.CLASS, _one_of(Field.ID)),
    "name": _of_text(Field.NAME),
    "active": _of_flag,
}
PROJECTS_MEMBERS: Final[Mapping[str, Member]] = {
    "id": _of_ids(Kind.PROJECT, _one_of(Field.ID)),
    "customerId": _of_project_customers,
    "status": _of_project_status,
    "name": _of_text(Field.NAME),
    "active": _of_flag,
}
TAX_GROUPS: Final[Mapping[str, Member]] = {
    "id": _of_ids(Kind.TAX_GROUP, _one_of(Field.ID)),
    "name": _of_text(Field.NAME),
    "code": _of_text(Field.NAME),
    "status": _of_status,
}
"""By list, the members of its filter and how each is read."""


def of_kind(kind: ContactKind) -> Filter:
    """Contacts of one kind."""
    return Compare(Field.KIND, Op.EQ, kind.value)
