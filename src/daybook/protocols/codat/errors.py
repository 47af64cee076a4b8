"""What this wire says when it does not do as asked: one body for every error.

A fault is raised as `CodatError` anywhere below the entrance and rendered there. The texts are the
original's where it is known to have one, since programs look for them.
"""

from typing import Any, Final

from daybook.domain.refusals import Refusal, RefusalCode
from daybook.protocols.kit import json

PUBLIC: Final = "PublicApi"
CLIENTS: Final = "ClientsApi"
PULL: Final = "PullApi"
"""Which part of the original's service answers."""

SHOWN_LENGTH_MAX: Final = 100
"""Characters of a caller's own text that an error repeats."""


class CodatError(Exception):
    """An error as its caller gets it. `status` is that of HTTP."""

    def __init__(
        self,
        status: int,
        error: str,
        *,
        service: str = PUBLIC,
        can_be_retried: str = "Unknown",
        validation: tuple[tuple[str, str, str], ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        diagnosis: str = "",
    ) -> None:
        """`validation` lists item, message and validator of what is wrong with a body;
        `diagnosis` says more plainly what the error's own words leave open.
        """
        super().__init__(error)
        self.status = status
        self.error = error
        self.service = service
        self.can_be_retried = can_be_retried
        self.validation = validation
        self.headers = headers
        self.diagnosis = diagnosis or error

    def body(self, request_id: str) -> bytes:
        """The error as JSON; `request_id` is what logs know the request by."""
        shown: dict[str, Any] = {
            "statusCode": self.status,
            "service": self.service,
            "error": self.error,
            "correlationId": request_id,
        }
        if self.validation:
            errors = [
                {"itemId": item, "message": message, "validatorName": validator}
                for item, message, validator in self.validation
            ]
            shown["validation"] = {"errors": errors, "warnings": []}
        shown["canBeRetried"] = self.can_be_retried
        shown["detailedErrorCode"] = 0
        return json.encode(shown)


def short(text: str) -> str:
    """A caller's own text, cut to what is worth repeating."""
    return text if len(text) <= SHOWN_LENGTH_MAX else text[:SHOWN_LENGTH_MAX] + "…"


def unauthorized(diagnosis: str) -> CodatError:
    """The API key is missing, unreadable, unknown or revoked."""
    challenge = (("WWW-Authenticate", 'Basic realm="api"'),)
    return CodatError(401, "Unauthorized", headers=challenge, diagnosis=diagnosis)


def forbidden() -> CodatError:
    """The key is known but may not do this."""
    text = "You are using an outdated API key or a key not associated with that resource."
    return CodatError(403, text, can_be_retried="False")


def no_company(company_id: str) -> CodatError:
    """No such company, or one that the key does not open."""
    return CodatError(404, f"No company was found with ID {short(company_id)}", service=CLIENTS)


def no_connection(connection_id: str) -> CodatError:
    """No such connection of the company."""
    return CodatError(404, f"Data connection {short(connection_id)} not found")


def no_record(data_type: str, record_id: str) -> CodatError:
    """No such record."""
    return CodatError(404, f"No data available for {data_type} for ID {short(record_id)}")


def unsupported_type(data_type: str, platform: str) -> CodatError:
    """The data type is not offered, or not in this way."""
    text = f"Datatype {short(data_type)} not supported by platform(s) {platform}"
    return CodatError(404, text, can_be_retried="False")


def not_found(what: str = "Not Found") -> CodatError:
    """Nothing has this address."""
    return CodatError(404, what)


def bad_request(error: str, *items: tuple[str, str, str]) -> CodatError:
    """The request cannot be carried out as it stands."""
    return CodatError(400, error, can_be_retried="False", validation=items)


def not_valid(item: str, message: str) -> CodatError:
    """A body is not what the operation takes."""
    error = "Error processing request - not valid."
    return bad_request(error, (item, message, "RequestBody"))


def malformed_query() -> CodatError:
    """A query that does not parse."""
    return bad_request("Error parsing query - Malformed query.")


def unresolved(path: str, type_name: str) -> CodatError:
    """A query or an order names a property that is not there or cannot be searched by."""
    text = f"Error parsing query - Could not resolve property {short(path)} on {type_name}"
    return bad_request(text)


def overloaded(why: str) -> CodatError:
    """Too much is waiting. Nothing was done."""
    del why  # goes into the log by the diagnosis; callers see the original's words
    text = "You have made too many requests in a given amount of time; please retry later."
    return CodatError(429, text, can_be_retried="True", headers=(("Retry-After", "1"),))


_STATUSES: Final = {
    RefusalCode.NOT_FOUND: 404,
    RefusalCode.ENTRY_DELETED: 404,
    RefusalCode.WRONG_STATUS: 404,
    RefusalCode.FORBIDDEN: 403,
    RefusalCode.UNAUTHENTICATED: 401,
    RefusalCode.LIMIT_EXCEEDED: 400,
    RefusalCode.IDEMPOTENCY_MISMATCH: 422,
    RefusalCode.OVERLOADED: 429,
    RefusalCode.DEADLINE_EXCEEDED: 503,
    RefusalCode.OUTCOME_UNKNOWN: 503,
    RefusalCode.STORAGE_READ_ONLY: 503,
}


def status_of(refusal: Refusal) -> int:
    """The HTTP status of what the ledger refuses."""
    return _STATUSES.get(refusal.code, 400)


def of_refusal(refusal: Refusal) -> CodatError:
    """The error for a refusal that is answered at once."""
    status = status_of(refusal)
    if status == 403:
        return forbidden()
    if status == 429:
        return overloaded(refusal.message)
    retried = "True" if status == 503 else "False"
    return CodatError(status, sentence(refusal.message), can_be_retried=retried)


def sentence(message: str) -> str:
    """A refusal's message as a sentence."""
    text = message[:1].upper() + message[1:]
    return text if text.endswith(".") else text + "."
