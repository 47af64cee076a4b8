"""Probes of isolation: an id that is not the caller's to know, in every place that takes one.

A target is a place for an id: a field of an operation, with what is sent around it. It is asked
for an id that never was, and for every id there is a way to come by: the other company's of the
same and of other kinds, our own of other kinds, deleted and made-up ones. All must be answered
alike, once ids, times and request ids are masked, and no answer may hold a word of the other's.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Final
from urllib.parse import quote

from tests.support.premises import PER_KIND, UNKNOWN, Answer, Premises, Tenant
from tests.support.targets import Target, admin, graphql, oauth, web

NEVER = "77777"
"""A number that no record ever had."""

HOSTILE = ("0", "-1", "1e3", "../1", "x", "'", "1' or '1'='1", "%2e%2e", "１", "9" * 400, "null")
"""What cannot be an id. It is refused in its own words; those must say nothing of the other's."""


def values(house: Premises, kind: str, apart: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """What is tried in a place for an id, each with a word on where it comes from."""
    if kind in _NAMED:
        yield from (
            (label, text)
            for label, text in _named(house, kind)
            if label.partition(",")[0] not in apart
        )
        return
    if kind in _FREE:
        found = _FREE[kind](house)
        yield from ((label, text) for label, text in found if label not in apart)
        return
    if kind.startswith("global "):
        yield from graphql.global_ids(house, kind.removeprefix("global "))
        return
    for theirs, numbers in house.theirs.numbers.items():
        for number in numbers:
            yield f"the other company's {theirs}", str(number)
    for ours, numbers in house.ours.numbers.items():
        if ours != kind and ours not in apart and not (ours == "journal" and kind == "entry"):
            yield f"our {ours}", str(numbers[0])
    for forged in ("99999999", "2147483648", str(2**62)):
        yield "a forged number", forged


def unknown(house: Premises, kind: str, value: str) -> str:
    """An id that never was, of the same form as a value."""
    if kind == "realm":
        return "9130399999999999"
    if kind.startswith("global "):
        return graphql.unknown_like(house, value)
    return UNKNOWN if kind in _NAMED else _NEVER.get(kind, NEVER)


_NAMED = frozenset(
    {"company", "connection", "no connection", "webhook", "api key", "dataset", "push"}
)


_CONNECTIONS = ("connection", "waiting connection", "made connection")


def _named(house: Premises, kind: str) -> Iterator[tuple[str, str]]:
    own = {kind, *_CONNECTIONS} if "connection" in kind else {kind}
    if kind == "company":
        own = {"company", "made company"}
    for tenant, whose in ((house.theirs, "the other company's"), (house.ours, "our")):
        for name, text in {"company": tenant.codat_id, **tenant.names}.items():
            if tenant is house.theirs or name not in own:
                yield f"{whose} {name}", text
                yield f"{whose} {name}, in capitals", text.upper()
    yield "a forged id", "12345678-1234-4234-8234-123456789abc"


def _realms(house: Premises) -> Iterator[tuple[str, str]]:
    yield "the other company's realm", house.theirs.realm
    for forged in ("1130355000000001", "9130355000000999", str(2**62), house.ours.realm + "0"):
        yield "a forged realm", forged


def _codes(house: Premises) -> Iterator[tuple[str, str]]:
    for at in range(PER_KIND):
        yield "the other company's code", f"{house.theirs.word}-{at}"
    yield "a forged code", f"{house.ours.word}-9"


def _categories(house: Premises) -> Iterator[tuple[str, str]]:
    for kind, word in (("class", "CLASS"), ("department", "DEPARTMENT")):
        for number in house.theirs.numbers[kind]:
            yield f"the other company's {kind}", f"{word}_{number}"
    yield "a number of a class for a department", f"DEPARTMENT_{house.ours.numbers['class'][0]}"
    yield "a number of an account", f"CLASS_{house.ours.numbers['account'][0]}"
    yield "a forged category", "CLASS_99999999"


_FREE: Final[Mapping[str, Callable[[Premises], Iterator[tuple[str, str]]]]] = {
    "cursor": graphql.cursors,
    "token": oauth.tokens,
    "client": oauth.clients,
    "realm": _realms,
    "code": _codes,
    "category": _categories,
    "slug": admin.slugs,
    **{kind: partial(admin.names_of, kind=kind) for kind in (*admin.KINDS.values(), "no user")},
    "axis": web.axes,
    "words": web.words,
    "# account": web.marked("account"),
    "# customer": web.marked("contact"),
    "journal cursor": web.journal_cursors,
    "account cursor": web.account_cursors,
    "delivery": web.deliveries,
    "operation": web.operations,
    "secret": web.secrets,
    "consent code": oauth.consent_codes,
}
_NEVER = {
    "token": "dbr_" + "B" * 43,
    "client": "nobody",
    "cursor": "AAAAAAAAAAAAAAAAAAAAAFsxXQ",
    "code": "never-0",
    "category": "CLASS_77777",
    **dict.fromkeys(("slug", "user", "no user", "application"), "never"),
    **dict.fromkeys(("token number", "delivery"), NEVER),
    "session id": "0123456789abcdef",
    "operation": "01234567-89ab-4cde-8f01-23456789abcd",
    "axis": "axis:never",
    "words": "never 0",
    **dict.fromkeys(("# account", "# customer"), f"#{NEVER}"),
    **dict.fromkeys(("journal cursor", "account cursor"), "AAAAAAAAAAAAAAAAAAAAAFsxXQ"),
    "secret": "dbw_" + "B" * 43,
    "consent code": "B" * 43,
}


_FIRST = (
    (re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}"), "<trace>"),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"), "<request>"),
    (re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?"), "<time>"),
    (re.compile(r"\b1[5-9]\d{11}\b"), "<milliseconds>"),
)
_LAST = (
    (re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}(-[0-9a-fA-F]{4}){2}-[0-9a-fA-F]{12}"), "<id>"),
    # The published words for another client's token: only who has the token itself can read them.
    (re.compile("Incorrect Token type or clientID"), "Token invalid"),
    (
        re.compile(r'(name="(?:csrf|token|key|kept)" value|"x-csrf-token")(=|: )"[^"]*"'),
        r'\1="<token>"',
    ),
    (re.compile(r'"Id":"\d+"'), '"Id":"<id>"'),
    (re.compile(r'(created_journal_id|updated_journal_id)":\d+'), r'\1":<id>'),
)
_SHORT = 2
_SHOWN = ("content-type", "www-authenticate", "allow", "daybook-diagnosis", "retry-after")


def masked(answer: Answer, value: str) -> str:
    """An answer as a text in which ids, times and request ids are masked."""
    headers = "\n".join(f"{name}: {answer.headers.get(name)}" for name in _SHOWN)
    text = f"{answer.status}\n{headers}\n\n{answer.text}"
    for pattern, name in _FIRST:
        text = pattern.sub(name, text)
    for form in sorted(
        {value, quote(value, safe=""), value.lower(), value.upper()}, key=len, reverse=True
    ):
        if len(form) <= _SHORT:  # elsewhere in a page by chance, but hardly as a word
            text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "<id>", text)
        else:
            text = text.replace(form, "<id>")
    for pattern, name in _LAST:
        text = pattern.sub(name, text)
    return text


def leaks(answer: Answer, other: Tenant) -> list[str]:
    """What an answer holds of the other company."""
    text = (answer.text + str(answer.headers)).lower()
    return [word for word in (other.word,) if word in text]


def _difference(found: str, expected: str) -> str:
    """Where two texts part."""
    same = next(
        (at for at, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b),
        min(len(found), len(expected)),
    )
    start = max(same - 60, 0)
    return f"{found[start : same + 120]!r} is not {expected[start : same + 120]!r}"


def tries(house: Premises, target: Target) -> Iterator[str]:
    """What is sent in a place for an id, one after another."""
    yield from (value for _, value in values(house, target.kind, target.apart))
    yield from HOSTILE


def probe(house: Premises, target: Target) -> Iterator[str]:
    """Send all that is tried in a place for an id; what went wrong."""
    answers: dict[str, str] = {}
    for label, value in values(house, target.kind, target.apart):
        never = unknown(house, target.kind, value)
        if never not in answers:
            answers[never] = masked(target.ask(never), never)
            if not answers[never].startswith(("2", "3", "4")):
                yield f"{target.name}: {never} is answered {answers[never][:300]}"
        answer = target.ask(value)
        found = masked(answer, value)
        if found != answers[never]:
            yield f"{target.name}: {label} {value}: {_difference(found, answers[never])}"
        if house.theirs.word not in value.lower() and leaks(answer, house.theirs):
            yield f"{target.name}: {label} {value} leaks: {answer.text[:600]}"
    for value in HOSTILE:
        answer = target.ask(value)
        if answer.status >= 500:
            yield f"{target.name}: {value!r} is answered {answer.status}"
        if leaks(answer, house.theirs):
            yield f"{target.name}: {value!r} leaks: {answer.text[:600]}"
