"""How large a statement is to the engine, which puts what macros stand for in their place.

A macro that names its argument five times makes five of it, and of what is in it: a few of them
inside one another are millions of words, which nothing interrupts while they are put in. So their
number is worked out beforehand, and what is too much is refused.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from sqlglot import exp

from daybook.protocols.sql import errors
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.limits import EXPANDED_MAX
from daybook.protocols.sql.macros import MACROS

_TOKEN: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\w+|[^\w\s]")
_MACRO: Final = re.compile(r"CREATE MACRO (\w+)(.*)", re.DOTALL)
_FORM: Final = re.compile(r"(?:^|, ?)\s*\(((?:[^()]|\([^()]*\))*)\) AS ")

_OPENING: Final = frozenset("([{")
_CLOSING: Final = frozenset(")]}")

Uses = tuple[int, ...]
"""The words a macro stands for besides its arguments, then how often it names each of them."""


def check_size(tree: exp.Expr) -> None:
    """Raises `SqlFault` for a statement that the engine would make too much of."""
    uses = macro_uses()
    sizes: dict[int, int] = {}
    for node in reversed(list(tree.walk())):
        inner = [sizes[id(child)] for child in node.iter_expressions()]
        own, *times = uses.get(node.name.lower(), (1,)) if isinstance(node, exp.Anonymous) else (1,)
        for at, count in enumerate(times[: len(inner)]):
            inner[at] *= count
        sizes[id(node)] = own + sum(inner)
        if sizes[id(node)] > EXPANDED_MAX:
            raise too_large()


def too_large() -> SqlFault:
    """The fault for a statement that would become too large."""
    hint = "work out a part of it in a subquery of its own"
    return SqlFault(errors.TOO_COMPLEX, "the statement is nested too deeply", hint=hint)


_MEASURED: Final[Mapping[str, Uses]] = {"pg_array_text": (40, 6)}
"""Where the engine makes more of an argument than the macro names it, as within a lambda."""


@cache
def macro_uses() -> Mapping[str, Uses]:
    """Of each macro, by name; of one with several forms, of the largest."""
    found: dict[str, Uses] = {}
    for text in MACROS:
        match = _MACRO.match(text)
        assert match is not None
        name, forms = match.groups()
        starts = list(_FORM.finditer(forms))
        ends = [form.start() for form in starts[1:]] + [len(forms)]
        measured = []
        for form, end in zip(starts, ends, strict=True):
            parameters = re.findall(r"(?:^|, )(\w+)", form[1])
            measured.append(_measured(forms[form.end() : end], parameters, found))
        found[name] = tuple(max(counts) for counts in zip(*measured, strict=True))
    return {**found, **_MEASURED}


def _measured(text: str, parameters: list[str], known: Mapping[str, Uses]) -> Uses:
    """The words of a macro's text and how often each parameter is among them."""
    width = 1 + len(parameters)
    counts, before = [0] * width, ""
    around: list[tuple[list[int], Uses | None, list[list[int]]]] = []
    """Of each open bracket: the counts before it, the macro that is called, its arguments'."""
    for token in _TOKEN.findall(text):
        word = token.lower()
        if word in _OPENING:
            around.append((counts, known.get(before) if word == "(" else None, []))
            counts = [0] * width
        elif word in _CLOSING:
            outer, uses, arguments = around.pop()
            arguments.append(counts)
            own, *times = uses or (0, 1)
            counts = outer
            counts[0] += own
            for argument, count in zip(arguments, times, strict=False):
                for at, number in enumerate(argument):
                    counts[at] += count * number
        elif word == "," and around and around[-1][1] is not None:
            around[-1][2].append(counts)
            counts = [0] * width
        elif word in parameters and before != ".":
            counts[1 + parameters.index(word)] += 1
        else:
            counts[0] += 1
        before = word
    return tuple(counts)
