"""A disk below SQLite that forgets what was not synced.

`Disk` is registered as a VFS. Everything passes through to real files, and is noted: which bytes
of each file are safe since the last sync, and which writes came after it. It can cut the power at
a given operation, after which every operation fails; `survivors` then writes what a disk may be
left with: the safe bytes and any part of the rest, each write kept, lost or torn, in no order.

It can also make single operations fail, as a failing or a full disk does. Creating and removing
files is taken to be durable at once, as file systems with a journal do it in time.

    with Disk(folder, seed) as disk:
        disk.cut_at = 100
        store = SqliteStore(path, url, vfs=disk.name)
        ...
        disk.survivors(elsewhere)
"""

import itertools
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import apsw

_names = itertools.count()

SECTOR = 512
"""Bytes that a torn write keeps or loses together, mostly."""


@dataclass
class _Kept:
    """A file: what is safe, and what was done to it since. `None` data cuts the file short."""

    safe: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for offset, data in self.since:
            _apply(self.safe, offset, data)
        self.since.clear()


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def io_error() -> apsw.Error:
    """An I/O error such as a failing disk answers."""
    return apsw.IOError("injected")


def disk_full() -> apsw.Error:
    """What a full disk answers."""
    return apsw.FullError("injected")


Fault = Callable[[str, str], apsw.Error | None]
"""Asked before each operation (`write`, `sync`, `truncate`) on a file; answers with its failure."""


class Disk:
    """The files of a folder, on a disk that may lose power or fail."""

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.name = f"disk-{next(_names)}"
        self.operations = 0
        """Writes, truncations and syncs so far."""
        self.cut_at: int | None = None
        """The operation at which the power fails; it may have been done, or in part."""
        self.fault: Fault = lambda operation, name: None
        self._random = random.Random(seed)
        self._folder = folder
        self._files: dict[str, _Kept] = {}
        self._lock = threading.Lock()
        self._vfs = _Vfs(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._vfs.unregister()

    @property
    def is_off(self) -> bool:
        """Whether the power is cut."""
        return self.cut_at is not None and self.operations >= self.cut_at

    def survivors(self, folder: Path) -> None:
        """Write what may be found after the power came back. Differs from call to call."""
        for name, kept in self._files.items():
            content = bytearray(kept.safe)
            for offset, data in kept.since:
                self._survive(content, offset, data)
            (folder / name).write_bytes(content)

    def opened(self, name: str) -> None:
        """A file is opened: what it holds when it is seen first is safe."""
        with self._lock:
            if name not in self._files:
                path = self._folder / name
                safe = bytearray(path.read_bytes()) if path.exists() else bytearray()
                self._files[name] = _Kept(safe)

    def removed(self, name: str) -> None:
        """A file is removed."""
        with self._lock:
            if not self.is_off:
                self._files.pop(name, None)

    def changed(self, operation: str, name: str, offset: int, data: bytes | None) -> None:
        """A file is written to or cut short."""
        with self._lock:
            self._count(operation, name)
            self._files[name].since.append((offset, data))
            self._fail_if_off()

    def synced(self, name: str) -> None:
        """A file is synced: if the power fails now, it may not have been."""
        with self._lock:
            self._count("sync", name)
            self._fail_if_off()
            self._files[name].sync()

    def _count(self, operation: str, name: str) -> None:
        self._fail_if_off()
        failure = self.fault(operation, name)
        if failure is not None:
            raise failure
        self.operations += 1

    def _fail_if_off(self) -> None:
        if self.is_off:
            raise io_error()

    def _survive(self, content: bytearray, offset: int, data: bytes | None) -> None:
        fate = self._random.random()
        if fate < 0.35:
            return
        if data is None or fate < 0.7:
            _apply(content, offset, data)
        elif fate < 0.8:
            _apply(content, offset, data[: self._random.randrange(len(data) + 1)])
        else:
            for at in range(0, len(data), SECTOR):
                if self._random.random() < 0.5:
                    _apply(content, offset + at, data[at : at + SECTOR])


class _Vfs(apsw.VFS):
    """The system's own VFS, with every change of the store's files told to the disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        kept = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL
        if name is None or not flags[0] & kept:
            return apsw.VFSFile("", name, flags)
        path = name if isinstance(name, str) else name.filename()
        self._disk.opened(Path(path).name)
        return _File(self._disk, Path(path).name, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self._disk.removed(Path(filename).name)
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(
        self, disk: Disk, name: str, path: str | apsw.URIFilename, flags: list[int]
    ) -> None:
        self._disk = disk
        self._name = name
        super().__init__("", path, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.changed("write", self._name, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.changed("truncate", self._name, newsize, None)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        """The real files are not synced: here, nothing but the model decides what is safe."""
        self._disk.synced(self._name)
