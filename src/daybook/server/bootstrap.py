"""Builds the program from its settings, in an order that can be read from top to bottom.

    store -> demo data -> ledger -> credentials -> runtime -> wires -> background -> pages
    -> application

Wires are found, not listed: every sub-package of `daybook.protocols` with a module `plugin`, and
whatever installed packages offer under the entry point group `daybook.protocols`.
"""

import asyncio
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Final, cast

from daybook import protocols
from daybook.app.access import Authenticator, Logins
from daybook.app.ledger import Ledger
from daybook.app.ports import Store
from daybook.app.worker import OperationWorker
from daybook.auth.demo import DEMO_SLUGS, DemoAuthenticator, DemoCredentials
from daybook.auth.logins import DemoLogins, StoreLogins
from daybook.auth.sign_in import StoreSignIn
from daybook.auth.tokens import StoreAuthenticator
from daybook.protocols.kit import cursor
from daybook.protocols.kit.plugin import REQUESTS_PER_DAY_SETTING, Listener, Plugin, Services
from daybook.protocols.kit.runtime import AsyncRuntime
from daybook.server import oauth
from daybook.server.asgi import Application, Lifecycle, Router
from daybook.server.config import DEMO_STORE, Config, ConfigError
from daybook.server.delivering import Reach, post
from daybook.server.observe import Logger, Metrics
from daybook.server.pages import ServerPages
from daybook.server.secret import server_key
from daybook.server.sender import WebhookSender

ENTRY_POINTS: Final = "daybook.protocols"

Create = Callable[[Services], Plugin]
"""What the `plugin` module of a wire offers."""


def open_books(config: Config) -> Ledger:
    """Open the store a server is to run on, alone, and fill it if it is to be a demo.

    Raises `StoreFailure`, OSError and `ConfigError`.
    """
    from daybook.storage import open_store

    if config.store == DEMO_STORE:
        Path(DEMO_STORE.removeprefix("sqlite:///")).parent.mkdir(exist_ok=True)
    store = open_store(config.store)
    try:
        claim = getattr(store, "claim_server", None)
        if claim is not None:  # only an engine on files has to keep a second server out
            claim()
        ledger = Ledger(store)
        if config.demo:
            _prepare_demo(ledger)
    except BaseException:
        store.close()
        raise
    return ledger


def _prepare_demo(ledger: Ledger) -> None:
    directory = ledger.store.directory
    if not directory.company_ids():
        from daybook.app.seed import seed_demo

        seed_demo(ledger)
    if not DemoCredentials.of(directory).companies:
        raise ConfigError(
            f"--demo: the books in {ledger.store.url} are not the demo's: no company is called"
            f" {' or '.join(DEMO_SLUGS)}"
        )


@dataclass(frozen=True, slots=True)
class Background:
    """What works beside the requests: operations are carried out, messages sent."""

    worker: OperationWorker
    sender: WebhookSender

    def start(self) -> None:
        """Begin, on threads of their own."""
        self.worker.start()
        self.sender.start()

    def close(self) -> None:
        """Finish what was begun; the rest waits in the store for the next start."""
        self.worker.close()
        self.sender.close()


@dataclass(frozen=True, slots=True)
class Assembly:
    """A server, built and not yet listening."""

    application: Application
    plugins: tuple[Plugin, ...]
    runtime: AsyncRuntime
    lifecycle: Lifecycle
    background: Background
    listeners: tuple[Listener, ...] = ()
    """Wires with a port of their own: there is one such port, so there is one at most."""


def assemble(
    config: Config, ledger: Ledger, log: Logger, loop: asyncio.AbstractEventLoop
) -> Assembly:
    """Build everything above the ledger. Called on the loop that is to run it.

    Raises OSError and ValueError where the key file cannot be used.
    """
    store = ledger.store
    demo: DemoCredentials | None = None
    authenticator: Authenticator = StoreAuthenticator(store.directory, ledger.clock)
    logins: Logins = StoreLogins(store.directory)
    if config.demo:
        demo = DemoCredentials.of(store.directory)
        authenticator = DemoAuthenticator(demo, authenticator)
        logins = DemoLogins(demo, logins)
    runtime = AsyncRuntime(loop)
    metrics = Metrics()
    services = Services(
        ledger=ledger,
        authenticator=authenticator,
        runtime=runtime,
        clock=ledger.clock,
        demo=config.demo,
        settings=_wire_settings(config),
        sign_in=StoreSignIn(store.directory, demo),
        logins=logins,
        meter=metrics,
    )
    plugins = tuple(create(services) for create in wires())
    listeners = () if config.sql is None else tuple(make(services) for make in listening())
    background = _background(config, ledger)
    _show(metrics, store, runtime, background)
    lifecycle = Lifecycle()
    application = Application(
        Router(plugins),
        ServerPages(store, metrics, lifecycle, plugins),
        metrics,
        log,
        body_timeout=config.body_timeout,
        origin=config.origin,
        lifecycle=lifecycle,
    )
    return Assembly(application, plugins, runtime, lifecycle, background, listeners)


def _background(config: Config, ledger: Ledger) -> Background:
    reach = Reach.ANYWHERE if config.webhooks_private else Reach.PUBLIC
    sender = WebhookSender(ledger, partial(post, reach=reach))
    return Background(OperationWorker(ledger), sender)


def _wire_settings(config: Config) -> dict[str, str]:
    """What wires are told of the settings. Raises OSError and ValueError."""
    settings = {**config.interfaces, **config.sql_settings}
    settings[cursor.KEY_SETTING] = server_key(config.secret_file).hex()
    if config.requests_per_day is not None:
        settings[REQUESTS_PER_DAY_SETTING] = str(config.requests_per_day)
    return settings


def wires() -> Iterator[Create]:
    """What makes each wire: the program's own by name, then those of other packages."""
    for module in sorted(pkgutil.iter_modules(protocols.__path__), key=lambda found: found.name):
        name = f"{protocols.__name__}.{module.name}.plugin"
        if module.ispkg and module.name != "kit" and find_spec(name) is not None:
            yield cast("Create", import_module(name).create)
    yield oauth.create
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda found: found.name):
        yield cast("Create", entry.load().create)


def listening() -> Iterator[Callable[[Services], Listener]]:
    """What makes each wire that listens on a port of its own."""
    for module in sorted(pkgutil.iter_modules(protocols.__path__), key=lambda found: found.name):
        name = f"{protocols.__name__}.{module.name}.listener"
        if module.ispkg and module.name != "kit" and find_spec(name) is not None:
            yield cast("Callable[[Services], Listener]", import_module(name).create)


def _show(metrics: Metrics, store: Store, runtime: AsyncRuntime, background: Background) -> None:
    metrics.show("daybook_scans", "Scans that run or wait for a thread.", lambda: runtime.scans)
    metrics.show(
        "daybook_commits", "Group commits answered.", lambda: runtime.commits, counter=True
    )
    metrics.show("daybook_commands", "Commands answered.", lambda: runtime.commands, counter=True)
    directory, worker, sender = store.directory, background.worker, background.sender
    metrics.show("daybook_operations_pending", "Operations pending.", directory.count_pending)
    for status in worker.ended:
        metrics.show(
            f"daybook_operations_{status.value}",
            f"Operations that ended as {status.value}.",
            partial(worker.ended.__getitem__, status),
            counter=True,
        )
    metrics.show(
        "daybook_deliveries_pending",
        "Messages on their way to a consumer.",
        lambda: directory.delivery_counts().pending,
    )
    metrics.show(
        "daybook_deliveries_dead",
        "Messages given up, until somebody has them sent again.",
        lambda: directory.delivery_counts().dead,
    )
    metrics.show(
        "daybook_deliveries_arrived",
        "Attempts that arrived.",
        lambda: sender.delivered,
        counter=True,
    )
    metrics.show(
        "daybook_deliveries_failed",
        "Attempts that failed.",
        lambda: sender.failed,
        counter=True,
    )
    queue_depth = getattr(store, "queue_depth", None)
    if queue_depth is not None:
        metrics.show("daybook_writer_queue", "Commands waiting for the writer.", queue_depth)
