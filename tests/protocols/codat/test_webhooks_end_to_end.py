"""A receiver on this machine gets what a server sends, signed, whatever it answered before."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue

import pytest
import requests
from standardwebhooks.webhooks import Webhook
from tests.protocols.codat.test_source_samples import COMPANY, CONNECTION
from tests.support.server import RunningServer, start

AUTHORIZATION = {"Authorization": "Basic ZGVtbw=="}
Received = Queue[tuple[dict[str, str], bytes]]


@pytest.fixture
def receiver() -> Iterator[tuple[str, Received]]:
    """An address, and what has come to it."""
    received: Received = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def private_server(tmp_path: Path) -> Iterator[RunningServer]:
    running = start(tmp_path, "--webhooks-private")
    yield running
    assert running.stop() == 0, running.log.read_text()


def test_deliveries_come_in_order_and_verify(
    private_server: RunningServer, receiver: tuple[str, Received]
) -> None:
    address, received = receiver
    types = ["journalEntries.write.successful", "journalEntries.write.unsuccessful"]
    made = requests.post(
        f"{private_server.url}/webhooks",
        json={"url": address, "eventTypes": types},
        headers=AUTHORIZATION,
        timeout=10,
    )
    assert made.status_code == 201
    secret = made.json()["secret"]
    push = f"{private_server.url}/companies/{COMPANY}/connections/{CONNECTION}/push/journalEntries"
    keys = []
    for number in ("8484", "8484", "80"):
        accepted = requests.delete(f"{push}/{number}", headers=AUTHORIZATION, timeout=10)
        keys.append(accepted.json()["pushOperationKey"])
    told = []
    for _ in keys:
        headers, body = received.get(timeout=20)
        assert headers["content-type"] == "application/json"
        told.append(Webhook(secret).verify(body, headers))
        assert told[-1] == json.loads(body)
    assert [each["payload"]["id"] for each in told] == keys
    assert [each["payload"]["status"] for each in told] == ["Success", "Failed", "Success"]
