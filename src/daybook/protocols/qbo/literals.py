"""Values as statements and parameters write them, read into what they are compared with.

The same text means different things to different properties, so each value is read together with
the property it is held against. What cannot be a value of it is refused by name (4001).
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain.ids import Timestamp
from daybook.domain.query import fold
from daybook.protocols.qbo import ids, times
from daybook.protocols.qbo.entities.accounts import TYPES
from daybook.protocols.qbo.errors import QboFault
from daybook.protocols.qbo.properties import Property, Type
from daybook.protocols.qbo.statement import Kind, Token, invalid

SECOND: Final = 1_000_000
"""Microseconds."""

_KINDS: Final = {name.lower(): kind.value for name, kind in TYPES.items()}
_BOOLEANS: Final = {"true": True, "false": False}
_OFFSET: Final = r"Z|[+-]\d\d(?::?\d\d)?"
_MOMENT: Final = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:"
    r"[T ](?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d{1,9}))?"
    rf"(?: *(?P<offset>{_OFFSET})| +(?P<bare>\d\d:?\d\d))?"
    rf"|(?P<day_offset>{_OFFSET}))?",
    re.ASCII | re.IGNORECASE,
)
_DAY: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ][\d:.]+)?(?: *(?:Z|[+-]?\d\d:?\d\d))?", re.ASCII | re.IGNORECASE
)
_NUMBER: Final = re.compile(r"-?\d{1,20}(\.\d{1,10})?", re.ASCII)


def moment_of(text: str, time_zone: str) -> Timestamp | None:
    """A moment as callers write it, or None: a date, with or without time and offset.

    Without an offset it is in the company's zone. The `+` of an offset may have become a blank
    on its way through an address.
    """
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    offset = match["offset"] or match["day_offset"] or ""
    if match["bare"]:
        offset = f"+{match['bare']}"
    try:
        moment = datetime.fromisoformat(
            f"{match['day']}T{match['clock'] or '00:00'}{offset.upper()}"
        )
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=times.zone(time_zone))
        seconds = int(moment.astimezone(UTC).timestamp())
    except (OverflowError, ValueError):
        return None
    return Timestamp(seconds * SECOND + int((match["fraction"] or "")[:6].ljust(6, "0")))


class Literals:
    """The values of a statement, in the form in which the store or a shown object has them."""

    def __init__(self, reader: Reader, now: Timestamp) -> None:
        self._zone = reader.company.time_zone
        self._now = now

    def value(self, searched: Property, token: Token) -> Any:
        """A value for the store; None stands for no value at all."""
        if _is_null(token):
            return None
        match searched.type:
            case Type.ID | Type.REFERENCE:
                number = ids.parse(token.text)
                if number is None:
                    raise _wrong(searched, token, "a valid number")
                return number
            case Type.DATE:
                return self._day(searched, token)
            case Type.MOMENT:
                return self._moment(searched, token)
            case Type.BOOLEAN:
                return _boolean(searched, token)
            case Type.ACCOUNT_TYPE:
                return _KINDS.get(token.text.lower(), "")
        return token.text

    def shown(self, searched: Property, token: Token) -> Any:
        """A value to be held against shown objects; see `value`."""
        if _is_null(token):
            return None
        match searched.type:
            case Type.BOOLEAN:
                return _boolean(searched, token)
            case Type.NUMBER:
                if _NUMBER.fullmatch(token.text) is None:
                    raise _wrong(searched, token, "a number")
                return Decimal(token.text)
            case Type.MOMENT:
                return datetime.fromtimestamp(self._moment(searched, token) // SECOND, UTC)
            case Type.DATE:
                return self._day(searched, token).isoformat()
            case Type.ID | Type.REFERENCE:
                return token.text
        return fold(token.text)

    def _day(self, searched: Property, token: Token) -> date:
        if token.word == "current_date":
            return times.today(self._now, times.zone(self._zone))
        match = _DAY.fullmatch(token.text.strip())
        try:
            return date.fromisoformat(match[1] if match is not None else "")
        except ValueError:
            raise _wrong(searched, token, "a date such as 2026-02-03") from None

    def _moment(self, searched: Property, token: Token) -> Timestamp:
        text = token.text
        if token.word == "current_date":
            text = self._day(searched, token).isoformat()
        moment = moment_of(text, self._zone)
        if moment is None:
            raise _wrong(searched, token, "a date or a date with a time")
        return moment


def _is_null(token: Token) -> bool:
    """Whether a value is the blank between quotes that stands for no value."""
    return token.kind is Kind.STRING and token.text == " "


def _boolean(searched: Property, token: Token) -> bool:
    found = _BOOLEANS.get(token.text.lower())
    if found is None:
        raise _wrong(searched, token, "true or false")
    return found


def _wrong(searched: Property, token: Token, wanted: str) -> QboFault:
    shown = token.text if len(token.text) <= 100 else token.text[:100] + "…"
    return invalid(f"value '{shown}' for property {searched.path} is not {wanted}")
