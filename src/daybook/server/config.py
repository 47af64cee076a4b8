"""Settings: one table, from which flags, help, `doctor` and the reference page are made.

A setting is read from its flag, else from its environment variable, else it has its default.
`read_config` turns the texts into a `Config`, or says in one sentence what is wrong with them.
"""

import ipaddress
import re
import socket
import sys
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from daybook.cli.environment import SettingInForce
from daybook.protocols.kit.throttle import Rate, rates_of
from daybook.server.proxies import Network, networks_of

T = TypeVar("T")


class Kind(StrEnum):
    """How a setting's text is read."""

    TEXT = "text"
    SWITCH = "switch"
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a person may set about the server.

    `name` is that of the flag without its dashes; `default` is a text as it would be typed.
    """

    name: str
    default: str
    meaning: str
    kind: Kind = Kind.TEXT
    metavar: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """The command line's flag."""
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable."""
        return "DAYBOOK_" + self.name.upper().replace("-", "_")

    @property
    def member(self) -> str:
        """The name under which argparse keeps it."""
        return self.name.replace("-", "_")


DEFAULT_STORE: Final = "sqlite:///daybook.db"
DEMO_STORE: Final = "sqlite:///var/demo.db"

SETTINGS: Final = (
    Setting(
        "store",
        DEFAULT_STORE,
        "where the books are kept: sqlite:///relative/path, sqlite:////absolute/path or"
        f" memory:// (with --demo the default is {DEMO_STORE})",
        metavar="URL",
    ),
    Setting(
        "http",
        "127.0.0.1:8080",
        "address and port on which the HTTP interfaces answer; port 0 takes a free one",
        metavar="HOST:PORT",
    ),
    Setting(
        "sql",
        "127.0.0.1:5433",
        "address and port of the SQL interface, or off; port 0 takes a free one",
        metavar="HOST:PORT",
    ),
    Setting(
        "sql-edition",
        "desktop",
        "whose rules the SQL interface follows: online refuses UPDATE and takes its LineAggregate",
        choices=("desktop", "online"),
    ),
    Setting(
        "sql-copies",
        "",
        "folder for the analytical copies of the SQL interface; without one they are in memory",
        metavar="PATH",
    ),
    Setting(
        "certificate",
        "",
        "file with the certificate chain for TLS: the HTTP port then speaks HTTPS alone, and the"
        " SQL port offers encryption; read again on SIGHUP",
        metavar="PATH",
    ),
    Setting(
        "key",
        "",
        "file with the certificate's private key, where that is not in the same file",
        metavar="PATH",
    ),
    Setting(
        "trusted-proxy",
        "",
        "addresses or networks of proxies, parted by commas, whose X-Forwarded-For, -Proto and"
        " -Host are believed; nobody's are by default",
        metavar="NETWORKS",
    ),
    Setting(
        "rate-limits",
        "off",
        "requests that each interface takes, such as company=500/60,pair=10/1,client=800/60: so"
        " many for a company, a client or both together in so many seconds",
        metavar="RATES",
    ),
    Setting(
        "sql-certificate",
        "",
        "file with the certificate chain with which the SQL interface offers encryption, where it"
        " is another than that of the server",
        metavar="PATH",
    ),
    Setting(
        "sql-key",
        "",
        "file with the certificate's private key, where that is not in the same file",
        metavar="PATH",
    ),
    Setting(
        "demo",
        "off",
        "fill an empty store with the demo companies and accept the demo credentials; binds to"
        " loopback addresses only",
        Kind.SWITCH,
    ),
    Setting(
        "demo-anywhere",
        "off",
        "let a demo server bind to other addresses too, where anyone may use its credentials",
        Kind.SWITCH,
    ),
    Setting(
        "workers",
        "1",
        "server processes on the same ports, on Linux and for books in a file; more than one make"
        " use of more than one processor",
        metavar="N",
    ),
    Setting(
        "origin",
        "",
        "scheme and authority by which callers reach the server, where that is not the address"
        " it listens on (a proxy, a mapped port); addresses in answers begin with it",
        metavar="URL",
    ),
    Setting(
        "issuer",
        "",
        "who identity tokens say that they come from, for clients that insist on one; by default"
        " this server, by its origin",
        metavar="URL",
    ),
    Setting(
        "secret-file",
        "",
        "file with the key that seals page cursors and the keys of identity tokens, made if it is"
        " not there; without one, cursors end with the server process",
        metavar="PATH",
    ),
    Setting(
        "webhooks-private",
        "off",
        "let messages be sent to this machine and to private networks too, and not to public"
        " addresses alone",
        Kind.SWITCH,
    ),
    Setting(
        "requests-per-day",
        "0",
        "requests that one client may make in a day (UTC) over an interface whose original limits"
        " them, which is Codat; 0 sets no limit",
        metavar="N",
    ),
    Setting(
        "log-level",
        "info",
        "least important lines that are logged; requests are logged at info",
        choices=("debug", "info", "warning", "error"),
    ),
    Setting(
        "log-format",
        "auto",
        "how lines are logged on standard error; auto is console on a terminal, json elsewhere",
        choices=("auto", "json", "console"),
    ),
    Setting(
        "body-timeout",
        "60",
        "seconds within which a request's body has to arrive",
        Kind.SECONDS,
    ),
    Setting(
        "keep-alive-timeout",
        "65",
        "seconds an idle connection is kept open for the next request",
        Kind.SECONDS,
    ),
    Setting(
        "drain-delay",
        "0",
        "seconds after a signal to stop in which requests are still taken while /readyz says 503,"
        " for load balancers to notice",
        Kind.SECONDS,
    ),
    Setting(
        "drain-timeout",
        "30",
        "seconds that requests under way have to finish when the server stops",
        Kind.SECONDS,
    ),
    Setting(
        "graphql-introspection",
        "on",
        "answer questions about the schema over GraphQL",
        Kind.SWITCH,
    ),
    Setting(
        "graphql-explorer",
        "on",
        "serve a page to explore GraphQL with to browsers that open its address",
        Kind.SWITCH,
    ),
    Setting(
        "graphql-null-line-type",
        "off",
        "show no side on lines over GraphQL, as the published answers have it",
        Kind.SWITCH,
    ),
)
"""Every setting, in the order of the help text."""

SECONDS_MAX: Final = 86_400
"""Longest time-out, a day: what is meant to be longer is a mistake in the unit."""

WORKERS_MAX: Final = 64
"""Most server processes: what they write takes its turn in one file, so more would only wait."""

_SWITCH: Final = {
    "on": True,
    "1": True,
    "true": True,
    "yes": True,
    "off": False,
    "0": False,
    "false": False,
    "no": False,
    "": False,
}


class ConfigError(ValueError):
    """A setting has a value it cannot have; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: a host name or IP address without brackets, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    def is_loopback(self) -> bool:
        """Whether only this machine can reach it, under every address the name stands for."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError:
            return False
        hosts = {str(address[0]).partition("%")[0] for *_, address in found}
        return all(ipaddress.ip_address(host).is_loopback for host in hosts)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of a server, read and checked. Times are in seconds."""

    store: str
    http: Address
    sql: Address | None
    sql_settings: Mapping[str, str]
    certificate: Path | None
    key: Path | None
    trusted_proxies: tuple[Network, ...]
    rates: tuple[Rate, ...]
    demo: bool
    workers: int
    origin: str | None
    issuer: str | None
    secret_file: Path | None
    webhooks_private: bool
    requests_per_day: int | None
    log_level: str
    log_format: str
    body_timeout: float
    keep_alive_timeout: float
    drain_delay: float
    drain_timeout: float
    interfaces: Mapping[str, str]
    """Settings of single interfaces by name, switches as `on` or `off`."""
    server_key: bytes | None = None
    """The server's own key where it is drawn or read already: one for all its processes."""


def add_options(parser: ArgumentParser) -> None:
    """Add a flag for each setting. Flags that are not given are None in the parsed values."""
    for setting in SETTINGS:
        meaning = f"{setting.meaning} [{setting.variable}; default: {setting.default or 'none'}]"
        if setting.kind is Kind.SWITCH:
            parser.add_argument(
                setting.flag, action=BooleanOptionalAction, default=None, help=meaning
            )
        else:
            parser.add_argument(
                setting.flag,
                choices=setting.choices or None,
                metavar=setting.metavar or ("SECONDS" if setting.kind is Kind.SECONDS else None),
                help=meaning,
            )


def in_force(
    variables: Mapping[str, str], given: Mapping[str, object] | None = None
) -> list[SettingInForce]:
    """The text of every setting and where it comes from, unchecked.

    `variables` is the environment, `given` the parsed flags by member name.
    """
    found = []
    for setting in SETTINGS:
        flag = (given or {}).get(setting.member)
        variable = variables.get(setting.variable)
        if flag is not None:
            value = ("off", "on")[flag] if isinstance(flag, bool) else str(flag)
            source = "flag"
        elif variable is not None:
            value, source = variable, "environment"
        else:
            value, source = setting.default, "default"
        found.append(SettingInForce(setting.name, value, source, setting.meaning))
    return found


def read_config(variables: Mapping[str, str], given: Mapping[str, object] | None = None) -> Config:
    """The settings in force, checked. Raises `ConfigError`."""
    texts = {setting.name: setting.value for setting in in_force(variables, given)}
    sources = {setting.name: setting.source for setting in in_force(variables, given)}
    for setting in SETTINGS:
        if setting.choices and texts[setting.name] not in setting.choices:
            choices = ", ".join(setting.choices)
            raise ConfigError(f"--{setting.name} {texts[setting.name]}: choose one of {choices}")
    demo = _switch(texts, "demo")
    http = _address(texts, "http")
    sql = None if texts["sql"].lower() == "off" else _address(texts, "sql")
    for name, address in (("http", http), ("sql", sql)):
        if address is None or not demo or _switch(texts, "demo-anywhere"):
            continue
        if not address.is_loopback():
            raise ConfigError(
                f"--{name} {address}: a demo server binds to loopback addresses only, since"
                " everyone knows its credentials; --demo-anywhere lifts this"
            )
    if texts["key"] and not texts["certificate"]:
        raise ConfigError("--key goes with --certificate")
    by_default = sources["store"] == "default"
    return Config(
        store=DEMO_STORE if demo and by_default else texts["store"],
        http=http,
        sql=sql,
        sql_settings={name: texts[name] for name in texts if name.startswith("sql-")},
        certificate=Path(texts["certificate"]) if texts["certificate"] else None,
        key=Path(texts["key"]) if texts["key"] else None,
        trusted_proxies=_checked(texts, "trusted-proxy", networks_of),
        rates=_checked(texts, "rate-limits", rates_of),
        demo=demo,
        workers=_workers(texts),
        origin=_origin(texts["origin"]) if texts["origin"] else None,
        issuer=_issuer(texts["issuer"]) if texts["issuer"] else None,
        secret_file=Path(texts["secret-file"]) if texts["secret-file"] else None,
        webhooks_private=_switch(texts, "webhooks-private"),
        requests_per_day=_count(texts, "requests-per-day") or None,
        log_level=texts["log-level"],
        log_format=texts["log-format"],
        body_timeout=_seconds(texts, "body-timeout"),
        keep_alive_timeout=_seconds(texts, "keep-alive-timeout"),
        drain_delay=_seconds(texts, "drain-delay"),
        drain_timeout=_seconds(texts, "drain-timeout"),
        interfaces={
            name: "on" if _switch(texts, name) else "off"
            for name in texts
            if name.startswith("graphql-")
        },
    )


def _switch(texts: Mapping[str, str], name: str) -> bool:
    known = _SWITCH.get(texts[name].strip().lower())
    if known is None:
        raise ConfigError(f"--{name} {texts[name]}: on or off is wanted")
    return known


def _count(texts: Mapping[str, str], name: str) -> int:
    text = texts[name].strip()
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ConfigError(f"--{name} {text}: a whole number is wanted")
    return int(text)


def _workers(texts: Mapping[str, str]) -> int:
    workers = _count(texts, "workers")
    if not 1 <= workers <= WORKERS_MAX:
        raise ConfigError(f"--workers {workers}: 1 to {WORKERS_MAX} processes are wanted")
    if workers > 1 and texts["store"].startswith("memory:"):
        raise ConfigError(f"--workers {workers}: books in memory belong to one process")
    if workers > 1 and sys.platform != "linux":
        raise ConfigError(f"--workers {workers}: several server processes need Linux")
    return workers


def _seconds(texts: Mapping[str, str], name: str) -> float:
    text = texts[name].strip()
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text) or float(text) > SECONDS_MAX:
        raise ConfigError(f"--{name} {text}: a number of seconds up to {SECONDS_MAX} is wanted")
    return float(text)


def _address(texts: Mapping[str, str], name: str) -> Address:
    text = texts[name].strip()
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.%a-z]+\]|[^\[\]:/\s]+):([0-9]{1,5})", text)
    if found is None or int(found[2]) > 65_535:
        raise ConfigError(f"--{name} {text}: HOST:PORT is wanted, such as 127.0.0.1:8080")
    return Address(found[1].strip("[]"), int(found[2]))


def _origin(text: str) -> str:
    parts = urlsplit(text)
    plain = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ConfigError(f"--origin {text}: scheme and authority are wanted, no path")
    return f"{parts.scheme}://{parts.netloc}"


def _checked(texts: Mapping[str, str], name: str, read: Callable[[str], T]) -> T:
    try:
        return read(texts[name])
    except ValueError as error:
        raise ConfigError(f"--{name} {texts[name]}: {error}") from None


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    plain = not (parts.query or parts.fragment or parts.username) and text.isascii()
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain:
        raise ConfigError(f"--issuer {text}: an address is wanted, without query and fragment")
    return text
