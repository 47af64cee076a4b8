"""What the server prints once it listens: where each interface answers, and with what."""

from collections.abc import Iterator, Sequence

from daybook import __version__
from daybook.app.ledger import Ledger
from daybook.app.ports import CompanyNames
from daybook.auth.demo import DemoCredentials
from daybook.protocols.kit.plugin import Plugin
from daybook.server.config import Address, Config
from daybook.server.interfaces import INTERFACES, absent, present


def banner(
    config: Config,
    ledger: Ledger,
    plugins: Sequence[Plugin],
    address: Address,
    sql: Address | None = None,
) -> str:
    """The text, a line feed at its end. `address` and `sql` are where the server really listens."""
    scheme = "http" if config.certificate is None else "https"
    origin = config.origin or f"{scheme}://{address}"
    lines = [f"Daybook {__version__}, books in {ledger.store.url}"]
    companies = list(_demo_companies(ledger)) if config.demo else []
    lines.extend(_demo_lines(ledger, companies))
    for interface in present(plugins):
        title = interface.title
        if not companies:
            lines.append(f"  {title:<28} {origin}{interface.path}")
        addresses = []
        for word, names in companies:
            path = interface.path.format(realm=names.realm, codat=names.codat_id)
            addresses.append((f"{origin}{path}", interface.credentials.format(word=word)))
        for where, credentials in addresses:
            lines.append(f"  {title:<28} {where:<60} {credentials}".rstrip())
            title = ""
    lines.extend(_sql_lines(sql, [word for word, _ in companies]))
    lines.append(f"  {'operations':<28} {origin}/healthz /readyz /metrics")
    lines.append(f"  {'documentation':<28} {origin}/docs")
    if not config.demo and not ledger.store.directory.company_ids():
        create = f"daybook company create NAME --currency CODE --store {ledger.store.url}"
        lines.append(f"There are no companies yet: {create}")
    missing = ", ".join(each.title for each in absent(plugins) if each.name != "sql")
    if missing:
        lines.append(f"Not in this version: {missing}")
    return "\n".join(lines) + "\n"


def _sql_lines(sql: Address | None, words: Sequence[str]) -> Iterator[str]:
    """Where SQL answers: a wire with a port of its own, which is no plug-in of the HTTP server."""
    if sql is None:
        return
    title = next(each.title for each in INTERFACES if each.name == "sql")
    if not words:
        yield f"  {title:<28} postgresql://USER:PASSWORD@{sql}/COMPANY"
    for word in words:
        where = f"postgresql://{word}:{word}@{sql}/{word}"
        yield f"  {title:<28} {where:<60} user, password and database {word}"
        title = ""


def _demo_companies(ledger: Ledger) -> Iterator[tuple[str, CompanyNames]]:
    directory = ledger.store.directory
    for word, company_id in DemoCredentials.of(directory).companies.items():
        names = directory.names(company_id)
        assert names is not None, "the directory found it a moment ago"
        yield word, names


def _demo_lines(ledger: Ledger, companies: Sequence[tuple[str, CompanyNames]]) -> Iterator[str]:
    """What there is to be seen in the demo's books, and by which word."""
    for word, names in companies:
        company_id = ledger.store.directory.by_slug(names.slug)
        assert company_id is not None, "the directory has just named it"
        with ledger.store.read(company_id) as reader:
            name, entries = reader.company.name, reader.head().entries_live
        yield f"  {name:<28} {entries:,} entries; the credential is the word {word} everywhere"
