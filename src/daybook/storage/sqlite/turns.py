"""Turns: several processes write to one file, one after the other.

SQLite lets one process write at a time by itself, but it looks for its chance in steps of up to a
tenth of a second and in no order, so that a busy process would keep the others out; and it tells
nobody since when somebody writes. Both are added here, by locks on bytes of the store's lock file
and a few numbers in it that every process has in its memory:

- Whoever wants to write while others do, or wait for it, first queues for the byte of being next,
  and leaves it only once it writes. Who has just written comes behind it. Waiting is short sleeps,
  so that it can be given up.
- While it writes, its beginning can be read: no change stamped before that is still to come.
- A number that rises with each change of credentials tells all processes of it at once.

The locks end with the process that held them, however it ends. They are those of Linux that
belong to an open file; elsewhere, and for a store below which tests put their own files, each
process is told of its own writes alone and SQLite's lock is all there is.
"""

import fcntl
import mmap
import os
import struct
import time
from pathlib import Path
from typing import Final

from daybook.domain.ids import Timestamp
from daybook.storage.sqlite.backup import lock_path

CAN_SHARE: Final = hasattr(fcntl, "F_OFD_SETLK")
"""Whether this system has the locks."""

STEP_S: Final = 0.0002
"""Seconds between two looks at whether it is one's turn: a group commit takes some milliseconds."""

_BYTES: Final = 4_096
_NEXT, _WRITING, _WORKING = 0, 1, 2
"""Bytes that are locked."""
_SINCE, _CREDENTIALS, _QUEUED = 1, 2, 3
"""Numbers of eight bytes, by their place."""


class Turns:
    """The turns of one process at one store. Writing is for one thread, reading for any."""

    def __init__(self, path: Path | None) -> None:
        """`path` is the database file, None to know of this process alone. Raises OSError."""
        self._file: int | None = None
        self._map: mmap.mmap | None = None
        self._words = memoryview(bytearray(_BYTES)).cast("q")
        self._own: Timestamp | None = None
        if path is None or not CAN_SHARE:
            return
        self._file = os.open(lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.posix_fallocate(self._file, 0, _BYTES)
            self._map = mmap.mmap(self._file, _BYTES)
            self._words = memoryview(self._map).cast("q")
        except BaseException:
            os.close(self._file)
            raise

    def begin(self, wait_s: float) -> bool:
        """Wait for the turn to write; False where it has not come in so many seconds."""
        if self._file is not None and not self._queue(time.monotonic() + wait_s):
            return False
        self._own = Timestamp(time.time_ns() // 1_000)
        self._words[_SINCE] = self._own
        return True

    def end(self) -> None:
        """The writing is over; does nothing where it is not one's turn."""
        if self._own is None:
            return
        self._own = None
        self._words[_SINCE] = 0
        if self._file is not None:
            self._lock(_WRITING, fcntl.F_UNLCK)

    def since(self) -> Timestamp | None:
        """When the writing under way began, whichever process's it is, or None."""
        since = self._words[_SINCE]
        if not since or self._own is not None or self._file is None:
            return Timestamp(since) if since else None
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, _WRITING, 1, 0)
        found = fcntl.fcntl(self._file, fcntl.F_OFD_GETLK, asked)
        (kind,) = struct.unpack_from("h", found)
        # Who was killed while it wrote has left its time behind, but no lock.
        return None if kind == fcntl.F_UNLCK else Timestamp(since)

    def claim_background(self) -> bool:
        """Whether what runs once beside all servers of a store is, or just became, this one's.

        It stays so until `close`, or until the process ends.
        """
        return self._file is None or self._lock(_WORKING, fcntl.F_WRLCK)

    @property
    def credentials(self) -> int:
        """A number that has risen with each change of credentials."""
        return self._words[_CREDENTIALS]

    def credentials_changed(self) -> None:
        """Tell all processes that credentials have changed. Only in one's turn, once durable."""
        self._words[_CREDENTIALS] += 1

    def close(self) -> None:
        """Let go of the file."""
        if self._file is None:
            return
        shared, self._words = self._words, memoryview(bytearray(_BYTES)).cast("q")
        shared.release()
        if self._map is not None:
            self._map.close()
        os.close(self._file)
        self._file = None

    def _queue(self, until: float) -> bool:
        """Get to write: at once where nobody is next, else by way of being next."""
        if not self._words[_QUEUED] and self._lock(_WRITING, fcntl.F_WRLCK):
            return True
        if not self._wait(_NEXT, until):
            return False
        try:
            self._words[_QUEUED] = 1
            return self._wait(_WRITING, until)
        finally:
            # Who was killed here has left its number behind; the next to come clears it.
            self._words[_QUEUED] = 0
            self._lock(_NEXT, fcntl.F_UNLCK)

    def _wait(self, byte: int, until: float) -> bool:
        while not self._lock(byte, fcntl.F_WRLCK):
            if time.monotonic() >= until:
                return False
            time.sleep(STEP_S)
        return True

    def _lock(self, byte: int, kind: int) -> bool:
        """Lock or unlock a byte; False where another process has it."""
        assert self._file is not None
        wanted = struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0)
        try:
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, wanted)
        except BlockingIOError:
            return False
        return True
