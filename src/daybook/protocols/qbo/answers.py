"""Answers of this wire as HTTP responses: headers, envelopes, faults in both of their shapes."""

from typing import Any, Final

from daybook.domain.ids import Timestamp
from daybook.domain.model import Company
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Request, Response
from daybook.protocols.qbo import errors, times
from daybook.protocols.qbo.errors import QboFault
from daybook.protocols.qbo.render import envelope

_COMMON: Final = (
    ("QBO-Version", "1944.190"),
    ("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private"),
    ("Expires", "0"),
)
_SUCCESS: Final = (*_COMMON, ("Content-Type", "application/json;charset=utf-8"))
_FAULT: Final = (*_COMMON, ("Content-Type", "application/json"))
_CHALLENGE: Final = ("WWW-Authenticate", 'Bearer realm="Intuit", error="invalid_token"')


def trace_id(request: Request) -> tuple[str, str]:
    """The header `intuit_tid`, made from the request's own id; one client fails without it."""
    own = request.id
    return ("intuit_tid", f"1-{own[:8]}-{own[8:32]}")


def success(request: Request, body: bytes) -> Response:
    """An answer that is not a fault: always 200, also for what was made or deleted."""
    return Response(200, body, (*_SUCCESS, trace_id(request)))


def entity(request: Request, name: str, value: object, at: Timestamp, company: Company) -> Response:
    """One member and the time."""
    return success(request, envelope(name, value, at, company))


def bare(request: Request, value: Any) -> Response:
    """An answer without an envelope."""
    return success(request, json.encode(value))


def fault(request: Request, fault: QboFault, now: Timestamp, time_zone: str) -> Response:
    """A fault; `now` counts unless the fault was remembered with its own time."""
    headers = (*_FAULT, trace_id(request))
    if fault.gateway:
        body = json.encode(errors.gateway_json(fault, now // 1_000))
        more = (_CHALLENGE,) if fault.status == 401 else ()
        if fault.wait_seconds is not None:
            more = (("retry-after", str(fault.wait_seconds)),)
        return Response(fault.status, body, (*headers, *more), fault.diagnosis)
    shown: dict[str, Any] = {"Fault": fault.as_json()}
    if fault.shows_time:
        at = now if fault.at is None else fault.at
        shown["time"] = times.milliseconds(at, times.zone(time_zone))
    return Response(fault.status, json.encode(shown), headers, fault.diagnosis)
