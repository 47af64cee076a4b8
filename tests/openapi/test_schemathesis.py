"""What the OpenAPI documents say is what is served: everything they allow is asked.

Schemathesis makes requests from each document, good ones and ones that break it; they go through
the whole application in process, with ids that exist as often as not. No answer may be a fault of
the server, or have a status, a media type or a body that the document does not tell of.
"""

import os
from collections.abc import Iterator
from typing import Any, Final, cast
from urllib.parse import unquote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.support.premises import Premises

SLOW: Final = bool(os.environ.get("DAYBOOK_TEST_SLOW"))
CASES: Final = 3_000 if SLOW else 300
"""For each document."""
SEED: Final = int(os.environ.get("DAYBOOK_TEST_SEED", "20261121"))

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
URL: Final = "http://127.0.0.1:8080"


class Asked:
    """A document, and the server that it is about."""

    def __init__(self, house: Premises, name: str) -> None:
        self.house = house
        self.name = name
        document = house.ask("GET", f"/openapi/{name}.json").json
        schema = schemathesis.openapi.from_dict(document)
        self.operations = [cast(Any, found).ok() for found in schema.get_all_operations()]
        self.asked = 0
        self.by_status: dict[int, int] = {}

    def known(self, name: str) -> list[str]:
        """Values that exist, for the names in paths."""
        numbers, ours = self.house.ours.numbers, self.house.ours
        found = {
            "realmId": [ours.realm],
            "id": [str(each[0]) for each in numbers.values()],
            "companyId": [ours.codat_id, ours.names["made company"]],
            "connectionId": [ours.names["connection"], ours.names["waiting connection"]],
            "datasetId": [ours.names["dataset"]],
            "pushOperationKey": [ours.names["push"]],
            "apiKeyId": [ours.names["api key"]],
            "webhookId": [ours.names["webhook"]],
            "recordId": [str(each[0]) for each in numbers.values()] + ["CLASS_15000"],
            "dataType": ["journalEntries", "chartOfAccounts", "all", "bills"],
            "platformKey": ["qhyg"],
            "company": [ours.slug, "*"],
        }
        if self.name == "admin":
            found["id"] = [ours.word, "nobody"]
        return found.get(name, [])

    def ask(self, case: Any) -> None:
        """Send a case, and hold the answer against the document."""
        ours = self.house.ours
        # a key that was used answers as it did then, whatever is asked for now
        if isinstance(case.query, dict) and 0 < len(str(case.query.get("requestid", ""))) <= 50:
            case.query["requestid"] = f"key {self.asked}"
        request = requests.Request(**case.as_transport_kwargs(base_url=URL)).prepare()
        headers = {name.lower(): str(value) for name, value in request.headers.items()}
        headers["authorization"] = (ours.basic if self.name == "codat" else ours.bearer)[
            "authorization"
        ]
        headers.pop("content-length", None)
        assert request.url is not None
        path, _, query = request.url.removeprefix(URL).partition("?")
        body = request.body.encode() if isinstance(request.body, str) else request.body
        answer = self.house.ask(case.method, unquote(path), query=query, body=body, headers=headers)
        shown = {key: [value] for key, value in answer.headers.items()}
        response = Response(answer.status, shown, answer.body, request, 0.0, False)
        self.asked += 1
        self.by_status[answer.status] = self.by_status.get(answer.status, 0) + 1
        case.validate_response(response, checks=CHECKS)

    def all_of(self, operation: Any, examples_max: int) -> Iterator[str]:
        """Ask an operation many times; what was wrong first, if anything was."""
        good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

        @seed(SEED)
        @settings(
            max_examples=examples_max,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(data=st.data())
        def ask(data: st.DataObject) -> None:
            case = data.draw(st.one_of(good, good, bad))
            # an address that names a type of data that has an address of its own is that one
            stray = operation.path.endswith(("data/{dataType}", "data/{dataType}/{recordId}"))
            for place in (case.path_parameters, case.query):
                for parameter in place if isinstance(place, dict) else ():
                    known = self.known(parameter)
                    if stray and parameter == "dataType":
                        place[parameter] = "bills"
                        continue
                    often: int = data.draw(st.integers(0, 9))
                    if known and often:
                        place[parameter] = data.draw(st.sampled_from(known))
            self.ask(case)

        try:
            ask()
        except (Exception, FailureGroup) as error:
            yield f"{operation.method} {operation.path}: {error}"


@pytest.fixture(scope="module")
def house() -> Iterator[Premises]:
    with Premises() as premises:
        yield premises


@pytest.mark.timeout(1_800 if SLOW else 300)
@pytest.mark.parametrize("name", ["qbo", "codat", "modulus", "admin"])
def test_every_answer_is_as_the_document_says(house: Premises, name: str) -> None:
    asked = Asked(house, name)
    # what deletes comes last, so that there is something to ask the others for
    operations = sorted(asked.operations, key=lambda each: each.method == "delete")
    each_max = -(-CASES // len(operations))
    wrong = [each for operation in operations for each in asked.all_of(operation, each_max)]
    assert not wrong, f"{len(wrong)} of {len(operations)}:\n" + "\n\n".join(wrong)
    assert asked.asked >= CASES * 9 // 10
    assert {200, 400} <= asked.by_status.keys(), "both good and bad requests were made"
