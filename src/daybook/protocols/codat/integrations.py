"""The list of platforms, by which clients learn what can be done with which type of data."""

from daybook.app.access import Scope
from daybook.protocols.codat import matching, platforms
from daybook.protocols.codat.calls import Call, answer
from daybook.protocols.codat.query import parse
from daybook.protocols.kit.plugin import Response


class Platforms:
    """Answers what is asked of platforms."""

    def list_all(self, call: Call) -> Response:
        """`GET /integrations`."""
        call.require(Scope.READ)
        page = call.page()
        tree = parse(page.query)
        matching.check(tree, platforms.PROPERTIES)
        shown = (
            platforms.integration_json(each, call.root) for each in platforms.PLATFORMS.values()
        )
        found = [each for each in shown if matching.matches(tree, platforms.PROPERTIES, each)]
        rows = matching.ordered(found, page.order, platforms.PROPERTIES, "name")
        return answer(page.envelope(rows[page.start : page.start + page.size], len(rows)))

    def show(self, call: Call) -> Response:
        """`GET /integrations/{platformKey}`."""
        call.require(Scope.READ)
        found = platforms.platform(call.names["platformKey"])
        return answer(platforms.integration_json(found, call.root))

    def branding(self, call: Call) -> Response:
        """`GET /integrations/{platformKey}/branding`."""
        call.require(Scope.READ)
        found = platforms.platform(call.names["platformKey"])
        return answer(platforms.branding_json(found, call.root))
