"""Builds the program from its settings, in an order that can be read from top to bottom.

    store -> demo data -> ledger -> credentials -> runtime -> wires -> background -> pages
    -> application

Wires are found, not listed: every sub-package of `daybook.protocols` with a module `plugin`, and
whatever installed packages offer under the entry point group `daybook.protocols`.
"""

import asyncio
import pkgutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Final, cast

from daybook import protocols
from daybook.app.access import Authenticator, Logins
from daybook.app.activity import ActivityLog
from daybook.app.ledger import Ledger
from daybook.app.ports import Store
from daybook.app.worker import OperationWorker
from daybook.auth.demo import DEMO_SLUGS, DemoAuthenticator, DemoCredentials
from daybook.auth.guard import StoreGuard
from daybook.auth.logins import DemoLogins, StoreLogins
from daybook.auth.people import People
from daybook.auth.sessions import StoreSessions
from daybook.auth.sign_in import StoreSignIn
from daybook.auth.tokens import StoreAuthenticator
from daybook.protocols.kit import cursor
from daybook.protocols.kit.plugin import (
    REQUESTS_PER_DAY_SETTING,
    Alone,
    Listener,
    Plugin,
    Services,
)
from daybook.protocols.kit.runtime import AsyncRuntime
from daybook.protocols.kit.throttle import Throttle
from daybook.server import administration, oauth
from daybook.server.activities import ActivitiesOfAll
from daybook.server.application import Application, Lifecycle, Router
from daybook.server.config import DEMO_STORE, Config, ConfigError
from daybook.server.delivering import Reach, post
from daybook.server.exhibits import InterfaceExhibits, Passes
from daybook.server.interfaces import TITLES
from daybook.server.later import Later
from daybook.server.observe import Logger, Metrics
from daybook.server.pages import ServerPages
from daybook.server.peers import ServerPeers
from daybook.server.proxies import Proxies
from daybook.server.secret import server_key
from daybook.server.sender import WebhookSender
from daybook.web import plugin as web_pages

ENTRY_POINTS: Final = "daybook.protocols"

TAKEOVER_SECONDS: Final = 0.25
"""How often a process looks whether the one that does the background work has ended."""

_WORK: Final = "server.work"
_REQUEST: Final = "server.request"

Create = Callable[[Services], Plugin]
"""What the `plugin` module of a wire offers."""

MakeListener = Callable[[], Listener]
"""Makes a wire with a port of its own. Raises OSError and ValueError for settings it cannot use."""


def open_books(config: Config, *, claim_server: bool = True) -> Ledger:
    """Open the store a server is to run on, alone, and fill it if it is to be a demo.

    Without `claim_server` it is one of several processes of a server that has the store already.

    Raises `StoreFailure`, OSError and `ConfigError`.
    """
    from daybook.storage import open_store

    if config.store == DEMO_STORE:
        Path(DEMO_STORE.removeprefix("sqlite:///")).parent.mkdir(exist_ok=True)
    store = open_store(config.store)
    try:
        claim = getattr(store, "claim_server", None)
        if (
            claim is not None and claim_server
        ):  # only an engine on files has to keep a second server out
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
    """What works beside the requests: operations are carried out, messages sent.

    Of several processes on a store one does it. The others look now and then whether it has
    ended, and wake it when they have something for it.
    """

    worker: OperationWorker
    sender: WebhookSender
    claim: Callable[[], bool]
    """Whether the work is, or just became, this process's."""
    claimed: threading.Event = field(default_factory=threading.Event)
    _closing: threading.Event = field(default_factory=threading.Event)
    _waiting: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin, on threads of their own, or once the work is this process's."""
        if self._begun():
            return
        waiting = threading.Thread(target=self._wait, name="background", daemon=True)
        self._waiting.append(waiting)
        waiting.start()

    def close(self) -> None:
        """Finish what was begun; the rest waits in the store for the next start."""
        self._closing.set()
        for thread in self._waiting:
            thread.join()
        self.worker.close()
        self.sender.close()

    def _begun(self) -> bool:
        if not self.claim():
            return False
        self.claimed.set()
        self.worker.start()
        self.sender.start()
        return True

    def _wait(self) -> None:
        while not self._closing.wait(TAKEOVER_SECONDS):
            if self._begun():
                return


@dataclass(frozen=True, slots=True)
class Assembly:
    """A server, built and not yet listening."""

    application: Application
    plugins: tuple[Plugin, ...]
    runtime: AsyncRuntime
    lifecycle: Lifecycle
    background: Background
    pages: ServerPages
    listening: tuple[MakeListener, ...] = ()
    """What makes each wire with a port of its own; there is one such port, so one at most. It
    loads the wire, which takes long."""

    def load(self) -> None:
        """Load what was left for later. On any thread."""
        for plugin in self.plugins:
            if isinstance(plugin, Later):
                plugin.load()


def assemble(
    config: Config,
    ledger: Ledger,
    log: Logger,
    loop: asyncio.AbstractEventLoop,
    peers: ServerPeers | None = None,
) -> Assembly:
    """Build everything above the ledger. Called on the loop that is to run it.

    `peers` are the other processes of the server, if it runs several.

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
    activity = ActivityLog()
    sign_in = StoreSignIn(store.directory, demo)
    people = People(store.directory, demo)
    passes = Passes(authenticator)
    exhibits = InterfaceExhibits(passes)
    metrics = Metrics()
    services = Services(
        ledger=ledger,
        authenticator=passes,
        runtime=runtime,
        clock=ledger.clock,
        demo=config.demo,
        settings=_wire_settings(config),
        sign_in=sign_in,
        logins=logins,
        guard=StoreGuard(store.directory, ledger.clock, peers),
        activities=activity if peers is None else ActivitiesOfAll(activity, peers),
        sessions=StoreSessions(store.directory, ledger.clock, people, sign_in, peers=peers),
        titles=TITLES,
        exhibits=exhibits,
        peers=peers or Alone(),
        throttle=_throttle(config, peers),
        meter=metrics,
    )
    plugins = tuple(create(services) for create in wires())
    exhibits.over(plugins)
    makers: tuple[MakeListener, ...] = ()
    if config.sql is not None:
        makers = tuple(partial(_listener, make, services, exhibits) for make in listening())
    background = _background(config, ledger, peers)
    _show(metrics, store, runtime, background)
    lifecycle = Lifecycle()
    pages = ServerPages(store, metrics, lifecycle, plugins, peers)
    application = Application(
        Router(plugins),
        pages,
        metrics,
        log,
        body_timeout=config.body_timeout,
        origin=config.origin,
        lifecycle=lifecycle,
        activity=activity,
        proxies=Proxies(config.trusted_proxies) if config.trusted_proxies else None,
    )
    return Assembly(application, plugins, runtime, lifecycle, background, pages, makers)


def _listener(
    make: Callable[[Services], Listener], services: Services, exhibits: InterfaceExhibits
) -> Listener:
    """Make a wire with a port of its own, and let it show entries too."""
    listener = make(services)
    exhibits.add(listener)
    return listener


def _throttle(config: Config, peers: ServerPeers | None) -> Throttle:
    """What counts requests, together with the other processes."""
    if peers is None or not config.rates:
        return Throttle(config.rates)
    throttle = Throttle(config.rates, tell=partial(peers.tell, _REQUEST))
    peers.hear(_REQUEST, throttle.hear)
    return throttle


def _background(config: Config, ledger: Ledger, peers: ServerPeers | None) -> Background:
    reach = Reach.ANYWHERE if config.webhooks_private else Reach.PUBLIC
    worker, sender = OperationWorker(ledger), WebhookSender(ledger, partial(post, reach=reach))
    claim = getattr(ledger.store, "claim_background", lambda: True)
    background = Background(worker, sender, claim)
    if peers is not None:
        connected = peers

        def wake_others() -> None:
            if not background.claimed.is_set():
                connected.tell(_WORK, b"")

        def woken(_: bytes) -> None:
            worker.wake()
            sender.wake()

        ledger.hooks.on_work(wake_others)
        peers.hear(_WORK, woken)
    return background


def _wire_settings(config: Config) -> dict[str, str]:
    """What wires are told of the settings. Raises OSError and ValueError."""
    settings = {**config.interfaces, **config.sql_settings}
    shared_key = config.server_key or server_key(config.secret_file)
    settings[cursor.KEY_SETTING] = shared_key.hex()
    if config.certificate is not None and not settings["sql-certificate"]:
        settings["sql-certificate"] = str(config.certificate)
        settings["sql-key"] = str(config.key or "")
    if config.issuer is not None:
        settings[oauth.ISSUER_SETTING] = config.issuer
    if config.requests_per_day is not None:
        settings[REQUESTS_PER_DAY_SETTING] = str(config.requests_per_day)
    return settings


def wires() -> Iterator[Create]:
    """What makes each wire: the program's own by name, then those of other packages."""
    for name in _modules("plugin"):
        outline = f"{name.removesuffix('.plugin')}.outline"
        if find_spec(outline) is not None:
            yield partial(Later, import_module(outline), name)
        else:
            yield cast("Create", import_module(name).create)
    yield oauth.create
    yield web_pages.create
    yield administration.create
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda found: found.name):
        yield cast("Create", entry.load().create)


def listening() -> Iterator[Callable[[Services], Listener]]:
    """What loads and makes each wire that listens on a port of its own."""
    for name in _modules("listener"):
        yield partial(_made, name)


def preload() -> None:
    """Load all wires, also those that are otherwise left for later."""
    for kind in ("plugin", "listener"):
        for name in _modules(kind):
            import_module(name)


def _modules(kind: str) -> Iterator[str]:
    """The modules of that name in the folders of the program's own wires."""
    for module in sorted(pkgutil.iter_modules(protocols.__path__), key=lambda found: found.name):
        name = f"{protocols.__name__}.{module.name}.{kind}"
        if module.ispkg and module.name != "kit" and find_spec(name) is not None:
            yield name


def _made(name: str, services: Services) -> Listener:
    return cast("Listener", import_module(name).create(services))


def _show(metrics: Metrics, store: Store, runtime: AsyncRuntime, background: Background) -> None:
    metrics.show("daybook_scans", "Scans that run or wait for a thread.", lambda: runtime.scans)
    metrics.show(
        "daybook_commits", "Group commits answered.", lambda: runtime.commits, counter=True
    )
    metrics.show("daybook_commands", "Commands answered.", lambda: runtime.commands, counter=True)
    directory, worker, sender = store.directory, background.worker, background.sender
    metrics.show(
        "daybook_operations_pending", "Operations pending.", directory.count_pending, shared=True
    )
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
        shared=True,
    )
    metrics.show(
        "daybook_deliveries_dead",
        "Messages given up, until somebody has them sent again.",
        lambda: directory.delivery_counts().dead,
        shared=True,
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
