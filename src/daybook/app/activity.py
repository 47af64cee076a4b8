"""What callers did lately and how it went, for those who build on an interface.

The server notes every answered request of a company's books here, and a wire with a port of its own
its statements: through which interface, what,
how it ended, how long it took, and what an error said. Whose books a request was about is told by
the one door: `Ledger.books` marks the trace under way. So a request that never got that far (a
wrong token, no such company) is in the log of the server, and in nobody's activity.

    trace = begin()                  # by the server, before the interface is asked
    ...                              # Ledger.books finds the trace and says whose books it opens
    log.note(trace, Request(...))    # by the server, when the answer is out

Kept in memory, bounded by company and in all. A server of several processes shows those of all.
"""

import re
from collections import OrderedDict, deque
from collections.abc import Iterable
from contextvars import ContextVar
from itertools import islice
from typing import Final, Protocol

from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.values import value

KEPT_MAX: Final = 500
"""Requests that are kept of a company: a day of trying things out."""

COMPANIES_MAX: Final = 200
"""Companies whose requests are kept; the one that was silent longest is forgotten."""

ERROR_CHARACTERS_MAX: Final = 2_000
"""Characters of an error that are kept: the first errors of a batch say what the others do."""

ERROR_STATUS_MIN: Final = 400
"""The status from which on an answer is an error."""


@value
class Activity:
    """An answered request.

    `interface` and `operation` are names from closed sets, `path` is without its query (empty for
    what has no address), `status` is the interface's own, `client` and `user` are those of the
    credential. `error` is what an answer with an error said, "" of
    others; `diagnosis` what the server says about it in plain words.
    """

    at: Timestamp
    interface: str
    operation: str
    method: str
    path: str
    status: int | str
    microseconds: int
    request_id: str
    error: str = ""
    diagnosis: str = ""
    client: str = ""
    user: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the answer was an error."""
        refused = isinstance(self.status, int) and self.status >= ERROR_STATUS_MIN
        return refused or bool(self.error)


class Trace:
    """A request under way, and the books it was found to be about."""

    __slots__ = ("client", "company_id", "user")

    def __init__(self) -> None:
        self.company_id: CompanyId | None = None
        self.client = ""
        self.user: str | None = None


@value
class Asked:
    """Which requests somebody wants to see: of one interface or all (""), failed ones alone."""

    limit: int
    interface: str = ""
    failed: bool = False

    def chosen(self, activity: Activity) -> bool:
        """Whether a request is one of them."""
        return self.interface in ("", activity.interface) and (activity.failed or not self.failed)


@value
class Look:
    """The latest requests that were asked for, newest first; and of all that are kept, by
    interface: its name, how many, and the failed among them.
    """

    found: tuple[Activity, ...]
    counts: tuple[tuple[str, int, int], ...]


class Activities(Protocol):
    """Where the recent requests about a company's books are kept and read."""

    def note(self, company_id: CompanyId, activity: Activity) -> None:
        """Keep an answered request. The server does for HTTP; a wire with a port of its own may."""

    async def look(self, company_id: CompanyId, asked: Asked) -> Look:
        """What is kept of a company's requests, whichever process answered them."""


_current: ContextVar[Trace | None] = ContextVar("daybook_trace", default=None)


def begin() -> Trace:
    """The trace of a request that begins in this context."""
    trace = Trace()
    _current.set(trace)
    return trace


def end() -> None:
    """Turn from the request that began last to others: what is opened now is not for it."""
    _current.set(None)


def opened(company_id: CompanyId, client: str, user: str | None) -> None:
    """Say whose books the request under way is about. The first ones count."""
    trace = _current.get()
    if trace is not None and trace.company_id is None:
        trace.company_id = company_id
        trace.client = client
        trace.user = user


class ActivityLog:
    """`Activities` in memory. Written on the event loop, read on any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[CompanyId, deque[Activity]] = OrderedDict()

    def note(self, company_id: CompanyId, activity: Activity) -> None:
        """Keep an answered request, in place of the oldest where there are too many."""
        kept = self._kept.get(company_id)
        if kept is None:
            kept = self._kept[company_id] = deque(maxlen=KEPT_MAX)
            if len(self._kept) > COMPANIES_MAX:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(company_id)
        kept.append(activity)

    async def look(self, company_id: CompanyId, asked: Asked) -> Look:
        """What is kept of a company's requests."""
        return self.look_here(company_id, asked)

    def look_here(self, company_id: CompanyId, asked: Asked) -> Look:
        """What this process keeps of a company's requests."""
        kept = self._kept.get(company_id)
        snapshot = () if kept is None else tuple(kept.copy())
        found = tuple(islice(filter(asked.chosen, reversed(snapshot)), asked.limit))
        counts: dict[str, tuple[int, int]] = {}
        for activity in snapshot:
            known, failed = counts.get(activity.interface, (0, 0))
            counts[activity.interface] = known + 1, failed + activity.failed
        return Look(found, tuple((name, *both) for name, both in sorted(counts.items())))


def together(looks: Iterable[Look], limit: int) -> Look:
    """What several processes keep, as one."""
    found: list[Activity] = []
    counts: dict[str, tuple[int, int]] = {}
    for look in looks:
        found += look.found
        for name, kept, failed in look.counts:
            known = counts.get(name, (0, 0))
            counts[name] = known[0] + kept, known[1] + failed
    found.sort(key=lambda activity: activity.at, reverse=True)
    return Look(tuple(found[:limit]), tuple((name, *both) for name, both in sorted(counts.items())))


_SCHEME: Final = re.compile(r"\b(bearer|basic)\s+[^\s\"',;<]+", re.IGNORECASE)
_SECRET: Final = re.compile(
    r"((?:token|secret|password|api_?key|key)\"?\s*[:=]\s*\"?)[^\"&;,\s<]{4,}", re.IGNORECASE
)


def scrubbed(body: bytes) -> str:
    """What an error said, shortened, and without the values of what looks like a credential.

    >>> scrubbed(b'{"error": "no token=6eee77aa here"}')
    '{"error": "no token=… here"}'
    """
    text = body[: 4 * ERROR_CHARACTERS_MAX].decode("utf-8", "replace")[:ERROR_CHARACTERS_MAX]
    return _SECRET.sub(r"\1…", _SCHEME.sub(r"\1 …", text))
