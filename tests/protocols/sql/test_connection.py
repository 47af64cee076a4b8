"""The wire itself: limits before authentication, encryption, statuses, and bytes nobody sends."""

import contextlib
import shutil
import socket
import ssl
import struct
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from tests.protocols.sql.conftest import SqlServer, missing, sql_server_of
from tests.support.server import command, signed_in, start, variables

from daybook.app.ledger import system_clock
from daybook.app.trail import Trail, What
from daybook.auth.guesses import OF_PAIR_MAX, OF_PLACE_MAX
from daybook.auth.sign_ins import UNKNOWN_NAME
from daybook.protocols.sql.limits import STARTUP_BYTES_MAX
from daybook.storage import open_store
from daybook.storage.sqlite.directory import VERSION_KEPT_S

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
STARTUP = b"user\0demo\0database\0demo\0\0"


def startup(version: int = 3 << 16, parameters: bytes = STARTUP) -> bytes:
    return struct.pack("!ii", len(parameters) + 8, version) + parameters


@contextlib.contextmanager
def dialled(server: SqlServer) -> Iterator[socket.socket]:
    with socket.create_connection((server.host, server.port), timeout=15) as connection:
        yield connection


def read_message(connection: socket.socket) -> tuple[bytes, bytes]:
    head = b""
    while len(head) < 5:
        piece = connection.recv(5 - len(head))
        if not piece:
            return b"", b""
        head += piece
    size = struct.unpack("!i", head[1:])[0] - 4
    body = b""
    while len(body) < size:
        body += connection.recv(size - len(body))
    return head[:1], body


def test_encryption_is_declined_without_a_certificate(sql_server: SqlServer) -> None:
    with dialled(sql_server) as connection:
        connection.sendall(SSL_REQUEST)
        assert connection.recv(10) == b"N"
        connection.sendall(struct.pack("!ii", 8, 80877104))
        assert connection.recv(10) == b"N"
        connection.sendall(startup())
        kind, body = read_message(connection)
        assert (kind, body[:4]) == (b"R", b"\0\0\0\x0a")
        assert b"SCRAM-SHA-256\0\0" in body


def test_a_newer_version_is_negotiated(sql_server: SqlServer) -> None:
    with dialled(sql_server) as connection:
        connection.sendall(startup((3 << 16) + 2, b"_pq_.x\x001\0" + STARTUP))
        kind, body = read_message(connection)
        assert (kind, body) == (b"v", struct.pack("!ii", 0, 1) + b"_pq_.x\0")


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!ii", STARTUP_BYTES_MAX + 1, 3 << 16),
        struct.pack("!ii", 2**31 - 1, 3 << 16),
        struct.pack("!ii", -5, 3 << 16),
        struct.pack("!ii", 8, 2 << 16),
        startup(parameters=b"user"),
        startup(parameters=b"\0"),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_start_is_hung_up_on(sql_server: SqlServer, data: bytes) -> None:
    with dialled(sql_server) as connection:
        connection.sendall(data)
        kind, body = read_message(connection)
        assert kind == b"E"
        assert b"SFATAL\0" in body
        assert read_message(connection) == (b"", b"")


def test_half_open_connections_do_not_slow_a_healthy_one(sql_server: SqlServer) -> None:
    with contextlib.ExitStack() as stack:
        for at in range(200):
            idle = stack.enter_context(dialled(sql_server))
            idle.sendall((b"", b"\0", SSL_REQUEST[:6], startup())[at % 4])
        began = time.monotonic()
        with psycopg.connect(sql_server.dsn()) as connection:
            for _ in range(50):
                assert connection.execute(
                    "SELECT ID FROM JournalEntries WHERE ID = %s", ("60-1632320100",)
                ).fetchone() == ("60-1632320100",)
        assert time.monotonic() - began < 5


def test_strangers_are_hung_up_on_in_time(sql_server: SqlServer) -> None:
    with dialled(sql_server) as connection:
        connection.sendall(b"\0")
        began = time.monotonic()
        assert connection.recv(1_000) != b"x"
        assert time.monotonic() - began < 14


@pytest.mark.parametrize("kind", [b"?", b"P", b"B", b"E", b"D", b"C", b"Q"])
def test_broken_messages_of_a_session(sql_server: SqlServer, kind: bytes) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        raw = socket.socket(fileno=socket.dup(connection.fileno()))  # past the library
        raw.settimeout(10)
        raw.sendall(kind + struct.pack("!i", 7) + b"\xff\xfe\xfd")
        raw.sendall(b"S" + struct.pack("!i", 4))
        assert read_message(raw)[0] == b"E"
        raw.close()


def status(connection: psycopg.Connection) -> str:
    return connection.info.transaction_status.name


def test_statuses_and_several_statements(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        assert status(connection) == "IDLE"
        connection.execute("BEGIN")
        assert status(connection) == "INTRANS"
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT nope")
        assert status(connection) == "INERROR"
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT 1")
        connection.execute("ROLLBACK")
        cursor = connection.execute("SELECT 1; SELECT 2")
        assert cursor.fetchall() == [(1,)]
        assert cursor.nextset()
        assert cursor.fetchall() == [(2,)]
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute(
                "INSERT INTO JournalEntries (ReferenceNumber, LineType#1, LineAccount#1,"
                " LineAmount#1, LineType#2, LineAccount#2, LineAmount#2) VALUES"
                " ('together', 'Debit', 'Meals', 1, 'Credit', 'Checking', 1); SELECT 1/0"
            )
        assert connection.execute(
            "SELECT count(*) FROM JournalEntries WHERE ReferenceNumber = 'together'"
        ).fetchone() == (0,)


def test_a_lost_connection_rolls_back(sql_server: SqlServer) -> None:
    connection = psycopg.connect(sql_server.dsn())
    connection.execute(
        "INSERT INTO JournalEntries (ReferenceNumber, LineType#1, LineAccount#1, LineAmount#1,"
        " LineType#2, LineAccount#2, LineAmount#2) VALUES"
        " ('lost', 'Debit', 'Meals', 1, 'Credit', 'Checking', 1)"
    )
    connection.close()
    with psycopg.connect(sql_server.dsn()) as other:
        assert other.execute(
            "SELECT count(*) FROM JournalEntries WHERE ReferenceNumber = 'lost'"
        ).fetchone() == (0,)


def test_a_user_of_the_store_signs_in(sql_server: SqlServer) -> None:
    running = sql_server.running
    subprocess.run(
        command(
            "user",
            "create",
            "--password-stdin",
            "ada",
            "--company",
            "demo",
            "--scope",
            "read",
            "--store",
            running.store,
        ),
        input="open sesame\n",
        capture_output=True,
        text=True,
        env=variables(),
        check=True,
    )
    dsn = f"postgresql://ada:open%20sesame@{sql_server.host}:{sql_server.port}/demo"
    with psycopg.connect(dsn, autocommit=True) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("ada",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM JournalEntries WHERE ID = 'x-1'")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(dsn.replace("/demo", "/demo2"))


def daybook(server: SqlServer, *arguments: str, typed: str = "") -> None:
    subprocess.run(
        [*command(*arguments), "--store", server.running.store],
        input=typed,
        capture_output=True,
        text=True,
        env=variables(),
        check=True,
    )


def make_user(server: SqlServer, name: str, *rights: str, password: str = "open sesame") -> str:
    """A user of the store, made or given another password; answers with a DSN."""
    rights = rights or ("--role", "demo=accountant")
    daybook(server, "user", "create", "--password-stdin", name, *rights, typed=f"{password}\n")
    word = password.replace(" ", "%20")
    return f"postgresql://{name}:{word}@{server.host}:{server.port}/demo"


TWO_LINES = (
    "INSERT INTO JournalEntries (ReferenceNumber, LineType#1, LineAccount#1, LineAmount#1,"
    " LineType#2, LineAccount#2, LineAmount#2) VALUES"
    " ('{}', 'Debit', 'Meals', 1, 'Credit', 'Checking', 1)"
)


def count_of(server: SqlServer, reference: str) -> int:
    with psycopg.connect(server.dsn()) as connection:
        row = connection.execute(
            "SELECT count(*) FROM JournalEntries WHERE ReferenceNumber = %s", (reference,)
        ).fetchone()
    assert row is not None
    return int(row[0])


WITHDRAWALS = {
    "revoked": ("user", "revoke", "{}"),
    "narrowed": ("user", "role", "{}", "demo", "viewer"),
    "shut out": ("user", "role", "{}", "demo", "none"),
}


@pytest.mark.parametrize("change", WITHDRAWALS)
def test_a_session_ends_when_its_user_is_withdrawn_or_narrowed(
    sql_server: SqlServer, change: str
) -> None:
    name = "left-" + change.replace(" ", "-")
    dsn = make_user(sql_server, name)
    with contextlib.ExitStack() as stack:
        idle, staging, streaming = (
            stack.enter_context(contextlib.closing(psycopg.connect(dsn, autocommit=True)))
            for _ in range(3)
        )
        idle.execute(TWO_LINES.format(name))
        staging.execute("BEGIN")
        staging.execute(TWO_LINES.format(name))
        streaming.execute("BEGIN")
        streaming.execute("DECLARE rest CURSOR FOR SELECT generate_series(1, 100000)")
        daybook(sql_server, *(part.format(name) for part in WITHDRAWALS[change]))
        time.sleep(2 * VERSION_KEPT_S)
        with pytest.raises(psycopg.errors.AdminShutdown):
            idle.execute(TWO_LINES.format(name))
        with pytest.raises(psycopg.errors.AdminShutdown):
            staging.execute("COMMIT")
        with pytest.raises(psycopg.errors.AdminShutdown):
            streaming.execute("FETCH 10 FROM rest")
    assert count_of(sql_server, name) == 1


def test_a_session_ends_with_another_password_and_not_for_others(sql_server: SqlServer) -> None:
    other, mine = make_user(sql_server, "stays"), make_user(sql_server, "renewed")
    with psycopg.connect(other) as staying, psycopg.connect(mine, autocommit=True) as leaving:
        prepared = leaving.execute("SELECT 1", prepare=True)
        assert prepared.fetchone() == (1,)
        again = make_user(sql_server, "renewed", password="another one")
        time.sleep(2 * VERSION_KEPT_S)
        with pytest.raises(psycopg.errors.AdminShutdown):
            leaving.execute("SELECT 1", prepare=True)
        assert staying.execute("SELECT 1").fetchone() == (1,)
        # a role elsewhere is nothing to a session here
        daybook(sql_server, "user", "role", "stays", "demo2", "viewer")
        time.sleep(2 * VERSION_KEPT_S)
        assert staying.execute("SELECT 2").fetchone() == (2,)
        with psycopg.connect(again) as fresh:
            assert fresh.execute("SELECT 3").fetchone() == (3,)


def test_guesses_are_bounded_and_in_the_trail(tmp_path: Path) -> None:
    running = start(tmp_path, "--sql", "127.0.0.1:0")
    try:
        server = sql_server_of(running)
        dsn = make_user(server, "guessed")
        for _ in range(2):
            psycopg.connect(dsn).close()
        wrong = dsn.replace("open%20sesame", "guess")
        for _ in range(OF_PAIR_MAX):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(wrong)
        for late in (wrong, dsn):
            with pytest.raises(psycopg.OperationalError, match="try again in"):
                psycopg.connect(late)
        psycopg.connect(server.dsn()).close()
        for at in range(OF_PLACE_MAX - OF_PAIR_MAX):
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(wrong.replace("guessed", f"nobody{at}"))
        with pytest.raises(psycopg.OperationalError, match="try again in"):
            psycopg.connect(server.dsn())
        with contextlib.closing(open_store(running.store)) as store:
            records = Trail(store.directory, system_clock).records(limit=1_000)
        entered = [each for each in records if each.what == What.SIGNED_IN]
        assert [(each.subject, each.user, each.client, each.peer) for each in entered] == [
            (name, name, "sql", "127.0.0.1") for name in ("guessed", "demo")
        ], "once, however often a program connects anew"
        failed = [each for each in records if each.what == What.SIGN_IN_FAILED]
        assert {(each.client, each.peer) for each in failed} == {("sql", "127.0.0.1")}
        assert [each.subject for each in failed] == (
            ["guessed"] * OF_PAIR_MAX + [UNKNOWN_NAME] * (OF_PLACE_MAX - OF_PAIR_MAX)
        )
    finally:
        running.stop()


def test_plans_are_shared_by_those_with_the_same_role_in_the_company_alone(
    sql_server: SqlServer,
) -> None:
    writer = make_user(sql_server, "both", "--role", "demo=accountant", "--role", "demo2=viewer")
    reader = make_user(sql_server, "one", "--role", "demo=viewer")
    statement = TWO_LINES.format("role")
    with psycopg.connect(writer, autocommit=True) as first:
        first.execute(statement)
    with (
        psycopg.connect(reader, autocommit=True) as second,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        second.execute(statement)
    assert count_of(sql_server, "role") == 1


def test_notices_and_error_fields(sql_server: SqlServer) -> None:
    notices: list[str] = []
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        connection.add_notice_handler(lambda diagnosis: notices.append(diagnosis.sqlstate or ""))
        connection.execute("ROLLBACK")
        assert notices == ["25P01"]
        with pytest.raises(psycopg.errors.UndefinedColumn) as caught:
            connection.execute("SELECT nope FROM JournalEntries")
        assert caught.value.diag.column_name == "nope"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, signed by itself."""
    if shutil.which("openssl") is None:
        missing("openssl")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout",
            str(folder / "key.pem"),
            "-out",
            str(folder / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )
    return folder


def test_encrypted_connections(tmp_path: Path, certificate: Path) -> None:
    running = start(
        tmp_path,
        "--sql",
        "127.0.0.1:0",
        "--sql-certificate",
        str(certificate / "cert.pem"),
        "--sql-key",
        str(certificate / "key.pem"),
        store="memory://",
    )
    server = sql_server_of(running)
    try:
        options = f"?sslmode=verify-full&sslrootcert={certificate / 'cert.pem'}"
        with psycopg.connect(server.dsn() + options) as connection:
            assert connection.pgconn.ssl_in_use
            assert connection.execute("SELECT 1").fetchone() == (1,)
        # bytes in the clear behind the request are nobody's word
        with dialled(server) as plain:
            plain.sendall(SSL_REQUEST + startup())
            assert plain.recv(1) == b"S"
            context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(startup())
                assert secure.recv(1) == b"R"
    finally:
        assert running.stop() == 0


INSERT = (
    "INSERT INTO JournalEntries (ReferenceNumber, LineType#1, LineAccount#1, LineAmount#1,"
    " LineType#2, LineAccount#2, LineAmount#2) VALUES"
    " (%s, 'Debit', 'Meals', 1, 'Credit', 'Checking', 1)"
)
COUNT = "SELECT count(*) FROM JournalEntries WHERE ReferenceNumber = %s"


def test_what_is_sent_up_to_one_sync_is_one_transaction(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        pipeline = connection.pipeline()
        pipeline.__enter__()
        connection.execute(INSERT, ("pipelined",))
        connection.execute("SELECT 1/0")
        with pytest.raises(psycopg.errors.DivisionByZero):
            pipeline.__exit__(None, None, None)
        assert connection.execute(COUNT, ("pipelined",)).fetchone() == (0,)
        with connection.pipeline():
            connection.execute(INSERT, ("pipelined",))
            connection.execute(INSERT, ("pipelined",))
            seen = connection.execute(COUNT, ("pipelined",))
        assert seen.fetchone() == (2,)
        assert status(connection) == "IDLE"
        assert connection.execute(COUNT, ("pipelined",)).fetchone() == (2,)


def test_time_includes_the_sending_of_rows(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        connection.execute("SET statement_timeout = '1s'")
        query = "COPY (SELECT x FROM generate_series(1, 1000000000) AS g(x)) TO STDOUT"
        with (
            pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"),
            connection.cursor().copy(query) as copy,
        ):
            for _ in copy:
                pass
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_an_idle_transaction_is_ended_where_that_is_wanted(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        connection.execute("SET idle_in_transaction_session_timeout = '200ms'")
        time.sleep(0.5)
        connection.execute("BEGIN")
        time.sleep(1)
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            connection.execute("SELECT 1")


def test_a_cancel_of_nothing_cancels_nothing_later(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        for _ in range(5):
            connection.cancel_safe()
            count = connection.execute("SELECT count(*) FROM Accounts").fetchone()
            assert count is not None
            assert count[0] > 0


def test_fetching_all_is_streamed(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn()) as connection:
        connection.execute("DECLARE c NO SCROLL CURSOR FOR SELECT generate_series(1, 30000)")
        assert len(connection.execute("FETCH 4500 FROM c").fetchall()) == 4_500
        connection.execute("MOVE 500 FROM c")
        rows = connection.execute("FETCH ALL FROM c").fetchall()
        assert (rows[0], rows[-1], len(rows)) == ((5_001,), (30_000,), 25_000)
        assert connection.execute("FETCH ALL FROM c").fetchall() == []


def test_values_have_bounds(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InvalidTextRepresentation, match="100000 members"):
            connection.execute("SELECT 1 WHERE 1 = ANY(%s)", ([1] * 100_001,))
        many = [f"{at:X}-1" for at in range(50_000)]
        assert connection.execute(
            "SELECT count(*) FROM JournalEntries WHERE ID = ANY(%s)", (many,)
        ).fetchone() == (0,)


def test_statements_and_connections_are_counted(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        connection.execute("SELECT Memo FROM JournalEntries WHERE ID = 'none-1'")
        connection.execute("SELECT count(*) FROM JournalEntries")
        with pytest.raises(psycopg.errors.UndefinedColumn):
            connection.execute("SELECT nope FROM JournalEntries")
        with urllib.request.urlopen(f"{sql_server.running.url}/metrics") as answer:
            shown = answer.read().decode()
    for line in (
        'daybook_requests_total{operation="lookup",status="00",wire="sql"}',
        'daybook_requests_total{operation="scan",status="00",wire="sql"}',
        'daybook_requests_total{operation="session",status="42",wire="sql"}',
        'daybook_request_seconds_count{wire="sql"}',
        "daybook_sql_sessions ",
        "daybook_sql_connections_total ",
    ):
        assert line in shown


def test_statements_are_shown_as_activity_without_what_they_say(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        connection.execute("SELECT 'hush-4711' FROM JournalEntries LIMIT 1")
        connection.execute("SELECT ID FROM Accounts WHERE Name = %s", ["hush-4711"], prepare=True)
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT 'hush-4711' FROM Nowhere")
        with pytest.raises(psycopg.errors.SyntaxError):
            connection.execute("hush4711 everything")
    url = sql_server.running.url
    address = f"{url}/app/c/demo/activity?interface=sql"
    visitor = signed_in(url)
    shown = visitor.get(address, timeout=20).text
    assert "hush" not in shown.lower().replace("hush4711", "")
    assert "<code>SELECT</code>" in shown
    failed = visitor.get(f"{address}&failed=on", timeout=20).text
    assert "42P01" in failed
    assert "Nowhere" in failed
    assert '<span class="tag posted">' not in failed


def test_a_server_stops_while_a_statement_would_go_on(tmp_path: Path) -> None:
    running = start(tmp_path, "--sql", "127.0.0.1:0", store="memory://")
    server = sql_server_of(running)
    endless = (
        "SELECT count(*) FROM generate_series(1,100000) a, generate_series(1,100000) b,"
        " generate_series(1,100000) c"
    )
    connection = psycopg.connect(server.dsn(), autocommit=True)
    connection.pgconn.send_query(endless.encode())
    connection.pgconn.flush()
    time.sleep(0.5)
    assert running.stop() == 0
    connection.pgconn.finish()
