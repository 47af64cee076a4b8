"""Options of COPY … TO STDOUT, refused where what is written could not be read again."""

import re
from typing import Final

from daybook.protocols.sql import errors
from daybook.protocols.sql.errors import SqlFault

_OPTION = re.compile(
    r"\s*,?\s*(format|delimiter|null|header|quote|escape|encoding|csv|binary|text|force_quote)\b"
    r"(?:\s+(?:as\s+)?('(?:[^']|'')*'|(?!(?:delimiter|null|header|quote|encoding)\b)\w+|\*))?",
    re.IGNORECASE,
)
_FORMATS: Final = ("text", "csv", "binary")
_TRUE: Final = frozenset(("", "true", "on", "1"))
_FALSE: Final = frozenset(("false", "off", "0"))
_ESCAPED: Final = frozenset("\\.abcdefghijklmnopqrstuvwxyz0123456789")
"""What means something else behind a backslash, or ends a text, and so can part no values."""


def options_of(text: str) -> tuple[str, dict[str, str]]:
    """The form that COPY writes, and its options. Raises `SqlFault`."""
    text = text.strip().rstrip(";").strip()
    text = re.sub(r"^with\b", "", text, flags=re.IGNORECASE).strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    options: dict[str, str] = {}
    at = 0
    while at < len(text.rstrip()):
        option = _OPTION.match(text, at)
        if option is None:
            raise SqlFault(errors.SYNTAX, f'option "{text[at : at + 60].strip()}" not recognized')
        at = option.end()
        name, value = option[1].lower(), option[2] or ""
        if value.startswith("'"):
            value = value[1:-1].replace("''", "'")
        if name in _FORMATS:
            name, value = "format", name
        if name in options:
            raise SqlFault(errors.SYNTAX, "conflicting or redundant options")
        options[name] = value
    form = options.pop("format", "text").lower()
    if form not in _FORMATS:
        raise SqlFault(errors.BAD_PARAMETER, f'COPY format "{form[:60]}" not recognized')
    header = options.pop("header", "off")
    if _has_header(header, form):
        options["header"] = "on"
    _check(form, options)
    return form, options


def _has_header(value: str, form: str) -> bool:
    if value.lower() == "match":
        raise errors.unsupported('cannot use "match" with HEADER in COPY TO')
    if value.lower() not in _TRUE | _FALSE:
        raise SqlFault(errors.SYNTAX, 'header requires a Boolean value or "match"')
    if form == "binary" and value.lower() in _TRUE:
        raise errors.unsupported("cannot specify HEADER in BINARY mode")
    return value.lower() in _TRUE


def _check(form: str, options: dict[str, str]) -> None:
    """Raises `SqlFault` as PostgreSQL does."""
    encoding = options.get("encoding", "UTF8")
    if encoding.upper().replace("-", "") not in ("UTF8", "UNICODE"):
        raise errors.unsupported(f"the encoding {encoding[:40]} is not supported; UTF8 is")
    for name in ("escape", "force_quote"):
        if name in options:
            raise errors.unsupported(f"the option {name.upper()} of COPY is not supported")
    if form == "binary":
        for name in ("delimiter", "null"):
            if name in options:
                message = f"cannot specify {name.upper()} in BINARY mode"
                raise SqlFault(errors.SYNTAX, message)
    if "quote" in options and form != "csv":
        raise errors.unsupported("COPY QUOTE requires CSV mode")
    _check_signs(form, options)


def _check_signs(form: str, options: dict[str, str]) -> None:
    csv = form == "csv"
    delimiter = options.get("delimiter", "," if csv else "\t")
    null, quote = options.get("null", "" if csv else "\\N"), options.get("quote", '"')
    if not _is_one_byte(delimiter):
        raise errors.unsupported("COPY delimiter must be a single one-byte character")
    if not _is_one_byte(quote):
        raise errors.unsupported("COPY quote must be a single one-byte character")
    message = None
    if delimiter in "\r\n":
        message = "COPY delimiter cannot be newline or carriage return"
    elif "\r" in null or "\n" in null:
        message = "COPY null representation cannot use newline or carriage return"
    elif not csv and delimiter in _ESCAPED:
        message = f'COPY delimiter cannot be "{delimiter}"'
    elif csv and delimiter == quote:
        message = "COPY delimiter and quote must be different"
    elif delimiter in null:
        message = "COPY delimiter character must not appear in the NULL specification"
    elif csv and quote in null:
        message = "CSV quote character must not appear in the NULL specification"
    if message is not None:
        raise SqlFault(errors.BAD_PARAMETER, message)


def _is_one_byte(text: str) -> bool:
    return len(text) == 1 and text.isascii()
