"""kill -9 of the server at any moment of a push: applied once, or not at all and then once.

Every push has an Idempotency-Key and is sent again after the restart, as a careful client does that
got no answer. In the end there is one operation and one entry for each.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
import requests
from tests.protocols.codat.test_source_samples import COMPANY, CONNECTION
from tests.support.engines import SLOW
from tests.support.server import RunningServer, start

PUSHES = 200 if SLOW else 12
KILLS = 40 if SLOW else 3
AUTHORIZATION = {"Authorization": "Basic ZGVtbw=="}


def body(number: int) -> dict[str, Any]:
    lines = [
        {"netAmount": 1.5, "accountRef": {"id": "44"}},
        {"netAmount": -1.5, "accountRef": {"id": "139"}},
    ]
    return {"postedOn": "2026-02-03", "description": f"push {number}", "journalLines": lines}


def push(server: RunningServer, number: int) -> str | None:
    """The operation of a push; None where the server went away before it answered."""
    url = f"{server.url}/companies/{COMPANY}/connections/{CONNECTION}/push/journalEntries"
    headers = {**AUTHORIZATION, "Idempotency-Key": str(UUID(int=number + 1, version=4))}
    try:
        answer = requests.post(url, json=body(number), headers=headers, timeout=20)
    except requests.RequestException:
        return None
    assert answer.status_code == 200, answer.text
    key: str = answer.json()["pushOperationKey"]
    return key


def found(server: RunningServer, path: str, query: str) -> list[dict[str, Any]]:
    url = f"{server.url}/companies/{COMPANY}/{path}"
    parameters = {"query": query, "pageSize": "1000"}
    answer = requests.get(url, params=parameters, headers=AUTHORIZATION, timeout=20)
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


@pytest.mark.timeout(1_800 if SLOW else 300)
def test_a_killed_server_applies_each_push_once(tmp_path: Path) -> None:
    random = Random(11)
    store = f"sqlite:///{tmp_path}/killed.db"
    answered: dict[int, str] = {}
    for round_ in range(KILLS):
        server = start(tmp_path, store=store)
        wanted = random.sample(range(PUSHES), min(PUSHES, 12))
        with ThreadPoolExecutor(6) as pool:
            under_way = [pool.submit(push, server, number) for number in wanted]
            time.sleep(random.random() * 0.06 if round_ else 0)
            server.process.kill()
            keys = [each.result() for each in under_way]
        server.process.wait()
        if server.process.stdout is not None:
            server.process.stdout.close()
        for number, key in zip(wanted, keys, strict=True):
            if key is not None:
                assert answered.setdefault(number, key) == key
    server = start(tmp_path, store=store)
    try:
        for number in range(PUSHES):
            key = push(server, number)
            assert key is not None
            assert answered.setdefault(number, key) == key, "one operation for each key"
        while found(server, "push", "status=Pending"):  # the test's own limit ends it
            time.sleep(0.05)
        operations = found(server, "push", "")
        assert {each["pushOperationKey"] for each in operations} == set(answered.values())
        assert {each["status"] for each in operations} == {"Success"}
        entries = found(server, "data/journalEntries", "description~push")
        assert sorted(each["description"] for each in entries) == sorted(
            f"push {number}" for number in range(PUSHES)
        )
    finally:
        assert server.stop() == 0
