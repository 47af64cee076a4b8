"""Every interface says in its own shape that there were too many requests."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import requests
from tests.support.server import REALM, RunningServer, start

CODAT = "c0c4ef53-e70c-45d5-9af4-27aa486347d7"
BEARER = {"authorization": "Bearer demo", "accept": "application/json"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("limited")
    rates = ("--rate-limits", "pair=3/3600", "--sql", "127.0.0.1:0")
    running = start(folder, *rates)
    yield running
    assert running.stop() == 0, running.log.read_text()


def last(ask: "Iterator[requests.Response]") -> requests.Response:
    """The answer to the fourth request, once three were taken."""
    answers = [next(ask) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert int(refused.headers["retry-after"]) > 60
    assert refused.headers["daybook-diagnosis"]
    assert refused.headers["request-id"]
    return refused


def asked(method: str, url: str, **more: object) -> Iterator[requests.Response]:
    while True:
        yield requests.request(method, url, timeout=20, **more)  # type: ignore[arg-type]


def test_quickbooks(server: RunningServer) -> None:
    url = f"{server.url}/v3/company/{REALM}/journalentry/96"
    refused = last(asked("GET", url, headers=BEARER))
    (error,) = refused.json()["fault"]["error"]
    assert (error["code"], refused.json()["fault"]["type"]) == ("3001", "SERVICE")
    assert error["message"] == "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    assert error["detail"] == "The request limit was reached.  Try again later"
    other = f"{server.url}/v3/company/9130353722279406/companyinfo/1"
    headers = {**BEARER, "authorization": "Bearer demo2"}
    assert requests.get(other, headers=headers, timeout=20).status_code == 200


def test_graphql(server: RunningServer) -> None:
    url = f"{server.url}/2020-04/graphql"
    refused = last(asked("POST", url, headers=BEARER, json={"query": "{ __typename }"}))
    assert "ThrottleExceeded" in refused.text


def test_codat(server: RunningServer) -> None:
    url = f"{server.url}/companies/{CODAT}"
    refused = last(asked("GET", url, headers={"authorization": "Basic ZGVtbw=="}))
    assert "too many requests" in refused.json()["error"]


def test_modulus(server: RunningServer) -> None:
    url = f"{server.url}/api/bk/v1/GetJournal?token=demo&journal_id=3400"
    answers = [next(asked("GET", url)) for _ in range(4)]
    refused = answers[-1]
    assert [each.status_code == 429 for each in answers] == [False, False, False, True]
    assert refused.headers["retry-after"]
    assert json.loads(refused.text)["title"]


def test_sql(server: RunningServer) -> None:
    _, _, rest = server.greeting.partition("@127.0.0.1:")
    where = f"host=127.0.0.1 port={rest.partition('/')[0]} user=demo password=demo dbname=demo"
    with psycopg.connect(where) as connection:
        # the connection is one; BEGIN, SHOW and the like ask for nothing
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
        assert connection.execute("SELECT 1").fetchone() == (1,)
        found = connection.execute("SELECT ID FROM JournalEntries WHERE ID = '60-1632320100'")
        assert found.rowcount == 1
        with pytest.raises(psycopg.errors.ConfigurationLimitExceeded, match="too many statements"):
            connection.execute("SELECT 2")
        connection.rollback()
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    with pytest.raises(psycopg.OperationalError, match="too many connections"):
        psycopg.connect(where)


def test_sql_counts_what_is_parsed_explained_and_fetched(tmp_path: Path) -> None:
    running = start(tmp_path, "--rate-limits", "pair=6/3600", "--sql", "127.0.0.1:0")
    _, _, rest = running.greeting.partition("@127.0.0.1:")
    where = f"host=127.0.0.1 port={rest.partition('/')[0]} user=demo password=demo dbname=demo"
    with psycopg.connect(where, autocommit=True) as connection:  # the first
        connection.execute("EXPLAIN SELECT 1")
        connection.execute("DECLARE c CURSOR WITH HOLD FOR SELECT 1")
        assert connection.execute("FETCH c").fetchall() == [(1,)]
        connection.execute("CLOSE c")
        raw = connection.pgconn
        assert raw.prepare(b"p", b"SELECT 1").error_message == b""
        assert raw.exec_prepared(b"p", []).get_value(0, 0) == b"1"  # counted when it was parsed
        assert raw.exec_prepared(b"p", []).get_value(0, 0) == b"1"
        refused = [raw.exec_prepared(b"p", [])]
        # no statement is planned that is too many
        refused += [raw.prepare(b"", b"SELECT nothing FROM nowhere") for _ in range(3)]
        refused += [raw.exec_(b"EXPLAIN SELECT nothing FROM nowhere"), raw.exec_(b"FETCH d")]
        state = psycopg.pq.DiagnosticField.SQLSTATE
        assert {each.error_field(state) for each in refused} == {b"53400"}
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)
    assert running.stop() == 0
    said = [line for line in running.log.read_text().splitlines() if "for their rate" in line]
    assert len(said) == 1, "a flood of statements is none of lines"
