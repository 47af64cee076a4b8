"""Wires that are loaded once the server is ready, or when they are first asked.

A library may take longer to load than everything else of the program together. A wire that uses
such a one says in its module `outline` what the server has to know of it: NAME, PREFIXES, LIMITS
and OPERATIONS, the same as its plug-in has. It is loaded on a thread as soon as the server listens;
a request that comes before waits for it. Such a wire registers no hooks, which count from the first
write on.
"""

import threading
from importlib import import_module
from types import ModuleType

from daybook.protocols.kit.plugin import (
    Answer,
    Operation,
    Plugin,
    Problem,
    Request,
    Response,
    Services,
)


class Later:
    """A `Plugin` whose wire is loaded when it is needed."""

    def __init__(self, outline: ModuleType, plugin: str, services: Services) -> None:
        """`plugin` is the name of the wire's module with `create`."""
        self.name: str = outline.NAME
        self.prefixes: tuple[str, ...] = outline.PREFIXES
        self.limits = outline.LIMITS
        self.operations: tuple[Operation, ...] = outline.OPERATIONS
        self._module = plugin
        self._services = services
        self._lock = threading.Lock()
        self._wire: Plugin | None = None

    def load(self) -> Plugin:
        """The wire itself, loaded by whoever comes first. On any thread."""
        wire = self._wire
        if wire is not None:
            return wire
        with self._lock:
            if self._wire is None:
                self._wire = import_module(self._module).create(self._services)
            return self._wire

    def admit(self, request: Request) -> Response | None:
        """See `Plugin`."""
        admit = getattr(self.load(), "admit", None)
        return None if admit is None else admit(request)

    def handle(self, request: Request) -> Answer:
        """See `Plugin`."""
        return self.load().handle(request)

    def refuse(self, request: Request, problem: Problem) -> Response:
        """See `Plugin`."""
        return self.load().refuse(request, problem)

    def operation(self, request: Request) -> str:
        """See `Plugin`."""
        return self.load().operation(request)
