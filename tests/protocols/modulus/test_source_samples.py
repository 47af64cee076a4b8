"""The two requests of the vendor's page on deleting a journal, sent as curl sends them.

Host and token apart, the bytes are those that curl makes of the printed commands.
"""

import json
import re
from typing import Any

from tests.support.server import RawResponse, RunningServer


def curl(
    server: RunningServer, method: str, target: str, body: bytes = b"", media_type: str = ""
) -> RawResponse:
    """What curl sends."""
    head = f"{method} {target} HTTP/1.1\r\nHost: demo.modulus.biz\r\nUser-Agent: curl/7.68.0\r\n"
    head += "Accept: */*\r\n"
    if body:
        head += f"Content-Length: {len(body)}\r\nContent-Type: {media_type}\r\n"
    return server.exchange(head.encode() + b"\r\n" + body)


def envelope(response: RawResponse) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(response.body)
    assert list(shown) == ["result", "title", "message", "object"]
    return shown


def delete(server: RunningServer, token: str, journal_id: str) -> RawResponse:
    target = f"/api/bk/v1/DeleteJournal?token={token}&journal_id={journal_id}"
    return curl(server, "DELETE", target)


def test_both_examples(fresh_server: RunningServer) -> None:
    """With a token of the documented form, and then with one that has nothing to delete."""
    form = b"app=demo&secret=demo"
    media_type = "application/x-www-form-urlencoded"
    answer = curl(fresh_server, "POST", "/api/cmn/Authenticate", form, media_type)
    token = envelope(answer)["object"]["token"]
    assert re.fullmatch("[0-9a-f]{32}", token)

    first = delete(fresh_server, token, "3400")
    assert first.status == 200
    text = re.sub(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", b"2021-01-14 20:39:57", first.body)
    assert text == (
        b'{"result":true,"title":"Success","message":"Journal deleted successfully.",'
        b'"object":{"deleted_journal_id":3400,"deleted_date_time":"2021-01-14 20:39:57"}}'
    )

    second = delete(fresh_server, token, "3434453456")
    assert second.status == 400
    assert second.body == (
        b'{"result":false,"title":"Bad Request","message":"Invalid journal ID parameter.",'
        b'"object":{"error_code":1237}}'
    )
    assert second.headers["content-type"] == "application/json; charset=utf-8"
    assert envelope(delete(fresh_server, "demo", "3400"))["object"] == {"error_code": 1237}


def test_the_demo_token_and_the_company_of_the_host_name(server: RunningServer) -> None:
    """`demo.modulus.biz` names the company `demo`, so the other company's token is not believed."""
    target = "/api/bk/v1/GetJournal?token={}&journal_id=80"
    assert curl(server, "GET", target.format("demo2")).status == 401
    answer = envelope(curl(server, "GET", target.format("demo")))
    assert answer["object"] == {"error_code": 1230}


def test_nothing_of_a_token_reaches_the_log(fresh_server: RunningServer) -> None:
    """Whatever path it stands in, known or not; neither the metrics hold it."""
    secrets = [f"{digit}eeed540c8cf01b8f68b38f5b9e0289b" for digit in "0123456789"]
    targets = [
        "/api/bk/v1/DeleteJournal?token={}&journal_id=3434453456",
        "/api/bk/v1/DeleteJournal%3Ftoken={}&journal_id=3400",
        "/api/bk/v1/DeleteJournal;token={}",
        "/api/bk/v1/DeleteJournal&TOKEN={}",
        "/api/bk/v1/Unknown?token={}",
        "/api/xx/v9/Unknown?token={}",
        "/nowhere%3ftoken={}",
        "/v3/company/1/query%3Ftoken={}",
        "/nowhere/secret%3D{}",
        "/?token={}",
    ]
    for target, secret in zip(targets, secrets, strict=True):
        response = curl(fresh_server, "DELETE", target.format(secret))
        shown = response.headers.get("daybook-diagnosis", "")
        assert secret not in shown
        if "nowhere" in target or "/api/" in target:
            assert response.headers["referrer-policy"] == "no-referrer"
    metrics = curl(fresh_server, "GET", "/metrics").body.decode()
    assert 'operation="DeleteJournal"' in metrics
    assert fresh_server.stop() == 0
    log = fresh_server.log.read_text()
    assert log.count('"event":"request"') >= len(targets)
    for secret in secrets:
        assert secret not in metrics
        assert secret not in log
