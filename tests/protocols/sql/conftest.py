"""Fixtures of the SQL interface's tests."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from tests.support.postgres import postgres_url
from tests.support.server import RunningServer, start
from tests.support.sql import Sql

REQUIRED = os.environ.get("DAYBOOK_TEST_CLIENTS") == "required"


@dataclass(frozen=True)
class SqlServer:
    """A demo server that listens for SQL."""

    running: RunningServer
    host: str
    port: int

    def dsn(self, word: str = "demo") -> str:
        return f"postgresql://{word}:{word}@{self.host}:{self.port}/{word}"


def sql_server_of(running: RunningServer) -> SqlServer:
    found = re.search(r"postgresql://demo:demo@([0-9.]+):([0-9]+)/demo", running.greeting)
    assert found is not None, running.greeting
    return SqlServer(running, found[1], int(found[2]))


@pytest.fixture(scope="session")
def sql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlServer]:
    """A demo server shared by all tests: add to its books, but rely on no count."""
    running = start(tmp_path_factory.mktemp("sql"), "--sql", "127.0.0.1:0")
    yield sql_server_of(running)
    assert running.stop() == 0, running.log.read_text()
    assert "Traceback" not in running.log.read_text()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection]:
    """PostgreSQL without tables, in the locale C."""
    folder = tmp_path_factory.mktemp("postgres")
    with postgres_url(folder) as url, psycopg.connect(url, autocommit=True) as connection:
        for name in ("lc_monetary", "lc_numeric"):
            connection.execute(f"SET {name} = 'C'".encode())
        connection.execute("SET TIME ZONE 'UTC'")
        yield connection


@pytest.fixture
def sql() -> Sql:
    """A session over books of its own."""
    return Sql()


@pytest.fixture(scope="module")
def shared() -> Sql:
    """A session over books that the tests of a module read together."""
    return Sql()


def missing(client: str) -> None:
    """A client is not installed: skip by name, or fail where all are required."""
    line = f"{client} is not installed: make test-clients"
    if REQUIRED:
        pytest.fail(line)
    pytest.skip(line)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is compiled or written by clients."""
    return tmp_path_factory.mktemp("clients")
