"""The log of everything that happened, and the proof that nothing in it was changed."""

from typing import Final

from daybook.app.access import Scope
from daybook.domain import chain
from daybook.domain.chain import GENESIS
from daybook.domain.events import ENTRY
from daybook.domain.limits import PAGE_ROWS_MAX
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.limits import EVENTS_SHOWN, VERIFIED_AT_ONCE
from daybook.web.numbers import read_number
from daybook.web.routing import Route
from daybook.web.settings_history import changes_of
from daybook.web.visit import Visit


def trail(visit: Visit) -> Response:
    """Events, the latest first."""
    with visit.opened.read() as reader:
        head = reader.head()
        before = min(read_number(visit.query.get("before", "")) or head.seq + 1, head.seq + 1)
        first = max(before - EVENTS_SHOWN, 1)
        events = reader.events(first - 1, before - first)
        changes = changes_of(reader, events)
    return visit.page(
        "audit.html",
        title="Audit",
        events=events[::-1],
        changes=changes,
        head=head,
        entry=ENTRY,
        more=first if first > 1 else None,
        is_first=before > head.seq,
    )


def verify(visit: Visit) -> Response:
    """Check the hashes of a run of events, and say how far it came."""
    after = read_number(visit.query.get("after", "")) or 0
    with visit.opened.read() as reader:
        head = reader.head()
        previous = reader.event(after) if after else None
        if after and previous is None:
            return visit.not_found()
        found, seq, digest = None, after, GENESIS if previous is None else previous.hash
        while seq < head.seq and seq - after < VERIFIED_AT_ONCE and found is None:
            events = reader.events(seq, PAGE_ROWS_MAX)
            if not events:
                found = seq + 1
                break
            found = chain.verify(events, digest, seq)
            seq, digest = events[-1].seq, events[-1].hash
        if found is None and seq == head.seq and digest != head.hash:
            found = head.seq
    return visit.page(
        "verified.html",
        title="Verification",
        after=after,
        seq=seq,
        head=head,
        broken=found,
        digest=digest.hex(),
    )


_AUDIT: Final = f"{COMPANY_PREFIX}/audit"

ROUTES: Final = (
    Route("audit", "GET", _AUDIT, trail, Scope.READ, "audit"),
    Route("verify", "GET", f"{_AUDIT}/verify", verify, Scope.READ, "audit"),
)
