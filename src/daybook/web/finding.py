"""Accounts, contacts and dimension values by what people type: a name, a code, or `#` and a number.

A picked record is put into its field by its full name. `resolve` finds the records of many fields
in one read; `suggest` finds what a field may go on to.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final

from daybook.app.ports import Reader
from daybook.domain.events import ACCOUNT
from daybook.domain.limits import FILTER_LIST_MAX, NAME_LENGTH_MAX, RECORD_ID_MAX
from daybook.domain.model import Account, AccountKind, Contact, Dimension, Reference
from daybook.domain.query import (
    ALWAYS,
    And,
    Compare,
    Field,
    Filter,
    Keyset,
    Like,
    OneOf,
    Op,
    Or,
    Query,
    Sort,
    fold,
)
from daybook.domain.values import value
from daybook.web.limits import SUGGESTIONS_MAX

_NUMBER: Final = re.compile(r"#([0-9]{1,16})")


@value
class Missed:
    """Why a text stands for no record: there is none, or there are several."""

    ambiguous: bool


def resolve(reader: Reader, entity: str, texts: Collection[str]) -> dict[str, Reference | Missed]:
    """What each text stands for; at most `FILTER_LIST_MAX` of them are looked up.

    A full name counts before a code, and that before an own name; active records before others.
    """
    names = [text for text in texts if len(text) <= NAME_LENGTH_MAX][:FILTER_LIST_MAX]
    numbers = {text: int(found[1]) for text in names if (found := _NUMBER.fullmatch(text))}
    ids = {number for number in numbers.values() if 0 < number <= RECORD_ID_MAX}
    by_id = reader.references_by_id(entity, ids) if ids else {}
    wanted = tuple(name for name in names if name not in numbers)
    by_text = _by_text(reader, entity, wanted) if wanted else []
    answer: dict[str, Reference | Missed] = {}
    for text in texts:
        known = by_id.get(numbers[text]) if text in numbers else _best(by_text, text)
        answer[text] = known or Missed(ambiguous=False)
    return answer


def _by_text(reader: Reader, entity: str, wanted: tuple[str, ...]) -> list[Reference]:
    fields = [Field.FULL_NAME, Field.NAME]
    if entity == ACCOUNT:
        fields.append(Field.CODE)
    anywhere = Or(tuple(OneOf(field, wanted) for field in fields))
    return reader.references(entity, Query(anywhere, page=Keyset(FILTER_LIST_MAX)))


def _best(found: Sequence[Reference], text: str) -> Reference | Missed | None:
    wanted = fold(text)
    named = [record for record in found if isinstance(record, Account | Contact | Dimension)]
    for texts_of in (
        lambda record: record.full_name,
        lambda record: record.code if isinstance(record, Account) else None,
        lambda record: record.name,
    ):
        same = [record for record in named if fold(texts_of(record) or "") == wanted]
        same = [record for record in same if record.active] or same
        if same:
            return same[0] if len(same) == 1 else Missed(ambiguous=True)
    return None


@value
class Suggestion:
    """A record that a field may go on to: what is put into it, and what helps to tell it."""

    name: str
    hint: str


def suggest(reader: Reader, entity: str, text: str) -> list[Suggestion]:
    """Active records whose name or code begins with a text, then those whose name contains it;
    both by name.
    """
    typed = text.strip()[:NAME_LENGTH_MAX]
    begins: list[Filter] = [Like(Field.FULL_NAME, (typed, "")), Like(Field.NAME, (typed, ""))]
    if entity == ACCOUNT:
        begins.append(Like(Field.CODE, (typed, "")))
    found = _active(reader, entity, Or(tuple(begins)) if typed else ALWAYS)
    if typed and len(found) < SUGGESTIONS_MAX:
        known = {record.id for record in found}
        contains = _active(reader, entity, Like(Field.FULL_NAME, ("", typed, "")))
        found += [record for record in contains if record.id not in known]
    return [_suggestion(record) for record in found[:SUGGESTIONS_MAX]]


def _active(reader: Reader, entity: str, condition: Filter) -> list[Reference]:
    conditions = [condition, Compare(Field.ACTIVE, Op.EQ, True)]
    if entity == ACCOUNT:
        conditions.append(Compare(Field.KIND, Op.NE, AccountKind.NON_POSTING.value))
    page = Keyset(SUGGESTIONS_MAX)
    return reader.references(entity, Query(And(tuple(conditions)), (Sort(Field.FULL_NAME),), page))


def _suggestion(record: Reference) -> Suggestion:
    match record:
        case Account():
            kind = record.kind.value.replace("_", " ")
            return Suggestion(record.full_name, f"{record.code} · {kind}" if record.code else kind)
        case Contact():
            return Suggestion(record.full_name, record.kind.value)
        case Dimension():
            return Suggestion(record.full_name, "")
    raise AssertionError("only named records are looked for")
