"""What all pages share, made once for a server: templates, addresses, sessions, sealed cookies."""

import secrets
from collections.abc import Mapping
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from daybook import assets
from daybook.app.ledger import Ledger
from daybook.app.ports import Clock
from daybook.app.sessions import WEB, Sessions
from daybook.domain.ids import CompanyId
from daybook.domain.values import value
from daybook.protocols.kit.cursor import KEY_SETTING, CursorSeal
from daybook.protocols.kit.plugin import Services
from daybook.web import formats, static_files
from daybook.web.addresses import Addresses
from daybook.web.limits import IMPORTS_AT_ONCE_MAX
from daybook.web.names import axis_title
from daybook.web.turns import Turns

NO_COMPANY: Final = CompanyId(0)
"""What is sealed for no company in particular is sealed for this one."""


@value
class Site:
    """The pages' surroundings."""

    ledger: Ledger
    clock: Clock
    sessions: Sessions
    addresses: Addresses
    templates: Environment
    seal: CursorSeal
    demo: bool
    services: Services
    imports: Turns
    """Files under way; see `turns`."""


def site_of(services: Services, addresses: Addresses) -> Site:
    """The surroundings over a server's services."""
    key = services.settings.get(KEY_SETTING)
    return Site(
        services.ledger,
        services.clock,
        services.sessions,
        addresses,
        environment(services.titles),
        CursorSeal(bytes.fromhex(key) if key else secrets.token_bytes(32)),
        services.demo,
        services,
        Turns(IMPORTS_AT_ONCE_MAX),
    )


def environment(titles: Mapping[str, str]) -> Environment:
    """The templates: everything that is put into a page is escaped, and a slip in a name is a
    fault rather than a gap.
    """
    made = Environment(
        loader=PackageLoader("daybook.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["money"] = formats.money
    made.filters["day"] = formats.day
    made.filters["moment"] = formats.moment
    made.filters["status"] = formats.status
    made.filters["axis"] = axis_title
    made.filters["interface"] = lambda name: titles.get(name, name)
    # a date field shows nothing where its value is no date: what was typed is then shown as text
    made.tests["readable_day"] = lambda text: formats.read_day(text) is not None
    made.globals["pages_client"] = WEB
    made.globals["static"] = static_files.address
    made.globals["library"] = assets.address
    return made
