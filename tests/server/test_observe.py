"""Log lines and metrics, as those read them who run the server."""

import asyncio
import io
import json
import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.server.observe import BUCKETS, LineWriter, Metrics, configure_log, without_credentials


def test_json_lines_carry_what_was_said() -> None:
    stream = io.StringIO()
    log = configure_log("info", "json", stream)
    log.info("request", status=200, path="/ä\n")
    log.debug("not shown")
    try:
        raise RuntimeError("a fault")
    except RuntimeError:
        log.exception("fault", id="7")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["level"], first["path"]) == ("request", "info", "/ä\n")
    assert first["timestamp"].endswith("Z")
    assert "RuntimeError: a fault" in second["exception"]


def test_console_lines_are_for_people() -> None:
    stream = io.StringIO()
    configure_log("warning", "console", stream).warning("careful", port=80)
    assert "careful" in stream.getvalue()
    assert "port=80" in stream.getvalue()


def test_auto_is_json_where_no_terminal_is() -> None:
    stream = io.StringIO()
    configure_log("info", "auto", stream).info("x")
    assert json.loads(stream.getvalue())["event"] == "x"


def test_warnings_of_the_libraries_come_through() -> None:
    stream = io.StringIO()
    configure_log("info", "json", stream)
    logging.getLogger("uvicorn.error").info("not shown")
    logging.getLogger("uvicorn.error").warning("seen %d", 7)
    assert json.loads(stream.getvalue())["event"] == "seen 7"


def test_lines_of_requests_are_written_together_and_in_order() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream)

    async def main() -> None:
        writer.info("1")
        writer.info("2")
        assert stream.getvalue() == ""
        writer.warning("3")
        assert stream.getvalue() == "1\n2\n3\n"
        writer.info("4")
        await asyncio.sleep(0.3)
        assert stream.getvalue() == "1\n2\n3\n4\n"

    asyncio.run(main())
    writer.info("5")
    assert stream.getvalue().endswith("4\n5\n")


def test_lines_of_threads_stay_whole() -> None:
    stream = io.StringIO()
    writer = LineWriter(stream)
    threads = [
        threading.Thread(target=lambda: list(map(writer.info, ["line"] * 200))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stream.getvalue() == "line\n" * 1_000


def exposed(metrics: Metrics) -> dict[str, float]:
    lines = metrics.exposition().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_requests_are_counted_by_wire_operation_and_status() -> None:
    metrics = Metrics()
    for status in (200, 200, 400):
        metrics.count("qbo", "create", status, 0.003)
    metrics.in_flight = 2
    metrics.show("daybook_commits", "Commits.", lambda: 5, counter=True)
    metrics.show("daybook_writer_queue", "Waiting.", lambda: 7)
    found = exposed(metrics)
    label = 'daybook_requests_total{operation="create",status="%s",wire="qbo"}'
    assert (found[label % 200], found[label % 400]) == (2, 1)
    assert found["daybook_requests_in_flight"] == 2
    assert found["daybook_commits_total"] == 5
    assert found["daybook_writer_queue"] == 7
    assert found["process_resident_memory_bytes"] > 1_000_000


@given(st.lists(st.floats(0, 20), max_size=30))
def test_the_histogram_counts_every_request_once(seconds: list[float]) -> None:
    metrics = Metrics()
    for each in seconds:
        metrics.count("w", "o", 200, each)
    found = exposed(metrics)
    for bound in BUCKETS if seconds else ():
        name = f'daybook_request_seconds_bucket{{le="{bound!r}",wire="w"}}'
        assert found[name] == sum(each <= bound for each in seconds)
    if seconds:
        assert found['daybook_request_seconds_count{wire="w"}'] == len(seconds)
        total = found['daybook_request_seconds_sum{wire="w"}']
        assert total == pytest.approx(sum(seconds))


@pytest.mark.parametrize("layout", ["json", "console"])
def test_a_fault_shows_no_local_variables(layout: str) -> None:
    stream = io.StringIO()
    log = configure_log("info", layout, stream)
    query = "token=" + "6eee" * 8
    try:
        raise RuntimeError(f"a fault in {len(query)} characters")
    except RuntimeError:
        log.exception("fault", id="7")
    assert "a fault in 38 characters" in stream.getvalue()
    assert "6eee6eee" not in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/api/bk/v1/DeleteJournal", "/api/bk/v1/DeleteJournal"),
        ("/a?token=6eee&id=3", "/a?token=…&id=3"),
        ("/a;Access_Token=6eee;id=3", "/a;Access_Token=…;id=3"),
        ("/a%3Ftoken%3D6eee", "/a%3Ftoken%3D…"),
        ("/a?secret=x/y", "/a?secret=…/y"),
        ("no account token=6eee here, password=", "no account token=… here, password=…"),
        ("/a?token=", "/a?token=…"),
        ("a = b", "a = b"),
    ],
)
def test_credentials_in_a_path_are_not_shown(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@given(st.text(alphabet="abc", min_size=5, max_size=40), st.text(alphabet="/?&;=xyz%", max_size=30))
def test_no_credential_is_shown_wherever_it_stands(secret: str, around: str) -> None:
    assert secret not in without_credentials(f"{around}token={secret}&{around}")
