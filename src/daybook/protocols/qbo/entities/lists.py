"""Classes and locations, terms and company currencies: short lists."""

from collections.abc import Callable
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.commands import DimensionContent, ListItemContent
from daybook.domain.events import dimension_entity, list_entity
from daybook.domain.model import CLASS, DEPARTMENT, Dimension, ListItem, ListKind
from daybook.protocols.qbo import stored
from daybook.protocols.qbo.entities.base import (
    Draft,
    ListEntity,
    base_members,
    each,
    full_name,
    own_name,
)
from daybook.protocols.qbo.errors import Error, QboFault
from daybook.protocols.qbo.limits import NAME_LENGTH_MAX
from daybook.protocols.qbo.render import Json
from daybook.protocols.qbo.shapes import (
    COMMON,
    Members,
    Shape,
    boolean,
    choice,
    ignored,
    number,
    reference,
    text,
)


def _dimensions(name: str, axis: str, flag: str, word: str) -> ListEntity:
    """A tree of dimension values; `flag` is the member that says whether one has a parent."""

    def members_of(record: Dimension) -> Members:
        return {
            "Name": record.name,
            flag: record.parent_id is not None,
            "ParentRef": None if record.parent_id is None else str(record.parent_id),
            "Active": record.active,
        }

    def content(draft: Draft) -> DimensionContent:
        current = draft.current if isinstance(draft.current, Dimension) else None
        return DimensionContent(
            axis=axis,
            name=draft.name("Name"),
            description=current.description if current is not None else None,
            parent=draft.parent(flag, word),
            contact_id=current.contact_id if current is not None else None,
            active=draft.active(),
            annex=current.annex if current is not None else (),
        )

    def render(record: Dimension, reader: Reader) -> Json:
        shown: Json = {"Name": own_name(record), flag: record.parent_id is not None}
        if record.parent_id is not None:
            shown["ParentRef"] = {"value": str(record.parent_id)}
        shown["FullyQualifiedName"] = full_name(record)
        shown["Active"] = record.active
        return {**shown, **base_members(record, reader)}

    members = {
        **COMMON,
        "Name": text(NAME_LENGTH_MAX, ":"),
        flag: boolean,
        "ParentRef": reference,
        "FullyQualifiedName": ignored,
        "Active": boolean,
    }
    return ListEntity(
        name, dimension_entity(axis), Shape(name, members), members_of, content, each(render)
    )


CLASSES: Final = _dimensions("Class", CLASS, "SubClass", "Klasses")
DEPARTMENTS: Final = _dimensions("Department", DEPARTMENT, "SubDepartment", "Departments")

_TERM_KEPT: Final = (
    "Type",
    "DiscountPercent",
    "DueDays",
    "DiscountDays",
    "DayOfMonthDue",
    "DueNextMonthDays",
    "DiscountDayOfMonth",
)


def item_members(name_member: str) -> Callable[[ListItem], Members]:
    """The members of a list item whose name stands in `name_member`."""

    def members_of(item: ListItem) -> Members:
        return {**stored.load(item.annex), name_member: item.name, "Active": item.active}

    return members_of


def _term_content(draft: Draft) -> ListItemContent:
    current = draft.current if isinstance(draft.current, ListItem) else None
    kept = {name: draft.get(name) for name in _TERM_KEPT if name != "Type"}
    return ListItemContent(
        list=ListKind.TERM,
        name=draft.name("Name"),
        description=current.description if current is not None else None,
        active=draft.active(),
        annex=stored.dump(current.annex if current is not None else (), kept),
    )


def _term_render(item: ListItem, reader: Reader) -> Json:
    kept = stored.load(item.annex)
    by_date = "DayOfMonthDue" in kept
    shown: Json = {"Name": own_name(item), "Active": item.active}
    shown["Type"] = "DATE_DRIVEN" if by_date else "STANDARD"
    for name in _TERM_KEPT[1:]:
        if name in kept:
            shown[name] = kept[name]
    if not by_date:
        shown.setdefault("DueDays", 0)
    return {**shown, **base_members(item, reader)}


TERMS: Final = ListEntity(
    "Term",
    list_entity(ListKind.TERM),
    Shape(
        "Term",
        {
            **COMMON,
            "Name": text(31),
            "Active": boolean,
            "Type": choice("STANDARD", "DATE_DRIVEN"),
            "DiscountPercent": number,
            "DueDays": number,
            "DiscountDays": number,
            "DayOfMonthDue": number,
            "DueNextMonthDays": number,
            "DiscountDayOfMonth": number,
            "SalesTermEx": ignored,
        },
    ),
    item_members("Name"),
    _term_content,
    each(_term_render),
)


def require_multicurrency(reader: Reader, entity: str) -> None:
    """Raise the fault of a company that keeps one currency alone."""
    if not reader.company.multicurrency:
        plain = f"{entity} needs a company that has multicurrency turned on"
        raise QboFault([Error("5030", "Feature Not Supported Error", "", plain)])


def _currency_content(draft: Draft) -> ListItemContent:
    require_multicurrency(draft.reader, "CompanyCurrency")
    current = draft.current if isinstance(draft.current, ListItem) else None
    code: Any = draft.get("Code")
    if code is None:
        draft.findings.require("Code")
        code = ""
    elif not currencies.is_currency(code):
        draft.findings.invalid("2220", "Code", code, "is no currency of ISO 4217")
    elif current is not None and current.name != code:
        draft.findings.invalid("2220", "Code", code, f"is not {current.name}, which is fixed")
    name = draft.get("Name")
    return ListItemContent(
        list=ListKind.CURRENCY,
        name=code,
        description=name,
        active=draft.active(),
        annex=current.annex if current is not None else (),
    )


def _currency_members(item: ListItem) -> Members:
    return {"Code": item.name, "Name": item.description, "Active": item.active}


def _currency_render(item: ListItem, reader: Reader) -> Json:
    name = item.description or currencies.name(item.name)
    return {
        "Name": name,
        "Code": item.name,
        "Active": item.active,
        **base_members(item, reader),
    }


CURRENCIES: Final = ListEntity(
    "CompanyCurrency",
    list_entity(ListKind.CURRENCY),
    Shape(
        "CompanyCurrency",
        {**COMMON, "Code": text(3), "Name": text(NAME_LENGTH_MAX), "Active": boolean},
    ),
    _currency_members,
    _currency_content,
    each(_currency_render),
)
